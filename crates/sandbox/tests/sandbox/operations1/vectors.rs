//! The vectors of the contract: `tests/vectors/operations1.toml` says what each field means.

use serde::Deserialize;
use steadfast_sandbox::{Api, Fixtures, Sandbox};

use crate::client::{Client, Reply};
use crate::contract::{File, Vector};

const VECTORS: &str = include_str!("../../vectors/operations1.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    method: String,
    path: String,
    auth: Option<String>,
    version: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    times: Option<usize>,
}

fn file() -> File<Step> {
    toml::from_str(VECTORS).unwrap()
}

async fn send(client: &Client, step: &Step) -> std::io::Result<Reply> {
    let mut headers: Vec<(&str, &str)> =
        step.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, given, usual) in [
        ("Authorization", &step.auth, "Bearer tok"),
        ("Accept-Version", &step.version, "2025-04-21"),
    ] {
        let value = given.as_deref().unwrap_or(usual);
        headers.extend((value != "none").then_some((name, value)));
    }
    if !step.body.is_empty() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
        headers.push(("Content-Type", "application/json"));
    }
    client.send(&step.method, &step.path, &headers, &step.body).await
}

async fn run(vector: &Vector<Step>, profile: &str) -> Result<(), String> {
    let sandbox =
        Sandbox::start(Api::Operations1, vector.options(Fixtures::Vectors, profile)).await.unwrap();
    let client = Client::new(&sandbox);
    for step in &vector.before {
        for _ in 0..step.times.unwrap_or(1) {
            let reply = send(&client, step).await;
            if step.path.starts_with("/__sandbox") {
                let reply = reply.unwrap();
                assert_eq!(reply.status, 200, "{}: {}", vector.id, reply.json());
            }
        }
    }
    let reply = send(&client, &vector.request).await.map_err(|error| error.to_string())?;
    vector.reply(profile).check(&reply)
}

#[tokio::test]
async fn the_double_answers_every_vector_as_written() {
    file().run(run).await;
}

#[test]
fn the_vectors_show_every_code() {
    file().shows_every_code("errorCode");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids = file.ids();
    let named = |prefix: &str| {
        ids.iter().any(|id| {
            *id == prefix || id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
        })
    };
    for n in (1..=34).filter(|n| *n != 30) {
        assert!(named(&format!("V{n}")), "V{n}");
    }
    for conflict in ["C3", "C5-guide", "C5-reference", "C7"] {
        assert!(named(conflict), "{conflict}");
    }
}
