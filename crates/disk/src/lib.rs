//! A disk that loses power and fails writes.
//!
//! A kill leaves everything behind that the operating system was given; a power failure leaves only
//! what was synced, and of the rest whatever the drive happened to have written, in any order and
//! in parts. A test that only kills cannot tell `synchronous=NORMAL` from `FULL`. This crate stands
//! between SQLite and the files of one directory, keeps apart what is synced from what is not, and
//! gives a copy of the directory as the power failure would leave it.
//!
//! ```
//! use rusqlite::Connection;
//! use steadfast_disk::{Disk, Survives};
//!
//! let (dir, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
//! let disk = Disk::under(dir.path());
//! let db = Connection::open(dir.path().join("a.db")).unwrap();
//! db.execute_batch("PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL").unwrap();
//! db.execute_batch("CREATE TABLE t (n); PRAGMA synchronous=NORMAL; INSERT INTO t VALUES (1)").unwrap();
//!
//! // NORMAL does not sync at a commit, so the row is gone when nothing more survives.
//! disk.leave(after.path(), Survives::Synced).unwrap();
//! let left = Connection::open(after.path().join("a.db")).unwrap();
//! let rows: i64 = left.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
//! assert_eq!(rows, 0);
//! ```
//!
//! # What it models
//!
//! - What a file held at its last sync survives. Each later write survives, or not, sector by sector (512
//!   bytes), in any order; so do cuts and extensions of the file.
//! - A file that was made and never synced may be missing; one that was deleted without a sync of the
//!   directory may be back.
//! - From a chosen operation on, every operation fails, as it does while the power is off; or one
//!   operation fails as on a full or broken disk, and leaves half of its bytes behind.
//!
//! **Deliberately absent:** bytes that a sync has promised and the drive has lost, and flipped bits. No
//! software on top can survive the first, and SQLite does not look for the second.
//!
//! It is a test's tool: it makes itself SQLite's default VFS for the whole process, passes on every file that
//! lies under no [`Disk`], and does not sync for real what lies under one.

mod files;
mod vfs;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use files::Files;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no room left (`ENOSPC`).
    NoSpace,
    /// The disk is broken (`EIO`).
    Broken,
}

/// What of the unsynced is there after the power has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survives {
    /// Nothing: only what was synced.
    Synced,
    /// All of it, as after a kill.
    Everything,
    /// Each sector of each write or not, drawn from this seed.
    Drawn(u64),
}

/// The files of one directory, between SQLite and the real ones. Dropping it leaves the real ones as they are.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    shared: Arc<Shared>,
}

/// What the VFS and the test share.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    files: Files,
    operations: u64,
    power_off_at: Option<u64>,
    failing: Option<Failing>,
}

#[derive(Debug, Clone, Copy)]
struct Failing {
    from: u64,
    to: u64,
    fault: Fault,
}

/// What an operation meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    Nothing,
    Fault(Fault),
    PowerOff,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts an operation that changes the disk, and says what it meets.
    fn meet(&mut self) -> Meets {
        let number = self.operations;
        if self.is_off() {
            return Meets::PowerOff;
        }
        self.operations += 1;
        match self.failing {
            Some(failing) if (failing.from..failing.to).contains(&number) => {
                Meets::Fault(failing.fault)
            }
            _ => Meets::Nothing,
        }
    }

    fn is_off(&self) -> bool {
        self.power_off_at.is_some_and(|at| self.operations >= at)
    }
}

impl Disk {
    /// Watches what SQLite does to the files of `dir` from now on. What lies there already is taken for synced.
    ///
    /// # Panics
    /// If SQLite does not take the VFS: then no test can run.
    #[must_use]
    pub fn under(dir: &Path) -> Disk {
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let shared = Arc::new(Shared::default());
        vfs::watch(dir.clone(), Arc::clone(&shared));
        Disk { dir, shared }
    }

    /// How many operations have changed the disk so far: writes, cuts, syncs and deletions.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.shared.lock().operations
    }

    /// The power fails before that operation, counted as [`operations`](Disk::operations) counts. From then on
    /// nothing is read or written.
    pub fn fail_power_at(&self, operation: u64) {
        self.shared.lock().power_off_at = Some(operation);
    }

    /// So many operations fail, from that one on.
    pub fn fail(&self, from: u64, count: u64, fault: Fault) {
        let to = from.saturating_add(count);
        self.shared.lock().failing = Some(Failing { from, to, fault });
    }

    /// Writes the files as the power failure would leave them now into another directory.
    ///
    /// # Errors
    /// Those of the other directory's disk.
    pub fn leave(&self, into: &Path, survives: Survives) -> io::Result<()> {
        let state = self.shared.lock();
        for (name, bytes) in state.files.left(survives) {
            std::fs::write(into.join(name), bytes)?;
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        vfs::unwatch(&self.dir);
    }
}
