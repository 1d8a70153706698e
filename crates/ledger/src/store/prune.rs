//! Forgetting what is finished and old.

use rusqlite::{Connection, Row, params};

use super::Ledger;
use super::writer::{Fault, Work};
use crate::error::LedgerError;
use crate::query::Counts;
use crate::state::State;

/// Deliveries that one transaction removes.
const CHUNK: i64 = 2_000;

/// Finished (3 applied, 5 confirmed, 6 existing, 7 rejected, 10 cancelled) before ?1, and in no input that came since.
const OLD: &str = "d.state IN (3, 5, 6, 7, 10) AND d.updated_at_ms < ?1
    AND coalesce((SELECT started_at_ms FROM run WHERE id = d.run), 0) < ?1";

impl Ledger {
    /// How many deliveries [`prune`](Ledger::prune) would remove, by state.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn prunable(&self, before_ms: i64) -> Result<Counts, LedgerError> {
        self.read(|db| {
            let select = format!("SELECT d.state, count(*) FROM delivery d WHERE {OLD} GROUP BY 1");
            let mut counts = Counts::default();
            let mut select = db.prepare_cached(&select)?;
            let mut rows = select.query([before_ms])?;
            while let Some(row) = rows.next()? {
                if let Some(state) = State::from_code(row.get(0)?) {
                    counts.add(state, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0));
                }
            }
            Ok(counts)
        })
    }

    /// Removes deliveries that were finished before an instant (applied, confirmed, existing, rejected or cancelled)
    /// and that no run has brought in since, with all that is known of them, and the runs that are left empty. What is
    /// open, queued, unknown or held stays. Says how many were removed, by state.
    ///
    /// A removed delivery is forgotten: the same input would be sent again. Numbers are not used again.
    ///
    /// It takes several transactions; what stops it half-way can be repeated.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn prune(&self, before_ms: i64) -> Result<Counts, LedgerError> {
        let mut pruned = Counts::default();
        let mut after = 0;
        loop {
            let (last, removed) = self.write(move |work| work.prune(before_ms, after)).await?;
            pruned.add_all(&removed);
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        self.write(move |work| Ok(forget_runs(&work.db, before_ms)?)).await?;
        Ok(pruned)
    }
}

impl Work {
    /// Removes the next chunk. Gives the last number in it, if there was any.
    fn prune(&mut self, before_ms: i64, after: i64) -> Result<(Option<i64>, Counts), Fault> {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, State::from_code(row.get(2)?)));
        let old: Vec<(i64, i64, Option<State>)> = self
            .db
            .prepare_cached(&format!(
                "SELECT d.id, d.run, d.state FROM delivery d WHERE d.id > ?2 AND {OLD} ORDER BY d.id LIMIT ?3"
            ))?
            .query_map(params![before_ms, after, CHUNK], read)?
            .collect::<rusqlite::Result<_>>()?;
        let mut removed = Counts::default();
        for (id, run, state) in &old {
            for table in [
                "attempt WHERE delivery",
                "act WHERE delivery",
                "carried WHERE id",
                "content WHERE id",
            ] {
                self.db.prepare_cached(&format!("DELETE FROM {table} = ?1"))?.execute([id])?;
            }
            self.db.prepare_cached("DELETE FROM delivery WHERE id = ?1")?.execute([id])?;
            if let Some(state) = state {
                self.count_gone(*run, *state);
                removed.add(*state, 1);
            }
        }
        let last = old.last().map(|(id, ..)| *id);
        if let Some(last) = last {
            self.db
                .prepare_cached("UPDATE session SET last_delivery = max(last_delivery, ?1)")?
                .execute([last])?;
        }
        Ok((last, removed))
    }
}

/// Removes old runs that no delivery counts to any more.
fn forget_runs(db: &Connection, before_ms: i64) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM run WHERE started_at_ms < ?1
           AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.run = run.id)",
        [before_ms],
    )?;
    db.execute("DELETE FROM tally WHERE run NOT IN (SELECT id FROM run)", [])?;
    Ok(())
}
