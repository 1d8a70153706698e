//! A double with a typed client of it, and a client over a script.

use serde_json::{Value, json};
use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{Client, Credentials};
use steadfast_apis::operations1::{Builder, NewOrder, Operations1};
use steadfast_sandbox::{Api, FaultPlan, Fixtures, Options, Profile, Quirk, Sandbox};

use crate::script::{Answer, Script};

/// A double and a client of it.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) operations1: Operations1,
}

/// The double with the records that the contract's vectors name: the order `ERP-1` has the id 11.
pub(crate) async fn vectors() -> World {
    with(Profile::Guide, &[]).await
}

pub(crate) async fn with(profile: Profile, quirks: &[Quirk]) -> World {
    let fixtures = Fixtures::Vectors;
    let options = Options { profile, quirks: quirks.to_vec(), fixtures, ..Options::default() };
    let sandbox = Sandbox::start(Api::Operations1, options).await.unwrap();
    let operations1 = quick(sandbox.base_url());
    World { sandbox, operations1 }
}

/// A client that waits a few milliseconds where the API's own waits take seconds.
fn quick(base_url: &str) -> Operations1 {
    let mut dialect = Dialect::built_in("operations1").unwrap();
    for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
        policy.fault_base_ms = 4;
        policy.wait_cap_ms = 16;
    }
    for resource in dialect.resource.values_mut() {
        resource.lookup.as_mut().unwrap().settle_ms = 30;
    }
    let client = Client::builder(dialect, base_url).credentials(Credentials::token("tok")).build();
    Operations1::over(client.unwrap())
}

impl World {
    pub(crate) fn client_of(&self, token: &str) -> Operations1 {
        Operations1::builder(self.sandbox.base_url(), token).build().unwrap()
    }

    pub(crate) fn faults(&self, faults: Value) {
        let plan = json!({ "seed": 7, "faults": faults }).to_string();
        self.sandbox.set_faults(FaultPlan::from_json(&plan).unwrap());
    }

    /// The statuses of all requests with a method; 0 where nothing was answered.
    pub(crate) fn statuses(&self, method: &str) -> Vec<u64> {
        let journal = self.sandbox.journal();
        let entries = journal["entries"].as_array().unwrap();
        let of_method = entries.iter().filter(|entry| entry["method"] == method);
        of_method.map(|entry| entry["status"].as_u64().unwrap_or(0)).collect()
    }
}

pub(crate) const BASE_URL: &str = "https://api.operations1.app/tenants/acme";

/// A client under the letter of the guide, in virtual time.
pub(crate) fn documented(
    answers: &[Answer],
    build: impl FnOnce(Builder) -> Builder,
) -> (Operations1, Script) {
    let script = Script::of(answers.iter().copied());
    let transport = script.clone();
    let builder = Operations1::builder(BASE_URL, "token-canary")
        .policy(PolicyName::Documented)
        .settings(|builder| builder.transport(transport));
    (build(builder).build().unwrap(), script)
}

pub(crate) fn order(number: &str) -> NewOrder {
    let from = "2025-05-21T08:00:00Z".parse().unwrap();
    let to = "2025-05-25T17:00:00Z".parse().unwrap();
    NewOrder::new("A-1", from, to).document(3).custom_order_id(number)
}

pub(crate) const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
