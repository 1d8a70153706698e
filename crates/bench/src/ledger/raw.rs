//! SQLite by itself: one table, one thread that writes, and its group commit. The pragmas are the
//! ledger's, and so is the way from the callers to the thread and back.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::BenchError;

/// Commands of one transaction, as in the ledger.
const BATCH: usize = 4_096;

enum Job {
    /// Rows to insert, with their keys.
    Insert(Vec<(String, Vec<u8>)>),
    /// The state that rows get, by their ids.
    Update(i64, Vec<i64>),
}

type Told = oneshot::Sender<rusqlite::Result<Vec<i64>>>;

/// A database of one table, and the thread that writes it.
pub(super) struct Raw {
    jobs: Option<mpsc::Sender<(Job, Told)>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Raw {
    pub(super) fn open(path: &Path) -> Result<Self, BenchError> {
        let db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = 1;
             PRAGMA checkpoint_fullfsync = 1; PRAGMA cache_size = -32768;
             PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;
             CREATE TABLE delivery (
               id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, body BLOB NOT NULL
             ) STRICT;",
        )?;
        let (jobs, queue) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let thread = std::thread::spawn(move || serve(&db, &queue, &counter));
        Ok(Self { jobs: Some(jobs), thread: Some(thread), commits })
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Inserts rows, and gives their ids when they are on disk.
    pub(super) async fn insert(
        &self,
        rows: Vec<(String, Vec<u8>)>,
    ) -> Result<Vec<i64>, BenchError> {
        self.submit(Job::Insert(rows)).await
    }

    /// Gives rows a state; on disk when it returns.
    pub(super) async fn update(&self, state: i64, ids: Vec<i64>) -> Result<Vec<i64>, BenchError> {
        self.submit(Job::Update(state, ids)).await
    }

    async fn submit(&self, job: Job) -> Result<Vec<i64>, BenchError> {
        let gone = || BenchError::Wrong("the thread that writes has ended".to_owned());
        let (tell, told) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send((job, tell)).map_err(|_| gone())?;
        Ok(told.await.map_err(|_| gone())??)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(db: &Connection, queue: &mpsc::Receiver<(Job, Told)>, commits: &AtomicU64) {
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        batch.extend(queue.try_iter().take(BATCH - 1));
        let run = |text| db.prepare_cached(text)?.execute([]).map(drop);
        let begun = run("BEGIN IMMEDIATE");
        let done: Vec<_> = batch.iter().map(|(job, _)| work(db, job)).collect();
        let committed = begun.and_then(|()| run("COMMIT"));
        commits.fetch_add(1, Ordering::Relaxed);
        for ((_, told), ids) in batch.into_iter().zip(done) {
            let failed = committed
                .as_ref()
                .err()
                .map(|error| rusqlite::Error::ToSqlConversionFailure(error.to_string().into()));
            // Whoever has gone away needs no answer.
            let _ = told.send(failed.map_or(ids, Err));
        }
    }
}

fn work(db: &Connection, job: &Job) -> rusqlite::Result<Vec<i64>> {
    match job {
        Job::Insert(rows) => {
            let text = "INSERT INTO delivery (key, state, body) VALUES (?1, 1, ?2)";
            let mut insert = db.prepare_cached(text)?;
            rows.iter().map(|(key, body)| insert.insert((key, body))).collect()
        }
        Job::Update(state, ids) => {
            let text = "UPDATE delivery SET state = ?2 WHERE id = ?1";
            let mut update = db.prepare_cached(text)?;
            ids.iter().map(|id| update.execute((id, state)).map(|_| *id)).collect()
        }
    }
}
