//! What came before: finding it, and what its coming again means.

use rusqlite::params;

use super::accept::Handed;
use super::by_hand::RETRIED;
use super::lane::UNPARKED;
use super::row::Hot;
use super::writer::{Fault, Scope, Work, check};
use crate::delivery::{Accepted, DeliveryId, Initial, Reason};
use crate::identity;
use crate::state::State;

/// What the ledger holds under an identity.
pub(super) struct Known {
    hot: Hot,
    pub(super) same_content: bool,
    same_lines: bool,
}

impl Handed<'_> {
    pub(super) fn look_up(
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
    pub(super) fn look_up_content(
        &self,
        work: &Work,
        scope: Scope,
    ) -> Result<(String, Option<Known>), Fault> {
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

    fn refused(&self) -> bool {
        matches!(self.new.initial, Initial::Rejected(_) | Initial::Held(_))
    }

    /// The same content under the same identity.
    pub(super) fn again(&self, work: &mut Work, known: Known) -> Result<Accepted, Fault> {
        let state = known.hot.state;
        let unsent = matches!(state, State::Staged | State::Waiting);
        let anew = match state {
            State::Rejected | State::Held | State::Cancelled => true,
            State::Staged => self.refused() || matches!(self.new.initial, Initial::Waiting(_)),
            // It is checked like a new one: what was true when it failed may not be true today.
            State::Waiting if matches!(known.hot.code().as_deref(), Some(RETRIED | UNPARKED)) => {
                true
            }
            _ => unsent && self.refused(),
        };
        if anew {
            return self.restart(work, known);
        }
        let id = known.hot.id;
        self.adopt(work, &known)?;
        if unsent {
            // A ledger of an earlier format has no keys yet.
            self.carry(work, id)?;
        }
        Ok(Accepted::Again { id, state })
    }

    /// Other content under the same identity.
    pub(super) fn changed(
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
                match self.insert_content(work, scope, &identity)? {
                    Some(id) => self.insert(work, scope, id, &refusal)?.id,
                    None => return Err(Fault::Sql(rusqlite::Error::QueryReturnedNoRows)),
                }
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
        // What was refused is over: if it comes again, it is a new operation.
        let is_new_operation = !known.same_content || from == State::Rejected;
        if is_new_operation {
            work.drop_carried(known.hot.id)?;
        }
        self.carry(work, known.hot.id)?;
        let mut hot = Hot {
            id: known.hot.id,
            lane: known.hot.lane,
            attempts: known.hot.attempts,
            first_sent_at_ms: known.hot.first_sent_at_ms,
            last_sent_at_ms: known.hot.last_sent_at_ms,
            created_at_ms: known.hot.created_at_ms,
            key_sent_at_ms: known.hot.key_sent_at_ms.filter(|_| !is_new_operation),
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
