//! The vectors of the contract: `tests/vectors/thredfi.toml` says what each field means.

use serde::Deserialize;
use steadfast_sandbox::{Api, Fixtures, Sandbox};

use super::{B1, Thredfi};
use crate::client::Reply;
use crate::contract::{Expected, File, Vector};

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
struct Step {
    method: String,
    path: String,
    auth: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
}

fn file() -> File<Step> {
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

fn expected(vector: &Vector<Step>, profile: &str, client: &Thredfi) -> Expected {
    let Expected { status, headers, body } = vector.reply(profile);
    let headers = headers.iter().map(|(name, value)| (name.clone(), filled(value, client)));
    Expected { status: *status, headers: headers.collect(), body: filled(body, client) }
}

async fn run(vector: &Vector<Step>, profile: &str) -> Result<(), String> {
    let sandbox =
        Sandbox::start(Api::Thredfi, vector.options(Fixtures::Vectors, profile)).await.unwrap();
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
    expected(vector, profile, &client).check(&reply)
}

#[tokio::test]
async fn the_double_answers_every_vector_as_written() {
    file().run(run).await;
}

#[test]
fn the_vectors_show_every_code() {
    file().shows_every_code("error_code");
}

#[test]
fn every_vector_has_a_name_of_its_own_and_none_is_left_out() {
    let file = file();
    let ids = file.ids();
    for n in (1..=34).filter(|n| ![29, 30].contains(n)) {
        assert!(ids.contains(format!("V{n}").as_str()), "V{n}");
    }
    for conflict in ["C1-customer", "C2", "C4", "C7", "C8", "C12-json"] {
        assert!(ids.contains(conflict), "{conflict}");
    }
}
