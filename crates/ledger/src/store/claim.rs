//! Claiming: what is due and free becomes `sending`, and belongs to one sender.

use rusqlite::params;
use rusqlite::types::ValueRef;

use super::Ledger;
use super::row::{BODY, Hot, IDEMPOTENCY_KEY, whole_columns, whole_tables};
use super::writer::{Desk, Fault, Work};
use crate::delivery::{Delivery, RunId};
use crate::error::LedgerError;
use crate::state::State;

impl Ledger {
    /// Claims up to `limit` deliveries of a run that are due at `now_ms` and whose lane is free, the
    /// longest due first. They are `sending` on disk when this returns, and are nobody else's until
    /// they are settled.
    ///
    /// Dropping the future before it is ready claims nothing: what was claimed in the meantime is put
    /// back.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn claim(
        &self,
        run: RunId,
        now_ms: i64,
        limit: usize,
    ) -> Result<Vec<Delivery>, LedgerError> {
        let closed = || LedgerError::Closed { path: self.inner.path.clone() };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let writer = self.writer()?;
        let desk = writer.desk().ok_or_else(closed)?;
        let work = move |work: &mut Work| {
            let (before, deliveries) = work.claim(run, now_ms, limit)?;
            Ok(Claimed { deliveries, before, now_ms, desk: desk.clone(), owed: false })
        };
        let claimed = writer.submit(work, |claimed: &mut Claimed| claimed.owed = true);
        Ok(claimed.await.unwrap_or_else(|_| Err(closed()))?.take())
    }
}

/// Claimed deliveries on their way to the caller. If they do not arrive, they are put back.
struct Claimed {
    deliveries: Vec<Delivery>,
    before: Vec<Hot>,
    now_ms: i64,
    desk: Desk,
    /// The claim is on disk, and nobody has it yet.
    owed: bool,
}

impl Claimed {
    fn take(mut self) -> Vec<Delivery> {
        self.owed = false;
        std::mem::take(&mut self.deliveries)
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        if self.owed && !self.before.is_empty() {
            let (before, now_ms) = (std::mem::take(&mut self.before), self.now_ms);
            // Nobody waits for the answer. If it cannot be written, they are in doubt after a restart.
            drop(self.desk.submit(move |work| work.put_back(&before, now_ms), |()| {}));
        }
    }
}

impl Work {
    fn claim(
        &mut self,
        run: RunId,
        now_ms: i64,
        limit: i64,
    ) -> Result<(Vec<Hot>, Vec<Delivery>), Fault> {
        let mut before = Vec::new();
        let mut deliveries = Vec::new();
        {
            let mut due = self.db.prepare_cached(concat!(
                "SELECT ",
                whole_columns!(),
                ", c.body",
                whole_tables!(),
                "WHERE d.run = ?1 AND d.state = 1 AND d.behind = 0 AND d.due_at_ms <= ?2
                 ORDER BY d.due_at_ms, d.id LIMIT ?3"
            ))?;
            let mut rows = due.query(params![run.0, now_ms, limit])?;
            while let Some(row) = rows.next()? {
                let waiting = Hot::from_row(row)?;
                let mut sending = waiting.clone().claimed(self.session, now_ms);
                if row.get_ref(IDEMPOTENCY_KEY)? != ValueRef::Null {
                    sending.key_sent_at_ms.get_or_insert(now_ms);
                }
                before.push(waiting);
                deliveries.push((sending.clone(), sending.with_content(row, row.get(BODY)?)?));
            }
        }
        let mut claimed = Vec::with_capacity(deliveries.len());
        for (sending, delivery) in deliveries {
            self.shift(State::Waiting, &sending)?;
            claimed.push(delivery);
        }
        Ok((before, claimed))
    }

    fn put_back(&mut self, before: &[Hot], now_ms: i64) -> Result<(), Fault> {
        for row in before {
            let now = Hot::read(&self.db, row.id)?;
            if now
                .is_none_or(|now| now.state != State::Sending || now.session != Some(self.session))
            {
                continue;
            }
            let mut row = row.clone();
            self.enter_lane(&mut row)?;
            self.shift(State::Sending, &row)?;
            self.after_move(State::Sending, &row, now_ms)?;
        }
        Ok(())
    }
}

impl Hot {
    fn claimed(mut self, session: i64, now_ms: i64) -> Hot {
        let deadline = self.allowance_ms.map(|allowed| now_ms.saturating_add(allowed));
        self.state = State::Sending;
        self.session = Some(session);
        self.due_at_ms = None;
        self.deadline_at_ms = self.deadline_at_ms.or(deadline);
        self.first_sent_at_ms = self.first_sent_at_ms.or(Some(now_ms));
        self.last_sent_at_ms = Some(now_ms);
        self.updated_at_ms = now_ms;
        self.reason = None;
        self
    }
}
