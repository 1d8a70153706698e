//! The vectors of the contract: `tests/vectors/thredfi.toml` says what each field means.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use steadfast_sandbox::{Api, Fixtures, Options, Quirk, Sandbox};

use super::{B1, Thredfi};
use crate::client::Reply;
use crate::vectors::fits;

const VECTORS: &str = include_str!("../../vectors/thredfi.toml");

const NAMES: [(&str, &str); 8] = [
    ("{b1}", B1),
    ("{b2}", "b2b2b2b2-0000-4000-8000-000000000002"),
    ("{b3}", "b3b3b3b3-0000-4000-8000-000000000003"),
    ("{c1}", super::C1),
    ("{v1}", super::V1),
    ("{p1}", super::P1),
    ("{p2}", super::P2),
    ("{unknown}", "00000000-0000-4000-8000-000000000000"),
];

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
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
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

fn filled(text: &str, client: &Thredfi) -> String {
    let host = format!("http://{}", client.http.address);
    let text = text.replace("{host}", &host);
    NAMES.iter().fold(text, |text, (name, id)| text.replace(name, id))
}

async fn send(client: &Thredfi, step: &Step) -> std::io::Result<Reply> {
    let auth = match step.auth.as_deref() {
        None | Some("business") => Some(client.business.clone()),
        Some("partner") => Some(client.partner.clone()),
        Some("none") => None,
        Some(value) => Some(value.to_owned()),
    };
    let mut headers: Vec<(&str, &str)> =
        step.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.extend(auth.as_deref().map(|auth| ("Authorization", auth)));
    if !step.body.is_empty() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
        headers.push(("Content-Type", "application/json"));
    }
    let (path, body) = (filled(&step.path, client), filled(&step.body, client));
    client.http.send(&step.method, &path, &headers, &body).await
}

/// Whether a body is what was expected; the first place where it is not.
pub(crate) fn differs(expected: &Value, found: &Value, place: &str) -> Option<String> {
    let wrong = || Some(format!("{place} is {found}, not {expected}"));
    match (expected, found) {
        (Value::String(any), _) if any == "*" => None,
        (Value::Object(expected), Value::Object(found)) => {
            let open = expected.contains_key("...");
            let more = found.keys().find(|name| !open && !expected.contains_key(*name));
            if let Some(name) = more {
                return Some(format!("{place} has {name}, too"));
            }
            expected.iter().filter(|(name, _)| *name != "...").find_map(|(name, value)| match found
                .get(name)
            {
                Some(found) => differs(value, found, &format!("{place}/{name}")),
                None => Some(format!("{place} has no {name}")),
            })
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            expected.iter().zip(found).enumerate().find_map(|(at, (expected, found))| {
                differs(expected, found, &format!("{place}/{at}"))
            })
        }
        _ if expected == found => None,
        _ => wrong(),
    }
}

fn check(vector: &Vector, client: &Thredfi, reply: &Reply) -> Result<(), String> {
    let expected = &vector.reply;
    let body = String::from_utf8_lossy(&reply.body);
    if reply.status != expected.status {
        return Err(format!("status {} with {body}, not {}", reply.status, expected.status));
    }
    for (name, pattern) in &expected.headers {
        let pattern = filled(pattern, client);
        if !reply.headers(name).iter().any(|value| fits(&pattern, value)) {
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
    let text = filled(&expected.body, client);
    if reply.header("content-type") != Some("application/json") {
        return if body == text { Ok(()) } else { Err(format!("body {body}, not {text}")) };
    }
    let wanted: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    differs(&wanted, &reply.json(), "").map_or(Ok(()), Err)
}

async fn run(vector: &Vector, profile: &str) -> Result<(), String> {
    let empty = vector.fixtures.as_deref() == Some("vectors-empty");
    let fixtures = if empty { Fixtures::VectorsEmpty } else { Fixtures::Vectors };
    let quirks: Vec<Quirk> = vector.quirks.iter().map(|name| name.parse().unwrap()).collect();
    let profile = profile.parse().unwrap();
    let options = Options { fixtures, profile, quirks, ..Options::default() };
    let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
    let mut client = Thredfi::new(&sandbox);
    client.fetch("cDE6aw==", B1).await;
    for step in &vector.before {
        if step.method == "TOKENS" {
            client.fetch("cDE6aw==", B1).await;
            continue;
        }
        let reply = send(&client, step).await;
        if step.path.starts_with("/__sandbox") {
            let reply = reply.unwrap();
            assert_eq!(reply.status, 200, "{}: {}", vector.id, reply.json());
        }
    }
    let reply = send(&client, &vector.request).await.map_err(|error| error.to_string())?;
    check(vector, &client, &reply)
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
        body["error_code"].as_str().map(str::to_owned)
    };
    let shown: BTreeSet<String> = file.vector.iter().filter_map(code).collect();
    assert_eq!(shown, file.codes, "codes shown, and codes listed");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids: BTreeSet<&str> = file.vector.iter().map(|vector| vector.id.as_str()).collect();
    assert_eq!(ids.len(), file.vector.len());
    for n in (1..=34).filter(|n| ![29, 30].contains(n)) {
        assert!(ids.contains(format!("V{n}").as_str()), "V{n}");
    }
    for conflict in ["C1-customer", "C2", "C4", "C7", "C8", "C12-json"] {
        assert!(ids.contains(conflict), "{conflict}");
    }
}
