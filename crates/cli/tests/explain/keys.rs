//! Keys, faults of fields and failed items of a `call`, against a server that records.

use serde_json::json;

use crate::stage::{Ended, Stage, answering};

fn reply(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Calls an API whose server gives these replies; how it ended, and what the server was asked.
fn call(api: &str, replies: &[String], arguments: &[&str]) -> (Ended, Vec<String>) {
    let (base_url, server) = answering(replies.to_vec());
    let mut stage = Stage::new();
    let name = |what: &str| format!("STEADFAST_{}_{what}", api.to_ascii_uppercase());
    stage.set(&name("BASE_URL"), &base_url);
    stage.set(&name("API_KEY"), "sk-secret");
    stage.set(&name("TOKEN"), "sk-secret");
    let all: Vec<&str> = ["call", "--api", api].iter().chain(arguments).copied().collect();
    let ended = stage.run(&all);
    assert!(!format!("{ended:?}").contains("sk-secret"), "{ended:#?}");
    (ended, server.join().expect("it was asked"))
}

fn key_of(asked: &str) -> String {
    let line = asked.lines().find(|line| line.to_ascii_lowercase().starts_with("idempotency-key:"));
    line.and_then(|line| line.split_once(':')).map_or("", |(_, key)| key.trim()).to_owned()
}

const CHARGE: [&str; 4] = ["POST", "/v1/charges", "-d", "{}"];

#[test]
fn a_key_is_made_sent_with_every_attempt_and_told() {
    let replies = [reply("500 Oh", "{}"), reply("200 OK", r#"{"id":"ch_1"}"#)];
    let (ended, asked) = call("stripe", &replies, &CHARGE);
    let ended = ended.with_status(0);
    let key = key_of(&asked[0]);
    assert!(key.len() == 36 && key == key_of(&asked[1]), "{asked:?}");
    ended.says(&["outcome applied", &format!("key {key}"), "attempts 2", "1. 500 server_error"]);
    let (read, asked) =
        call("stripe", &[reply("200 OK", r#"{"id":"ch_1"}"#)], &["GET", "/v1/charges/ch_1"]);
    assert_eq!(key_of(&asked[0]), "");
    assert!(!read.with_status(0).err.contains("key "));
}

#[test]
fn a_key_of_ones_own_is_sent_as_it_is() {
    let done = [reply("200 OK", r#"{"id":"ch_1"}"#)];
    let more = [&CHARGE[..], &["--idempotency-key", "order-7", "--json"]].concat();
    let (ended, asked) = call("stripe", &done, &more);
    assert_eq!(key_of(&asked[0]), "order-7");
    assert_eq!(ended.with_status(0).json()["idempotency_key"], "order-7");
    let blank = [&CHARGE[..], &["--idempotency-key", " "]].concat();
    let (ended, _) = call("stripe", &[], &blank);
    ended.with_status(2).says(&["key is blank", "give one, or leave it out"]);
}

#[test]
fn faults_of_fields_are_told_to_people_and_machines() {
    let body = r#"{"detail":[{"loc":["body","spec","name"],"msg":"field required"}]}"#;
    let run = ["POST", "/v1/runs", "-d", "{}"];
    let (ended, _) = call("kneo", &[reply("422 No", body)], &run);
    ended.with_status(1).says(&["outcome refused", "field body.spec.name: field required"]);
    let as_json = [&run[..], &["--json"]].concat();
    let (ended, _) = call("kneo", &[reply("422 No", body)], &as_json);
    let at = json!([{ "at": "/spec/name", "name": "body.spec.name", "message": "field required" }]);
    assert_eq!(ended.with_status(1).json()["field_errors"], at);
}

#[test]
fn failed_items_are_told_and_the_rest_was_done() {
    let body = r#"[{"id":"001","success":true},{"success":false,"errors":[{"statusCode":"REQUIRED_FIELD_MISSING","message":"Name is missing"}]}]"#;
    let (base_url, server) = answering(vec![reply("200 OK", body)]);
    let mut stage = Stage::new();
    stage.write(
        "steadfast.toml",
        &format!("[api.sf]\ndialect = \"salesforce\"\nbase_url = \"{base_url}\"\nauth_scheme = \"token\"\ntoken = {{ env = \"SF\" }}\n"),
    );
    stage.set("SF", "t-1");
    let path = "/services/data/v60.0/composite/sobjects";
    let ended = stage.run(&["call", "POST", path, "--api", "sf", "-d", "[]"]).with_status(1);
    server.join().expect("it was asked");
    ended.says(&[
        "outcome partial",
        "applied: a part of it is in effect",
        "items 1 of 2 failed; the others were done",
        "item number 2: [REQUIRED_FIELD_MISSING] Name is missing",
    ]);
}
