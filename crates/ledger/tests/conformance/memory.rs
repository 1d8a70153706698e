//! A store in memory, that shows that the seam asks for nothing which only SQLite has. It survives the process
//! that it is handed to, as a server does, and nothing else.

mod accept;
mod rows;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::ready;
use steadfast_ledger::{
    Accepted, Act, ActRow, AttemptRow, Counts, Delivery, DeliveryId, Each, Hand, Kept, LedgerError,
    NewDelivery, Query, Reason, Run, RunId, Settlement, State, Store, Terms, Which,
};

use rows::{Row, Rows};

/// One process's hold on it.
pub(crate) struct Memory {
    rows: Arc<Mutex<Rows>>,
    process: u64,
    clock: Arc<AtomicI64>,
}

impl Memory {
    pub(crate) fn new(clock: &Arc<AtomicI64>) -> Memory {
        Memory { rows: Arc::default(), process: 0, clock: Arc::clone(clock) }.opened()
    }

    /// Another process takes it over.
    pub(crate) fn opened(self) -> Memory {
        self.rows().processes += 1;
        let process = self.rows().processes;
        Memory { process, ..self }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap()
    }

    /// All or nothing.
    fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Rows, i64) -> Result<T, LedgerError>,
    ) -> Kept<'_, T> {
        let mut rows = self.rows();
        let mut changed = rows.clone();
        let done = work(&mut changed, self.now_ms());
        if done.is_ok() {
            *rows = changed;
        }
        ready(done).boxed()
    }

    fn look<T: Send + 'static>(&self, look: impl FnOnce(&Rows) -> T) -> Kept<'_, T> {
        ready(Ok(look(&self.rows()))).boxed()
    }

    fn waiting(rows: &Rows, is_meant: impl Fn(&Delivery) -> bool) -> Vec<DeliveryId> {
        let deliveries = rows.rows.iter().map(|row| &row.delivery);
        let waiting = deliveries.filter(|delivery| delivery.state == State::Waiting);
        waiting.filter(|delivery| is_meant(delivery)).map(|delivery| delivery.id).collect()
    }

    fn hold_these(rows: &mut Rows, ids: &[DeliveryId], reason: &Reason, now_ms: i64) -> u64 {
        let mut held = 0;
        for id in ids {
            let at = rows.at(*id).unwrap();
            rows.rows[at].delivery.reason = Some(reason.clone());
            rows.rows[at].delivery.state = State::Held;
            rows.rows[at].delivery.due_at_ms = None;
            held += 1;
        }
        for id in ids {
            let at = rows.at(*id).unwrap();
            rows.rows[at].delivery.state = State::Waiting;
            rows.shift(at, State::Held, now_ms);
            rows.rows[at].delivery.reason = Some(reason.clone());
        }
        held
    }
}

impl Store for Memory {
    fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn begin_run(&self, run: Run) -> Kept<'_, RunId> {
        self.change(|rows, _| {
            rows.runs.push(run);
            Ok(RunId(i64::try_from(rows.runs.len()).unwrap()))
        })
    }

    fn accept(&self, deliveries: Vec<NewDelivery>) -> Kept<'_, Vec<Accepted>> {
        self.change(|rows, now_ms| deliveries.iter().map(|new| rows.accept(new, now_ms)).collect())
    }

    fn release(&self, run: RunId, which: Which, terms: Terms) -> Kept<'_, u64> {
        self.change(|rows, now_ms| {
            let staged = |row: &Row| row.delivery.run == run && row.delivery.state == State::Staged;
            let mut released = 0;
            for at in 0..rows.rows.len() {
                let meant = match &which {
                    Which::All => true,
                    Which::These(ids) => ids.contains(&rows.rows[at].delivery.id),
                };
                if meant && staged(&rows.rows[at]) {
                    rows.release(at, &terms, now_ms);
                    released += 1;
                }
            }
            Ok(released)
        })
    }

    fn claim(&self, run: RunId, now_ms: i64, limit: usize) -> Kept<'_, Vec<Delivery>> {
        let process = self.process;
        self.change(|rows, _| {
            let due = |at: &usize| {
                let delivery = &rows.rows[*at].delivery;
                delivery.run == run
                    && delivery.state == State::Waiting
                    && delivery.due_at_ms.is_some_and(|due_at_ms| due_at_ms <= now_ms)
                    && rows.is_free(*at)
            };
            let mut claimed: Vec<usize> = (0..rows.rows.len()).filter(due).collect();
            claimed.sort_by_key(|at| (rows.rows[*at].delivery.due_at_ms, *at));
            claimed.truncate(limit);
            Ok(claimed.into_iter().map(|at| rows.claim(at, process, now_ms)).collect())
        })
    }

    fn settle_many(&self, many: Vec<(DeliveryId, Settlement, Vec<AttemptRow>)>) -> Kept<'_, Each> {
        self.change(|rows, now_ms| {
            let one = |(id, settlement, attempts): &(_, _, Vec<_>)| {
                rows.settle(*id, settlement, attempts, now_ms)
            };
            Ok(many.iter().map(one).collect())
        })
    }

    fn hold(&self, ids: Vec<DeliveryId>, reason: Reason) -> Kept<'_, u64> {
        self.change(|rows, now_ms| {
            let waiting = Memory::waiting(rows, |delivery| ids.contains(&delivery.id));
            Ok(Memory::hold_these(rows, &waiting, &reason, now_ms))
        })
    }

    fn hold_all(&self, account: &str, reason: Reason) -> Kept<'_, u64> {
        self.change(|rows, now_ms| {
            let waiting = Memory::waiting(rows, |delivery| delivery.account == account);
            Ok(Memory::hold_these(rows, &waiting, &reason, now_ms))
        })
    }

    fn act(&self, ids: Vec<DeliveryId>, act: Act, hand: Hand) -> Kept<'_, Each> {
        self.change(|rows, now_ms| {
            Ok(ids.iter().map(|id| rows.act(*id, act, &hand, now_ms)).collect())
        })
    }

    fn in_doubt(&self) -> Kept<'_, Vec<Delivery>> {
        self.look(|rows| {
            let left = |row: &&Row| row.claimed_by.is_some_and(|process| process != self.process);
            rows.rows.iter().filter(left).map(|row| row.delivery.clone()).collect()
        })
    }

    fn next_due_ms(&self, run: RunId) -> Kept<'_, Option<i64>> {
        self.look(|rows| {
            let waits = |at: &usize| {
                let delivery = &rows.rows[*at].delivery;
                delivery.run == run && delivery.state == State::Waiting && rows.is_free(*at)
            };
            let all = (0..rows.rows.len()).filter(waits);
            all.filter_map(|at| rows.rows[at].delivery.due_at_ms).min()
        })
    }

    fn get(&self, id: DeliveryId) -> Kept<'_, Option<Delivery>> {
        self.look(|rows| rows.at(id).ok().map(|at| rows.rows[at].delivery.clone()))
    }

    fn list(&self, query: Query) -> Kept<'_, Vec<Delivery>> {
        self.look(|rows| {
            let is_meant = |delivery: &&Delivery| {
                query.run.is_none_or(|run| delivery.run == run)
                    && (query.states.is_empty() || query.states.contains(&delivery.state))
                    && query.after_id.is_none_or(|after| delivery.id > after)
                    && query.key.is_none_or_fits(delivery.natural_key.as_deref())
                    && query.code.is_none_or_fits(code(delivery).as_deref())
            };
            let limit = if query.limit == 0 { 1_000 } else { query.limit };
            let body = |delivery: &Delivery| match query.with_body {
                true => delivery.clone(),
                false => Delivery { body: Vec::new(), ..delivery.clone() },
            };
            let all = rows.rows.iter().map(|row| &row.delivery).filter(is_meant);
            all.take(limit).map(body).collect()
        })
    }

    fn latest_applied(
        &self,
        account: &str,
        resource: &str,
        limit: usize,
    ) -> Kept<'_, Vec<Delivery>> {
        self.look(|rows| {
            let is_meant = |delivery: &&Delivery| {
                (delivery.account.as_str(), delivery.resource.as_str()) == (account, resource)
                    && matches!(delivery.state, State::Applied | State::Confirmed)
                    && delivery.resource_id.is_some()
            };
            let all = rows.rows.iter().rev().map(|row| &row.delivery).filter(is_meant);
            let without = |delivery: &Delivery| Delivery { body: Vec::new(), ..delivery.clone() };
            all.take(limit).map(without).collect()
        })
    }

    fn counts(&self, run: RunId) -> Kept<'_, Counts> {
        self.look(|rows| {
            let of_run = rows.rows.iter().filter(|row| row.delivery.run == run);
            of_run.map(|row| row.delivery.state).collect()
        })
    }

    fn attempts(&self, id: DeliveryId) -> Kept<'_, Vec<AttemptRow>> {
        self.look(|rows| rows.at(id).map(|at| rows.rows[at].attempts.clone()).unwrap_or_default())
    }

    fn acts(&self, id: DeliveryId) -> Kept<'_, Vec<ActRow>> {
        self.look(|rows| rows.at(id).map(|at| rows.rows[at].acts.clone()).unwrap_or_default())
    }
}

fn code(delivery: &Delivery) -> Option<String> {
    let reason = delivery.reason.as_ref()?;
    reason.code.clone().or_else(|| reason.status.map(|status| format!("HTTP {status}")))
}

trait Pattern {
    fn is_none_or_fits(&self, text: Option<&str>) -> bool;
}

impl Pattern for Option<String> {
    /// With one `*` at the most, at its end, which is all that the suite asks for.
    fn is_none_or_fits(&self, text: Option<&str>) -> bool {
        let Some(pattern) = self else { return true };
        text.is_some_and(|text| match pattern.strip_suffix('*') {
            Some(start) => text.starts_with(start),
            None => text == pattern,
        })
    }
}
