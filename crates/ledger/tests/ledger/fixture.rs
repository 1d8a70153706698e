//! A ledger in a directory of its own, with a clock that is turned by hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use steadfast_ledger::{
    Accepted, Clock, Delivery, DeliveryId, Initial, Ledger, NewDelivery, Options, Reason, Run,
    RunId, Settlement, Terms, Which,
};

pub(crate) const START_MS: i64 = 1_000_000;

pub(crate) struct Fixture {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) dir: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        Fixture::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_MS));
        let options = Options { clock: turned_by(&clock), ..options };
        let ledger = Ledger::open_with(&dir.path().join("a.db"), options).unwrap();
        Fixture { ledger, clock, dir }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.ledger.path().to_owned()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// Closes the ledger and opens it again, as another process would.
    pub(crate) fn reopen(self) -> Fixture {
        let Fixture { ledger, clock, dir } = self;
        let path = ledger.path().to_owned();
        drop(ledger);
        let options = Options { clock: turned_by(&clock), ..Options::default() };
        let ledger = Ledger::open_with(&path, options).unwrap();
        Fixture { ledger, clock, dir }
    }

    pub(crate) async fn run(&self) -> RunId {
        self.ledger.begin_run(Run::default()).await.unwrap()
    }

    pub(crate) async fn accept(&self, new: NewDelivery) -> Accepted {
        self.ledger.accept(vec![new]).await.unwrap().pop().unwrap()
    }

    pub(crate) async fn release(&self, run: RunId) -> u64 {
        self.ledger.release(run, Which::All, Terms::default()).await.unwrap()
    }

    pub(crate) async fn claim(&self, run: RunId, limit: usize) -> Vec<Delivery> {
        self.ledger.claim(run, self.now_ms(), limit).await.unwrap()
    }

    /// Accepts, releases and claims until the delivery is being sent.
    pub(crate) async fn send(&self, new: NewDelivery) -> DeliveryId {
        let run = new.run;
        let id = self.accept(new).await.id();
        self.release(run).await;
        assert!(self.claim(run, 100).await.iter().any(|delivery| delivery.id == id));
        id
    }

    pub(crate) async fn settle(&self, id: DeliveryId, settlement: Settlement) {
        self.ledger.settle(id, settlement, Vec::new()).await.unwrap();
    }

    pub(crate) fn get(&self, id: DeliveryId) -> Delivery {
        self.ledger.get(id).unwrap().unwrap()
    }
}

fn turned_by(hand: &Arc<AtomicI64>) -> Clock {
    let hand = Arc::clone(hand);
    Arc::new(move || hand.load(Ordering::Relaxed))
}

/// An order with a natural key.
pub(crate) fn order(run: RunId, key: &str, body: &str) -> NewDelivery {
    NewDelivery { natural_key: Some(key.to_owned()), ..keyless(run, body) }
}

/// An order without any key.
pub(crate) fn keyless(run: RunId, body: &str) -> NewDelivery {
    NewDelivery {
        run,
        account: "acme".to_owned(),
        resource: "purchase-order".to_owned(),
        natural_key: None,
        key_of_user: None,
        lane: None,
        method: "POST".to_owned(),
        path: "/purchase-order".to_owned(),
        body: body.as_bytes().to_vec(),
        headers: Vec::new(),
        idempotency_key: None,
        lines: "2".to_owned(),
        initial: Initial::Staged,
    }
}

pub(crate) fn applied() -> Settlement {
    Settlement::Applied { status: Some(201), resource_id: Some("42".to_owned()) }
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason::new(text)
}
