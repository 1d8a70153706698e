//! One row of `delivery`, and one delivery with its content, as the database holds them.

use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use crate::delivery::{Delivery, DeliveryId, DeliveryKey, Reason, RunId};
use crate::state::State;

/// What changes while a delivery lives.
#[derive(Clone, Debug)]
pub(crate) struct Hot {
    pub(crate) id: DeliveryId,
    pub(crate) run: i64,
    pub(crate) state: State,
    pub(crate) lane: Option<i64>,
    pub(crate) behind: bool,
    pub(crate) session: Option<i64>,
    pub(crate) due_at_ms: Option<i64>,
    pub(crate) deadline_at_ms: Option<i64>,
    pub(crate) allowance_ms: Option<i64>,
    pub(crate) known_absent: bool,
    pub(crate) attempts: u32,
    pub(crate) first_sent_at_ms: Option<i64>,
    pub(crate) last_sent_at_ms: Option<i64>,
    pub(crate) elapsed_ms: Option<i64>,
    pub(crate) status: Option<u16>,
    pub(crate) created_at_ms: i64,
    pub(crate) updated_at_ms: i64,
    pub(crate) resource_id: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) key_sent_at_ms: Option<i64>,
}

macro_rules! hot_columns {
    () => {
        "d.id, d.run, d.state, d.lane, d.behind, d.session, d.due_at_ms, d.deadline_at_ms, d.allowance_ms, \
         d.known_absent, d.attempts, d.first_sent_at_ms, d.last_sent_at_ms, d.elapsed_ms, d.status, \
         d.created_at_ms, d.updated_at_ms, d.resource_id, d.reason, \
         d.key_sent_at_ms"
    };
}
pub(crate) use hot_columns;

/// How many columns `hot_columns` names.
const HOT: usize = 20;

/// The columns of a whole delivery, from `delivery d`, `content c`, `scope s` and
/// `carried k`.
macro_rules! whole_columns {
    () => {
        concat!(
            $crate::store::row::hot_columns!(),
            ", s.account, s.resource, c.identity, c.natural_key, c.lane, c.method, c.path, c.lines, \
             k.headers, k.idempotency_key, k.key_born_at_ms"
        )
    };
}
pub(crate) use whole_columns;

/// `FROM` of a query for whole deliveries.
macro_rules! whole_tables {
    () => {
        " FROM delivery d JOIN content c ON c.id = d.id JOIN scope s ON s.id = d.scope \
          LEFT JOIN carried k ON k.id = d.id "
    };
}
pub(crate) use whole_tables;

/// Where the idempotency key comes.
pub(crate) const IDEMPOTENCY_KEY: usize = HOT + 9;

/// Where the body comes, if a query asks for it behind `whole_columns`.
pub(crate) const BODY: usize = HOT + 11;

impl Hot {
    /// Reads the columns of `hot_columns`.
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Hot> {
        let code: i64 = row.get(2)?;
        let state = State::from_code(code)
            .ok_or_else(|| broken(2, format!("{code} is not the number of a state")))?;
        Ok(Hot {
            id: DeliveryId(row.get(0)?),
            run: row.get(1)?,
            state,
            lane: row.get(3)?,
            behind: row.get(4)?,
            session: row.get(5)?,
            due_at_ms: row.get(6)?,
            deadline_at_ms: row.get(7)?,
            allowance_ms: row.get(8)?,
            known_absent: row.get(9)?,
            attempts: row.get(10)?,
            first_sent_at_ms: row.get(11)?,
            last_sent_at_ms: row.get(12)?,
            elapsed_ms: row.get(13)?,
            status: row.get(14)?,
            created_at_ms: row.get(15)?,
            updated_at_ms: row.get(16)?,
            resource_id: row.get(17)?,
            reason: row.get(18)?,
            key_sent_at_ms: row.get(19)?,
        })
    }

    /// Reads one by its id.
    pub(crate) fn read(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Hot>> {
        let mut select = db.prepare_cached(concat!(
            "SELECT ",
            hot_columns!(),
            " FROM delivery d WHERE d.id = ?1"
        ))?;
        let mut rows = select.query([id.0])?;
        rows.next()?.map(Hot::from_row).transpose()
    }

    /// Writes everything but the run, if the state is still `from`. Says how many rows that were.
    pub(crate) fn update(&self, db: &Connection, from: State) -> rusqlite::Result<usize> {
        let mut update = db.prepare_cached(
            "UPDATE delivery SET state = ?3, behind = ?4, session = ?5, due_at_ms = ?6, deadline_at_ms = ?7,
               allowance_ms = ?8, known_absent = ?9, attempts = ?10, first_sent_at_ms = ?11, last_sent_at_ms = ?12,
               elapsed_ms = ?13, status = ?14, updated_at_ms = ?15, resource_id = ?16, reason = ?17,
               key_sent_at_ms = ?18
             WHERE id = ?1 AND state = ?2",
        )?;
        update.execute(rusqlite::params![
            self.id.0,
            from.code(),
            self.state.code(),
            self.behind,
            self.session,
            self.due_at_ms,
            self.deadline_at_ms,
            self.allowance_ms,
            self.known_absent,
            self.attempts,
            self.first_sent_at_ms,
            self.last_sent_at_ms,
            self.elapsed_ms,
            self.status,
            self.updated_at_ms,
            self.resource_id,
            self.reason,
            self.key_sent_at_ms,
        ])
    }

    pub(crate) fn set_reason(&mut self, reason: Option<&Reason>) {
        // A reason is plain text and lists of it, which always becomes JSON.
        self.reason = reason.and_then(|reason| serde_json::to_string(reason).ok());
    }

    /// Joins the row with its content.
    pub(crate) fn with_content(self, row: &Row<'_>, body: Vec<u8>) -> rusqlite::Result<Delivery> {
        let reason = match &self.reason {
            None => None,
            Some(text) => {
                Some(serde_json::from_str(text).map_err(|error| broken(18, error.to_string()))?)
            }
        };
        let value: Option<String> = row.get(IDEMPOTENCY_KEY)?;
        let born_at_ms: Option<i64> = row.get(HOT + 10)?;
        let idempotency_key = value.map(|value| DeliveryKey {
            value,
            born_at_ms: born_at_ms.unwrap_or(self.created_at_ms),
            sent_at_ms: self.key_sent_at_ms,
        });
        Ok(Delivery {
            id: self.id,
            run: RunId(self.run),
            account: row.get(HOT)?,
            resource: row.get(HOT + 1)?,
            identity: row.get(HOT + 2)?,
            natural_key: row.get(HOT + 3)?,
            lane: row.get(HOT + 4)?,
            method: row.get(HOT + 5)?,
            path: row.get(HOT + 6)?,
            lines: row.get(HOT + 7)?,
            headers: headers(row.get(HOT + 8)?)?,
            idempotency_key,
            body,
            state: self.state,
            reason,
            resource_id: self.resource_id,
            status: self.status,
            known_absent: self.known_absent,
            attempts: self.attempts,
            due_at_ms: self.due_at_ms,
            deadline_at_ms: self.deadline_at_ms,
            first_sent_at_ms: self.first_sent_at_ms,
            last_sent_at_ms: self.last_sent_at_ms,
            created_at_ms: self.created_at_ms,
            updated_at_ms: self.updated_at_ms,
        })
    }
}

/// Reads the columns of `whole_columns`, and the body behind them if it is there.
pub(crate) fn whole(row: &Row<'_>, with_body: bool) -> rusqlite::Result<Delivery> {
    let body = if with_body { row.get(BODY)? } else { Vec::new() };
    Hot::from_row(row)?.with_content(row, body)
}

fn headers(json: Option<String>) -> rusqlite::Result<Vec<(String, String)>> {
    let read = |text: String| serde_json::from_str(&text);
    json.map_or(Ok(Vec::new()), read).map_err(|error| broken(HOT + 8, error.to_string()))
}

fn broken(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
