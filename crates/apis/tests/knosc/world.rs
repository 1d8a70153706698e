//! A double with a typed client of it, and questions to its journal.

use std::time::Duration;

use serde_json::{Value, json};
use steadfast::dialect::Dialect;
use steadfast_apis::knosc::{Builder, Knosc, Order, OrderLine};
use steadfast_sandbox::{Api, FaultPlan, Fixtures, Options, Profile, Quirk, Sandbox};

/// The dialect of Knosc, with waits of a few milliseconds.
pub(crate) fn quick() -> Dialect {
    let mut dialect = Dialect::built_in("knosc").unwrap();
    for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
        policy.fault_base_ms = 4;
        policy.throttle_base_ms = 4;
        policy.wait_cap_ms = 16;
    }
    for resource in dialect.resource.values_mut() {
        resource.lookup.as_mut().unwrap().settle_ms = 30;
    }
    dialect
}

/// A double and a client that is logged in to nothing yet.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) knosc: Knosc,
}

/// The double with the records that the contract's vectors name: the order `P-1` has the id 42.
pub(crate) async fn vectors() -> World {
    with(Profile::Guide, &[]).await
}

pub(crate) async fn with(profile: Profile, quirks: &[Quirk]) -> World {
    let fixtures = Fixtures::Vectors;
    let options = Options { profile, quirks: quirks.to_vec(), fixtures, ..Options::default() };
    let sandbox = Sandbox::start(Api::Knosc, options).await.unwrap();
    let knosc = client_of(&sandbox, "ada", "right", |builder| builder);
    World { sandbox, knosc }
}

pub(crate) fn builder_of(sandbox: &Sandbox, username: &str, password: &str) -> Builder {
    Knosc::builder(sandbox.base_url(), username, password)
        .settings(|builder| builder.deadline(Duration::from_secs(20)))
}

pub(crate) fn client_of(
    sandbox: &Sandbox,
    username: &str,
    password: &str,
    settings: impl FnOnce(steadfast::Builder) -> steadfast::Builder + 'static,
) -> Knosc {
    let builder = builder_of(sandbox, username, password).settings(settings);
    builder.build_with(quick()).unwrap().look_every(ms(5))
}

impl World {
    pub(crate) fn faults(&self, faults: Value) {
        let plan = json!({ "seed": 7, "faults": faults }).to_string();
        self.sandbox.set_faults(FaultPlan::from_json(&plan).unwrap());
    }

    /// The statuses of all requests of a kind; 0 where nothing was answered.
    pub(crate) fn statuses(&self, kind: &str) -> Vec<u64> {
        let journal = self.sandbox.journal();
        let entries = journal["entries"].as_array().unwrap();
        let of_kind = entries.iter().filter(|entry| entry["kind"] == kind);
        of_kind.map(|entry| entry["status"].as_u64().unwrap_or(0)).collect()
    }

    /// The paths of all requests with a method, in order.
    pub(crate) fn paths(&self, method: &str) -> Vec<String> {
        let journal = self.sandbox.journal();
        let entries = journal["entries"].as_array().unwrap();
        let of_method = entries.iter().filter(|entry| entry["method"] == method);
        of_method.map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    }

    /// How often an order with this number is there.
    pub(crate) fn copies(&self, number: &str) -> usize {
        let state = self.sandbox.state();
        let orders = state["orders"].as_array().unwrap();
        orders.iter().filter(|order| order["PO List Number"] == number).count()
    }
}

/// An order that the double with the vectors accepts.
pub(crate) fn order(number: &str) -> Order {
    Order::new(number, "S1").line(OrderLine::new("I1", "W1", 5))
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Waits until something is so, which it has to be within a few seconds.
pub(crate) async fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..5_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(ms(2)).await;
    }
    panic!("it never came to be so");
}
