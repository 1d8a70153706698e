//! The double of kneo with a client of it.

use std::time::Duration;

use serde_json::{Value, json};
use steadfast::dialect::PolicyName;
use steadfast_apis::kneo::{AuthScheme, Kneo, NewRun, Profile};
use steadfast_sandbox::{Api, FaultPlan, Options, Quirk, Sandbox};

use crate::wire::{Answer, DEADLINE, Sent, Wire};

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) kneo: Kneo,
}

pub(crate) fn profile(url: &str, api_key: &str) -> Profile {
    Profile {
        name: "default".to_owned(),
        url: url.to_owned(),
        api_key: api_key.into(),
        auth_scheme: AuthScheme::Bearer,
        timeout: Duration::from_secs(30),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::variant(steadfast_sandbox::Profile::Guide, vec![]).await
    }

    pub(crate) async fn variant(of: steadfast_sandbox::Profile, quirks: Vec<Quirk>) -> Self {
        let options = Options { profile: of, quirks, ..Options::default() };
        let sandbox = Sandbox::start(Api::Kneo, options).await.unwrap();
        let kneo = Kneo::builder(profile(sandbox.base_url(), "sandbox-admin-key")).build().unwrap();
        Self { sandbox, kneo }
    }

    /// A client like the world's, but that nothing was asked of yet: one that has been told to slow
    /// down waits longer each time.
    pub(crate) fn fresh(&self) -> Kneo {
        self.with(|builder| builder)
    }

    /// A client that sends everything once.
    pub(crate) fn once(&self) -> Kneo {
        self.with(|builder| builder.attempts(1))
    }

    fn with(
        &self,
        settings: impl FnOnce(steadfast::Builder) -> steadfast::Builder + 'static,
    ) -> Kneo {
        let profile = profile(self.sandbox.base_url(), "sandbox-admin-key");
        Kneo::builder(profile).settings(settings).build().unwrap()
    }

    pub(crate) fn as_viewer(&self) -> Kneo {
        Kneo::builder(profile(self.sandbox.base_url(), "sandbox-viewer-key")).build().unwrap()
    }

    pub(crate) fn faults(&self, faults: Value) {
        self.sandbox.set_faults(FaultPlan::from_value(json!({ "faults": faults })).unwrap());
    }

    pub(crate) fn sent(&self, method: &str, path: &str) -> usize {
        let journal = self.sandbox.journal();
        let entries = journal["entries"].as_array().unwrap();
        entries.iter().filter(|one| one["method"] == method && one["path"] == path).count()
    }
}

pub(crate) fn demo(input: &str) -> NewRun {
    NewRun::of_path("demo.yaml", input)
}

/// A demo run that the double ends so, after so many milliseconds.
pub(crate) fn scripted(outcome: &str, duration_ms: u64) -> NewRun {
    let script = json!({ "outcome": outcome, "duration_ms": duration_ms });
    let mut run = demo("x");
    run.metadata.insert("sandbox".to_owned(), script);
    run.async_mode = true;
    run
}

/// A client over a wire, with the guide's waits.
pub(crate) fn over(
    answers: impl Fn(&Sent, usize) -> Answer + Send + Sync + 'static,
) -> (Wire, Kneo) {
    let wire = Wire::new(answers);
    let transport = wire.clone();
    let kneo = Kneo::builder(profile("https://host", "key-canary"))
        .policy(PolicyName::Documented)
        .settings(move |builder| builder.transport(transport).deadline(DEADLINE).seed(1))
        .build();
    (wire, kneo.unwrap())
}
