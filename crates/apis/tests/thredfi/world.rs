//! The double of Thredfi with a client of it, and questions to its journal.

use std::time::Duration;

use serde_json::{Value, json};
use steadfast::dialect::Dialect;
use steadfast::{Client, Credentials};
use steadfast_apis::Written;
use steadfast_apis::thredfi::{Builder, NewInvoice, NewLine, Thredfi};
use steadfast_sandbox::{Api, FaultPlan, Options, Profile, Quirk, Sandbox};

/// The business of the default fixtures, and its first customer.
pub(crate) const BUSINESS: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const CUSTOMER: &str = "33333333-3333-4333-8333-000000000001";
pub(crate) const PARTNER: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const KEY: &str = "sandbox-partner-key";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) thredfi: Thredfi,
}

/// Waits of a few milliseconds do for what a double is asked.
pub(crate) fn quick(builder: Builder) -> Builder {
    builder.settings(|builder| builder.deadline(Duration::from_secs(30)).seed(1))
}

/// A client like any other, but that its own waits are a hundredth of the guide's: for tests that
/// meet many failures of a double, which lives by the real clock.
pub(crate) fn hurried(base_url: &str, options: &[(&str, &str)]) -> Thredfi {
    let mut dialect = Dialect::built_in("thredfi").unwrap();
    for (name, value) in options {
        dialect.set_option(name, value).unwrap();
    }
    let policies = &mut dialect.policy;
    for policy in [&mut policies.recommended, &mut policies.documented] {
        (policy.fault_base_ms, policy.throttle_base_ms, policy.wait_cap_ms) = (10, 10, 80);
    }
    let credentials = Credentials::named([("partner_uuid", PARTNER), ("api_key", KEY)]);
    let client = Client::builder(dialect, base_url).credentials(credentials).seed(1);
    Thredfi::new(client.deadline(Duration::from_secs(30)).build().unwrap())
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of(Options::default()).await
    }

    pub(crate) async fn of(options: Options) -> Self {
        Self::built(options, |builder| builder).await
    }

    pub(crate) async fn built(options: Options, build: impl FnOnce(Builder) -> Builder) -> Self {
        let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
        let thredfi = Thredfi::builder(sandbox.base_url(), PARTNER, KEY);
        let thredfi = build(quick(thredfi)).build().unwrap();
        Self { sandbox, thredfi }
    }

    pub(crate) async fn variant(profile: Profile, quirks: Vec<Quirk>) -> Self {
        Self::of(Options { profile, quirks, ..Options::default() }).await
    }

    pub(crate) fn faults(&self, faults: Value) {
        self.sandbox.set_faults(FaultPlan::from_value(json!({ "faults": faults })).unwrap());
    }

    /// The double with a client that is [`hurried`].
    pub(crate) async fn hurried(options: Options) -> Self {
        let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
        let thredfi = hurried(sandbox.base_url(), &[]);
        Self { sandbox, thredfi }
    }

    fn entries(&self) -> Vec<Value> {
        self.sandbox.journal()["entries"].as_array().unwrap().clone()
    }

    /// The status of every request with that method whose path ends so.
    pub(crate) fn statuses(&self, method: &str, end: &str) -> Vec<u64> {
        let entries = self.entries();
        let fits = entries
            .iter()
            .filter(|entry| entry["method"] == method && text(&entry["path"]).ends_with(end));
        fits.map(|entry| entry["status"].as_u64().unwrap_or(0)).collect()
    }

    /// Nothing took effect twice, and nothing came before its hint.
    pub(crate) fn is_clean(&self) {
        let audit = self.sandbox.audit();
        assert_eq!((&audit["doubled"], &audit["early"]), (&json!([]), &json!([])), "{audit}");
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn invoice(number: &str, cents: i64) -> NewInvoice {
    NewInvoice {
        customer_id: Some(CUSTOMER.to_owned()),
        ..NewInvoice::new(number, "2025-01-15", vec![NewLine::new(1, cents)])
    }
}

/// What a write made, which has to be new.
pub(crate) fn applied<T>(written: Written<T>) -> T {
    match written {
        Written::Applied(record) => record.value,
        other => panic!("it is {}", other.as_str()),
    }
}
