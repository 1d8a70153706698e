//! Looking: everything here runs on connections that cannot write.

use std::fmt::Write as _;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::Ledger;
use super::row::{Hot, whole, whole_columns, whole_tables};
use crate::delivery::{AttemptRow, Delivery, DeliveryId, Ordering, Run, RunId};
use crate::error::LedgerError;
use crate::query::{Counts, Query};
use crate::state::State;

/// A page of a listing, when the query names no size.
const PAGE: usize = 1_000;

impl Ledger {
    /// True when nothing was ever delivered through it.
    ///
    /// # Errors
    ///
    /// Those of the store, as for every look.
    pub fn is_empty(&self) -> Result<bool, LedgerError> {
        self.read(|db| {
            db.query_row("SELECT NOT EXISTS (SELECT 1 FROM delivery)", [], |row| row.get(0))
        })
    }

    /// One delivery with its body.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn get(&self, id: DeliveryId) -> Result<Option<Delivery>, LedgerError> {
        self.read(|db| one(db, "WHERE d.id = ?1", params![id.0]))
    }

    /// The delivery with this identity (see [`identity`](crate::identity)).
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn find(
        &self,
        account: &str,
        resource: &str,
        identity: &str,
    ) -> Result<Option<Delivery>, LedgerError> {
        self.read(|db| {
            let of = "WHERE c.identity = ?3 AND c.scope =
                (SELECT id FROM scope WHERE account = ?1 AND resource = ?2)";
            one(db, of, params![account, resource, identity])
        })
    }

    /// The deliveries that a process which has died left `sending`: whether they are in effect has to
    /// be found out. A ledger opened for reading cannot tell them from those that a living process is
    /// sending, and gives both.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn in_doubt(&self) -> Result<Vec<Delivery>, LedgerError> {
        let session = self.inner.session.unwrap_or(i64::MAX);
        self.read(|db| {
            // Left to itself, SQLite would rather read the whole table in order than sort a few.
            let of = "WHERE d.id IN (SELECT id FROM main.delivery INDEXED BY delivery_sending WHERE state = 2)
                AND coalesce(d.session, 0) < ?1 ORDER BY d.id";
            many(db, of, params![session], true)
        })
    }

    /// The earliest instant at which a delivery of the run may be claimed, `None` when none waits. What
    /// waits behind others of its lane does not count.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn next_due_ms(&self, run: RunId) -> Result<Option<i64>, LedgerError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT min(due_at_ms) FROM delivery WHERE run = ?1 AND state = 1 AND behind = 0",
            )?
            .query_row([run.0], |row| row.get(0))
        })
    }

    /// How many deliveries of the run are in each state. As cheap for millions as for one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn counts(&self, run: RunId) -> Result<Counts, LedgerError> {
        self.read(|db| counts(db, "SELECT state, n FROM tally WHERE run = ?1", params![run.0]))
    }

    /// How many deliveries of the whole ledger are in each state.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn backlog(&self) -> Result<Counts, LedgerError> {
        self.read(|db| counts(db, "SELECT state, sum(n) FROM tally GROUP BY state", params![]))
    }

    /// What a run was.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn run(&self, run: RunId) -> Result<Option<Run>, LedgerError> {
        self.read(|db| {
            db.prepare_cached("SELECT command, source, started_at_ms, skip FROM run WHERE id = ?1")?
                .query_row([run.0], |row| {
                    let ordering = if row.get(3)? { Ordering::Skip } else { Ordering::Park };
                    Ok(Run {
                        command: row.get(0)?,
                        source: row.get(1)?,
                        started_at_ms: row.get(2)?,
                        ordering,
                    })
                })
                .optional()
        })
    }

    /// Deliveries in the order of their ids, a page at a time: the next page starts after the last
    /// id of this one.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn list(&self, query: &Query) -> Result<Vec<Delivery>, LedgerError> {
        let (of, values) = conditions(query);
        self.read(|db| many(db, &of, params_from_iter(values), query.with_body))
    }

    /// Every attempt of a delivery, in order.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn attempts(&self, id: DeliveryId) -> Result<Vec<AttemptRow>, LedgerError> {
        self.read(|db| {
            let Some(hot) = Hot::read(db, id)? else { return Ok(Vec::new()) };
            let mut rows = attempts(db, id)?;
            if let (true, Some(elapsed_ms)) =
                (rows.first().is_none_or(|row| row.n > 1), hot.elapsed_ms)
            {
                let first = AttemptRow {
                    elapsed_ms: u64::try_from(elapsed_ms).unwrap_or(0),
                    ..AttemptRow::plain(
                        hot.first_sent_at_ms.unwrap_or(hot.created_at_ms),
                        hot.status,
                    )
                };
                rows.insert(0, first);
            }
            Ok(rows)
        })
    }

    /// The latest deliveries of a resource that are in effect and whose name at the API is known, newest
    /// first, without bodies.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn latest_applied(
        &self,
        account: &str,
        resource: &str,
        limit: usize,
    ) -> Result<Vec<Delivery>, LedgerError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|db| {
            let of = "WHERE d.scope = (SELECT id FROM scope WHERE account = ?1 AND resource = ?2)
                AND d.state IN (3, 5) AND d.resource_id IS NOT NULL ORDER BY d.id DESC LIMIT ?3";
            many(db, of, params![account, resource, limit], false)
        })
    }
}

impl AttemptRow {
    /// The attempt that is not worth a row: the first one, answered with success, and no more to say.
    fn plain(started_at_ms: i64, status: Option<u16>) -> AttemptRow {
        AttemptRow {
            n: 1,
            started_at_ms,
            class: "ok".to_owned(),
            status,
            effect: "applied".to_owned(),
            ..AttemptRow::default()
        }
    }

    pub(super) fn is_plain(&self) -> bool {
        let plain = AttemptRow {
            n: self.n,
            elapsed_ms: self.elapsed_ms,
            ..AttemptRow::plain(self.started_at_ms, self.status)
        };
        *self == plain
    }
}

/// The states that the index `delivery_trouble` holds.
const TROUBLE: [State; 5] =
    [State::Queued, State::Rejected, State::Unknown, State::Held, State::Cancelled];

/// What a delivery is filed under, as [`Query::code`] says.
pub(super) const CODE: &str =
    "coalesce(json_extract(d.reason, '$.code'), 'HTTP ' || json_extract(d.reason, '$.status'))";

fn conditions(query: &Query) -> (String, Vec<Value>) {
    let mut of = String::from("WHERE d.id > ?1");
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let mut values = vec![
        Value::from(query.after_id.unwrap_or(DeliveryId(0)).0),
        Value::from(i64::try_from(limit).unwrap_or(i64::MAX)),
    ];
    // Writing to a string cannot fail.
    let mut and = |of: &mut String, value: Value, condition: &dyn Fn(usize) -> String| {
        values.push(value);
        let _ = write!(of, " AND {}", condition(values.len()));
    };
    if let Some(run) = query.run {
        and(&mut of, Value::from(run.0), &|n| format!("d.run = ?{n}"));
    }
    if !query.states.is_empty() {
        if query.run.is_some() && query.states.iter().all(|state| TROUBLE.contains(state)) {
            // SQLite uses a partial index only where a query repeats its condition.
            of.push_str(" AND (d.state = 4 OR d.state >= 7)");
        }
        let codes: Vec<String> =
            query.states.iter().map(|state| state.code().to_string()).collect();
        let _ = write!(of, " AND d.state IN ({})", codes.join(", "));
    }
    if let Some(pattern) = &query.code {
        and(&mut of, Value::from(glob(pattern)), &|n| format!("{CODE} GLOB ?{n}"));
    }
    if let Some(pattern) = &query.key {
        let key = |n| format!("(c.natural_key GLOB ?{n} OR c.identity GLOB 'key:' || ?{n})");
        and(&mut of, Value::from(glob(pattern)), &key);
    }
    of.push_str(" ORDER BY d.id LIMIT ?2");
    (of, values)
}

/// Our patterns know `*` alone; SQLite's give a meaning to some other characters, too.
fn glob(pattern: &str) -> String {
    pattern.replace('[', "[[]").replace('?', "[?]")
}

fn one(
    db: &Connection,
    of: &str,
    params: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Option<Delivery>> {
    Ok(many(db, of, params, true)?.pop())
}

pub(super) fn many(
    db: &Connection,
    of: &str,
    params: impl rusqlite::Params,
    with_body: bool,
) -> rusqlite::Result<Vec<Delivery>> {
    let body = if with_body { ", c.body" } else { "" };
    let mut select = db.prepare_cached(&format!(
        concat!("SELECT ", whole_columns!(), "{}", whole_tables!(), "{}"),
        body, of
    ))?;
    select.query_map(params, |row| whole(row, with_body))?.collect()
}

pub(super) fn counts(
    db: &Connection,
    select: &str,
    params: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Counts> {
    let mut counts = Counts::default();
    let mut select = db.prepare_cached(select)?;
    let mut rows = select.query(params)?;
    while let Some(row) = rows.next()? {
        let n = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        if let Some(state) = State::from_code(row.get(0)?) {
            counts.add(state, n);
        }
    }
    Ok(counts)
}

fn attempts(db: &Connection, id: DeliveryId) -> rusqlite::Result<Vec<AttemptRow>> {
    db.prepare_cached(
        "SELECT n, started_at_ms, elapsed_ms, class, status, code, effect, wait_ms, rule, request_id
         FROM attempt WHERE delivery = ?1 ORDER BY n",
    )?
    .query_map([id.0], |row| {
        let positive = |ms: i64| u64::try_from(ms).unwrap_or(0);
        Ok(AttemptRow {
            n: row.get(0)?,
            started_at_ms: row.get(1)?,
            elapsed_ms: positive(row.get(2)?),
            class: row.get(3)?,
            status: row.get(4)?,
            code: row.get(5)?,
            effect: row.get(6)?,
            wait_ms: row.get::<_, Option<i64>>(7)?.map(positive),
            rule: row.get(8)?,
            request_id: row.get(9)?,
        })
    })?
    .collect()
}
