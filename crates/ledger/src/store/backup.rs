//! A copy of the ledger while others work on it.

use std::fs;
use std::path::Path;

use super::{Ledger, connect_plain};
use crate::error::LedgerError;
use crate::place;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// How many deliveries.
    pub deliveries: u64,
    /// How large the file is.
    pub size_bytes: u64,
}

impl Ledger {
    /// Writes a copy of the ledger as it is at one instant, also while this or another process writes it. The
    /// copy is a file of its own, readable by its owner alone, and on disk when this returns. It gets its name when it is
    /// whole.
    ///
    /// # Errors
    ///
    /// [`LedgerError::BackupExists`], those of the store, and those of the place where the copy goes.
    pub fn backup(&self, to: &Path) -> Result<BackedUp, LedgerError> {
        if to.symlink_metadata().is_ok() {
            return Err(LedgerError::BackupExists { path: to.to_owned() });
        }
        let partial = place::beside(to, &format!(".partial-{}", std::process::id()));
        place::make_new_file(&partial)?;
        let copied = self.copy_into(&partial, to);
        if copied.is_err() {
            // What is left of it is of no use, and its name says so.
            let _ = fs::remove_file(&partial);
        }
        copied
    }

    fn copy_into(&self, partial: &Path, to: &Path) -> Result<BackedUp, LedgerError> {
        let Some(name) = partial.to_str() else {
            let why =
                std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path is not UTF-8");
            return Err(LedgerError::io(to, "write", why));
        };
        // One read transaction: a consistent copy that holds nobody up, and every page of the original is read,
        // so that damage is found now and not when the copy is needed.
        // On a connection that sees the file as it is, whatever its format.
        let sql = |error| blame(LedgerError::sql(&self.inner.path, error), to);
        connect_plain(&self.inner.path)?.execute("VACUUM INTO ?1", [name]).map_err(sql)?;
        let failed = |doing| move |error| LedgerError::io(to, doing, error);
        // SQLite does not sync such a copy itself.
        fs::File::open(partial).and_then(|file| file.sync_all()).map_err(failed("sync"))?;
        let deliveries = Ledger::open_read_only(partial)?.backlog()?.total();
        fs::rename(partial, to).map_err(failed("write"))?;
        place::sync_directory(to.parent());
        let size_bytes = fs::metadata(to).map_err(failed("read"))?.len();
        Ok(BackedUp { deliveries, size_bytes })
    }
}

/// A full or closed disk is that of the copy, since the ledger is only read.
fn blame(error: LedgerError, to: &Path) -> LedgerError {
    match error {
        LedgerError::Full { .. } => {
            LedgerError::io(to, "write", std::io::ErrorKind::StorageFull.into())
        }
        LedgerError::ReadOnly { why, .. } => LedgerError::ReadOnly { path: to.to_owned(), why },
        error => error,
    }
}
