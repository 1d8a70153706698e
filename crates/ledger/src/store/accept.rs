//! Accepting: what is new is written down, and what has come before is found.

use rusqlite::params;

use super::row::Hot;
use super::writer::{Fault, Scope, Work};
use super::{Ledger, carried};
use crate::delivery::{Accepted, DeliveryId, Initial, NewDelivery, Ordering, Run, RunId};
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
            .map(|new| {
                let hash =
                    ContentHash::with_headers(&new.method, &new.path, &new.headers, &new.body);
                (hash, new)
            })
            .collect();
        self.write(move |work| {
            hashed.iter().map(|(hash, new)| Handed { new, hash, now_ms }.accept(work)).collect()
        })
        .await
    }
}

/// A delivery that was handed in, with what every step needs to know.
pub(super) struct Handed<'a> {
    pub(super) new: &'a NewDelivery,
    pub(super) hash: &'a ContentHash,
    pub(super) now_ms: i64,
}

impl Handed<'_> {
    fn accept(&self, work: &mut Work) -> Result<Accepted, Fault> {
        carried::check(&self.new.headers)?;
        let scope = work.scope(&self.new.account, &self.new.resource)?;
        let identity = match (&self.new.key_of_user, &self.new.natural_key) {
            (Some(key), _) => identity::of_users_key(key),
            (None, Some(key)) => identity::of_natural_key(key),
            (None, None) => identity::of_content(self.hash, 1),
        };
        // Most are new, so the index that keeps identities apart is asked only once.
        if let Some(id) = self.insert_content(work, scope, &identity)? {
            return self.insert_new(work, scope, id, &identity).map(Accepted::New);
        }
        let keyed = self.new.key_of_user.is_some() || self.new.natural_key.is_some();
        let (identity, known) = if keyed {
            self.look_up(work, scope, identity)?
        } else {
            self.look_up_content(work, scope)?
        };
        match known {
            None => match self.insert_content(work, scope, &identity)? {
                Some(id) => self.insert_new(work, scope, id, &identity).map(Accepted::New),
                None => Err(Fault::Sql(rusqlite::Error::QueryReturnedNoRows)),
            },
            Some(known) if known.same_content => self.again(work, known),
            Some(known) => self.changed(work, scope, &identity, known),
        }
    }

    /// Writes the content of a new delivery, and gives its id; `None` when the identity is taken.
    pub(super) fn insert_content(
        &self,
        work: &mut Work,
        scope: Scope,
        identity: &str,
    ) -> Result<Option<DeliveryId>, Fault> {
        let new = self.new;
        let id = work.next_id()?;
        let lane = new.lane.as_ref().or(new.natural_key.as_ref());
        let inserted = work
            .db
            .prepare_cached(
                "INSERT INTO content (id, scope, identity, hash, natural_key, lane, method, path, lines, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (scope, identity) DO NOTHING",
            )?
            .execute(params![
                id.0,
                scope.id,
                identity,
                self.hash.0,
                new.natural_key,
                lane,
                new.method,
                new.path,
                new.lines,
                new.body,
            ])?;
        if inserted == 0 {
            return Ok(None);
        }
        work.use_id(id);
        Ok(Some(id))
    }

    /// Writes the row of a new delivery whose content is written.
    pub(super) fn insert(
        &self,
        work: &mut Work,
        scope: Scope,
        id: DeliveryId,
        initial: &Initial,
    ) -> Result<Hot, Fault> {
        let hot = Hot { id, ..self.begin(initial) };
        work.db
            .prepare_cached(
                "INSERT INTO delivery (id, run, scope, state, due_at_ms, deadline_at_ms, allowance_ms,
                   known_absent, created_at_ms, updated_at_ms, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
            )?
            .execute(params![
                id.0,
                hot.run,
                scope.id,
                hot.state.code(),
                hot.due_at_ms,
                hot.deadline_at_ms,
                hot.allowance_ms,
                hot.known_absent,
                self.now_ms,
                hot.reason,
            ])?;
        work.count_new(hot.run, hot.state);
        Ok(hot)
    }

    fn insert_new(
        &self,
        work: &mut Work,
        scope: Scope,
        id: DeliveryId,
        identity: &str,
    ) -> Result<DeliveryId, Fault> {
        let mut hot = self.insert(work, scope, id, &self.new.initial)?;
        self.carry(work, id)?;
        if let Some(name) = self.new.lane.as_ref().or(self.new.natural_key.as_ref()) {
            work.find_lane(&mut hot, scope, name, identity)?;
        }
        Ok(id)
    }

    /// A row at the beginning of its life.
    pub(super) fn begin(&self, initial: &Initial) -> Hot {
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
            key_sent_at_ms: None,
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
