//! What is the same on all attempts of a call: its id, and its idempotency key.

use serde_json::json;
use steadfast::dialect::{Dialect, Idempotency, KeyPlace, RoutePattern};
use steadfast::{Effect, Kind};

use crate::server::{Answer, Seen, Server, open_dialect};

/// An API with ids of calls, and with keys on one of its routes.
fn named(at: KeyPlace) -> Dialect {
    let mut dialect = open_dialect();
    dialect.request.id_header = Some("X-Request-ID".to_owned());
    let route = |path: &str| RoutePattern { method: "POST".to_owned(), path: path.to_owned() };
    dialect.idempotency = Some(Idempotency {
        at,
        quoted: false,
        honoured: vec![route("/payments")],
        sent: None,
        generate: true,
        length_max: Some(64),
        retention_ms: None,
        replayed: None,
    });
    dialect
}

fn in_header() -> Dialect {
    named(KeyPlace::Header("Idempotency-Key".to_owned()))
}

/// Fails the first two times.
async fn reluctant() -> Server {
    Server::start(|_, before| match before {
        0 => Answer::bytes("").close(),
        1 => Answer::with(503, &[], "<html>"),
        _ => Answer::json(201, &json!({ "notification_type": "Success" })),
    })
    .await
}

/// The one value that all requests have there.
#[track_caller]
fn one_of_all(seen: &[Seen], value: impl Fn(&Seen) -> String) -> String {
    let first = value(&seen[0]);
    assert!(seen.iter().all(|seen| value(seen) == first), "{seen:?}");
    first
}

#[tokio::test]
async fn hazard_69_the_id_of_a_call_is_the_same_on_all_attempts_and_kept_on_its_error() {
    let server = reluctant().await;
    let client = server.builder(in_header()).build().unwrap();
    client.get("/things").await.unwrap();
    let seen = server.seen();
    let id = one_of_all(&seen, |seen| seen.header("x-request-id").to_owned());
    assert_eq!((seen.len(), id.len(), id.as_bytes()[14]), (3, 36, b'4'), "{id}");
    client.get("/things").await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_ne!(last.header("x-request-id"), id, "another call has another id");

    let silent = Server::start(|_, _| Answer::bytes("").close()).await;
    let client = silent.builder(in_header()).attempts(2).build().unwrap();
    let error = client.get("/things").await.unwrap_err();
    let id = one_of_all(&silent.seen(), |seen| seen.header("x-request-id").to_owned());
    assert_eq!(error.request_id(), Some(id.as_str()), "a network error has the one that was sent");
}

#[tokio::test]
async fn hazard_70_a_header_is_sent_once_whatever_its_letters() {
    let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let client = server.builder(in_header()).build().unwrap();
    let call = client.get("/things").header("x-request-ID", "one").header("X-REQUEST-id", "two");
    call.send().await.unwrap();
    client.get("/things").request_id("mine-7").send().await.unwrap();
    let seen = server.seen();
    for seen in &seen {
        let ids = seen.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
        assert_eq!(ids.count(), 1, "{seen:?}");
    }
    assert_eq!(seen[1].header("x-request-id"), "mine-7");
}

#[tokio::test]
async fn hazard_16_a_key_is_made_once_for_a_call_and_sent_with_all_its_attempts() {
    let server = reluctant().await;
    let client = server.builder(in_header()).build().unwrap();
    let outcome = client.post("/payments").json(&json!({ "n": 1 })).send().await.unwrap();
    assert_eq!(outcome.success().attempts.len(), 3, "the key makes it safe");
    let key = one_of_all(&server.seen(), |seen| seen.header("idempotency-key").to_owned());
    assert_eq!(key.len(), 36);

    let server = reluctant().await;
    let client = server.builder(in_header()).build().unwrap();
    client.post("/payments").json(&json!({})).idempotency_key("mine-1").send().await.unwrap();
    let key = one_of_all(&server.seen(), |seen| seen.header("idempotency-key").to_owned());
    assert_eq!(key, "mine-1");

    let server = reluctant().await;
    let client = server.builder(in_header()).build().unwrap();
    let error = client.post("/elsewhere").json(&json!({})).send().await.unwrap_err();
    assert_eq!((error.kind(), server.seen().len()), (Kind::Unknown, 1), "no key is honoured there");
}

#[tokio::test]
async fn a_key_in_the_body_leaves_the_rest_of_it_alone() {
    let server = reluctant().await;
    let dialect = named(KeyPlace::Json("/idempotency_key".to_owned()));
    let client = server.builder(dialect).build().unwrap();
    let body = json!({ "z": 1.10, "a": "é" });
    client.post("/payments").json(&body).idempotency_key("mine-1").send().await.unwrap();
    let sent = one_of_all(&server.seen(), |seen| seen.body.clone());
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent, json!({ "z": 1.10, "a": "é", "idempotency_key": "mine-1" }));
}

#[tokio::test]
async fn hazard_18_a_key_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let server = reluctant().await;
    let client = server.builder(in_header()).build().unwrap();
    for wrong in ["", "  ", "a\nb", &"x".repeat(65)] {
        let call = client.post("/payments").json(&json!({})).idempotency_key(wrong);
        let error = call.send().await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (Kind::Unsendable, Effect::None), "{wrong:?}");
    }
    let client = server.builder(open_dialect()).build().unwrap();
    let error = client.post("/x").idempotency_key("k").send().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsendable, "this API knows no keys");
    assert!(server.seen().is_empty());
}

/// One seed, one sequence of ids and keys.
#[tokio::test]
async fn the_ids_of_a_seed_are_the_same_each_time() {
    let ids = || async {
        let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
        let client = server.builder(in_header()).seed(7).build().unwrap();
        client.post("/payments").json(&json!({})).send().await.unwrap();
        client.get("/things").send().await.unwrap();
        let seen = server.seen();
        let header = |at: usize, name: &str| seen[at].header(name).to_owned();
        [header(0, "x-request-id"), header(0, "idempotency-key"), header(1, "x-request-id")]
    };
    let (one, two) = (ids().await, ids().await);
    assert_eq!(one, two);
    assert!(one[0] != one[1] && one[0] != one[2]);
}
