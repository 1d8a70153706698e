//! The front door: how calls are put together, and how answers are read.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use steadfast::{Effect, Kind, Options, Outcome, Request, path};

use crate::double::ms;
use crate::server::{Answer, Server};

#[derive(Debug, Deserialize, PartialEq)]
struct Thing {
    id: u64,
    name: String,
}

async fn answering(status: u16, body: &'static str) -> Server {
    Server::start(move |_, _| Answer::with(status, &[("Content-Type", "application/json")], body))
        .await
}

#[tokio::test]
async fn hazard_28_the_verb_is_said_and_empty_values_are_bodies() {
    let server = answering(200, "{}").await;
    let client = server.open_client();
    for (body, sent) in
        [(json!({}), "{}"), (json!([]), "[]"), (json!(0), "0"), (json!(null), "null")]
    {
        client.post("/things").json(&body).send().await.unwrap();
        client.patch("/things/1").json(&body).send().await.unwrap();
        let seen = server.seen();
        for (seen, method) in seen[seen.len() - 2..].iter().zip(["POST", "PATCH"]) {
            assert_eq!((seen.method.as_str(), seen.body.as_str()), (method, sent));
            assert_eq!(seen.header("content-type"), "application/json");
        }
    }
    client.post("/things").send().await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!((last.method.as_str(), last.body.as_str()), ("POST", ""), "no body is no GET");
    client.request(Method::PUT, "/raw").body("text/csv", "a;b\n").send().await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!((last.header("content-type"), last.body.as_str()), ("text/csv", "a;b\n"));
}

#[tokio::test]
async fn hazard_68_what_stands_in_a_segment_hits_no_other_route() {
    let server = answering(200, "{}").await;
    let client = server.open_client();
    client.get(path!("runs", "a/../b?c#d e", 7)).query("q", "x&y=z").query("n", 1).await.unwrap();
    assert_eq!(server.seen()[0].path, "/api/runs/a%2F..%2Fb%3Fc%23d%20e/7?q=x%26y%3Dz&n=1");
    for wrong in [path!("runs", ".."), path!("runs", ""), path!("runs", "."), "/a/../b".into()] {
        let error = client.delete(wrong.clone()).send().await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (Kind::Unsendable, Effect::None), "{wrong}");
        assert!(error.details().attempts.is_empty());
    }
    let request = Request::new(Method::DELETE, "/runs/%2e%2e/secrets");
    let error = client.call(request, Options::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsendable, "a request made by hand is checked alike");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_sent_ends_at_once_and_says_what_is_wrong() {
    struct Unwritable;
    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no such thing"))
        }
    }
    let server = answering(200, "{}").await;
    let client = server.client();
    let long = "x".repeat(70_000);
    let calls = [
        (client.get("/x").header("X Name", "v"), "header name \"X Name\""),
        (client.get("/x").header("X-Name", "canary\n"), "line break"),
        (client.post("/x").json(&Unwritable), "no such thing"),
        (client.get("/a\u{0}b"), "control character"),
        (client.get(long), "too long"),
    ];
    for (call, said) in calls {
        let error = call.send().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsendable);
        let shown = format!("{error} {} {error:?}", error.user_message());
        assert!(shown.contains(said) && !shown.contains("canary"), "{shown}");
        assert!(error.details().attempts.is_empty());
    }
    assert_eq!(server.count("GET", "/api/x") + server.count("POST", "/api/x"), 0);
}

#[tokio::test]
async fn answers_are_read_into_types() {
    let server = answering(200, r#"{"id":7,"name":"bolt","more":[1]}"#).await;
    let client = server.open_client();
    let thing: Thing = client.get("/things/7").send_as().await.unwrap();
    assert_eq!(thing, Thing { id: 7, name: "bolt".into() });
    let any: Value = client.post("/things").json(&json!({})).send_as().await.unwrap();
    assert_eq!(any["more"], json!([1]));
}

/// N17: what was written stays written, whatever the answer looks like.
#[tokio::test]
async fn an_answer_that_does_not_fit_is_a_protocol_error_that_keeps_it() {
    let body = r#"{"id":"seven","name":"bolt","token":"token-canary","nested":{"id":7}}"#;
    let server = answering(201, body).await;
    let client = server.open_client();
    let read = client.get("/things/7").send_as::<Thing>().await.unwrap_err();
    assert_eq!((read.kind(), read.effect()), (Kind::Protocol, Effect::None));
    let written = client.post("/things").json(&json!({})).send_as::<Thing>().await.unwrap_err();
    assert_eq!((written.kind(), written.effect()), (Kind::Protocol, Effect::Applied));
    assert_eq!((written.status(), written.details().attempts.len()), (Some(201), 1));
    let kept = String::from_utf8_lossy(&written.details().body).into_owned();
    assert!(kept.contains("\"id\":\"seven\"") && !kept.contains("token-canary"), "{kept}");
    let said = written.to_string();
    assert!(said.contains(" at id: invalid type: string \"seven\", expected u64"), "{said}");
    assert!(said.contains("Thing"), "{said}");

    #[derive(Debug, Deserialize)]
    struct Secretive {
        #[expect(dead_code, reason = "it never fits")]
        token: u64,
    }
    let error = client.get("/things/7").send_as::<Secretive>().await.unwrap_err();
    let shown = format!("{error} {error:?} {}", error.user_message());
    assert!(!shown.contains("token-canary") && shown.contains("at token"), "{shown}");
}

#[tokio::test]
async fn hazard_46_an_empty_success_is_a_result_and_no_model() {
    let server = Server::start(|_, _| Answer::bytes("HTTP/1.1 204 Nothing\r\n\r\n")).await;
    let client = server.open_client();
    assert_eq!(client.delete("/things/7").await.unwrap(), None);
    client.delete("/things/7").send_as::<()>().await.unwrap();
    assert_eq!(client.delete("/things/7").send_as::<Option<Thing>>().await.unwrap(), None);
    let error = client.delete("/things/7").send_as::<Thing>().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Protocol, Some(204)));
    assert!(error.to_string().contains("no JSON"), "{error}");
}

#[tokio::test]
async fn hazard_48_49_every_2xx_is_a_success_and_nothing_else() {
    for status in [200, 201, 202, 203, 204, 226] {
        let server = answering(status, "").await;
        server.open_client().delete("/things/1").send().await.unwrap();
    }
    for status in [300, 301, 302, 304, 307, 308, 399, 400, 418, 451] {
        let server = answering(status, "").await;
        let error = server.open_client().get("/things/1").await.unwrap_err();
        assert_eq!(error.status(), Some(status));
    }
}

/// Hazard 67: whoever sets nothing has time-outs all the same.
#[tokio::test]
async fn hazard_67_nobody_is_waited_for_without_end() {
    use steadfast::dialect::Dialect;
    for dialect in Dialect::built_in_names().iter().filter_map(|name| Dialect::built_in(name)) {
        for policy in [&dialect.policy.recommended, &dialect.policy.documented] {
            let ms = policy.attempt_timeout_ms;
            assert!((1..=3_600_000).contains(&ms), "{}: {ms}", dialect.name);
            assert!((1..=60_000).contains(&policy.connect_timeout_ms), "{}", dialect.name);
        }
    }
    let server = Server::start(|_, _| Answer::json(200, &json!({})).late(60_000)).await;
    let builder = server.builder(crate::server::open_dialect());
    let client = builder.timeout(ms(30)).deadline(ms(5_000)).attempts(2).build().unwrap();
    let error = client.get("/things").await.unwrap_err();
    assert_eq!(error.details().attempts.len(), 2);
    assert!(error.to_string().contains("no answer within"), "{error}");
}

fn chunks(
    texts: &'static [&'static str],
) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    futures_util::stream::iter(texts.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))))
}

#[tokio::test]
async fn a_body_can_be_read_while_it_is_sent() {
    let server = answering(201, "{}").await;
    let client = server.open_client();
    let call = client.post("/files").header("Content-Length", "9");
    let outcome = call.stream("text/csv", chunks(&["a;b\n", "1;2\n", "\n"])).send().await.unwrap();
    assert!(matches!(outcome, Outcome::Applied(_)));
    let seen = server.seen().pop().unwrap();
    assert_eq!((seen.body.as_str(), seen.header("content-type")), ("a;b\n1;2\n\n", "text/csv"));
}

/// It is said before the first send, and nothing is sent again in silence or without a body.
#[tokio::test]
async fn a_body_that_can_be_read_once_is_sent_once() {
    let (lines, _guard) = crate::logs::Lines::capture();
    let server = answering(429, "{}").await;
    let client = server.open_client();
    let call =
        client.post("/files").header("Content-Length", "1").stream("text/csv", chunks(&["a"]));
    assert!(!lines.text().contains("one_shot_body"));
    let error = call.send().await.unwrap_err();
    assert_eq!((server.seen().len(), error.effect()), (1, Effect::None));
    assert!(error.may_succeed_later() && error.to_string().contains("once only"), "{error}");
    let text = lines.text();
    let said = text.find("one_shot_body").unwrap();
    assert!(said < text.find("\"event\":\"attempt\"").unwrap());
}

#[tokio::test]
async fn what_is_put_together_is_shown_without_what_it_holds() {
    let client = answering(200, "{}").await.open_client();
    let call = client.post("/things?token=canary").header("x-key", "canary").json(&json!("canary"));
    let shown = format!("{call:?}");
    assert!(shown.contains("/things") && !shown.contains("canary"), "{shown}");
}
