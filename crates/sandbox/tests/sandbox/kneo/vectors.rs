//! The vectors of the contract: `tests/vectors/kneo.toml` says what each field means.

use serde::Deserialize;
use steadfast_sandbox::{Api, Fixtures, Sandbox};

use crate::client::{Client, Reply};
use crate::contract::{Expected, File, Vector};

const VECTORS: &str = include_str!("../../vectors/kneo.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    method: String,
    path: String,
    auth: Option<String>,
    key: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    /// The body is repeated until it has so many bytes.
    #[serde(default)]
    bytes: usize,
}

fn file() -> File<Step> {
    toml::from_str(VECTORS).unwrap()
}

async fn send(client: &Client, step: &Step) -> std::io::Result<Reply> {
    let auth = step.auth.as_deref().unwrap_or("Bearer k");
    let mut headers = vec![("X-Request-ID", "r")];
    if auth != "none" {
        headers.push(("Authorization", auth));
    }
    headers.extend(step.key.as_deref().map(|key| ("Idempotency-Key", key)));
    headers.extend(step.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if !step.body.is_empty() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
        headers.push(("Content-Type", "application/json"));
    }
    let times = step.bytes.div_ceil(step.body.len().max(1)).max(1);
    client.send(&step.method, &step.path, &headers, &step.body.repeat(times)).await
}

/// The headers that a reply has to have: those of every reply, unless the vector says otherwise.
fn headers(expected: &Expected) -> Vec<(String, String)> {
    let mut headers = expected.headers.clone();
    let named = headers.iter().any(|(name, _)| name == "Content-Type");
    if !named && !expected.body.is_empty() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    headers.push(("X-Request-ID".to_owned(), "r".to_owned()));
    headers
}

fn expected(vector: &Vector<Step>, profile: &str) -> Expected {
    let reply = vector.reply(profile);
    Expected { headers: headers(reply), ..reply.clone() }
}

async fn run(vector: &Vector<Step>, profile: &str) -> Result<(), String> {
    let sandbox =
        Sandbox::start(Api::Kneo, vector.options(Fixtures::VectorsEmpty, profile)).await.unwrap();
    let client = Client::new(&sandbox);
    for step in &vector.before {
        let reply = send(&client, step).await.unwrap();
        if step.path.starts_with("/__sandbox") {
            assert_eq!(reply.status, 200, "{}: {}", vector.id, reply.json());
        }
    }
    let reply = send(&client, &vector.request).await.map_err(|error| error.to_string())?;
    expected(vector, profile).check(&reply)
}

#[tokio::test]
async fn the_double_answers_every_vector_as_written() {
    file().run(run).await;
}

#[test]
fn the_vectors_show_every_code() {
    file().shows_every_code("error");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids = file.ids();
    // Nobody answers in V29.
    for n in (1..=45).filter(|n| *n != 29) {
        assert!(ids.contains(format!("V{n}").as_str()), "V{n}");
    }
}
