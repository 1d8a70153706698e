//! The rows of an input before they are grouped.
//!
//! They lie in a database of their own beside the ledger, one for each run, which is not synced and is
//! thrown away: after a crash the same command reads its input again. So a million rows neither stay
//! in memory nor swell the ledger. Rows are stored in the order in which groups are read, which a
//! second table makes possible: it knows the first line of every key.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tokio::sync::oneshot;

use super::{Ledger, connect};
use crate::delivery::RunId;
use crate::error::LedgerError;
use crate::place;

/// One row of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What it is grouped by; a piece without a key is a group of its own.
    pub key: Option<String>,
    /// The row, in whatever form the reader of the input chose.
    pub body: Vec<u8>,
    /// What is wrong with the row, in whatever form the reader chose.
    pub fault: Option<Vec<u8>>,
}

/// How much the reader of groups reads at once.
const PAGE_ROWS: i64 = 512;
const PAGE_BYTES: usize = 1 << 20;

const SUFFIX: &str = ".staging-";

impl Ledger {
    /// Puts rows of an input aside until they are grouped. Batches of about a thousand are fast.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn stage(&self, run: RunId, pieces: Vec<Piece>) -> Result<(), LedgerError> {
        self.staging()?
            .ask(move |desk| desk.stage(run, &pieces))
            .await
            .unwrap_or_else(|| Err(self.staging_closed()))
    }

    /// Reads the staged rows of a run as groups, in the order of the first line of each.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn groups(&self, run: RunId) -> Result<Groups, LedgerError> {
        let path = staging_path(&self.inner.path, run);
        self.staging()?;
        let db = if path.exists() {
            Some(connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
        } else {
            None
        };
        Ok(Groups { db, path, after: Place::default(), page: VecDeque::new(), ended: false })
    }

    /// Forgets the staged rows of a run.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn drop_pieces(&self, run: RunId) -> Result<(), LedgerError> {
        self.staging()?
            .ask(move |desk| desk.drop_run(run))
            .await
            .unwrap_or_else(|| Err(self.staging_closed()))
    }

    fn staging_closed(&self) -> LedgerError {
        LedgerError::Closed { path: self.inner.path.clone() }
    }
}

type Task = Box<dyn FnOnce(&mut Desk) + Send>;

/// The handle of the thread that writes staged rows.
pub(super) struct Staging {
    tasks: Option<mpsc::Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Staging {
    /// Starts the thread, and removes what a process that died has left. The caller holds the lock.
    pub(super) fn start(ledger: &Path) -> Result<Staging, LedgerError> {
        remove_leftovers(ledger)?;
        let (tasks, queue) = mpsc::channel::<Task>();
        let mut desk = Desk { ledger: ledger.to_owned(), open: HashMap::new() };
        let thread = std::thread::Builder::new()
            .name("ledger-staging".to_owned())
            .spawn(move || {
                while let Ok(task) = queue.recv() {
                    task(&mut desk);
                }
                // What is left when the ledger closes is of no use to anyone.
                let runs: Vec<i64> = desk.open.keys().copied().collect();
                for run in runs {
                    let _ = desk.drop_run(RunId(run));
                }
            })
            .map_err(|error| LedgerError::io(ledger, "start the staging of", error))?;
        Ok(Staging { tasks: Some(tasks), thread: Some(thread) })
    }

    /// `None` when the thread has ended.
    async fn ask<T, F>(&self, task: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> T + Send + 'static,
    {
        let (caller, told) = oneshot::channel();
        let task: Task = Box::new(move |desk| {
            let _ = caller.send(task(desk));
        });
        self.tasks.as_ref()?.send(task).ok()?;
        told.await.ok()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The staged rows of every run that has some.
struct Desk {
    ledger: PathBuf,
    open: HashMap<i64, Pile>,
}

/// The staged rows of one run.
struct Pile {
    db: Connection,
    path: PathBuf,
    next: i64,
}

impl Desk {
    fn stage(&mut self, run: RunId, pieces: &[Piece]) -> Result<(), LedgerError> {
        let pile = match self.open.entry(run.0) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Pile::create(staging_path(&self.ledger, run))?)
            }
        };
        pile.add(pieces).map_err(|error| LedgerError::sql(&pile.path, error))
    }

    fn drop_run(&mut self, run: RunId) -> Result<(), LedgerError> {
        self.open.remove(&run.0);
        remove(&staging_path(&self.ledger, run))
    }
}

impl Pile {
    fn create(path: PathBuf) -> Result<Pile, LedgerError> {
        remove(&path)?;
        place::make_file(&path)?;
        let db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let set_up = || {
            db.pragma_update(None, "synchronous", "OFF")?;
            db.pragma_update_and_check(None, "journal_mode", "MEMORY", |row| {
                row.get::<_, String>(0)
            })?;
            db.pragma_update(None, "cache_size", -16_384)?;
            db.execute_batch(
                "CREATE TABLE piece (
                   first_line INTEGER NOT NULL, first INTEGER NOT NULL, -- of its group: line, and number of the piece
                   line INTEGER NOT NULL, n INTEGER NOT NULL,
                   key TEXT, body BLOB NOT NULL, fault BLOB,
                   PRIMARY KEY (first_line, first, line, n)
                 ) STRICT, WITHOUT ROWID;
                 CREATE TABLE key (key TEXT PRIMARY KEY, first_line INTEGER NOT NULL, first INTEGER NOT NULL)
                 STRICT, WITHOUT ROWID;",
            )
        };
        set_up().map_err(|error| LedgerError::sql(&path, error))?;
        Ok(Pile { db, path, next: 1 })
    }

    fn add(&mut self, pieces: &[Piece]) -> rusqlite::Result<()> {
        let transaction = self.db.unchecked_transaction()?;
        let mut next = self.next;
        let mut group: Option<(&str, i64, i64)> = None;
        for piece in pieces {
            let line = i64::try_from(piece.line).unwrap_or(i64::MAX);
            let n = next;
            next += 1;
            let (first_line, first) = match &piece.key {
                None => (line, n),
                Some(key) => {
                    // Rows of one group mostly stand together, so the last one's is worth keeping.
                    let (first_line, first) = match group {
                        Some((last, first_line, first)) if last == key && first_line <= line => {
                            (first_line, first)
                        }
                        _ => group_of(&transaction, key, line, n)?,
                    };
                    group = Some((key, first_line, first));
                    (first_line, first)
                }
            };
            transaction
                .prepare_cached(
                    "INSERT INTO piece (first_line, first, line, n, key, body, fault) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![first_line, first, line, n, piece.key, piece.body, piece.fault])?;
        }
        transaction.commit()?;
        self.next = next;
        Ok(())
    }
}

/// The place of a key's group, which moves forward if an earlier line of it comes later.
fn group_of(db: &Connection, key: &str, line: i64, n: i64) -> rusqlite::Result<(i64, i64)> {
    let known: Option<(i64, i64)> = db
        .prepare_cached("SELECT first_line, first FROM key WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((first_line, first)) if first_line <= line => Ok((first_line, first)),
        Some((first_line, first)) => {
            db.prepare_cached("UPDATE key SET first_line = ?2, first = ?3 WHERE key = ?1")?
                .execute(params![key, line, n])?;
            db.prepare_cached(
                "UPDATE piece SET first_line = ?3, first = ?4 WHERE first_line = ?1 AND first = ?2",
            )?
            .execute(params![first_line, first, line, n])?;
            Ok((line, n))
        }
        None => {
            db.prepare_cached("INSERT INTO key (key, first_line, first) VALUES (?1, ?2, ?3)")?
                .execute(params![key, line, n])?;
            Ok((line, n))
        }
    }
}

fn staging_path(ledger: &Path, run: RunId) -> PathBuf {
    place::beside(ledger, &format!("{SUFFIX}{run}"))
}

fn remove(path: &Path) -> Result<(), LedgerError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(LedgerError::io(path, "remove", error)),
    }
}

fn remove_leftovers(ledger: &Path) -> Result<(), LedgerError> {
    let directory = match ledger.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Some(name) = ledger.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Ok(());
    };
    let prefix = format!("{name}{SUFFIX}");
    let entries =
        fs::read_dir(directory).map_err(|error| LedgerError::io(directory, "read", error))?;
    for entry in entries.flatten() {
        let file = entry.file_name();
        let run = file.to_str().and_then(|file| file.strip_prefix(&prefix));
        if run.is_some_and(|run| run.parse::<i64>().is_ok()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Where the reader of groups has come to.
#[derive(Clone, Copy, Default)]
struct Place {
    first_line: i64,
    first: i64,
    line: i64,
    n: i64,
}

/// The groups of a run: each key with its pieces in the order of their lines, in the order of the first line of each. A
/// piece without a key is a group of its own.
///
/// Reads a page at a time, and holds no lock between two pages.
pub struct Groups {
    db: Option<Connection>,
    path: PathBuf,
    after: Place,
    page: VecDeque<(Place, Piece)>,
    ended: bool,
}

impl Groups {
    fn next_piece(&mut self) -> rusqlite::Result<Option<(Place, Piece)>> {
        if self.page.is_empty() && !self.ended {
            self.read_page()?;
        }
        Ok(self.page.pop_front())
    }

    fn read_page(&mut self) -> rusqlite::Result<()> {
        let Some(db) = &self.db else {
            self.ended = true;
            return Ok(());
        };
        let mut select = db.prepare_cached(
            "SELECT first_line, first, line, n, key, body, fault FROM piece
             WHERE (first_line, first, line, n) > (?1, ?2, ?3, ?4) ORDER BY first_line, first, line, n LIMIT ?5",
        )?;
        let after = self.after;
        let mut rows =
            select.query(params![after.first_line, after.first, after.line, after.n, PAGE_ROWS])?;
        let mut bytes = 0;
        self.ended = true;
        while let Some(row) = rows.next()? {
            let place = Place {
                first_line: row.get(0)?,
                first: row.get(1)?,
                line: row.get(2)?,
                n: row.get(3)?,
            };
            let piece = Piece {
                line: u64::try_from(place.line).unwrap_or(0),
                key: row.get(4)?,
                body: row.get(5)?,
                fault: row.get(6)?,
            };
            bytes += piece.body.len();
            self.ended = false;
            self.after = place;
            self.page.push_back((place, piece));
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(())
    }

    fn next_group(&mut self) -> rusqlite::Result<Option<(Option<String>, Vec<Piece>)>> {
        let Some((place, piece)) = self.next_piece()? else { return Ok(None) };
        let key = piece.key.clone();
        let mut pieces = vec![piece];
        while let Some((next, piece)) = self.next_piece()? {
            if (next.first_line, next.first) != (place.first_line, place.first) {
                self.page.push_front((next, piece));
                break;
            }
            pieces.push(piece);
        }
        Ok(Some((key, pieces)))
    }
}

impl Iterator for Groups {
    type Item = Result<(Option<String>, Vec<Piece>), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_group() {
            Ok(group) => group.map(Ok),
            Err(error) => {
                // The same fault would come again without an end.
                (self.ended, self.db) = (true, None);
                self.page.clear();
                Some(Err(LedgerError::sql(&self.path, error)))
            }
        }
    }
}
