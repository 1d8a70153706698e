//! The vectors of the contract: `tests/vectors/knosc.toml` says what each field means.

use serde::Deserialize;
use serde_json::json;
use steadfast_sandbox::{Api, Fixtures, Sandbox};

use crate::client::{Client, Reply};
use crate::contract::{File, Vector};

const VECTORS: &str = include_str!("../vectors/knosc.toml");

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

fn file() -> File<Step> {
    toml::from_str(VECTORS).unwrap()
}

/// Somebody's session.
struct Session {
    client: Client,
    first_csrf: String,
}

impl Session {
    async fn open(sandbox: &Sandbox, vector: &Vector<Step>, profile: &str) -> Self {
        let mut client = Client::new(sandbox);
        let user = vector.user.as_deref().unwrap_or("ada@ex.test");
        if !user.is_empty() {
            let path = if profile == "reference" { "/api/authenticate" } else { "/api/login" };
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

async fn run(vector: &Vector<Step>, profile: &str) -> Result<(), String> {
    let options = vector.options(Fixtures::Vectors, profile);
    let sandbox = Sandbox::start(Api::Knosc, options).await.unwrap();
    let mut session = Session::open(&sandbox, vector, profile).await;
    for step in &vector.before {
        let reply = session.send(step).await;
        if step.path.starts_with("/__sandbox") {
            assert_eq!(reply.status, 200, "{}: {}", vector.id, reply.json());
        }
    }
    let reply = session.send(&vector.request).await;
    vector.reply(profile).check(&reply)
}

#[tokio::test]
async fn the_double_answers_every_vector_as_written() {
    file().run(run).await;
}

#[test]
fn the_vectors_show_every_code() {
    file().shows_every_code("Code");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids = file.ids();
    // V46 and V47 are about what a client does, not about what it is answered.
    for n in 1..=45 {
        assert!(ids.contains(format!("V{n}").as_str()), "V{n}");
    }
    for n in 1..=13 {
        let named = |id: &&str| *id == format!("C{n}") || id.starts_with(&format!("C{n}-"));
        assert!(ids.iter().any(named), "C{n}");
    }
}
