//! Random commands against the ledger and against a model that is too simple to be wrong in the same way: a
//! list of rows, searched from end to end for every question.

use proptest::prelude::*;
use steadfast_ledger::state::legal;
use steadfast_ledger::{
    Accepted, DeliveryId, Initial, LedgerError, NewDelivery, Ordering, Query, Run, RunId,
    Settlement, State, Terms, identity,
};

use crate::fixture::{Fixture, keyless, reason};

#[derive(Clone, Debug)]
enum Step {
    BeginRun { skip: bool },
    Accept { what: usize, body: u8, initial: u8 },
    Release,
    Claim { limit: usize },
    Settle { which: usize, how: u8 },
    HoldAll,
    Tick,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => any::<bool>().prop_map(|skip| Step::BeginRun { skip }),
        8 => (0..8_usize, 0..3_u8, 0..6_u8).prop_map(|(what, body, initial)| Step::Accept { what, body, initial }),
        3 => Just(Step::Release),
        5 => (1..5_usize).prop_map(|limit| Step::Claim { limit }),
        9 => (any::<usize>(), 0..11_u8).prop_map(|(which, how)| Step::Settle { which, how }),
        1 => Just(Step::HoldAll),
        1 => Just(Step::Tick),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    run: RunId,
    identity: String,
    body: Vec<u8>,
    state: State,
    due_at_ms: Option<i64>,
    lane: Option<String>,
    /// Held because of another one, or waiting again since that is settled.
    parked: bool,
}

struct Model {
    rows: Vec<Row>,
    /// Whether a run skips; the last is the current one.
    runs: Vec<bool>,
    now_ms: i64,
}

fn new_delivery(run: RunId, what: usize, body: u8, initial: u8) -> NewDelivery {
    let (users, natural, lane) = [
        (None, Some("N1"), None),
        (None, Some("N2"), None),
        (Some("U1"), Some("N1"), None),
        (Some("U2"), Some("N1"), None),
        (None, None, None),
        (None, None, Some("N1")),
        (None, Some("N3"), Some("N1")),
        (Some("U3"), None, None),
    ][what];
    NewDelivery {
        key_of_user: users.map(str::to_owned),
        natural_key: natural.map(str::to_owned),
        lane: lane.map(str::to_owned),
        initial: match initial {
            0 => Initial::Rejected(reason("refused")),
            1 => Initial::Held(reason("held")),
            2 | 3 => Initial::Waiting(Terms::default()),
            _ => Initial::Staged,
        },
        ..keyless(run, &format!("{what}-{body}"))
    }
}

fn settlement(how: u8, now_ms: i64) -> Settlement {
    match how {
        0 | 1 => Settlement::Applied { status: Some(201), resource_id: None },
        2 => Settlement::Queued { status: Some(202), reason: None },
        3 => Settlement::Existing { status: None, resource_id: None, reason: None },
        4 => Settlement::Confirmed { resource_id: None },
        5 => Settlement::Rejected(reason("no")),
        6 => Settlement::Unknown(reason("no answer")),
        7 => Settlement::Held(reason("later")),
        8 | 9 => {
            Settlement::Waiting { due_at_ms: now_ms + i64::from(how % 2) * 1_000, reason: None }
        }
        _ => Settlement::Cancelled,
    }
}

impl Model {
    fn run(&self) -> RunId {
        RunId(self.runs.len() as i64)
    }

    fn parks(&self, run: RunId) -> bool {
        !self.runs[run.0 as usize - 1]
    }

    fn lane_of(&self, at: usize) -> Vec<usize> {
        let lane = &self.rows[at].lane;
        (0..self.rows.len())
            .filter(|other| lane.is_some() && self.rows[*other].lane == *lane)
            .collect()
    }

    fn known(&self, identity: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.identity == identity)
    }

    /// Moves a row, with what that means for its lane.
    fn shift(&mut self, at: usize, to: State, due_at_ms: Option<i64>) {
        let from = self.rows[at].state;
        let failed = |row: &Row| row.state.is_failed();
        let mut to = to;
        if to == State::Waiting {
            let stopped =
                self.lane_of(at).iter().any(|other| *other < at && failed(&self.rows[*other]));
            if stopped && self.parks(self.rows[at].run) {
                to = State::Held;
            }
            self.rows[at].parked = to == State::Held;
        } else {
            self.rows[at].parked = false;
        }
        self.rows[at].state = to;
        self.rows[at].due_at_ms = due_at_ms.filter(|_| to == State::Waiting);
        if from.is_open() && to.is_failed() {
            for other in self.lane_of(at) {
                if other > at
                    && self.rows[other].state == State::Waiting
                    && self.parks(self.rows[other].run)
                {
                    (self.rows[other].state, self.rows[other].due_at_ms) = (State::Held, None);
                    self.rows[other].parked = true;
                }
            }
        }
        if !to.is_open() && !to.is_failed() {
            self.unpark(at);
        }
    }

    fn unpark(&mut self, settled: usize) {
        for at in self.lane_of(settled) {
            let row = &mut self.rows[at];
            if row.state == State::Held && row.parked {
                (row.state, row.due_at_ms) = (State::Waiting, Some(self.now_ms));
            } else if row.state.is_failed() {
                return;
            }
        }
    }

    fn begin(&mut self, at: usize, initial: &Initial) {
        match initial {
            Initial::Staged => self.shift(at, State::Staged, None),
            Initial::Waiting(_) => self.shift(at, State::Waiting, Some(self.now_ms)),
            Initial::Rejected(_) => self.shift(at, State::Rejected, None),
            Initial::Held(_) => self.shift(at, State::Held, None),
        }
    }

    fn insert(
        &mut self,
        new: &NewDelivery,
        identity: String,
        lane: Option<String>,
        initial: &Initial,
    ) -> DeliveryId {
        let row = Row {
            run: new.run,
            identity,
            body: new.body.clone(),
            state: State::Staged,
            due_at_ms: None,
            lane,
            parked: false,
        };
        self.rows.push(row);
        self.begin(self.rows.len() - 1, initial);
        DeliveryId(self.rows.len() as i64)
    }

    fn accept(&mut self, new: &NewDelivery) -> Accepted {
        let hash = identity::ContentHash::of(&new.method, &new.path, &new.body);
        let name = match (&new.key_of_user, &new.natural_key) {
            (Some(key), _) => identity::of_users_key(key),
            (None, Some(key)) => identity::of_natural_key(key),
            (None, None) => (1..)
                .map(|ordinal| identity::of_content(&hash, ordinal))
                .find(|name| self.known(name).is_none_or(|at| self.rows[at].run != new.run))
                .unwrap(),
        };
        let Some(at) = self.known(&name) else {
            let lane = new.lane.clone().or(new.natural_key.clone());
            return Accepted::New(self.insert(new, name, lane, &new.initial));
        };
        let id = DeliveryId(at as i64 + 1);
        let Row { state, body: before, run, parked, .. } = self.rows[at].clone();
        let refused = matches!(new.initial, Initial::Rejected(_) | Initial::Held(_));
        let released = matches!(new.initial, Initial::Waiting(_));
        let begins_anew =
            refused || state == State::Staged && released || state == State::Waiting && parked;
        let same = before == new.body;
        if same && (state.was_sent() || state.is_open() && !begins_anew) {
            self.rows[at].run = new.run;
            return Accepted::Again { id, state };
        }
        if !same && (state.was_sent() || state.is_open() && run == new.run) {
            let name = identity::of_change(&name, &hash);
            let id = match self.known(&name) {
                Some(at) => {
                    self.rows[at].run = new.run;
                    DeliveryId(at as i64 + 1)
                }
                None => {
                    let initial = if refused {
                        new.initial.clone()
                    } else {
                        Initial::Rejected(reason("changed"))
                    };
                    self.insert(new, name, None, &initial)
                }
            };
            return Accepted::Changed { id, before, state };
        }
        self.rows[at].run = new.run;
        self.rows[at].body = new.body.clone();
        self.begin(at, &new.initial);
        Accepted::Reopened(id)
    }

    fn release(&mut self) {
        for at in 0..self.rows.len() {
            if self.rows[at].run == self.run() && self.rows[at].state == State::Staged {
                self.shift(at, State::Waiting, Some(self.now_ms));
            }
        }
    }

    fn claim(&mut self, limit: usize) -> Vec<DeliveryId> {
        let free = |at: &usize| {
            let row = &self.rows[*at];
            let due = row.due_at_ms.is_some_and(|due_at_ms| due_at_ms <= self.now_ms);
            let alone = self.lane_of(*at).iter().all(|other| {
                let state = self.rows[*other].state;
                other == at || !(state == State::Sending || *other < *at && state.is_open())
            });
            row.run == self.run() && row.state == State::Waiting && due && alone
        };
        let mut claimed: Vec<usize> = (0..self.rows.len()).filter(free).collect();
        claimed.sort_by_key(|at| (self.rows[*at].due_at_ms, *at));
        claimed.truncate(limit);
        for at in &claimed {
            self.shift(*at, State::Sending, None);
        }
        claimed.into_iter().map(|at| DeliveryId(at as i64 + 1)).collect()
    }

    fn settle(&mut self, at: usize, settlement: &Settlement) -> bool {
        let to = settlement.state();
        if legal(self.rows[at].state, to).is_none() {
            return false;
        }
        let due_at_ms = match settlement {
            Settlement::Waiting { due_at_ms, .. } => Some(*due_at_ms),
            _ => None,
        };
        self.shift(at, to, due_at_ms);
        true
    }
}

async fn check(steps: Vec<Step>) {
    let mut f = Fixture::new();
    let mut model = Model { rows: Vec::new(), runs: vec![false], now_ms: f.now_ms() };
    f.run().await;
    for step in steps {
        match &step {
            Step::BeginRun { skip } => {
                let ordering = if *skip { Ordering::Skip } else { Ordering::Park };
                let run = f.ledger.begin_run(Run { ordering, ..Run::default() }).await.unwrap();
                model.runs.push(*skip);
                assert_eq!(run, model.run());
            }
            Step::Accept { what, body, initial } => {
                let new = new_delivery(model.run(), *what, *body, *initial);
                assert_eq!(f.accept(new.clone()).await, model.accept(&new));
            }
            Step::Release => {
                f.release(model.run()).await;
                model.release();
            }
            Step::Claim { limit } => {
                let claimed = f.claim(model.run(), *limit).await;
                let ids: Vec<_> = claimed.iter().map(|delivery| delivery.id).collect();
                assert_eq!(ids, model.claim(*limit));
            }
            Step::Settle { which, how } if !model.rows.is_empty() => {
                let at = which % model.rows.len();
                let how = settlement(*how, model.now_ms);
                let id = DeliveryId(at as i64 + 1);
                match f.ledger.settle(id, how.clone(), Vec::new()).await {
                    Ok(_) => assert!(model.settle(at, &how)),
                    Err(LedgerError::IllegalMove { .. }) => assert!(!model.settle(at, &how)),
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Settle { .. } => {}
            Step::HoldAll => {
                f.ledger.hold_all("acme", reason("refused")).await.unwrap();
                for row in model.rows.iter_mut().filter(|row| row.state == State::Waiting) {
                    (row.state, row.due_at_ms, row.parked) = (State::Held, None, false);
                }
            }
            Step::Tick => {
                f.clock.fetch_add(1_000, std::sync::atomic::Ordering::Relaxed);
                model.now_ms += 1_000;
            }
            Step::Reopen => f = f.reopen(),
        }
        compare(&f, &model, &step);
    }
}

fn compare(f: &Fixture, model: &Model, step: &Step) {
    let rows = f.ledger.list(&Query { with_body: true, ..Query::default() }).unwrap();
    let rows: Vec<Row> = rows
        .into_iter()
        .zip(&model.rows)
        .map(|(delivery, row)| Row {
            run: delivery.run,
            identity: delivery.identity,
            body: delivery.body,
            state: delivery.state,
            due_at_ms: delivery.due_at_ms,
            lane: row.lane.clone(),
            parked: row.parked,
        })
        .collect();
    assert_eq!(rows, model.rows, "after {step:?}");
    for run in 1..=model.runs.len() {
        let run = RunId(run as i64);
        let counts = f.ledger.counts(run).unwrap();
        for state in State::ALL {
            let expected =
                model.rows.iter().filter(|row| row.run == run && row.state == state).count();
            assert_eq!(counts.of(state), expected as u64, "{state} of run {run} after {step:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_model_does(steps in steps()) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(check(steps));
    }
}
