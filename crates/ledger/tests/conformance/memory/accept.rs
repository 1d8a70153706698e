//! Accepting into memory.

use steadfast_ledger::identity::{self, ContentHash};
use steadfast_ledger::{
    Accepted, Delivery, DeliveryId, DeliveryKey, Initial, LedgerError, NewDelivery, Reason, State,
};

use super::rows::{RETRIED, Row, Rows, UNPARKED};

impl Rows {
    pub(crate) fn accept(
        &mut self,
        new: &NewDelivery,
        now_ms: i64,
    ) -> Result<Accepted, LedgerError> {
        if let Some((name, _)) =
            new.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            let why = "it holds credentials";
            return Err(LedgerError::HeaderNotKept { name: name.clone(), why });
        }
        let hash = ContentHash::with_headers(&new.method, &new.path, &new.headers, &new.body);
        let name = self.identity(new, &hash);
        let Some(at) = self.known(new, &name) else {
            let lane = new.lane.clone().or(new.natural_key.clone());
            return Ok(Accepted::New(self.insert(new, name, hash, lane, &new.initial, now_ms)));
        };
        let known = &self.rows[at];
        let (id, state, run) = (known.delivery.id, known.delivery.state, known.delivery.run);
        let same = known.hash == hash;
        let refused = matches!(new.initial, Initial::Rejected(_) | Initial::Held(_));
        let released = matches!(new.initial, Initial::Waiting(_));
        let told = state == State::Waiting && matches!(known.code(), Some(RETRIED | UNPARKED));
        let begins_anew = refused || told || state == State::Staged && released;
        let goes_on = state.is_open() && !begins_anew;
        if same && (state.was_sent() || goes_on) {
            self.adopt(at, new, now_ms);
            return Ok(Accepted::Again { id, state });
        }
        if !same && (state.was_sent() || state.is_open() && run == new.run) {
            return Ok(self.changed(at, new, &name, hash, now_ms));
        }
        self.restart(at, new, hash, now_ms);
        Ok(Accepted::Reopened(id))
    }

    fn identity(&self, new: &NewDelivery, hash: &ContentHash) -> String {
        match (&new.key_of_user, &new.natural_key) {
            (Some(key), _) => identity::of_users_key(key),
            (None, Some(key)) => identity::of_natural_key(key),
            (None, None) => {
                let free = |name: &String| {
                    self.known(new, name).is_none_or(|at| self.rows[at].delivery.run != new.run)
                };
                (1..).map(|n| identity::of_content(hash, n)).find(free).unwrap()
            }
        }
    }

    fn known(&self, new: &NewDelivery, identity: &str) -> Option<usize> {
        self.rows.iter().position(|row| {
            let there = &row.delivery;
            (&there.account, &there.resource, there.identity.as_str())
                == (&new.account, &new.resource, identity)
        })
    }

    fn adopt(&mut self, at: usize, new: &NewDelivery, now_ms: i64) {
        let delivery = &mut self.rows[at].delivery;
        delivery.run = new.run;
        delivery.lines.clone_from(&new.lines);
        if matches!(delivery.state, State::Staged | State::Waiting) {
            carry(delivery, new, now_ms);
        }
    }

    fn restart(&mut self, at: usize, new: &NewDelivery, hash: ContentHash, now_ms: i64) {
        let row = &mut self.rows[at];
        if row.hash != hash || row.delivery.state == State::Rejected {
            row.delivery.idempotency_key = None;
        }
        row.hash = hash;
        row.allowance_ms = None;
        let delivery = &mut row.delivery;
        delivery.run = new.run;
        delivery.lines.clone_from(&new.lines);
        delivery.body.clone_from(&new.body);
        delivery.path.clone_from(&new.path);
        delivery.method.clone_from(&new.method);
        delivery.headers.clone_from(&new.headers);
        delivery.deadline_at_ms = None;
        delivery.known_absent = false;
        delivery.status = None;
        delivery.resource_id = None;
        carry(delivery, new, now_ms);
        self.begin(at, &new.initial, now_ms);
    }

    fn begin(&mut self, at: usize, initial: &Initial, now_ms: i64) {
        self.rows[at].delivery.reason = match initial {
            Initial::Rejected(reason) | Initial::Held(reason) => Some(reason.clone()),
            Initial::Staged | Initial::Waiting(_) => None,
        };
        match initial {
            Initial::Staged => self.shift(at, State::Staged, now_ms),
            Initial::Waiting(terms) => {
                self.release(at, terms, now_ms);
                0
            }
            Initial::Rejected(_) => self.shift(at, State::Rejected, now_ms),
            Initial::Held(_) => self.shift(at, State::Held, now_ms),
        };
    }

    fn changed(
        &mut self,
        earlier: usize,
        new: &NewDelivery,
        name: &str,
        hash: ContentHash,
        now_ms: i64,
    ) -> Accepted {
        let Delivery { body: before, state, .. } = self.rows[earlier].delivery.clone();
        let name = identity::of_change(name, &hash);
        let id = match self.known(new, &name) {
            Some(at) => {
                self.adopt(at, new, now_ms);
                self.rows[at].delivery.id
            }
            None => {
                let code = match state.was_sent() {
                    true => "ledger.changed_after_sending",
                    false => "ledger.same_identity_twice",
                };
                let initial = match &new.initial {
                    Initial::Rejected(_) | Initial::Held(_) => new.initial.clone(),
                    _ => Initial::Rejected(Reason::new("other content").with_code(code)),
                };
                let without = NewDelivery { idempotency_key: None, ..new.clone() };
                self.insert(&without, name, hash, None, &initial, now_ms)
            }
        };
        Accepted::Changed { id, before, state }
    }

    fn insert(
        &mut self,
        new: &NewDelivery,
        identity: String,
        hash: ContentHash,
        lane: Option<String>,
        initial: &Initial,
        now_ms: i64,
    ) -> DeliveryId {
        let id = DeliveryId(i64::try_from(self.rows.len() + 1).unwrap());
        let mut delivery = Delivery {
            id,
            run: new.run,
            account: new.account.clone(),
            resource: new.resource.clone(),
            identity,
            natural_key: new.natural_key.clone(),
            lane: new.lane.clone().or(new.natural_key.clone()),
            method: new.method.clone(),
            path: new.path.clone(),
            body: new.body.clone(),
            headers: new.headers.clone(),
            idempotency_key: None,
            lines: new.lines.clone(),
            state: State::Staged,
            reason: None,
            resource_id: None,
            status: None,
            known_absent: false,
            attempts: 0,
            due_at_ms: None,
            deadline_at_ms: None,
            first_sent_at_ms: None,
            last_sent_at_ms: None,
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        };
        carry(&mut delivery, new, now_ms);
        let lane = lane.map(|lane| (new.account.clone(), new.resource.clone(), lane));
        self.rows.push(Row {
            delivery,
            hash,
            lane,
            allowance_ms: None,
            claimed_by: None,
            attempts: Vec::new(),
            acts: Vec::new(),
        });
        self.begin(self.rows.len() - 1, initial, now_ms);
        id
    }
}

/// Takes the key that came, unless there is one.
fn carry(delivery: &mut Delivery, new: &NewDelivery, now_ms: i64) {
    let key = new.idempotency_key.clone();
    let drawn = key.map(|value| DeliveryKey { value, born_at_ms: now_ms, sent_at_ms: None });
    delivery.idempotency_key = delivery.idempotency_key.take().or(drawn);
}
