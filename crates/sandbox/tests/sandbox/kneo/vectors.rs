//! The vectors of the contract: `tests/vectors/kneo.toml` says what each field means.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use steadfast_sandbox::{Api, Fixtures, Options, Quirk, Sandbox};

use crate::client::{Client, Reply};
use crate::thredfi::vectors::differs;
use crate::vectors::fits;

const VECTORS: &str = include_str!("../../vectors/kneo.toml");

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
    key: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    /// The body is repeated until it has so many bytes.
    #[serde(default)]
    bytes: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
}

fn file() -> File {
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

/// The body as the profile has it: the reference puts errors with a code, or with none but a text, below `detail`.
fn in_profile(body: Value, status: u16, profile: &str) -> Value {
    let flat = status >= 400 && body.get("detail").is_none();
    if flat && profile == "reference" { json!({ "detail": body }) } else { body }
}

fn check(expected: &Expected, profile: &str, reply: &Reply) -> Result<(), String> {
    let body = String::from_utf8_lossy(&reply.body);
    if reply.status != expected.status {
        return Err(format!("status {} with {body}, not {}", reply.status, expected.status));
    }
    let wanted = headers(expected);
    for (name, pattern) in &wanted {
        if !reply.headers(name).iter().any(|value| fits(pattern, value)) {
            return Err(format!("no header {name}: {pattern} among {:?}", reply.headers));
        }
    }
    let always = ["content-length", "date", "connection"];
    let sent = reply.headers.iter().filter(|(name, _)| !always.contains(&name.as_str())).count();
    if sent != wanted.len() {
        return Err(format!("other headers than expected: {:?}", reply.headers));
    }
    if reply.header("content-type") != Some("application/json") {
        let same = body == expected.body;
        return if same { Ok(()) } else { Err(format!("body {body}, not {}", expected.body)) };
    }
    let wanted: Value = serde_json::from_str(&expected.body).map_err(|error| error.to_string())?;
    let wanted = in_profile(wanted, expected.status, profile);
    differs(&wanted, &reply.json(), "").map_or(Ok(()), Err)
}

async fn run(vector: &Vector, profile: &str) -> Result<(), String> {
    let fixtures = match vector.fixtures.as_deref() {
        Some("vectors") => Fixtures::Vectors,
        _ => Fixtures::VectorsEmpty,
    };
    let quirks: Vec<Quirk> = vector.quirks.iter().map(|name| name.parse().unwrap()).collect();
    let options =
        Options { fixtures, profile: profile.parse().unwrap(), quirks, ..Options::default() };
    let sandbox = Sandbox::start(Api::Kneo, options).await.unwrap();
    let client = Client::new(&sandbox);
    for step in &vector.before {
        let reply = send(&client, step).await.unwrap();
        if step.path.starts_with("/__sandbox") {
            assert_eq!(reply.status, 200, "{}: {}", vector.id, reply.json());
        }
    }
    let reply = send(&client, &vector.request).await.map_err(|error| error.to_string())?;
    check(&vector.reply, profile, &reply)
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
        body["error"].as_str().map(str::to_owned)
    };
    let failed = file.vector.iter().filter(|vector| vector.reply.status >= 400);
    let shown: BTreeSet<String> = failed.filter_map(code).collect();
    assert_eq!(shown, file.codes, "codes shown, and codes listed");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids: BTreeSet<&str> = file.vector.iter().map(|vector| vector.id.as_str()).collect();
    assert_eq!(ids.len(), file.vector.len());
    // Nobody answers in V29.
    for n in (1..=45).filter(|n| *n != 29) {
        assert!(ids.contains(format!("V{n}").as_str()), "V{n}");
    }
}
