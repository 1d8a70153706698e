//! The ledger as a whole, and deliveries by the name that a person gives them.

use rusqlite::{Connection, params};

use super::Ledger;
use super::read::{CODE, counts, many};
use crate::delivery::{Delivery, Ordering, Run, RunId};
use crate::error::LedgerError;
use crate::identity;
use crate::query::{CodeCount, RunCount};
use crate::state::State;

impl Ledger {
    /// Rejected, unknown and held deliveries by state and code, the most frequent first.
    ///
    /// # Errors
    ///
    /// Those of the store, as for every look.
    pub fn codes(&self) -> Result<Vec<CodeCount>, LedgerError> {
        self.read(|db| {
            // The first condition is that of the index, the second what is wanted of it.
            let select = format!(
                "SELECT {CODE}, d.state, count(*), min(d.id) FROM main.delivery d INDEXED BY delivery_trouble
                 WHERE (d.state = 4 OR d.state >= 7) AND d.state IN (7, 8, 9) GROUP BY 1, 2 ORDER BY 3 DESC, 4"
            );
            let mut select = db.prepare_cached(&select)?;
            let mut rows = select.query([])?;
            let mut codes = Vec::new();
            while let Some(row) = rows.next()? {
                let Some(state) = State::from_code(row.get(1)?) else { continue };
                let id: i64 = row.get(3)?;
                let Some(example) = many(db, "WHERE d.id = ?1", params![id], false)?.pop() else {
                    continue;
                };
                let count = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
                codes.push(CodeCount { code: row.get(0)?, state, count, example });
            }
            Ok(codes)
        })
    }

    /// The earliest delivery that is still on its way: staged, waiting, sending or queued. Without its body.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn oldest_unfinished(&self) -> Result<Option<Delivery>, LedgerError> {
        self.read(|db| {
            // The tally knows which runs have such deliveries, so that finished runs cost nothing.
            let of = "WHERE d.id = (SELECT min(d.id) FROM delivery d
                WHERE d.run IN (SELECT run FROM tally WHERE state IN (0, 1, 2, 4) AND n > 0) AND d.state IN (0, 1, 2, 4))";
            Ok(many(db, of, params![], false)?.pop())
        })
    }

    /// The latest runs, newest first.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn runs(&self, limit: usize) -> Result<Vec<RunCount>, LedgerError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT id, command, source, started_at_ms, skip FROM run ORDER BY id DESC LIMIT ?1",
            )?;
            let runs = select.query_map([limit], |row| {
                let id: i64 = row.get(0)?;
                let ordering = if row.get(4)? { Ordering::Skip } else { Ordering::Park };
                let run = Run {
                    command: row.get(1)?,
                    source: row.get(2)?,
                    started_at_ms: row.get(3)?,
                    ordering,
                };
                Ok((RunId(id), run))
            })?;
            let count = |(id, run): (RunId, Run)| {
                let of_run = "SELECT state, n FROM tally WHERE run = ?1";
                Ok(RunCount { id, run, counts: counts(db, of_run, params![id.0])? })
            };
            runs.map(|run| run.and_then(count)).collect()
        })
    }

    /// When the next delivery of any run may be sent, `None` when none waits.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn next_due_of_all_ms(&self) -> Result<Option<i64>, LedgerError> {
        self.read(|db| {
            db.query_row(
                "SELECT min((SELECT min(due_at_ms) FROM delivery d WHERE d.run = t.run AND d.state = 1 AND d.behind = 0))
                 FROM tally t WHERE t.state = 1 AND t.n > 0",
                [],
                |row| row.get(0),
            )
        })
    }

    /// The deliveries that have this natural key, or this key of the user's own, at any login and of any resource;
    /// among them the content that came later under the same key. In the order of their ids, without bodies.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn with_key(&self, key: &str) -> Result<Vec<Delivery>, LedgerError> {
        self.read(|db| {
            let identities = [identity::of_natural_key(key), identity::of_users_key(key)];
            let mut found = Vec::new();
            for scope in scopes(db)? {
                for identity in &identities {
                    let of = "WHERE c.scope = ?1 AND c.identity = ?2";
                    found.extend(many(db, of, params![scope, identity], false)?);
                    // A change has `~` and 16 hex digits behind the identity: the digits end before `g`.
                    let of = "WHERE c.scope = ?1 AND c.identity >= ?2 || '~0' AND c.identity < ?2 || '~g'";
                    let changes = many(db, of, params![scope, identity], false)?;
                    let is_change = |row: &Delivery| identity::is_change(&row.identity);
                    found.extend(changes.into_iter().filter(is_change));
                }
            }
            // Where the user names the keys, identities do not tell the natural ones.
            if found.is_empty() && names_keys(db)? {
                found = many(db, "WHERE c.natural_key = ?1", params![key], false)?;
            }
            found.sort_by_key(|delivery| delivery.id);
            found.dedup_by_key(|delivery| delivery.id);
            Ok(found)
        })
    }
}

/// True where keys of the user's own are in use.
fn names_keys(db: &Connection) -> rusqlite::Result<bool> {
    let mut any = db.prepare_cached(
        "SELECT 1 FROM content WHERE scope = ?1 AND identity >= 'key:' AND identity < 'key;' LIMIT 1",
    )?;
    for scope in scopes(db)? {
        if any.exists([scope])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn scopes(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT id FROM scope")?.query_map([], |row| row.get(0))?.collect()
}
