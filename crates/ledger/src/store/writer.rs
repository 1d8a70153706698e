//! The one thread that writes, and its group commit.
//!
//! Commands arrive over a channel. Whatever is there when the thread comes back from a commit goes
//! into the next transaction together, and each caller is told after that one's commit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::row::Hot;
use crate::delivery::DeliveryId;
use crate::error::LedgerError;
use crate::state::{State, legal};

/// Commands of one transaction; more wait for the next, so that the first are not kept waiting for long.
const BATCH: usize = 4_096;

/// Why a command inside a transaction went wrong.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The store failed: the whole transaction is undone.
    Sql(rusqlite::Error),
    /// The command asked for something illegal, before it wrote anything.
    Refused(LedgerError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sql(error)
    }
}

/// Refuses a move that the state table does not have. To be asked before anything is written.
pub(super) fn check(id: DeliveryId, from: State, to: State) -> Result<(), Fault> {
    match legal(from, to) {
        Some(_) => Ok(()),
        None => Err(Fault::Refused(LedgerError::IllegalMove { id, from, to })),
    }
}

/// What commands work with inside a transaction.
pub(crate) struct Work {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    pub(super) session: i64,
    pub(super) scopes: HashMap<(String, String), Scope>,
    pub(super) skips: HashMap<i64, bool>,
    tally: HashMap<(i64, State), i64>,
    next_id: Option<i64>,
}

/// An account and a resource, by number.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(super) id: i64,
    pub(super) shared_lanes: bool,
}

impl Work {
    /// The id of the next new delivery: larger than any that ever was.
    pub(super) fn next_id(&mut self) -> rusqlite::Result<DeliveryId> {
        if let Some(id) = self.next_id {
            return Ok(DeliveryId(id));
        }
        let last: i64 = self
            .db
            .prepare_cached("SELECT max(last_delivery, (SELECT coalesce(max(id), 0) FROM delivery)) FROM session")?
            .query_row([], |row| row.get(0))?;
        self.next_id = Some(last + 1);
        Ok(DeliveryId(last + 1))
    }

    /// Notes that an id is taken.
    pub(super) fn use_id(&mut self, id: DeliveryId) {
        self.next_id = Some(id.0 + 1);
    }

    /// Notes that a delivery has come to be.
    pub(super) fn count_new(&mut self, run: i64, state: State) {
        *self.tally.entry((run, state)).or_default() += 1;
    }

    /// Notes that a delivery has changed its run, its state or both.
    pub(super) fn count_move(&mut self, from: (i64, State), to: (i64, State)) {
        if from != to {
            *self.tally.entry(from).or_default() -= 1;
            *self.tally.entry(to).or_default() += 1;
        }
    }

    /// Writes a row whose state was `from`, if the table has the move.
    pub(super) fn shift(&mut self, from: State, row: &Hot) -> Result<(), Fault> {
        check(row.id, from, row.state)?;
        if row.update(&self.db, from)? != 1 {
            // Nobody else writes, and this command has just read the row: a fault of the program.
            let (id, to) = (row.id, row.state);
            return Err(Fault::Refused(LedgerError::IllegalMove { id, from, to }));
        }
        self.count_move((row.run, from), (row.run, row.state));
        Ok(())
    }

    /// Notes that a delivery is gone.
    pub(super) fn count_gone(&mut self, run: i64, state: State) {
        *self.tally.entry((run, state)).or_default() -= 1;
    }

    fn write_tally(&mut self) -> rusqlite::Result<()> {
        let mut add = self.db.prepare_cached(
            "INSERT INTO tally (run, state, n) VALUES (?1, ?2, ?3)
             ON CONFLICT (run, state) DO UPDATE SET n = n + excluded.n",
        )?;
        for ((run, state), n) in self.tally.drain().filter(|(_, n)| *n != 0) {
            add.execute((run, state.code(), n))?;
        }
        Ok(())
    }

    /// What was remembered inside a transaction that did not happen.
    fn forget(&mut self) {
        self.tally.clear();
        self.scopes.clear();
        self.skips.clear();
        self.next_id = None;
    }
}

trait Job: Send {
    /// Does the work and keeps its result. Fails if the transaction must not be committed.
    fn work(&mut self, work: &mut Work) -> Result<(), LedgerError>;
    /// Tells the caller: the result, or why the transaction came to nothing.
    fn tell(self: Box<Self>, failure: Option<&LedgerError>);
}

struct Command<T, F> {
    work: F,
    result: Option<Result<T, LedgerError>>,
    /// Told about a result that has been committed, before the caller gets it.
    committed: fn(&mut T),
    caller: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T, F> Job for Command<T, F>
where
    T: Send,
    F: FnMut(&mut Work) -> Result<T, Fault> + Send,
{
    fn work(&mut self, work: &mut Work) -> Result<(), LedgerError> {
        let before = work.db.total_changes();
        let result = (self.work)(work).map_err(|fault| match fault {
            Fault::Sql(error) => LedgerError::sql(&work.path, error),
            Fault::Refused(error) => error,
        });
        match result {
            // A refused command has to leave nothing behind, even if it noticed too late.
            Err(error) if error.is_of_store() || work.db.total_changes() != before => Err(error),
            result => {
                self.result = Some(result);
                Ok(())
            }
        }
    }

    fn tell(self: Box<Self>, failure: Option<&LedgerError>) {
        let result = match (failure, self.result) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(mut result)) => {
                result.iter_mut().for_each(self.committed);
                result
            }
            // The caller reads a dropped sender as "closed".
            (None, None) => return,
        };
        // A caller that has gone away is told nothing; what it asked for is done all the same.
        let _ = self.caller.send(result);
    }
}

/// The handle of the writing thread. Dropping it waits until every queued command is written.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn start(db: Connection, path: &Path, session: i64) -> Result<Writer, LedgerError> {
        let (jobs, queue) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let work = Work {
            db,
            path: path.to_owned(),
            session,
            scopes: HashMap::new(),
            skips: HashMap::new(),
            tally: HashMap::new(),
            next_id: None,
        };
        let counter = Arc::clone(&commits);
        let thread = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(move || serve(work, &queue, &counter))
            .map_err(|error| LedgerError::io(path, "start the writer of", error))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread), commits })
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Queues a command. The receiver gets its result after the commit, or an error of its own if the
    /// writer has stopped.
    pub(super) fn submit<T, F>(&self, work: F, committed: fn(&mut T)) -> Told<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Work) -> Result<T, Fault> + Send + 'static,
    {
        match &self.jobs {
            Some(jobs) => Desk { jobs: jobs.clone() }.submit(work, committed),
            None => oneshot::channel().1,
        }
    }

    /// A way to queue a command later, from anywhere. The writer runs as long as one is left.
    pub(super) fn desk(&self) -> Option<Desk> {
        self.jobs.clone().map(|jobs| Desk { jobs })
    }
}

/// Where a caller waits for the result of its command.
pub(super) type Told<T> = oneshot::Receiver<Result<T, LedgerError>>;

/// Where commands are handed in.
#[derive(Clone)]
pub(super) struct Desk {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Desk {
    pub(super) fn submit<T, F>(&self, work: F, committed: fn(&mut T)) -> Told<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Work) -> Result<T, Fault> + Send + 'static,
    {
        let (caller, told) = oneshot::channel();
        // A writer that has stopped drops the command, and the caller learns it from that.
        let _ = self.jobs.send(Box::new(Command { work, result: None, committed, caller }));
        told
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut work: Work, queue: &mpsc::Receiver<Box<dyn Job>>, commits: &AtomicU64) {
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        batch.extend(queue.try_iter().take(BATCH - 1));
        match commit(&mut work, &mut batch, commits) {
            Ok(()) => batch.into_iter().for_each(|job| job.tell(None)),
            // One command may have spoilt it for the others: each gets a transaction of its own.
            Err(error) if batch.len() > 1 && !error.stops_all() => {
                for job in batch {
                    let mut alone = [job];
                    let failure = commit(&mut work, &mut alone, commits).err();
                    let [job] = alone;
                    job.tell(failure.as_ref());
                }
            }
            Err(error) => batch.into_iter().for_each(|job| job.tell(Some(&error))),
        }
    }
}

fn commit(
    work: &mut Work,
    batch: &mut [Box<dyn Job>],
    commits: &AtomicU64,
) -> Result<(), LedgerError> {
    let outcome = transact(work, batch);
    match &outcome {
        Ok(()) => {
            commits.fetch_add(1, Ordering::Relaxed);
        }
        Err(_) => {
            work.forget();
            if !work.db.is_autocommit() {
                // If even this fails, the next BEGIN does too, and its callers hear of it.
                let _ = work.db.execute_batch("ROLLBACK");
            }
        }
    }
    outcome
}

fn transact(work: &mut Work, batch: &mut [Box<dyn Job>]) -> Result<(), LedgerError> {
    let path = work.path.clone();
    let sql = |error| LedgerError::sql(&path, error);
    let run = |work: &Work, text| work.db.prepare_cached(text)?.execute([]).map(drop);
    run(work, "BEGIN IMMEDIATE").map_err(sql)?;
    for job in batch {
        job.work(work)?;
    }
    work.write_tally().map_err(sql)?;
    run(work, "COMMIT").map_err(sql)
}
