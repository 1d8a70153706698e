//! A double, a client that is logged in to it, and a ledger whose clock is turned by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use steadfast::dialect::Dialect;
use steadfast::{Client, Credentials};
use steadfast_ledger::{
    Delivery, DeliveryId, Ended, Initial, Ledger, NewDelivery, OnUnknown, Options, Query, Run,
    RunId, Runner, RunnerOptions, Terms, Wish,
};
use steadfast_sandbox::{Api, FaultPlan, Sandbox};
use tokio::sync::watch;

pub(crate) const START_MS: i64 = 1_800_000_000_000;
pub(crate) const ACCOUNT: &str = "here";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn of_kneo() -> World {
        let sandbox = Sandbox::start(Api::Kneo, steadfast_sandbox::Options::default()).await;
        let sandbox = sandbox.unwrap();
        let client = kneo(sandbox.base_url(), "sandbox-admin-key");
        World::over(sandbox, client)
    }

    pub(crate) fn over(sandbox: Sandbox, client: Client) -> World {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(START_MS));
        let ledger = open(&dir.path().join("a.db"), &clock);
        World { sandbox, client, ledger, clock, dir }
    }

    /// What a process leaves behind that dies, so much time later.
    pub(crate) fn after_a_crash(self, later: Duration) -> World {
        let World { sandbox, client, ledger, clock, dir } = self;
        drop(ledger);
        clock.fetch_add(i64::try_from(later.as_millis()).unwrap(), Ordering::Relaxed);
        let ledger = open(&dir.path().join("a.db"), &clock);
        World { sandbox, client, ledger, clock, dir }
    }

    pub(crate) fn faults(&self, faults: Value) {
        let plan = FaultPlan::from_value(json!({ "seed": 1, "faults": faults })).unwrap();
        self.sandbox.set_faults(plan);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub(crate) async fn begin(&self) -> RunId {
        self.ledger.begin_run(Run::default()).await.unwrap()
    }

    pub(crate) async fn accept(&self, new: NewDelivery) -> DeliveryId {
        self.ledger.accept(vec![new]).await.unwrap()[0].id()
    }

    /// Claims everything of a run, as a process does that is about to send it.
    pub(crate) async fn claim(&self, run: RunId) -> Vec<Delivery> {
        self.ledger.claim(run, self.now_ms(), 100).await.unwrap()
    }

    /// Sends what a run has to send, until nothing is left.
    pub(crate) async fn send(&self, run: RunId) -> Ended {
        self.runner().run(run, watch::channel(Wish::GoOn).1).await.unwrap()
    }

    pub(crate) fn runner(&self) -> Runner {
        runner(&self.ledger, &self.client)
    }

    pub(crate) fn all(&self) -> Vec<Delivery> {
        self.ledger.list(&Query { with_body: true, ..Query::default() }).unwrap()
    }

    pub(crate) fn get(&self, id: DeliveryId) -> Delivery {
        self.ledger.get(id).unwrap().unwrap()
    }

    /// The requests that the double saw of that kind, such as `create`.
    pub(crate) fn requests(&self, kind: &str) -> Vec<Value> {
        let entries = self.sandbox.journal()["entries"].take();
        let Value::Array(entries) = entries else { panic!("no journal") };
        entries.into_iter().filter(|entry| entry["kind"] == kind).collect()
    }
}

pub(crate) fn open(path: &Path, clock: &Arc<AtomicI64>) -> Ledger {
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || clock.load(Ordering::Relaxed));
    Ledger::open_with(path, Options { clock, ..Options::default() }).unwrap()
}

pub(crate) fn runner(ledger: &Ledger, client: &Client) -> Runner {
    let options = RunnerOptions {
        concurrency: 4,
        allowance: Duration::from_secs(60),
        on_unknown: OnUnknown::Hold,
        confirm_for: None,
    };
    Runner::new(ledger.clone(), client.clone(), ACCOUNT, options, Arc::new(|_| {}))
}

/// A built-in dialect whose waits are short.
pub(crate) fn quick(name: &str) -> Dialect {
    let mut dialect = Dialect::built_in(name).unwrap();
    let policy = &mut dialect.policy.recommended;
    (policy.fault_base_ms, policy.throttle_base_ms, policy.wait_cap_ms) = (4, 4, 16);
    for resource in dialect.resource.values_mut() {
        if let Some(lookup) = &mut resource.lookup {
            lookup.settle_ms = 40;
        }
    }
    dialect
}

pub(crate) fn kneo(base_url: &str, api_key: &str) -> Client {
    let credentials = Credentials::named([("api_key", api_key)]);
    Client::builder(quick("kneo"), base_url).credentials(credentials).build().unwrap()
}

/// A run of kneo that nothing but its idempotency key tells from another.
pub(crate) fn kneo_run(run: RunId, number: usize, key: &str) -> NewDelivery {
    NewDelivery {
        run,
        account: ACCOUNT.to_owned(),
        resource: "run".to_owned(),
        natural_key: None,
        key_of_user: Some(number.to_string()),
        lane: None,
        method: "POST".to_owned(),
        path: "/v1/runs".to_owned(),
        body: json!({ "spec_path": "demo.yaml", "input": format!("number {number}") })
            .to_string()
            .into_bytes(),
        headers: Vec::new(),
        idempotency_key: Some(key.to_owned()),
        lines: "2".to_owned(),
        initial: Initial::Waiting(Terms::default()),
    }
}
