//! Releasing and settling.

use rusqlite::params;

use super::Ledger;
use super::row::{Hot, hot_columns};
use super::writer::{Fault, Work, check};
use crate::delivery::{AttemptRow, DeliveryId, Reason, RunId, Settled, Settlement, Terms};
use crate::error::LedgerError;
use crate::state::State;

/// Rows that one transaction moves for a command that may concern a whole run.
const CHUNK: i64 = 4_000;

/// Which deliveries of a run are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that are in the state in question.
    All,
    /// These. Those that are not in the state in question are left as they are.
    These(Vec<DeliveryId>),
}

impl Ledger {
    /// Lets staged deliveries of a run go: they are sent when they are due. Says how many that were.
    ///
    /// A large run is released in several transactions; each delivery is either staged or waiting at
    /// any moment, and releasing again continues.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn release(
        &self,
        run: RunId,
        which: Which,
        terms: Terms,
    ) -> Result<u64, LedgerError> {
        let now_ms = self.now_ms();
        let mut released = 0;
        match which {
            Which::These(ids) => {
                for chunk in ids.chunks(usize::try_from(CHUNK).unwrap_or(usize::MAX)) {
                    let ids = chunk.to_vec();
                    released +=
                        self.write(move |work| work.release(run, &ids, &terms, now_ms)).await?;
                }
            }
            Which::All => {
                let mut after = DeliveryId(0);
                loop {
                    let (last, count) = self
                        .write(move |work| {
                            let ids = work.in_state(run, State::Staged, after)?;
                            let count = work.release(run, &ids, &terms, now_ms)?;
                            Ok((ids.last().copied(), count))
                        })
                        .await?;
                    released += count;
                    match last {
                        Some(last) => after = last,
                        None => break,
                    }
                }
            }
        }
        Ok(released)
    }

    /// Ends a delivery, or puts it back, and writes down its attempts. On disk when this returns.
    ///
    /// # Errors
    ///
    /// [`LedgerError::IllegalMove`] when the state table does not have the move,
    /// [`LedgerError::NoSuchDelivery`], and those of the store.
    pub async fn settle(
        &self,
        id: DeliveryId,
        settlement: Settlement,
        attempts: Vec<AttemptRow>,
    ) -> Result<Settled, LedgerError> {
        let now_ms = self.now_ms();
        self.write(move |work| work.settle(id, &settlement, &attempts, now_ms)).await
    }

    /// Settles many in one transaction. Each is settled or refused by itself; the results are in their order.
    ///
    /// # Errors
    ///
    /// Those of the store; then none was settled.
    #[allow(clippy::type_complexity)]
    pub async fn settle_many(
        &self,
        many: Vec<(DeliveryId, Settlement, Vec<AttemptRow>)>,
    ) -> Result<Vec<Result<Settled, LedgerError>>, LedgerError> {
        let now_ms = self.now_ms();
        self.write(move |work| {
            let mut settled = Vec::with_capacity(many.len());
            for (id, settlement, attempts) in &many {
                settled.push(match work.settle(*id, settlement, attempts, now_ms) {
                    Ok(one) => Ok(one),
                    Err(Fault::Refused(error)) => Err(error),
                    Err(fault) => return Err(fault),
                });
            }
            Ok(settled)
        })
        .await
    }

    /// Holds those of these deliveries that are waiting, for one reason. The others are left as they are. Says how
    /// many were held.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn hold(&self, ids: Vec<DeliveryId>, reason: Reason) -> Result<u64, LedgerError> {
        let now_ms = self.now_ms();
        self.write(move |work| {
            let mut held = Vec::new();
            for id in &ids {
                let row = Hot::read(&work.db, *id)?.filter(|row| row.state == State::Waiting);
                if let Some(row) = row {
                    held.push(work.hold(row, &reason, now_ms)?);
                }
            }
            // Only now, so that those of them that stand behind others are held for this reason, too.
            for row in &held {
                work.after_move(State::Waiting, row, now_ms)?;
            }
            Ok(held.len() as u64)
        })
        .await
    }

    /// Holds every waiting delivery of an account, for one reason, such as refused credentials. Says how
    /// many that were.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn hold_all(&self, account: &str, reason: Reason) -> Result<u64, LedgerError> {
        let now_ms = self.now_ms();
        let mut held = 0;
        loop {
            let (account, reason) = (account.to_owned(), reason.clone());
            match self.write(move |work| work.hold_some(&account, &reason, now_ms)).await? {
                0 => return Ok(held),
                count => held += count,
            }
        }
    }
}

impl Hot {
    /// Makes the row wait on these terms.
    pub(super) fn release(&mut self, terms: &Terms, now_ms: i64) {
        self.state = State::Waiting;
        self.due_at_ms = Some(terms.due_at_ms.unwrap_or(now_ms));
        self.deadline_at_ms = terms.deadline_at_ms;
        self.allowance_ms = terms.allowance_ms;
        self.known_absent = terms.known_absent;
        self.updated_at_ms = now_ms;
    }

    /// Takes over what a settlement says.
    pub(super) fn take(&mut self, settlement: &Settlement, now_ms: i64) {
        let was_queued = self.state == State::Queued;
        let (was_final, was_open) = (self.state.is_final(), self.state.is_open());
        self.state = settlement.state();
        self.updated_at_ms = now_ms;
        self.session = None;
        self.due_at_ms = None;
        self.behind = false;
        match settlement {
            Settlement::Applied { status, resource_id } => {
                self.found(*status, resource_id.as_ref());
                self.set_reason(None);
            }
            Settlement::Queued { status, reason } => {
                self.status = status.or(self.status);
                if reason.is_some() || !was_queued {
                    self.set_reason(reason.as_ref());
                }
            }
            Settlement::Existing { status, resource_id, reason } => {
                self.found(*status, resource_id.as_ref());
                self.set_reason(reason.as_ref());
            }
            Settlement::Confirmed { resource_id } => {
                self.found(None, resource_id.as_ref());
                self.set_reason(None);
            }
            Settlement::Rejected(reason)
            | Settlement::Unknown(reason)
            | Settlement::Held(reason) => {
                self.status = reason.status.or(self.status);
                self.set_reason(Some(reason));
            }
            Settlement::Waiting { due_at_ms, reason } => {
                self.due_at_ms = Some(*due_at_ms);
                self.set_reason(reason.as_ref());
                if was_final && !was_open {
                    // It starts over, so its time does too.
                    self.deadline_at_ms = None;
                }
            }
            Settlement::Cancelled => self.set_reason(None),
        }
    }

    fn found(&mut self, status: Option<u16>, resource_id: Option<&String>) {
        self.status = status.or(self.status);
        if let Some(resource_id) = resource_id {
            self.resource_id = Some(resource_id.clone());
        }
    }
}

impl Work {
    /// The next ids of a run that are in a state, in order.
    fn in_state(
        &self,
        run: RunId,
        state: State,
        after: DeliveryId,
    ) -> rusqlite::Result<Vec<DeliveryId>> {
        self.db
            .prepare_cached("SELECT id FROM delivery WHERE run = ?1 AND state = ?2 AND id > ?3 ORDER BY id LIMIT ?4")?
            .query_map(params![run.0, state.code(), after.0, CHUNK], |row| row.get(0).map(DeliveryId))?
            .collect()
    }

    fn release(
        &mut self,
        run: RunId,
        ids: &[DeliveryId],
        terms: &Terms,
        now_ms: i64,
    ) -> Result<u64, Fault> {
        let mut released = 0;
        for id in ids {
            let Some(mut row) = Hot::read(&self.db, *id)? else { continue };
            if row.run != run.0 || row.state != State::Staged {
                continue;
            }
            row.release(terms, now_ms);
            self.enter_lane(&mut row)?;
            self.shift(State::Staged, &row)?;
            self.after_move(State::Staged, &row, now_ms)?;
            released += 1;
        }
        Ok(released)
    }

    fn settle(
        &mut self,
        id: DeliveryId,
        settlement: &Settlement,
        attempts: &[AttemptRow],
        now_ms: i64,
    ) -> Result<Settled, Fault> {
        let Some(mut row) = Hot::read(&self.db, id)? else {
            return Err(Fault::Refused(LedgerError::NoSuchDelivery { id }));
        };
        let from = row.state;
        row.take(settlement, now_ms);
        check(id, from, row.state)?;
        self.note_attempts(&mut row, attempts)?;
        self.enter_lane(&mut row)?;
        self.shift(from, &row)?;
        let parked = self.after_move(from, &row, now_ms)?;
        Ok(Settled { from, to: row.state, parked })
    }

    /// Counts attempts and writes them down, but for one clean answer to a first try, which the row itself tells.
    fn note_attempts(&mut self, row: &mut Hot, attempts: &[AttemptRow]) -> Result<(), Fault> {
        if let (Some(first), Some(last)) = (attempts.first(), attempts.last()) {
            if row.attempts == 0 {
                row.first_sent_at_ms = Some(first.started_at_ms);
            }
            row.last_sent_at_ms = Some(last.started_at_ms);
        } else if row.attempts == 0 && matches!(row.state, State::Waiting | State::Held) {
            // It was claimed, and nothing was sent.
            (row.first_sent_at_ms, row.last_sent_at_ms) = (None, None);
            row.key_sent_at_ms = None;
        }
        if let [only] = attempts
            && row.attempts == 0
            && row.state == State::Applied
            && only.is_plain()
            && only.status == row.status
        {
            row.attempts = 1;
            row.elapsed_ms = i64::try_from(only.elapsed_ms).ok();
            return Ok(());
        }
        if attempts.is_empty() {
            return Ok(());
        }
        let mut insert = self.db.prepare_cached(
            "INSERT INTO attempt (delivery, n, started_at_ms, elapsed_ms, class, status, code, effect, wait_ms, rule, request_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for attempt in attempts {
            row.attempts += 1;
            insert.execute(params![
                row.id.0,
                row.attempts,
                attempt.started_at_ms,
                i64::try_from(attempt.elapsed_ms).unwrap_or(i64::MAX),
                attempt.class,
                attempt.status,
                attempt.code,
                attempt.effect,
                attempt.wait_ms.map(|wait_ms| i64::try_from(wait_ms).unwrap_or(i64::MAX)),
                attempt.rule,
                attempt.request_id,
            ])?;
        }
        Ok(())
    }

    fn hold_some(&mut self, account: &str, reason: &Reason, now_ms: i64) -> Result<u64, Fault> {
        let rows: Vec<Hot> = self
            .db
            .prepare_cached(concat!(
                "SELECT ",
                hot_columns!(),
                " FROM tally t JOIN delivery d ON d.run = t.run
                  WHERE t.state = 1 AND t.n > 0 AND d.state = 1
                    AND d.scope IN (SELECT id FROM scope WHERE account = ?1)
                  LIMIT ?2"
            ))?
            .query_map(params![account, CHUNK], Hot::from_row)?
            .collect::<rusqlite::Result<_>>()?;
        let held = rows.len() as u64;
        for row in rows {
            self.hold(row, reason, now_ms)?;
        }
        Ok(held)
    }

    fn hold(&mut self, mut row: Hot, reason: &Reason, now_ms: i64) -> Result<Hot, Fault> {
        row.take(&Settlement::Held(reason.clone()), now_ms);
        self.shift(State::Waiting, &row)?;
        Ok(row)
    }
}
