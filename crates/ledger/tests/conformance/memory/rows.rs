//! What the store in memory holds, and how it moves: a list that is searched from end to end for every question.

use steadfast_ledger::identity::{self, ContentHash};
use steadfast_ledger::state::{Actor, legal};
use steadfast_ledger::{
    Act, ActRow, AttemptRow, Delivery, DeliveryId, Hand, LedgerError, Ordering, Reason, Run, RunId,
    Settled, Settlement, State, Terms,
};

pub(crate) const PARKED: &str = "ledger.parked";
pub(crate) const UNPARKED: &str = "ledger.unparked";
pub(crate) const RETRIED: &str = "ledger.retried";

#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) delivery: Delivery,
    pub(crate) hash: ContentHash,
    /// Account, resource and name of the sequence that it stands in.
    pub(crate) lane: Option<(String, String, String)>,
    pub(crate) allowance_ms: Option<i64>,
    pub(crate) claimed_by: Option<u64>,
    pub(crate) attempts: Vec<AttemptRow>,
    pub(crate) acts: Vec<ActRow>,
}

impl Row {
    pub(crate) fn code(&self) -> Option<&str> {
        self.delivery.reason.as_ref()?.code.as_deref()
    }

    fn is_parked(&self) -> bool {
        self.delivery.state == State::Held && self.code() == Some(PARKED)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) runs: Vec<Run>,
    /// How many processes have had it.
    pub(crate) processes: u64,
}

impl Rows {
    pub(crate) fn at(&self, id: DeliveryId) -> Result<usize, LedgerError> {
        let at = usize::try_from(id.0 - 1).ok().filter(|at| *at < self.rows.len());
        at.ok_or(LedgerError::NoSuchDelivery { id })
    }

    fn parks(&self, run: RunId) -> bool {
        self.runs[usize::try_from(run.0 - 1).unwrap()].ordering == Ordering::Park
    }

    fn lane_of(&self, at: usize) -> Vec<usize> {
        let lane = &self.rows[at].lane;
        let same = |other: &usize| lane.is_some() && self.rows[*other].lane == *lane;
        (0..self.rows.len()).filter(same).collect()
    }

    fn state(&self, at: usize) -> State {
        self.rows[at].delivery.state
    }

    /// Moves a row to a state, with what that means for its lane. Says how many were parked.
    pub(crate) fn shift(&mut self, at: usize, to: State, now_ms: i64) -> u64 {
        let from = self.state(at);
        let row = &mut self.rows[at];
        row.delivery.state = to;
        row.delivery.updated_at_ms = now_ms;
        row.claimed_by = row.claimed_by.filter(|_| to == State::Sending);
        if to == State::Waiting {
            let failed = |other: &usize| *other < at && self.state(*other).is_failed();
            let head = self.lane_of(at).into_iter().find(failed);
            if let Some(head) = head.filter(|_| self.parks(self.rows[at].delivery.run)) {
                self.park(at, head, now_ms);
            }
        }
        let row = &mut self.rows[at];
        row.delivery.due_at_ms =
            row.delivery.due_at_ms.filter(|_| row.delivery.state == State::Waiting);
        if from.is_open() && to.is_failed() {
            return self.park_behind(at, now_ms);
        }
        if !to.is_open() && !to.is_failed() {
            self.unpark(at, now_ms);
        }
        0
    }

    fn park(&mut self, at: usize, head: usize, now_ms: i64) {
        let delivery = &mut self.rows[at].delivery;
        delivery.state = State::Held;
        delivery.due_at_ms = None;
        delivery.updated_at_ms = now_ms;
        delivery.reason = Some(Reason::new(format!("behind {}", head + 1)).with_code(PARKED));
    }

    fn park_behind(&mut self, head: usize, now_ms: i64) -> u64 {
        let mut parked = 0;
        for at in self.lane_of(head) {
            let run = self.rows[at].delivery.run;
            if at > head && self.state(at) == State::Waiting && self.parks(run) {
                self.park(at, head, now_ms);
                parked += 1;
            }
        }
        parked
    }

    /// Lets those wait again that stood behind what is settled now, up to the next that failed.
    fn unpark(&mut self, settled: usize, now_ms: i64) {
        for at in self.lane_of(settled) {
            if self.rows[at].is_parked() {
                let delivery = &mut self.rows[at].delivery;
                delivery.state = State::Waiting;
                delivery.due_at_ms = Some(now_ms);
                delivery.updated_at_ms = now_ms;
                delivery.reason = Some(Reason::new("its lane is free").with_code(UNPARKED));
            } else if self.state(at).is_failed() {
                return;
            }
        }
    }

    pub(crate) fn release(&mut self, at: usize, terms: &Terms, now_ms: i64) {
        let row = &mut self.rows[at];
        row.delivery.due_at_ms = Some(terms.due_at_ms.unwrap_or(now_ms));
        row.delivery.deadline_at_ms = terms.deadline_at_ms;
        row.delivery.known_absent = terms.known_absent;
        row.allowance_ms = terms.allowance_ms;
        self.shift(at, State::Waiting, now_ms);
    }

    pub(crate) fn claim(&mut self, at: usize, process: u64, now_ms: i64) -> Delivery {
        let row = &mut self.rows[at];
        row.claimed_by = Some(process);
        let allowed = row.allowance_ms.map(|allowed_ms| now_ms + allowed_ms);
        let delivery = &mut row.delivery;
        delivery.deadline_at_ms = delivery.deadline_at_ms.or(allowed);
        delivery.first_sent_at_ms = delivery.first_sent_at_ms.or(Some(now_ms));
        delivery.last_sent_at_ms = Some(now_ms);
        delivery.reason = None;
        if let Some(key) = &mut delivery.idempotency_key {
            key.sent_at_ms = key.sent_at_ms.or(Some(now_ms));
        }
        self.shift(at, State::Sending, now_ms);
        self.rows[at].delivery.clone()
    }

    /// True if it may be claimed once it is due.
    pub(crate) fn is_free(&self, at: usize) -> bool {
        self.lane_of(at).into_iter().all(|other| {
            let state = self.state(other);
            other == at || !(state == State::Sending || other < at && state.is_open())
        })
    }

    pub(crate) fn settle(
        &mut self,
        id: DeliveryId,
        settlement: &Settlement,
        attempts: &[AttemptRow],
        now_ms: i64,
    ) -> Result<Settled, LedgerError> {
        let at = self.at(id)?;
        let (from, to) = (self.state(at), settlement.state());
        if legal(from, to).is_none() {
            return Err(LedgerError::IllegalMove { id, from, to });
        }
        let row = &mut self.rows[at];
        take(&mut row.delivery, settlement);
        note(row, attempts, to);
        let parked = self.shift(at, to, now_ms);
        Ok(Settled { from, to: self.state(at), parked })
    }

    pub(crate) fn act(
        &mut self,
        id: DeliveryId,
        act: Act,
        hand: &Hand,
        now_ms: i64,
    ) -> Result<Settled, LedgerError> {
        let at = self.at(id)?;
        let from = self.state(at);
        if (act, from) == (Act::Retry, State::Waiting) {
            return Ok(Settled { from, to: from, parked: 0 });
        }
        let settlement = match act {
            Act::Applied => Settlement::Applied { status: None, resource_id: None },
            Act::NotApplied => Settlement::Held(Reason::new("a person said so")),
            Act::Retry => Settlement::Waiting {
                due_at_ms: now_ms,
                reason: Some(Reason::new("a person said so").with_code(RETRIED)),
            },
            Act::Cancel => Settlement::Cancelled,
        };
        let to = settlement.state();
        if !legal(from, to).is_some_and(|row| row.by.contains(&Actor::Person)) {
            return Err(LedgerError::IllegalMove { id, from, to });
        }
        let row = &mut self.rows[at];
        if act == Act::Retry && identity::is_change(&row.delivery.identity) {
            let code = row.code().unwrap_or_default().to_owned();
            return Err(LedgerError::NotToBeSent { id, code });
        }
        if act == Act::Retry && from == State::Rejected {
            row.delivery.idempotency_key = None;
        }
        let reason = row.delivery.reason.clone();
        row.acts.push(ActRow { at_ms: now_ms, act, hand: hand.clone(), was: from, reason });
        take(&mut row.delivery, &settlement);
        let parked = self.shift(at, to, now_ms);
        Ok(Settled { from, to: self.state(at), parked })
    }
}

/// Takes over what a settlement says, but for the state.
fn take(delivery: &mut Delivery, settlement: &Settlement) {
    let (new_status, new_id, reason, due_at_ms) = match settlement {
        Settlement::Applied { status, resource_id } => (*status, resource_id.clone(), None, None),
        Settlement::Confirmed { resource_id } => (None, resource_id.clone(), None, None),
        Settlement::Existing { status, resource_id, reason } => {
            (*status, resource_id.clone(), reason.clone(), None)
        }
        Settlement::Queued { status, reason } => (*status, None, reason.clone(), None),
        Settlement::Rejected(reason) | Settlement::Unknown(reason) | Settlement::Held(reason) => {
            (reason.status, None, Some(reason.clone()), None)
        }
        Settlement::Waiting { due_at_ms, reason } => (None, None, reason.clone(), Some(*due_at_ms)),
        Settlement::Cancelled => (None, None, None, None),
    };
    if settlement.state() == State::Waiting && delivery.state.is_final() {
        delivery.deadline_at_ms = None;
    }
    delivery.due_at_ms = due_at_ms;
    delivery.status = new_status.or(delivery.status);
    delivery.resource_id = new_id.or(delivery.resource_id.take());
    delivery.reason = reason;
}

fn note(row: &mut Row, attempts: &[AttemptRow], to: State) {
    match (attempts.first(), attempts.last()) {
        (Some(first), Some(last)) => {
            if row.attempts.is_empty() {
                row.delivery.first_sent_at_ms = Some(first.started_at_ms);
            }
            row.delivery.last_sent_at_ms = Some(last.started_at_ms);
        }
        _ if row.attempts.is_empty() && matches!(to, State::Waiting | State::Held) => {
            (row.delivery.first_sent_at_ms, row.delivery.last_sent_at_ms) = (None, None);
            if let Some(key) = &mut row.delivery.idempotency_key {
                key.sent_at_ms = None;
            }
        }
        _ => {}
    }
    for attempt in attempts {
        let n = u32::try_from(row.attempts.len() + 1).unwrap();
        row.attempts.push(AttemptRow { n, ..attempt.clone() });
    }
    row.delivery.attempts = u32::try_from(row.attempts.len()).unwrap();
}
