//! The ledger's door: opening, closing, and the commands that change it.

mod accept;
mod again;
mod backup;
mod by_hand;
mod carried;
mod claim;
mod lane;
mod moves;
mod overview;
mod prune;
mod read;
mod row;
mod staging;
mod writer;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::LedgerError;
use crate::{place, schema};

pub use backup::BackedUp;
pub use moves::Which;
pub use staging::{Groups, Piece};

use staging::Staging;
use writer::{Fault, Work, Writer};

/// Tells the time, in milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How a ledger is opened.
#[derive(Clone)]
pub struct Options {
    /// Where the times of moves come from. The default is the system's clock.
    pub clock: Clock,
    /// The size that the file may not outgrow; reaching it is reported as a full disk.
    pub max_size_bytes: Option<u64>,
    /// `synchronous=NORMAL` in place of `FULL`: what was told may then be lost with the power. It is here for
    /// the test that shows so.
    #[doc(hidden)]
    pub without_sync_at_commit: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clock: Arc::new(system_time_ms),
            max_size_bytes: None,
            without_sync_at_commit: false,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("max_size_bytes", &self.max_size_bytes)
            .finish_non_exhaustive()
    }
}

fn system_time_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What SQLite has promised, read back from it after it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `wal`.
    pub journal_mode: String,
    /// 2 stands for `FULL`.
    pub synchronous: i64,
    /// SQLite's version.
    pub sqlite: &'static str,
}

/// A durable record of deliveries. Cheap to clone; the last clone that is dropped closes it.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    clock: Clock,
    session: Option<i64>,
    settings: Settings,
    idle_readers: Mutex<Vec<Connection>>,
    writer: Option<Writer>,
    staging: Option<Staging>,
    // Last, so that nobody else can write before the writer has ended.
    _lock: Option<File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The writer closes last, because the last connection that can write empties the log.
        self.idle_readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.staging = None;
        self.writer = None;
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger for writing, and makes it, for this user alone, if it is not there.
    ///
    /// # Errors
    ///
    /// [`LedgerError::InUse`] while another process (or another `Ledger` of this one) writes it, and the
    /// other kinds of [`LedgerError`] for a file or a place that cannot be used.
    pub fn open(path: &Path) -> Result<Ledger, LedgerError> {
        Ledger::open_with(path, Options::default())
    }

    /// Opens the ledger as [`open`](Ledger::open) does, with options.
    ///
    /// # Errors
    ///
    /// As [`open`](Ledger::open).
    pub fn open_with(path: &Path, options: Options) -> Result<Ledger, LedgerError> {
        let sql = |error| LedgerError::sql(path, error);
        if path.is_dir() {
            return Err(LedgerError::NotALedger {
                path: path.to_owned(),
                why: "it is a directory".to_owned(),
            });
        }
        place::make_parents(path)?;
        let lock = place::lock(path)?;
        place::make_file(path)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::inspect(&connection, path)?;
        let settings = make_durable(&connection, path, options.without_sync_at_commit)?;
        schema::migrate(&mut connection, path)?;
        if let Some(bytes) = options.max_size_bytes {
            limit_size(&connection, bytes).map_err(sql)?;
        }
        let session = connection
            .query_row("UPDATE session SET number = number + 1 RETURNING number", [], |row| {
                row.get(0)
            })
            .map_err(sql)?;
        let writer = Writer::start(connection, path, session)?;
        let staging = Staging::start(path)?;
        Ok(Ledger {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                clock: options.clock,
                session: Some(session),
                settings,
                idle_readers: Mutex::default(),
                writer: Some(writer),
                staging: Some(staging),
                _lock: Some(lock),
            }),
        })
    }

    /// Opens the ledger for looking at it, also while another process writes it.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Missing`] when there is none, and those of [`open`](Ledger::open) that concern the file.
    pub fn open_read_only(path: &Path) -> Result<Ledger, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Missing { path: path.to_owned() });
        }
        let connection = connect_plain(path)?;
        // A ledger of an earlier format lacks what came later, and can be looked at all the same.
        if schema::see_as_current(&connection, path)? == 0 {
            let why = "it is empty".to_owned();
            return Err(LedgerError::NotALedger { path: path.to_owned(), why });
        }
        let settings = read_settings(&connection).map_err(|error| LedgerError::sql(path, error))?;
        Ok(Ledger {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                clock: Options::default().clock,
                session: None,
                settings,
                idle_readers: Mutex::new(vec![connection]),
                writer: None,
                staging: None,
                _lock: None,
            }),
        })
    }

    /// The ledger's file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// What SQLite has promised.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// How many transactions have been committed since the ledger was opened. Calls that were
    /// made at the same time share one.
    pub fn commits(&self) -> u64 {
        self.inner.writer.as_ref().map_or(0, Writer::commits)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.inner.clock)()
    }

    fn writer(&self) -> Result<&Writer, LedgerError> {
        self.inner
            .writer
            .as_ref()
            .ok_or_else(|| LedgerError::OpenedForReading { path: self.inner.path.clone() })
    }

    fn staging(&self) -> Result<&Staging, LedgerError> {
        self.inner
            .staging
            .as_ref()
            .ok_or_else(|| LedgerError::OpenedForReading { path: self.inner.path.clone() })
    }

    /// Runs `work` inside the writer's next transaction and returns after its commit.
    async fn write<T, F>(&self, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnMut(&mut Work) -> Result<T, Fault> + Send + 'static,
    {
        let closed = || LedgerError::Closed { path: self.inner.path.clone() };
        self.writer()?.submit(work, |_| {}).await.unwrap_or_else(|_| Err(closed()))
    }

    /// Runs `look` on a connection that can only read.
    fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let idle = || self.inner.idle_readers.lock().unwrap_or_else(PoisonError::into_inner);
        let pooled = idle().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => connect_reader(&self.inner.path)?,
        };
        let seen = look(&connection).map_err(|error| LedgerError::sql(&self.inner.path, error));
        idle().push(connection);
        seen
    }
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, LedgerError> {
    let sql = |error| LedgerError::sql(path, error);
    let connection =
        Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(sql)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Otherwise SQLite compiles a cached statement again for every new value bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(sql)?;
    Ok(connection)
}

/// A connection that can only read, and sees the file as it is.
fn connect_plain(path: &Path) -> Result<Connection, LedgerError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect_reader(path: &Path) -> Result<Connection, LedgerError> {
    let connection = connect_plain(path)?;
    schema::see_as_current(&connection, path)?;
    Ok(connection)
}

fn read_settings(connection: &Connection) -> rusqlite::Result<Settings> {
    Ok(Settings {
        journal_mode: connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?,
        synchronous: connection.pragma_query_value(None, "synchronous", |row| row.get(0))?,
        sqlite: rusqlite::version(),
    })
}

/// Asks for what a commit has to survive, and believes only what SQLite says back.
fn make_durable(
    connection: &Connection,
    path: &Path,
    without_sync_at_commit: bool,
) -> Result<Settings, LedgerError> {
    let (level, number) = if without_sync_at_commit { ("NORMAL", 1) } else { ("FULL", 2) };
    let set = || {
        // The switch to WAL writes a rollback journal. Only EXTRA syncs the directory when that is deleted; if
        // it came back with the power, it would undo everything that was written to the log since.
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        connection.pragma_update(None, "synchronous", level)?;
        // Where a plain fsync does not reach the disk (macOS), these ask for the one that does.
        connection.pragma_update(None, "fullfsync", 1)?;
        connection.pragma_update(None, "checkpoint_fullfsync", 1)?;
        connection.pragma_update(None, "foreign_keys", 0)?;
        connection.pragma_update(None, "cache_size", -32_768)?;
        // 16 MB of log between two checkpoints: each of them costs several syncs.
        connection.pragma_update(None, "wal_autocheckpoint", 4_096)?;
        connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
        read_settings(connection)
    };
    let settings = set().map_err(|error| LedgerError::sql(path, error))?;
    if settings.journal_mode != "wal" || settings.synchronous != number {
        let why = format!(
            "SQLite answers journal_mode={} and synchronous={} where wal and {number} were asked for",
            settings.journal_mode, settings.synchronous
        );
        return Err(LedgerError::NotDurable { path: path.to_owned(), why });
    }
    Ok(settings)
}

fn limit_size(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
    connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(())
}
