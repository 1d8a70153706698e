//! The vectors of the contract: `tests/vectors/operations1.toml` says what each field means.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use steadfast_sandbox::{Api, Fixtures, Options, Quirk, Sandbox};

use crate::client::{Client, Reply};
use crate::thredfi::vectors::differs;
use crate::vectors::fits;

const VECTORS: &str = include_str!("../../vectors/operations1.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    codes: BTreeSet<String>,
    vector: Vec<Vector>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    says: String,
    fixtures: Option<String>,
    profiles: Option<Vec<String>>,
    #[serde(default)]
    quirks: Vec<String>,
    #[serde(default)]
    before: Vec<Step>,
    request: Step,
    reply: Expected,
}

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn file() -> File {
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

fn check(vector: &Vector, reply: &Reply) -> Result<(), String> {
    let expected = &vector.reply;
    let body = String::from_utf8_lossy(&reply.body);
    if reply.status != expected.status {
        return Err(format!("status {} with {body}, not {}", reply.status, expected.status));
    }
    for (name, pattern) in &expected.headers {
        if !reply.headers(name).iter().any(|value| fits(pattern, value)) {
            return Err(format!("no header {name}: {pattern} among {:?}", reply.headers));
        }
    }
    let counts = |headers: &[(String, String)]| {
        let always = ["content-length", "date", "connection"];
        headers.iter().filter(|(name, _)| !always.contains(&name.to_lowercase().as_str())).count()
    };
    if counts(&reply.headers) != counts(&expected.headers) {
        return Err(format!("other headers than expected: {:?}", reply.headers));
    }
    if reply.header("content-type") != Some("application/json") {
        let same = body == expected.body;
        return if same { Ok(()) } else { Err(format!("body {body}, not {}", expected.body)) };
    }
    let wanted: Value = serde_json::from_str(&expected.body).map_err(|error| error.to_string())?;
    differs(&wanted, &reply.json(), "").map_or(Ok(()), Err)
}

async fn run(vector: &Vector, profile: &str) -> Result<(), String> {
    let fixtures: Fixtures = vector.fixtures.as_deref().unwrap_or("vectors").parse().unwrap();
    let quirks: Vec<Quirk> = vector.quirks.iter().map(|name| name.parse().unwrap()).collect();
    let profile = profile.parse().unwrap();
    let options = Options { fixtures, profile, quirks, ..Options::default() };
    let sandbox = Sandbox::start(Api::Operations1, options).await.unwrap();
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
    check(vector, &reply)
}

#[tokio::test]
async fn the_double_answers_every_vector_as_written() {
    let mut wrong = Vec::new();
    for vector in file().vector {
        let both = || vec!["guide".to_owned(), "reference".to_owned()];
        for profile in vector.profiles.clone().unwrap_or_else(both) {
            if let Err(difference) = run(&vector, &profile).await {
                wrong.push(format!("{}, {profile} ({}): {difference}", vector.id, vector.says));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_vectors_show_every_code() {
    let file = file();
    let code = |vector: &Vector| {
        let body: Value = serde_json::from_str(&vector.reply.body).ok()?;
        body["errorCode"].as_str().map(str::to_owned)
    };
    let shown: BTreeSet<String> = file.vector.iter().filter_map(code).collect();
    assert_eq!(shown, file.codes, "codes shown, and codes listed");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids: BTreeSet<&str> = file.vector.iter().map(|vector| vector.id.as_str()).collect();
    assert_eq!(ids.len(), file.vector.len());
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
