//! The lines that an API's guide prints (K13, T11, O8, N9, N10).

use serde_json::{Value, json};
use steadfast::dialect::{Dialect, PolicyName};

use crate::logs::Lines;
use crate::server::{Answer, Server, open_dialect};

/// The words of kneo's guide.
fn wordy() -> Dialect {
    let mut dialect = open_dialect();
    let text = |text: &str| Some(text.to_owned());
    dialect.log.failed = text("{method} failed status={status} body={body}");
    dialect.log.unanswered = text("could not reach the platform: {cause}");
    dialect.log.retry_status = text("status {status} on attempt {attempt}; sleeping {wait_s:.2}s");
    dialect.log.retry_unanswered =
        text("transport error on attempt {attempt}; sleeping {wait_s:.2}s: {cause}");
    dialect.log.exhausted = text("Failed after {attempts} attempts: {cause}");
    dialect
}

async fn lines_of(policy: PolicyName, answer: fn() -> Answer) -> (Vec<String>, Vec<Value>) {
    let (lines, _guard) = Lines::capture();
    let server = Server::start(move |_, _| answer()).await;
    let builder = server.builder(wordy()).policy(policy).attempts(2);
    builder.build().unwrap().get("/things?api_key=query-canary").await.unwrap_err();
    assert!(!lines.text().contains("query-canary"), "{}", lines.text());
    (
        lines.messages("WARN").into_iter().chain(lines.messages("ERROR")).collect(),
        lines.events("guide"),
    )
}

#[tokio::test]
async fn under_the_documented_policy_the_guides_own_lines_are_written() {
    let answer = || Answer::json(503, &json!({ "Code": "Busy", "token": "reply-canary" }));
    let (messages, events) = lines_of(PolicyName::Documented, answer).await;
    assert!(messages[0].starts_with("status 503 on attempt 1; sleeping 0.0"), "{messages:?}");
    let body = r#"{"Code":"Busy","token":"[redacted]"}"#;
    assert_eq!(messages[1], format!("GET failed status=503 body={body}"));
    assert_eq!(messages[2], "Failed after 2 attempts: [Busy]");
    let fields = &events[0]["fields"];
    assert_eq!((&fields["line"], &fields["logger"]), (&json!("failed"), &json!("knosc")));
    assert_eq!((&fields["status_code"], &fields["error_code"]), (&json!(503), &json!("Busy")));
    assert!(fields["url"].as_str().unwrap().ends_with("/api/things"), "{fields}");
    assert_eq!(events[1]["fields"]["line"], "exhausted");
}

#[tokio::test]
async fn what_was_not_answered_has_lines_of_its_own() {
    let (messages, events) = lines_of(PolicyName::Documented, || Answer::bytes("").close()).await;
    let first = &messages[0];
    assert!(first.starts_with("transport error on attempt 1; sleeping 0.0"), "{first}");
    assert!(first.ends_with("connection closed before message completed"), "{first}");
    assert!(messages[1].starts_with("could not reach the platform: the connection broke"));
    assert!(messages[2].starts_with("Failed after 2 attempts: "), "{}", messages[2]);
    assert_eq!(events[0]["fields"]["line"], "unanswered");
}

#[tokio::test]
async fn under_the_recommended_policy_they_are_not() {
    let (messages, events) = lines_of(PolicyName::Recommended, || Answer::with(503, &[], "")).await;
    assert_eq!((messages.len(), events.len()), (1, 0), "{messages:?}");
    assert!(messages[0].starts_with("[503] GET /things - retry 1 in "), "{messages:?}");
}
