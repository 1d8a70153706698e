//! The vectors of the contract: `tests/vectors/knosc.toml` says what each field means.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use steadfast_sandbox::{Api, Fixtures, Options, Profile, Quirk, Sandbox};

use crate::client::{Client, Reply};

const VECTORS: &str = include_str!("../vectors/knosc.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    codes: BTreeSet<String>,
    own_codes: BTreeSet<String>,
    vector: Vec<Vector>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    says: String,
    fixtures: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    quirks: Vec<String>,
    user: Option<String>,
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
    csrf: Option<String>,
    access: Option<String>,
    refresh: Option<String>,
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

/// Somebody's session.
struct Session {
    client: Client,
    first_csrf: String,
}

impl Session {
    async fn open(sandbox: &Sandbox, vector: &Vector) -> Self {
        let mut client = Client::new(sandbox);
        let user = vector.user.as_deref().unwrap_or("ada@ex.test");
        if !user.is_empty() {
            let path = if vector.profile.as_deref() == Some("reference") {
                "/api/authenticate"
            } else {
                "/api/login"
            };
            let reply = client.post(path, &json!({ "username": user, "password": "right" })).await;
            assert_eq!(reply.status, 200, "{}: the login", vector.id);
        }
        let first_csrf = client.cookies.get("csrf_access_token").cloned().unwrap_or_default();
        Session { client, first_csrf }
    }

    fn cookie(&self, name: &str, wanted: Option<&str>) -> Option<String> {
        match wanted {
            None | Some("current") => self.client.cookies.get(name).cloned(),
            Some("none") => None,
            Some(value) => Some(value.to_owned()),
        }
    }

    fn csrf(&self, step: &Step) -> Option<String> {
        match step.csrf.as_deref() {
            None if step.method == "GET" => None,
            None | Some("current") => self.client.cookies.get("csrf_access_token").cloned(),
            Some("first") => Some(self.first_csrf.clone()),
            Some("refresh") => self.client.cookies.get("csrf_refresh_token").cloned(),
            Some("none") => None,
            Some(value) => Some(value.to_owned()),
        }
    }

    async fn send(&mut self, step: &Step) -> Reply {
        let mut headers: Vec<(String, String)> = step.headers.clone();
        let mut cookies = Vec::new();
        if let Some(access) = self.cookie("access_token_cookie", step.access.as_deref()) {
            cookies.push(format!("access_token_cookie={access}"));
        }
        let refreshes = matches!(step.path.as_str(), "/api/refresh" | "/api/token-refresh");
        if let Some(refresh) =
            self.cookie("refresh_token_cookie", step.refresh.as_deref()).filter(|_| refreshes)
        {
            cookies.push(format!("refresh_token_cookie={refresh}"));
        }
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), cookies.join("; ")));
        }
        if let Some(csrf) = self.csrf(step) {
            headers.push(("X-XSRF-TOKEN".to_owned(), csrf));
        }
        if !step.body.is_empty() && !headers.iter().any(|(name, _)| name == "Content-Type") {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let reply = self.client.send(&step.method, &step.path, &headers, &step.body).await.unwrap();
        self.client.learn(&reply);
        reply
    }
}

/// Whether the text fits the pattern, in which `*` stands for anything.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
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
    let always = ["content-length", "date", "connection"];
    let sent = reply
        .headers
        .iter()
        .filter(|(name, _)| !always.contains(&name.to_lowercase().as_str()))
        .count();
    let listed = expected
        .headers
        .iter()
        .filter(|(name, _)| !always.contains(&name.to_lowercase().as_str()))
        .count();
    if sent != listed {
        return Err(format!("{sent} headers, not {listed}: {:?}", reply.headers));
    }
    let is_json = reply.header("content-type") == Some("application/json");
    let same = if is_json {
        let expected: Value =
            serde_json::from_str(&expected.body).map_err(|error| error.to_string())?;
        reply.json() == expected
    } else {
        body == expected.body
    };
    if same { Ok(()) } else { Err(format!("body {body}, not {}", expected.body)) }
}

#[tokio::test]
async fn the_double_answers_every_vector_as_written() {
    let mut wrong = Vec::new();
    for vector in file().vector {
        let fixtures = match vector.fixtures.as_deref() {
            Some("vectors-empty") => Fixtures::VectorsEmpty,
            _ => Fixtures::Vectors,
        };
        let profile =
            vector.profile.as_deref().map_or(Profile::Guide, |name| name.parse().unwrap());
        let quirks: Vec<Quirk> = vector.quirks.iter().map(|name| name.parse().unwrap()).collect();
        let options = Options { fixtures, profile, quirks, ..Options::default() };
        let sandbox = Sandbox::start(Api::Knosc, options).await.unwrap();
        let mut session = Session::open(&sandbox, &vector).await;
        for step in &vector.before {
            let reply = session.send(step).await;
            if step.path.starts_with("/__sandbox") {
                assert_eq!(reply.status, 200, "{}: {}", vector.id, reply.json());
            }
        }
        let reply = session.send(&vector.request).await;
        if let Err(difference) = check(&vector, &reply) {
            wrong.push(format!("{} ({}): {difference}", vector.id, vector.says));
        }
        sandbox.stop().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_vectors_show_every_code() {
    let file = file();
    let shown: BTreeSet<String> = file
        .vector
        .iter()
        .filter_map(|vector| {
            serde_json::from_str::<Value>(&vector.reply.body).ok()?["Code"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert!(file.codes.is_disjoint(&file.own_codes));
    let listed: BTreeSet<String> = file.codes.union(&file.own_codes).cloned().collect();
    assert_eq!(shown, listed, "codes shown, and codes listed");
}

#[test]
fn every_vector_has_a_name_of_its_own() {
    let file = file();
    let ids: BTreeSet<&str> = file.vector.iter().map(|vector| vector.id.as_str()).collect();
    assert_eq!(ids.len(), file.vector.len());
    for n in 1..=45 {
        assert!(ids.contains(format!("V{n}").as_str()), "V{n}");
    }
}
