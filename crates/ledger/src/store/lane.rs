//! Lanes: deliveries about the same thing go in order, one at a time.
//!
//! Most deliveries are alone in their lane; their `lane` is null and nothing here costs them anything.
//! In a shared lane, `lane` is the id of the first delivery in it. Of those waiting only the
//! first has `behind = 0`, and only such are found by a claim, however many stand behind them.

use rusqlite::{OptionalExtension, params};

use super::row::{Hot, hot_columns};
use super::writer::{Fault, Scope, Work};
use crate::delivery::{DeliveryId, Reason};
use crate::identity;
use crate::state::State;

/// The code of what is held because something before it in its lane failed.
const PARKED: &str = "ledger.parked";
/// The code of what waits again, because that is settled.
pub(super) const UNPARKED: &str = "ledger.unparked";

impl Work {
    /// Puts a delivery that was just written into its lane, if anything else can be in it.
    pub(super) fn find_lane(
        &mut self,
        hot: &mut Hot,
        scope: Scope,
        name: &str,
        identity: &str,
    ) -> Result<(), Fault> {
        let own = identity::of_natural_key(name);
        if own == identity && !scope.shared_lanes {
            return Ok(());
        }
        let known: Option<i64> = self
            .db
            .prepare_cached("SELECT head FROM lane WHERE scope = ?1 AND name = ?2")?
            .query_row(params![scope.id, name], |row| row.get(0))
            .optional()?;
        let head = match known {
            Some(head) => head,
            None => self.write_lane(hot.id, scope, name, &own)?,
        };
        hot.lane = Some(head);
        let from = hot.state;
        self.enter_lane(hot)?;
        self.db
            .prepare_cached(
                "UPDATE delivery SET lane = ?2, behind = ?3, state = ?4, reason = ?5, due_at_ms = ?6
                 WHERE id = ?1",
            )?
            .execute(params![hot.id.0, head, hot.behind, hot.state.code(), hot.reason, hot.due_at_ms])?;
        self.count_move((hot.run, from), (hot.run, hot.state));
        Ok(())
    }

    /// Writes down a lane that may be shared from now on. Its head is the delivery that was alone in it
    /// so far, or else the one that has just come.
    fn write_lane(
        &mut self,
        id: DeliveryId,
        scope: Scope,
        name: &str,
        own: &str,
    ) -> Result<i64, Fault> {
        let alone: Option<i64> = self
            .db
            .prepare_cached(
                "SELECT id FROM content WHERE scope = ?1 AND identity = ?2 AND lane = ?3",
            )?
            .query_row(params![scope.id, own, name], |row| row.get(0))
            .optional()?;
        let head = alone.unwrap_or(id.0);
        self.db
            .prepare_cached("INSERT INTO lane (scope, name, head) VALUES (?1, ?2, ?3)")?
            .execute(params![scope.id, name, head])?;
        self.db
            .prepare_cached("UPDATE delivery SET lane = id WHERE id = ?1 AND lane IS NULL")?
            .execute([head])?;
        if !scope.shared_lanes {
            self.db
                .prepare_cached("UPDATE scope SET shared_lanes = 1 WHERE id = ?1")?
                .execute([scope.id])?;
            self.scopes.retain(|_, known| known.id != scope.id);
        }
        Ok(head)
    }

    /// Before a row becomes `staged` or `waiting`: finds its place in its lane. Behind a failed head that
    /// parks its lane, a row that was to wait is held instead.
    pub(super) fn enter_lane(&mut self, hot: &mut Hot) -> Result<(), Fault> {
        let Some(lane) = hot.lane.filter(|_| matches!(hot.state, State::Staged | State::Waiting))
        else {
            return Ok(());
        };
        if hot.state == State::Waiting
            && !self.skips(hot.run)?
            && let Some((head, state)) = self.failed_before(lane, hot.id)?
        {
            hot.park(head, state);
            return Ok(());
        }
        // What waits later in the lane has to wait for this one again.
        self.db
            .prepare_cached(
                "UPDATE delivery SET behind = 1
                 WHERE lane = ?1 AND lane IS NOT NULL AND state = 1 AND behind = 0 AND id > ?2",
            )?
            .execute(params![lane, hot.id.0])?;
        if hot.state == State::Staged {
            return Ok(());
        }
        hot.behind = self
            .db
            .prepare_cached(
                "SELECT 1 FROM delivery
                 WHERE lane = ?1 AND lane IS NOT NULL AND state <= 2 AND id < ?2 LIMIT 1",
            )?
            .exists(params![lane, hot.id.0])?
            || self.is_sending(lane, hot.id)?;
        Ok(())
    }

    /// After a row has left `from`: parks those behind a failed head, lets those go on that stood behind one which
    /// is settled now, and the next one step forward. Says how many were parked.
    pub(super) fn after_move(&mut self, from: State, hot: &Hot, now_ms: i64) -> Result<u64, Fault> {
        let Some(lane) = hot.lane else { return Ok(0) };
        let is_settled = !hot.state.is_open() && !hot.state.is_failed();
        let over = from == State::Sending || from.is_open() && !hot.state.is_open();
        let mut parked = 0;
        if over && hot.state.is_failed() {
            parked = self.park_behind(lane, hot, now_ms)?;
        } else if is_settled {
            self.unpark(lane, now_ms)?;
        }
        if over || is_settled {
            self.step_forward(lane)?;
        }
        Ok(parked)
    }

    /// Lets those wait again that were parked, up to the next one that failed itself.
    fn unpark(&mut self, lane: i64, now_ms: i64) -> Result<(), Fault> {
        let rows: Vec<Hot> = self
            .db
            .prepare_cached(concat!(
                "SELECT ",
                hot_columns!(),
                " FROM delivery d WHERE d.lane = ?1 AND d.lane IS NOT NULL AND d.state >= 7 AND d.state <= 9
                  ORDER BY d.id"
            ))?
            .query_map([lane], Hot::from_row)?
            .collect::<rusqlite::Result<_>>()?;
        for mut row in rows {
            if row.state != State::Held || row.code().as_deref() != Some(PARKED) {
                break;
            }
            row.state = State::Waiting;
            row.due_at_ms = Some(now_ms);
            row.updated_at_ms = now_ms;
            row.set_reason(Some(
                &Reason::new("what it stood behind is settled")
                    .with_code(UNPARKED)
                    .with_action("deliver the same file again: that checks and sends it"),
            ));
            self.enter_lane(&mut row)?;
            self.shift(State::Held, &row)?;
        }
        Ok(())
    }

    fn park_behind(&mut self, lane: i64, head: &Hot, now_ms: i64) -> Result<u64, Fault> {
        let rows: Vec<Hot> = self
            .db
            .prepare_cached(concat!(
                "SELECT ",
                hot_columns!(),
                " FROM delivery d WHERE d.lane = ?1 AND d.lane IS NOT NULL AND d.state <= 2
                  AND d.state = 1 AND d.id > ?2 ORDER BY d.id"
            ))?
            .query_map(params![lane, head.id.0], Hot::from_row)?
            .collect::<rusqlite::Result<_>>()?;
        let mut parked = 0;
        for mut row in rows {
            if self.skips(row.run)? {
                continue;
            }
            row.park(head.id, head.state);
            row.updated_at_ms = now_ms;
            self.shift(State::Waiting, &row)?;
            parked += 1;
        }
        Ok(parked)
    }

    /// The first unfinished one of the lane may be claimed, unless one of the lane is being sent.
    fn step_forward(&mut self, lane: i64) -> Result<(), Fault> {
        if self.is_sending(lane, DeliveryId(0))? {
            return Ok(());
        }
        self.db
            .prepare_cached(
                "UPDATE delivery SET behind = 0 WHERE state = 1 AND behind = 1 AND id =
                   (SELECT min(id) FROM delivery WHERE lane = ?1 AND lane IS NOT NULL AND state <= 2)",
            )?
            .execute([lane])?;
        Ok(())
    }

    fn is_sending(&self, lane: i64, but: DeliveryId) -> rusqlite::Result<bool> {
        self.db
            .prepare_cached(
                "SELECT 1 FROM delivery WHERE lane = ?1 AND state = 2 AND id <> ?2 LIMIT 1",
            )?
            .exists(params![lane, but.0])
    }

    fn failed_before(
        &self,
        lane: i64,
        id: DeliveryId,
    ) -> rusqlite::Result<Option<(DeliveryId, State)>> {
        self.db
            .prepare_cached(
                "SELECT id, state FROM delivery
                 WHERE lane = ?1 AND lane IS NOT NULL AND state >= 7 AND state <= 9 AND id < ?2 ORDER BY id LIMIT 1",
            )?
            .query_row(params![lane, id.0], |row| {
                Ok((DeliveryId(row.get(0)?), State::from_code(row.get(1)?).unwrap_or(State::Held)))
            })
            .optional()
    }

    /// Whether a failed head lets the deliveries of this run pass.
    fn skips(&mut self, run: i64) -> rusqlite::Result<bool> {
        if let Some(skips) = self.skips.get(&run) {
            return Ok(*skips);
        }
        let skips = self
            .db
            .prepare_cached("SELECT skip FROM run WHERE id = ?1")?
            .query_row([run], |row| row.get(0))
            .optional()?
            .unwrap_or(false);
        self.skips.insert(run, skips);
        Ok(skips)
    }
}

impl Hot {
    fn park(&mut self, head: DeliveryId, state: State) {
        self.state = State::Held;
        self.behind = false;
        self.due_at_ms = None;
        self.set_reason(Some(
            &Reason::new(format!("it comes after delivery {head}, which is {state}"))
                .with_code(PARKED)
                .with_action(format!(
                    "deal with delivery {head} first (steadfast ledger show {head}); this one goes on when that is settled"
                )),
        ));
    }
}
