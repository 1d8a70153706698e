//! The kneo double from outside.

mod conflicts;
mod faults;
mod runs;
mod vectors;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Fixtures, Options, Profile, Sandbox};

use crate::client::{Client, Reply};

/// A client with the key that may do everything.
#[derive(Clone)]
pub(crate) struct Kneo {
    pub(crate) http: Client,
}

impl Kneo {
    pub(crate) async fn keyed(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        key: &str,
    ) -> std::io::Result<Reply> {
        let mut headers = vec![("Authorization", "Bearer k"), ("X-Request-ID", "r")];
        if !key.is_empty() {
            headers.push(("Idempotency-Key", key));
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.http.send(method, path, &headers, &text).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.keyed("GET", path, &Value::Null, "").await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value, key: &str) -> Reply {
        self.keyed("POST", path, body, key).await.unwrap()
    }

    pub(crate) async fn control(&mut self, path: &str, body: &Value) {
        let reply = self.http.post(&format!("/__sandbox/{path}"), body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.json());
    }

    pub(crate) async fn advance(&mut self, seconds: u64) {
        self.control("clock", &json!({ "advance_s": seconds })).await;
    }
}

/// A double without any run, and a client of it.
pub(crate) async fn start(options: Options) -> (Sandbox, Kneo) {
    let options = Options { fixtures: Fixtures::VectorsEmpty, ..options };
    let sandbox = Sandbox::start(Api::Kneo, options).await.unwrap();
    let http = Client::new(&sandbox);
    (sandbox, Kneo { http })
}

pub(crate) async fn in_profile(profile: Profile) -> (Sandbox, Kneo) {
    start(Options { profile, ..Options::default() }).await
}

/// A run that does what the sandbox is told in its metadata.
pub(crate) fn run(script: Value) -> Value {
    json!({ "input": "hi", "spec_path": "demo.yaml", "metadata": { "sandbox": script } })
}
