//! What can go wrong with a ledger, in words that say what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::delivery::DeliveryId;
use crate::state::State;

/// Why the ledger could not do what was asked. Nothing of a refused command is in effect.
///
/// One that failed because the disk could not be synced is no exception while the ledger is open. Its bytes may have
/// reached the disk all the same, and then whoever opens the ledger next finds it done: accepted, and found again by
/// its identity; or claimed, and in doubt.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file was written by a later version of this program.
    #[error(
        "the ledger {} was written by a newer version (format {found}, this version knows up to {known}); install the newer version, or name another ledger", path.display()
    )]
    Newer {
        /// The ledger's file.
        path: PathBuf,
        /// The format that the file says it has.
        found: i64,
        /// The newest format that this version reads.
        known: i64,
    },
    /// The file is there and is something else.
    #[error("{} is not a ledger ({why}); name another file, or move this one away", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The file is a ledger, and its content cannot be read.
    #[error(
        "the ledger {} is damaged ({why}); nothing was changed. Keep the file and the ones beside it that start with its name, and restore a backup or name another ledger", path.display()
    )]
    Damaged {
        /// The ledger's file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// The file, its directory or the disk does not let itself be written.
    #[error(
        "the ledger {} cannot be written ({why}); give this user write access to the file and its directory, or name another ledger", path.display()
    )]
    ReadOnly {
        /// The ledger's file.
        path: PathBuf,
        /// What refused the write.
        why: String,
    },
    /// There is no room left.
    #[error(
        "the disk of the ledger {} is full; what was accepted before is safe, the last command was not written. Make room and run the same command again", path.display()
    )]
    Full {
        /// The ledger's file.
        path: PathBuf,
    },
    /// Another process writes this ledger.
    #[error(
        "the ledger {} is in use by another process; wait for it to end, or name another ledger. Looking at it meanwhile is fine", path.display()
    )]
    InUse {
        /// The ledger's file.
        path: PathBuf,
    },
    /// A ledger was to be read, and there is none.
    #[error("there is no ledger at {}; deliver something first, or name another ledger", path.display())]
    Missing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// SQLite would not promise what this ledger promises.
    #[error(
        "the ledger {} cannot be kept safe there ({why}); put it on a local disk", path.display()
    )]
    NotDurable {
        /// The ledger's file.
        path: PathBuf,
        /// Which setting did not take.
        why: String,
    },
    /// The operating system refused something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done, such as `create`.
        doing: &'static str,
        /// The operating system's answer.
        source: Arc<std::io::Error>,
    },
    /// A move that the state table does not have.
    #[error("delivery {id} is {from} and cannot become {to}")]
    IllegalMove {
        /// The delivery.
        id: DeliveryId,
        /// The state it is in.
        from: State,
        /// The state it was to reach.
        to: State,
    },
    /// The delivery stands for content that must not be sent, because the same delivery went out, or came in the
    /// same input, with other content.
    #[error(
        "delivery {id} has the key of another delivery and other content ({code}); change the resource at the API itself, or give one of the two another key"
    )]
    NotToBeSent {
        /// The delivery.
        id: DeliveryId,
        /// The reason's code, such as `ledger.changed_after_sending`.
        code: String,
    },
    /// A delivery came with a header that is not kept.
    #[error("the header {name:?} of a delivery is not accepted: {why}")]
    HeaderNotKept {
        /// The header's name.
        name: String,
        /// What is wrong with it, and what to do.
        why: &'static str,
    },
    /// A backup was to be written over something.
    #[error("{} is there already; a backup is a new file: name another, or remove this one", path.display())]
    BackupExists {
        /// The file that was to be written.
        path: PathBuf,
    },
    /// No delivery has this id.
    #[error("the ledger holds no delivery {id}")]
    NoSuchDelivery {
        /// The id that was asked for.
        id: DeliveryId,
    },
    /// The ledger was opened for reading.
    #[error("the ledger {} was opened for reading only", path.display())]
    OpenedForReading {
        /// The ledger's file.
        path: PathBuf,
    },
    /// The writer has stopped; it does so only when the ledger is dropped or its thread could not go on.
    #[error("the ledger {} was closed before the command was written; run the same command again", path.display())]
    Closed {
        /// The ledger's file.
        path: PathBuf,
    },
    /// Anything else that SQLite reports.
    #[error("the ledger {}: {source}", path.display())]
    Sql {
        /// The ledger's file.
        path: PathBuf,
        /// SQLite's answer.
        source: Arc<rusqlite::Error>,
    },
}

impl LedgerError {
    /// True when the store failed, as opposed to a command that it refused for what it asked.
    pub(crate) fn is_of_store(&self) -> bool {
        !matches!(
            self,
            LedgerError::IllegalMove { .. }
                | LedgerError::NoSuchDelivery { .. }
                | LedgerError::NotToBeSent { .. }
                | LedgerError::HeaderNotKept { .. }
        )
    }

    /// True when no command can be written, whatever it asks.
    pub(crate) fn stops_all(&self) -> bool {
        self.is_of_store() && !matches!(self, LedgerError::Sql { .. })
    }

    pub(crate) fn io(path: &Path, doing: &'static str, source: std::io::Error) -> LedgerError {
        use std::io::ErrorKind;
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => LedgerError::Full { path },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                LedgerError::ReadOnly { path, why: source.to_string() }
            }
            _ => LedgerError::Io { path, doing, source: Arc::new(source) },
        }
    }

    pub(crate) fn sql(path: &Path, source: rusqlite::Error) -> LedgerError {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        let why = source.to_string();
        // A ledger keeps its log beside itself; only before it was finished, and before anything could be
        // accepted, was there a journal, which whoever made it has to undo.
        let extended = source.sqlite_error().map(|error| error.extended_code);
        if extended == Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK) {
            return LedgerError::Missing { path };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => LedgerError::NotALedger {
                path,
                why: "it is not an SQLite database, or its first page is damaged".into(),
            },
            Some(ErrorCode::DatabaseCorrupt) => LedgerError::Damaged { path, why },
            Some(ErrorCode::DiskFull) => LedgerError::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                LedgerError::ReadOnly { path, why }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                LedgerError::InUse { path }
            }
            _ => LedgerError::Sql { path, source: Arc::new(source) },
        }
    }
}
