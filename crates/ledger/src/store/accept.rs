//! Accepting: which delivery is which, and what its coming again means.

use rusqlite::{OptionalExtension, params};

use super::Ledger;
use super::row::Hot;
use super::writer::{Fault, Scope, Work, check};
use crate::delivery::{Accepted, DeliveryId, Initial, NewDelivery, Ordering, Reason, Run, RunId};
use crate::error::LedgerError;
use crate::identity::{self, ContentHash};
use crate::state::State;

impl Ledger {
    /// Writes down a new run.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn begin_run(&self, run: Run) -> Result<RunId, LedgerError> {
        self.write(move |work| {
            let mut insert = work.db.prepare_cached(
                "INSERT INTO run (started_at_ms, command, source, skip) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let skip = run.ordering == Ordering::Skip;
            Ok(RunId(insert.insert(params![run.started_at_ms, run.command, run.source, skip])?))
        })
        .await
    }

    /// Accepts deliveries, all in one transaction, and says what became of each, in their order.
    /// When this returns they are on disk.
    ///
    /// # Errors
    ///
    /// Those of the store; then none was accepted.
    pub async fn accept(&self, deliveries: Vec<NewDelivery>) -> Result<Vec<Accepted>, LedgerError> {
        let now_ms = self.now_ms();
        let hashed: Vec<_> = deliveries
            .into_iter()
            .map(|new| (ContentHash::of(&new.method, &new.path, &new.body), new))
            .collect();
        self.write(move |work| {
            hashed.iter().map(|(hash, new)| Handed { new, hash, now_ms }.accept(work)).collect()
        })
        .await
    }
}

/// A delivery that was handed in, with what every step needs to know.
struct Handed<'a> {
    new: &'a NewDelivery,
    hash: &'a ContentHash,
    now_ms: i64,
}

/// What the ledger holds under an identity.
struct Known {
    hot: Hot,
    same_content: bool,
    same_lines: bool,
}

impl Handed<'_> {
    fn accept(&self, work: &mut Work) -> Result<Accepted, Fault> {
        let scope = work.scope(&self.new.account, &self.new.resource)?;
        let (identity, known) = match (&self.new.key_of_user, &self.new.natural_key) {
            (Some(key), _) => self.look_up(work, scope, identity::of_users_key(key))?,
            (None, Some(key)) => self.look_up(work, scope, identity::of_natural_key(key))?,
            (None, None) => self.look_up_content(work, scope)?,
        };
        match known {
            None => {
                let lane = self.lane(work, scope, &identity)?;
                self.insert(work, scope, &identity, lane, &self.new.initial).map(Accepted::New)
            }
            Some(known) if known.same_content => self.again(work, known),
            Some(known) => self.changed(work, scope, &identity, known),
        }
    }

    fn look_up(
        &self,
        work: &Work,
        scope: Scope,
        identity: String,
    ) -> Result<(String, Option<Known>), Fault> {
        let known = self.known(work, scope, &identity)?;
        Ok((identity, known))
    }

    fn known(&self, work: &Work, scope: Scope, identity: &str) -> Result<Option<Known>, Fault> {
        let mut select = work.db.prepare_cached(
            "SELECT id, hash, lines FROM content WHERE scope = ?1 AND identity = ?2",
        )?;
        let mut rows = select.query(params![scope.id, identity])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let same_content = row.get_ref(1)?.as_blob().is_ok_and(|hash| hash == self.hash.0);
        let same_lines = row.get_ref(2)?.as_str().is_ok_and(|lines| lines == self.new.lines);
        let id = DeliveryId(row.get(0)?);
        let hot = Hot::read(&work.db, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        Ok(Some(Known { hot, same_content, same_lines }))
    }

    /// Finds the first ordinal of this content that the run has not used yet. The ones it has used
    /// come first, without a gap, so doubling and halving finds the end of them.
    fn look_up_content(&self, work: &Work, scope: Scope) -> Result<(String, Option<Known>), Fault> {
        let look = |ordinal| self.look_up(work, scope, identity::of_content(self.hash, ordinal));
        let used = |known: &Option<Known>| {
            known.as_ref().is_some_and(|known| known.hot.run == self.new.run.0)
        };
        let (mut low, mut high) = (0, 1);
        let mut found = look(high)?;
        while used(&found.1) {
            low = high;
            high *= 2;
            found = look(high)?;
        }
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            let seen = look(middle)?;
            if used(&seen.1) {
                low = middle;
            } else {
                (high, found) = (middle, seen);
            }
        }
        Ok(found)
    }

    fn insert(
        &self,
        work: &mut Work,
        scope: Scope,
        identity: &str,
        lane: Option<LaneOf>,
        initial: &Initial,
    ) -> Result<DeliveryId, Fault> {
        let new = self.new;
        let mut hot = self.begin(initial);
        hot.id = DeliveryId(work.db.prepare_cached(
            "INSERT INTO delivery (run, scope, state, due_at_ms, deadline_at_ms, allowance_ms, known_absent,
               created_at_ms, updated_at_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)",
        )?.insert(params![
            new.run.0,
            scope.id,
            hot.state.code(),
            hot.due_at_ms,
            hot.deadline_at_ms,
            hot.allowance_ms,
            hot.known_absent,
            self.now_ms,
            hot.reason,
        ])?);
        let lane_name = new.lane.as_ref().or(new.natural_key.as_ref());
        work.db.prepare_cached(
            "INSERT INTO content (id, scope, identity, hash, natural_key, lane, method, path, lines, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?.execute(params![
            hot.id.0,
            scope.id,
            identity,
            self.hash.0,
            new.natural_key,
            lane_name,
            new.method,
            new.path,
            new.lines,
            new.body,
        ])?;
        work.count_new(hot.run, hot.state);
        if let Some(lane) = lane {
            work.join_lane(&mut hot, scope, lane)?;
        }
        Ok(hot.id)
    }

    /// A row at the beginning of its life.
    fn begin(&self, initial: &Initial) -> Hot {
        let mut hot = Hot {
            id: DeliveryId(0),
            run: self.new.run.0,
            state: State::Staged,
            lane: None,
            behind: false,
            session: None,
            due_at_ms: None,
            deadline_at_ms: None,
            allowance_ms: None,
            known_absent: false,
            attempts: 0,
            first_sent_at_ms: None,
            last_sent_at_ms: None,
            elapsed_ms: None,
            status: None,
            created_at_ms: self.now_ms,
            updated_at_ms: self.now_ms,
            resource_id: None,
            reason: None,
        };
        match initial {
            Initial::Staged => {}
            Initial::Waiting(terms) => hot.release(terms, self.now_ms),
            Initial::Rejected(reason) => {
                hot.state = State::Rejected;
                hot.set_reason(Some(reason));
            }
            Initial::Held(reason) => {
                hot.state = State::Held;
                hot.set_reason(Some(reason));
            }
        }
        hot
    }

    fn refused(&self) -> bool {
        matches!(self.new.initial, Initial::Rejected(_) | Initial::Held(_))
    }

    /// The same content under the same identity.
    fn again(&self, work: &mut Work, known: Known) -> Result<Accepted, Fault> {
        let state = known.hot.state;
        let unsent = matches!(state, State::Staged | State::Waiting);
        let anew = match state {
            State::Rejected | State::Held | State::Cancelled => true,
            State::Staged => self.refused() || matches!(self.new.initial, Initial::Waiting(_)),
            _ => unsent && self.refused(),
        };
        if anew {
            return self.restart(work, known);
        }
        let id = known.hot.id;
        self.adopt(work, &known)?;
        Ok(Accepted::Again { id, state })
    }

    /// Other content under the same identity.
    fn changed(
        &self,
        work: &mut Work,
        scope: Scope,
        identity: &str,
        known: Known,
    ) -> Result<Accepted, Fault> {
        let earlier = known.hot.state;
        let twice = earlier.is_open() && known.hot.run == self.new.run.0;
        if !earlier.was_sent() && !twice {
            return self.restart(work, known);
        }
        let before = work
            .db
            .prepare_cached("SELECT body FROM content WHERE id = ?1")?
            .query_row([known.hot.id.0], |row| row.get(0))?;
        let identity = identity::of_change(identity, self.hash);
        let id = match self.known(work, scope, &identity)? {
            Some(row) => {
                self.adopt(work, &row)?;
                row.hot.id
            }
            None => {
                let refusal = match &self.new.initial {
                    Initial::Rejected(_) | Initial::Held(_) => self.new.initial.clone(),
                    _ if earlier.was_sent() => {
                        Initial::Rejected(changed_after_sending(known.hot.id, earlier))
                    }
                    _ => Initial::Rejected(same_identity_twice(known.hot.id)),
                };
                // Outside its lane: it will not be sent, so it must not stop what is behind it.
                self.insert(work, scope, &identity, None, &refusal)?
            }
        };
        Ok(Accepted::Changed { id, before, state: earlier })
    }

    /// Begins a known delivery anew, with this content.
    fn restart(&self, work: &mut Work, known: Known) -> Result<Accepted, Fault> {
        let begin = self.begin(&self.new.initial);
        check(known.hot.id, known.hot.state, begin.state)?;
        self.adopt(work, &known)?;
        if !known.same_content {
            work.db
                .prepare_cached(
                    "UPDATE content SET hash = ?2, method = ?3, path = ?4, body = ?5 WHERE id = ?1",
                )?
                .execute(params![
                    known.hot.id.0,
                    self.hash.0,
                    self.new.method,
                    self.new.path,
                    self.new.body
                ])?;
        }
        let from = known.hot.state;
        let mut hot = Hot {
            id: known.hot.id,
            lane: known.hot.lane,
            attempts: known.hot.attempts,
            first_sent_at_ms: known.hot.first_sent_at_ms,
            last_sent_at_ms: known.hot.last_sent_at_ms,
            created_at_ms: known.hot.created_at_ms,
            ..begin
        };
        work.enter_lane(&mut hot)?;
        work.shift(from, &hot)?;
        work.after_move(from, &hot, self.now_ms)?;
        Ok(Accepted::Reopened(hot.id))
    }

    /// Lets a known delivery count to this run, at its lines there.
    fn adopt(&self, work: &mut Work, known: &Known) -> Result<(), Fault> {
        let (id, from) = (known.hot.id, known.hot.run);
        if from != self.new.run.0 {
            work.db
                .prepare_cached("UPDATE delivery SET run = ?2 WHERE id = ?1")?
                .execute(params![id.0, self.new.run.0])?;
            work.count_move((from, known.hot.state), (self.new.run.0, known.hot.state));
        }
        if !known.same_lines {
            work.db
                .prepare_cached("UPDATE content SET lines = ?2 WHERE id = ?1")?
                .execute(params![id.0, self.new.lines])?;
        }
        Ok(())
    }

    /// The lane to join, or `None` when nothing else can be in it.
    fn lane(&self, work: &Work, scope: Scope, identity: &str) -> Result<Option<LaneOf>, Fault> {
        let Some(name) = self.new.lane.as_ref().or(self.new.natural_key.as_ref()) else {
            return Ok(None);
        };
        let own = identity::of_natural_key(name);
        if own == identity && !scope.shared_lanes {
            return Ok(None);
        }
        let head: Option<i64> = work
            .db
            .prepare_cached("SELECT head FROM lane WHERE scope = ?1 AND name = ?2")?
            .query_row(params![scope.id, name], |row| row.get(0))
            .optional()?;
        if let Some(head) = head {
            return Ok(Some(LaneOf { name: name.clone(), known: true, head: Some(head) }));
        }
        let head = work
            .db
            .prepare_cached(
                "SELECT id FROM content WHERE scope = ?1 AND identity = ?2 AND lane = ?3",
            )?
            .query_row(params![scope.id, own, name], |row| row.get(0))
            .optional()?;
        Ok(Some(LaneOf { name: name.clone(), known: false, head }))
    }
}

/// A lane that more than one delivery may share.
pub(super) struct LaneOf {
    pub(super) name: String,
    /// It is written down.
    pub(super) known: bool,
    /// Its first delivery; `None` when that is the one about to join.
    pub(super) head: Option<i64>,
}

impl Work {
    fn scope(&mut self, account: &str, resource: &str) -> Result<Scope, Fault> {
        // Two short clones for each look-up are cheaper than a query.
        let name = (account.to_owned(), resource.to_owned());
        if let Some(scope) = self.scopes.get(&name) {
            return Ok(*scope);
        }
        let params = params![account, resource];
        self.db
            .prepare_cached(
                "INSERT INTO scope (account, resource) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params)?;
        let scope = self
            .db
            .prepare_cached(
                "SELECT id, shared_lanes FROM scope WHERE account = ?1 AND resource = ?2",
            )?
            .query_row(params, |row| Ok(Scope { id: row.get(0)?, shared_lanes: row.get(1)? }))?;
        self.scopes.insert(name, scope);
        Ok(scope)
    }
}

fn changed_after_sending(earlier: DeliveryId, state: State) -> Reason {
    Reason::new(format!(
        "the same delivery ({earlier}) was sent before with other content and is {state}, so this content was not sent"
    ))
    .with_code("ledger.changed_after_sending")
    .with_action("change the resource at the API itself, or give the new content another key")
}

fn same_identity_twice(earlier: DeliveryId) -> Reason {
    Reason::new(format!(
        "the same input has other content under the same key (delivery {earlier}), so this content was not sent"
    ))
    .with_code("ledger.same_identity_twice")
    .with_action("give one of the two another key, or remove it")
}
