//! The tables, as numbered migrations. A migration that has been published is never changed.

use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

use crate::error::LedgerError;

/// Marks the file as ours: `STFL`.
const APPLICATION: i64 = 0x5354_464C;

/// The newest format that this version knows.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Migration `n` leads from format `n` to `n + 1`.
///
/// `delivery` is what changes while a delivery lives, and is kept narrow, so that a batch of moves
/// touches few pages. `content` is written once, when the delivery is accepted, and again only if it
/// is accepted anew. States are numbers (the order of `State::ALL`): 0 staged, 1 waiting, 2 sending, 3 applied, 4 queued,
/// 5 confirmed, 6 existing, 7 rejected, 8 unknown, 9 held, 10 cancelled.
const MIGRATIONS: &[&str] = &["
CREATE TABLE session (
  -- How often the ledger was opened for writing: tells a claim of this process from one of a dead one.
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL,
  -- No new delivery gets this id or a smaller one: to be raised by whoever deletes the latest one.
  last_delivery INTEGER NOT NULL
) STRICT;
INSERT INTO session VALUES (1, 0, 0);

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at_ms INTEGER NOT NULL,
  command TEXT NOT NULL,
  source TEXT NOT NULL,
  skip INTEGER NOT NULL -- 1: a failed head lets those behind it pass
) STRICT;

-- Where identities live: one row for each account and resource.
CREATE TABLE scope (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  resource TEXT NOT NULL,
  shared_lanes INTEGER NOT NULL DEFAULT 0, -- 1: a lane here may hold more than one delivery
  UNIQUE (account, resource)
) STRICT;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  scope INTEGER NOT NULL REFERENCES scope (id),
  state INTEGER NOT NULL,
  lane INTEGER,                       -- the id of the lane's first delivery; null: alone in its lane
  behind INTEGER NOT NULL DEFAULT 0,  -- 1: waiting, and an earlier one of its lane is not done
  session INTEGER,                    -- which session claimed it, while it is sending
  due_at_ms INTEGER,
  deadline_at_ms INTEGER,
  allowance_ms INTEGER,
  known_absent INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_sent_at_ms INTEGER,
  last_sent_at_ms INTEGER,
  elapsed_ms INTEGER,                 -- of a clean only attempt, which has no row in `attempt`
  status INTEGER,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  resource_id TEXT,
  reason TEXT                         -- JSON
) STRICT;
-- No IN in these conditions: SQLite builds a table for each on every update.
CREATE INDEX delivery_run ON delivery (run);
CREATE INDEX delivery_waiting ON delivery (run, behind, due_at_ms) WHERE state = 1;
CREATE INDEX delivery_sending ON delivery (lane) WHERE state = 2;
CREATE INDEX delivery_trouble ON delivery (run) WHERE (state = 4 OR state >= 7);
CREATE INDEX delivery_lane_open ON delivery (lane) WHERE lane IS NOT NULL AND state <= 2;
CREATE INDEX delivery_lane_front ON delivery (lane) WHERE lane IS NOT NULL AND state = 1 AND behind = 0;
CREATE INDEX delivery_lane_failed ON delivery (lane) WHERE lane IS NOT NULL AND state >= 7 AND state <= 9;

CREATE TABLE content (
  id INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE,
  scope INTEGER NOT NULL,
  identity TEXT NOT NULL,
  hash BLOB NOT NULL,
  natural_key TEXT,
  lane TEXT,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  lines TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX content_identity ON content (scope, identity);

-- The lanes that more than one delivery may share.
CREATE TABLE lane (
  scope INTEGER NOT NULL,
  name TEXT NOT NULL,
  head INTEGER NOT NULL,
  PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  elapsed_ms INTEGER NOT NULL,
  class TEXT NOT NULL,
  status INTEGER,
  code TEXT,
  effect TEXT NOT NULL,
  wait_ms INTEGER,
  rule TEXT,
  request_id TEXT,
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;

-- How many deliveries of a run are in a state, kept in step by the transactions that move them.
CREATE TABLE tally (
  run INTEGER NOT NULL,
  state INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (run, state)
) STRICT, WITHOUT ROWID;
", "
-- What people did to deliveries.
CREATE TABLE act (
  delivery INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  act TEXT NOT NULL,      -- applied, not_applied, retry, cancel
  by TEXT,
  note TEXT,
  was INTEGER NOT NULL,   -- the state that was left
  reason TEXT,            -- and why the delivery was in it: JSON
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;
", "
-- What a delivery is sent with beside its body. Most have none of it, and no row here.
CREATE TABLE carried (
  id INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE,
  headers TEXT,             -- JSON: [[name, value], ...]
  idempotency_key TEXT,
  key_born_at_ms INTEGER    -- when it was drawn
) STRICT;
-- When the idempotency key was first claimed to be sent: the API may know it since then.
ALTER TABLE delivery ADD COLUMN key_sent_at_ms INTEGER;
"];

/// What shows a reader of an earlier format what came later: a view of the same name as a table, which
/// SQLite asks first. Entry `n` is for files of format `n + 1` and earlier.
const VIEWS: &[&str] = &[
    "CREATE TEMP VIEW act AS SELECT NULL AS delivery, NULL AS n, NULL AS at_ms, NULL AS act,
       NULL AS by, NULL AS note, NULL AS was, NULL AS reason WHERE 0",
    "CREATE TEMP VIEW carried AS SELECT NULL AS id, NULL AS headers, NULL AS idempotency_key,
       NULL AS key_born_at_ms WHERE 0;
     CREATE TEMP VIEW delivery AS SELECT *, NULL AS key_sent_at_ms FROM main.delivery",
];

/// Lets a connection that only looks ask a file of an earlier format as if it were of this one.
pub(crate) fn see_as_current(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let version = inspect(connection, path)?;
    let missing = usize::try_from(version.max(1)).unwrap_or(usize::MAX) - 1;
    for view in VIEWS.iter().skip(missing) {
        connection.execute_batch(view).map_err(|error| LedgerError::sql(path, error))?;
    }
    Ok(version)
}

/// The format of the ledger that the file is; 0 when the file is empty.
pub(crate) fn inspect(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let sql = |error| LedgerError::sql(path, error);
    let pragma =
        |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(sql);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql)?;
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if tables == 0 && version == 0 {
        return Ok(0);
    }
    if application != APPLICATION {
        return Err(LedgerError::NotALedger {
            path: path.to_owned(),
            why: "it is a database of another program".to_owned(),
        });
    }
    if version > VERSION {
        return Err(LedgerError::Newer { path: path.to_owned(), found: version, known: VERSION });
    }
    Ok(version)
}

/// Brings the file to the current format, one migration and one transaction at a time.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    let from = inspect(connection, path)?;
    let sql = |error| LedgerError::sql(path, error);
    for version in from..VERSION {
        let step = usize::try_from(version)
            .ok()
            .and_then(|step| MIGRATIONS.get(step))
            .copied()
            .unwrap_or_default();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        transaction.execute_batch(step).map_err(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(sql)?;
        transaction.pragma_update(None, "user_version", version + 1).map_err(sql)?;
        transaction.commit().map_err(sql)?;
    }
    Ok(())
}
