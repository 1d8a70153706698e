//! A double with a client of it, and questions to its journal.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use steadfast::dialect::{Dialect, Paging};
use steadfast::{Builder, Client, Credentials, Options, Request};
use steadfast_sandbox::{Api, FaultPlan, Fixtures, Sandbox};

/// The dialect of Knosc, with waits of a few milliseconds.
pub(crate) fn quick() -> Dialect {
    let mut dialect = Dialect::built_in("knosc").unwrap();
    for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
        policy.fault_base_ms = 4;
        policy.throttle_base_ms = 4;
        policy.wait_cap_ms = 16;
        policy.attempt_timeout_ms = 5_000;
    }
    settle(&mut dialect, 30);
    dialect
}

pub(crate) fn settle(dialect: &mut Dialect, ms: u64) {
    let order = dialect.resource.get_mut("purchase-order").unwrap();
    order.lookup.as_mut().unwrap().settle_ms = ms;
}

pub(crate) fn page_rows(dialect: &mut Dialect, rows: u64) {
    let Some(Paging::PageNumber { size_rows, .. }) = &mut dialect.paging else { return };
    *size_rows = rows;
}

/// A double and a client that is logged in to nothing yet.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

/// The double with the records that the contract's vectors name: the order `P-1` has the id 42.
pub(crate) async fn vectors() -> World {
    world(options(), |builder| builder, quick()).await
}

pub(crate) fn options() -> steadfast_sandbox::Options {
    steadfast_sandbox::Options { fixtures: Fixtures::Vectors, ..Default::default() }
}

pub(crate) async fn world(
    options: steadfast_sandbox::Options,
    build: impl FnOnce(Builder) -> Builder,
    dialect: Dialect,
) -> World {
    let sandbox = Sandbox::start(Api::Knosc, options).await.unwrap();
    let credentials = sandbox.ready().credentials;
    let part = |name| credentials.get(name).unwrap_or_default();
    let client = login(&sandbox, dialect, part("username"), part("password"), build);
    World { sandbox, client }
}

pub(crate) fn login(
    sandbox: &Sandbox,
    dialect: Dialect,
    username: &str,
    password: &str,
    build: impl FnOnce(Builder) -> Builder,
) -> Client {
    let credentials = Credentials::password(username, password);
    let builder = Client::builder(dialect, sandbox.base_url()).credentials(credentials);
    build(builder.deadline(Duration::from_secs(20))).build().unwrap()
}

impl World {
    pub(crate) fn faults(&self, faults: Value) {
        let plan = json!({ "seed": 7, "faults": faults }).to_string();
        self.sandbox.set_faults(FaultPlan::from_json(&plan).unwrap());
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal(self.sandbox.journal()["entries"].as_array().cloned().unwrap())
    }

    /// Creates an order the way a caller does who has looked before.
    pub(crate) async fn create(
        &self,
        number: &str,
    ) -> Result<steadfast::Outcome, steadfast::Error> {
        self.client.call(create(&order(number)), known_absent(number)).await
    }

    /// How often each order is there.
    pub(crate) fn copies(&self, number: &str) -> usize {
        let state = self.sandbox.state();
        let orders = state["orders"].as_array().unwrap();
        orders.iter().filter(|order| order["PO List Number"] == number).count()
    }

    pub(crate) fn order(&self, number: &str) -> Value {
        let state = self.sandbox.state();
        let orders = state["orders"].as_array().unwrap();
        orders.iter().find(|order| order["PO List Number"] == number).cloned().unwrap()
    }
}

/// What the double saw.
#[derive(Debug)]
pub(crate) struct Journal(pub(crate) Vec<Value>);

impl Journal {
    pub(crate) fn of(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|entry| entry["kind"] == kind).collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.of(kind).len()
    }

    /// The statuses of all requests of a kind; 0 where nothing was answered.
    pub(crate) fn statuses(&self, kind: &str) -> Vec<u64> {
        self.of(kind).iter().map(|entry| entry["status"].as_u64().unwrap_or(0)).collect()
    }

    /// How many creates of that order took effect.
    pub(crate) fn effects(&self, number: &str) -> usize {
        let is_create = |e: &&Value| e["kind"] == "create" || e["of_kind"] == "create";
        let entries = self.0.iter().filter(is_create);
        entries.filter(|e| e["key"] == number && e["effect"] == "applied").count()
    }

    pub(crate) fn creates(&self, number: &str) -> usize {
        self.of("create").iter().filter(|entry| entry["key"] == number).count()
    }
}

/// An order that the double with the vectors accepts.
pub(crate) fn order(number: &str) -> Value {
    json!({
        "PO List Number": number, "PO List Document Status": "Open", "Supplier Number": "S1",
        "details": [{ "Item Number": "I1", "Warehouse Number": "W1", "PO Details Quantity": 5 }],
    })
}

pub(crate) fn create(body: &Value) -> Request {
    Request::new(Method::POST, "/purchase-order").json(body.to_string())
}

pub(crate) fn replace(id: u64, body: &Value) -> Request {
    Request::new(Method::PUT, format!("/purchase-order/{id}")).json(body.to_string())
}

pub(crate) fn keyed(number: &str) -> Options {
    Options {
        resource: Some("purchase-order".into()),
        natural_key: Some(number.into()),
        ..Options::default()
    }
}

pub(crate) fn known_absent(number: &str) -> Options {
    Options { known_absent: true, ..keyed(number) }
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Waits until something is so, which it has to be within a few seconds.
pub(crate) async fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(ms(2)).await;
    }
    panic!("it never came to be so");
}
