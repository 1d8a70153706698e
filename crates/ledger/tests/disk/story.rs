//! A story of a ledger, drawn from a seed: what was asked of it, and what it told.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use steadfast_ledger::{
    AttemptRow, Delivery, DeliveryId, Initial, Ledger, LedgerError, NewDelivery, Options, Query,
    Reason, Run, RunId, Settlement, State, Terms,
};

/// What the ledger has told of each delivery, by natural key, and what it was asked and has not answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) sure: BTreeMap<String, State>,
    pub(crate) maybe: BTreeMap<String, State>,
    /// What was refused because a sync failed. While the ledger is open it is not there. Its bytes may be, though, and
    /// whoever opens the ledger next may find it done, unless something was written over it.
    refused: BTreeMap<String, State>,
    ids: BTreeMap<String, DeliveryId>,
    accepted: usize,
}

/// How a story is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) seed: u64,
    pub(crate) steps: usize,
    /// `synchronous=NORMAL`.
    pub(crate) without_sync_at_commit: bool,
    /// Go on after an error, as a program does that tries again later.
    pub(crate) go_on: bool,
}

/// The end of a story: what was told, and the errors that were met.
pub(crate) struct Ended {
    pub(crate) told: Told,
    pub(crate) errors: Vec<LedgerError>,
}

pub(crate) async fn tell(path: &Path, telling: Telling) -> Ended {
    let mut story = Story { told: Told::default(), draw: fastrand::Rng::with_seed(telling.seed) };
    let mut errors = Vec::new();
    let mut open: Option<(Ledger, RunId)> = None;
    for _ in 0..telling.steps {
        // Now and then it is closed, which empties the log into the file.
        if story.draw.u8(..12) == 0 {
            open = None;
        }
        let result = match &open {
            Some((ledger, run)) => {
                let result = story.step(ledger, *run).await;
                if telling.go_on && result.is_err() {
                    story.told.refused_by(ledger);
                }
                result
            }
            None => match begin(path, telling).await {
                Ok(begun) => {
                    story.told.taken_up(&begun.0);
                    open = Some(begun);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        if let Err(error) = result {
            errors.push(error);
            if !telling.go_on {
                break;
            }
        }
    }
    Ended { told: story.told, errors }
}

async fn begin(path: &Path, telling: Telling) -> Result<(Ledger, RunId), LedgerError> {
    let clock = Arc::new(|| 1_000_000);
    let without_sync_at_commit = telling.without_sync_at_commit;
    let options = Options { clock, without_sync_at_commit, ..Options::default() };
    let ledger = Ledger::open_with(path, options)?;
    let run = ledger.begin_run(Run::default()).await?;
    Ok((ledger, run))
}

struct Story {
    told: Told,
    draw: fastrand::Rng,
}

impl Story {
    async fn step(&mut self, ledger: &Ledger, run: RunId) -> Result<(), LedgerError> {
        match self.draw.u8(..8) {
            0 | 1 => self.accept(ledger, run).await,
            2 => self.accept_side_by_side(ledger, run).await,
            3 | 4 => self.claim(ledger).await,
            _ => self.settle(ledger).await,
        }
    }

    /// Some in one transaction, which are to be sent at once.
    async fn accept(&mut self, ledger: &Ledger, run: RunId) -> Result<(), LedgerError> {
        let new: Vec<_> = (0..self.draw.usize(1..6)).map(|_| self.order(run)).collect();
        for order in &new {
            self.told.ask(key(order), State::Waiting);
        }
        let accepted = ledger.accept(new.clone()).await?;
        for (order, accepted) in new.iter().zip(accepted) {
            self.told.is(key(order), State::Waiting, accepted.id());
        }
        Ok(())
    }

    /// Several at the same time, which share a commit.
    async fn accept_side_by_side(
        &mut self,
        ledger: &Ledger,
        run: RunId,
    ) -> Result<(), LedgerError> {
        let new: Vec<_> = (0..4).map(|_| self.order(run)).collect();
        for order in &new {
            self.told.ask(key(order), State::Waiting);
        }
        let results = join_all(new.iter().map(|order| ledger.accept(vec![order.clone()]))).await;
        let mut end = Ok(());
        for (order, result) in new.iter().zip(results) {
            match result {
                Ok(accepted) => self.told.is(key(order), State::Waiting, accepted[0].id()),
                Err(error) => end = Err(error),
            }
        }
        end
    }

    async fn claim(&mut self, ledger: &Ledger) -> Result<(), LedgerError> {
        // Each run claims its own, and what an earlier run has left is released to nobody.
        let runs: Vec<_> = ledger.runs(20)?.into_iter().map(|run| run.id).collect();
        let Some(run) = self.draw.choice(runs) else { return Ok(()) };
        let waiting: Vec<_> = self.told.keys_in(State::Waiting);
        for key in &waiting {
            self.told.ask(key, State::Sending);
        }
        let claimed = ledger.claim(run, 2_000_000, self.draw.usize(1..5)).await?;
        for key in &waiting {
            self.told.maybe.remove(key);
        }
        for Delivery { id, natural_key, .. } in claimed {
            self.told.is(&natural_key.unwrap(), State::Sending, id);
        }
        Ok(())
    }

    async fn settle(&mut self, ledger: &Ledger) -> Result<(), LedgerError> {
        let Some(key) = self.draw.choice(self.told.keys_in(State::Sending)) else { return Ok(()) };
        let settlement = match self.draw.u8(..5) {
            0 => Settlement::Rejected(Reason::new("refused")),
            1 => Settlement::Unknown(Reason::new("nobody knows")),
            2 => Settlement::Waiting { due_at_ms: 1_500_000, reason: None },
            _ => Settlement::Applied { status: Some(201), resource_id: Some("42".to_owned()) },
        };
        let (state, id) = (settlement.state(), self.told.ids[&key]);
        self.told.ask(&key, state);
        let attempt = AttemptRow { class: "ok".to_owned(), ..AttemptRow::default() };
        ledger.settle(id, settlement, vec![attempt]).await?;
        self.told.is(&key, state, id);
        Ok(())
    }

    fn order(&mut self, run: RunId) -> NewDelivery {
        self.told.accepted += 1;
        let body = format!("{{\"n\":\"{}\"}}", "x".repeat(self.draw.usize(0..3_000)));
        NewDelivery {
            run,
            account: "acme".to_owned(),
            resource: "purchase-order".to_owned(),
            natural_key: Some(format!("PO-{}", self.told.accepted)),
            key_of_user: None,
            lane: None,
            method: "POST".to_owned(),
            path: "/purchase-order".to_owned(),
            body: body.into_bytes(),
            headers: Vec::new(),
            idempotency_key: None,
            lines: "2".to_owned(),
            initial: Initial::Waiting(Terms::default()),
        }
    }
}

fn key(order: &NewDelivery) -> &str {
    order.natural_key.as_deref().unwrap()
}

impl Told {
    fn ask(&mut self, key: &str, state: State) {
        self.maybe.insert(key.to_owned(), state);
    }

    fn is(&mut self, key: &str, state: State, id: DeliveryId) {
        self.maybe.remove(key);
        self.sure.insert(key.to_owned(), state);
        self.ids.insert(key.to_owned(), id);
    }

    fn keys_in(&self, state: State) -> Vec<String> {
        let there = self.sure.iter().filter(|(_, is)| **is == state);
        there.map(|(key, _)| key.clone()).collect()
    }

    /// While the ledger is open, what it refused is not there, and what it told is.
    fn refused_by(&mut self, ledger: &Ledger) {
        // A disk that fails may fail a look as well; then the next one tells.
        let Ok(found) = all(ledger) else { return };
        let there: BTreeMap<_, _> = found.iter().map(|d| (key_of(d), d.state)).collect();
        assert_eq!(there, self.sure, "what was refused has left something behind");
        self.refused.append(&mut self.maybe);
    }

    /// A ledger that was opened again may hold what was refused before.
    fn taken_up(&mut self, ledger: &Ledger) {
        for delivery in all(ledger).unwrap_or_default() {
            let key = key_of(&delivery);
            if self.refused.get(&key) == Some(&delivery.state) {
                self.is(&key, delivery.state, delivery.id);
            }
        }
        self.refused.clear();
    }

    fn may_be(&self, key: &str, is: State) -> bool {
        self.maybe.get(key) == Some(&is) || self.refused.get(key) == Some(&is)
    }

    /// A ledger that was opened after a failure holds what was told; what was not answered may be there or not.
    pub(crate) fn check(&self, path: &Path) -> Result<(), String> {
        let ledger = Ledger::open(path).map_err(|error| error.to_string())?;
        let found: BTreeMap<_, _> = all(&ledger)?.iter().map(|d| (key_of(d), d.state)).collect();
        for (key, state) in &self.sure {
            match found.get(key) {
                None => return Err(format!("{key} was told to be {state}, and is not there")),
                Some(is) if is == state || self.may_be(key, *is) => {}
                Some(is) => return Err(format!("{key} was told to be {state}, and is {is}")),
            }
        }
        for (key, is) in &found {
            if !self.sure.contains_key(key) && !self.may_be(key, *is) {
                return Err(format!("{key} is {is}, and was never asked for"));
            }
        }
        counts_agree(&ledger, &found)
    }
}

fn counts_agree(ledger: &Ledger, found: &BTreeMap<String, State>) -> Result<(), String> {
    let mut counted = BTreeMap::<State, u64>::new();
    for run in ledger.runs(usize::MAX).map_err(|error| error.to_string())? {
        let counts = ledger.counts(run.id).map_err(|error| error.to_string())?;
        for state in State::ALL {
            *counted.entry(state).or_default() += counts.of(state);
        }
    }
    let mut there = BTreeMap::<State, u64>::new();
    found.values().for_each(|state| *there.entry(*state).or_default() += 1);
    counted.retain(|_, n| *n > 0);
    match counted == there {
        true => Ok(()),
        false => Err(format!("the ledger counts {counted:?}, and holds {there:?}")),
    }
}

fn all(ledger: &Ledger) -> Result<Vec<Delivery>, String> {
    let query = Query { limit: usize::MAX >> 1, ..Query::default() };
    ledger.list(&query).map_err(|error| error.to_string())
}

fn key_of(delivery: &Delivery) -> String {
    delivery.natural_key.clone().unwrap_or_default()
}
