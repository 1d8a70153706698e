//! What is sent again and what the logs say of it: N5, N6, N9 to N11, N18, V14 to V29.

use serde_json::json;
use steadfast_apis::kneo::{Code, Error};

use crate::lines::Lines;
use crate::wire::{json as answer, lost, with};
use crate::world::{World, demo, over};

fn ok() -> crate::wire::Answer {
    answer(200, json!({ "run_id": "run_1", "status": "completed" }))
}

#[tokio::test(start_paused = true)]
async fn n05_what_passes_is_tried_three_times_and_a_500_once() {
    for (status, sends) in [(429, 3), (502, 3), (503, 3), (504, 3), (500, 1), (501, 1), (404, 1)] {
        let (wire, kneo) = over(move |_, _| with(status, &[], ""));
        let error = kneo.runs().get("r1").await.unwrap_err();
        assert_eq!((wire.sent().len(), error.status()), (sends, Some(status)));
    }
    let (wire, kneo) = over(|_, _| lost("reset"));
    assert!(matches!(kneo.runs().get("r1").await.unwrap_err(), Error::Network(_)));
    assert_eq!(wire.sent().len(), 3);
    let times = wire.times();
    assert!((180..=220).contains(&times[1]) && (540..=660).contains(&times[2]), "{times:?}");
}

/// V14 to V17, and hazard 20.
#[tokio::test(start_paused = true)]
async fn n05_the_servers_wait_is_kept_to_exactly() {
    let (wire, kneo) = over(|_, _| with(429, &[("retry-after", "2")], ""));
    let error = kneo.runs().get("r1").await.unwrap_err();
    assert_eq!(wire.times(), [0, 2_000, 4_000]);
    assert_eq!(error.retry_after().unwrap().as_secs(), 2);
    let (wire, kneo) = over(|_, _| with(429, &[("retry-after", "3600")], ""));
    let error = kneo.runs().get("r1").await.unwrap_err();
    assert_eq!((wire.sent().len(), error.retry_after().unwrap().as_secs()), (1, 3_600));
    let (wire, kneo) = over(|_, n| match n {
        0 => {
            let body = r#"{"error":"idempotency_key_in_progress","message":"M"}"#;
            with(409, &[("retry-after", "1"), ("content-type", "application/json")], body)
        }
        _ => ok(),
    });
    kneo.runs().create(&demo("x"), None).await.unwrap();
    assert_eq!(wire.times(), [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn n06_key_and_request_id_are_the_same_on_all_attempts_and_on_the_error() {
    let (wire, kneo) = over(|_, _| with(503, &[], ""));
    let error = kneo.runs().create(&demo("x"), None).await.unwrap_err();
    let sent = wire.sent();
    assert_eq!(sent.len(), 3);
    for name in ["idempotency-key", "x-request-id"] {
        let first = sent[0].header(name);
        assert_eq!((first.len(), first.as_bytes()[14]), (36, b'4'), "a UUID of version 4");
        assert!(sent.iter().all(|one| one.header(name) == first), "{sent:?}");
    }
    assert_eq!(error.idempotency_key(), Some(sent[0].header("idempotency-key")));
    assert_eq!(error.request_id(), Some(sent[0].header("x-request-id")));
    kneo.runs().create(&demo("x"), None).await.unwrap_err();
    let next = wire.sent()[3].clone();
    assert_ne!(next.header("idempotency-key"), sent[0].header("idempotency-key"));
    // Every POST has a key, and nothing else has one.
    let (wire, kneo) = over(|_, _| answer(200, json!({ "run_id": "r", "status": "cancelled" })));
    kneo.runs().cancel("r").await.unwrap();
    kneo.runs().get("r").await.unwrap();
    let keyed: Vec<bool> =
        wire.sent().iter().map(|one| !one.header("idempotency-key").is_empty()).collect();
    assert_eq!(keyed, [true, false]);
}

#[tokio::test]
async fn n06_a_run_whose_answer_is_lost_is_made_once() {
    let world = World::new().await;
    world.faults(json!([
        { "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ]));
    let run = world.kneo.runs().create(&demo("x"), None).await.unwrap();
    assert_eq!(run.run_id.as_deref(), Some("run_1"));
    let page = world.kneo.runs().page(&Default::default(), &Default::default()).await.unwrap();
    assert_eq!((page.items.len(), world.sent("POST", "/v1/runs")), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn n09_a_failure_is_logged_with_four_fields() {
    let (lines, _guard) = Lines::capture();
    let body = r#"{"error":"internal_error","message":"boom","token":"body-canary"}"#;
    let (_, kneo) = over(move |_, _| with(500, &[("x-request-id", "r1")], body));
    kneo.runs().create(&demo("x"), Some("k1".into())).await.unwrap_err();
    let event = &lines.events("guide")[0];
    assert_eq!(event["level"], "ERROR");
    assert_eq!(
        event["fields"]["message"],
        "create_run failed status=500 request_id=r1 idempotency_key=k1 \
         body={\"error\":\"internal_error\",\"message\":\"boom\",\"token\":\"[redacted]\"}"
    );
    let (lines, _guard) = Lines::capture();
    let (_, kneo) = over(|_, _| answer(503, json!({ "error": "queue_full", "message": "M" })));
    kneo.runs().get("r1").await.unwrap_err();
    let said = lines.messages("guide");
    assert_eq!(said[1], r#"platform 5xx (after retries): {"error":"queue_full","message":"M"}"#);
}

/// V29.
#[tokio::test(start_paused = true)]
async fn n10_retries_are_news_in_the_words_of_the_guide() {
    let (lines, _guard) = Lines::capture();
    let (_, kneo) = over(|_, n| match n {
        0 => lost("connection refused"),
        1 => with(503, &[("retry-after", "4")], ""),
        _ => ok(),
    });
    kneo.runs().create(&demo("x"), None).await.unwrap();
    let news = lines.events("retry");
    for event in &news {
        assert_eq!(event["level"], "INFO");
        assert_eq!(event["fields"]["logger"], "kneo_client.transport");
    }
    let said = lines.messages("retry");
    assert!(said[0].starts_with("transport error on attempt 1; sleeping 0."), "{said:?}");
    assert!(said[0].ends_with("s: connection refused"), "{said:?}");
    assert_eq!(said[1], "status 503 on attempt 2; sleeping 4.00s");
}

#[tokio::test(start_paused = true)]
async fn n10_n11_what_is_sent_is_told_without_secrets() {
    let (lines, _guard) = Lines::capture();
    let (_, kneo) = over(|_, _| ok());
    kneo.client()
        .get("/v1/runs/r1")
        .header("X-Auth-Token", "header-canary")
        .header("X-Team", "plain")
        .send()
        .await
        .unwrap();
    let line = &lines.messages("request")[0];
    assert!(line.starts_with("request attempt=1 method=GET path=/v1/runs/r1 headers="), "{line}");
    assert!(line.contains("authorization: <redacted>") && line.contains("x-team: plain"), "{line}");
    assert!(line.contains("x-auth-token: <redacted>"), "{line}");
    let (_, kneo) = over(|_, _| lost("bad header: Bearer key-canary"));
    let error = kneo.runs().get("r1").await.unwrap_err();
    let texts = format!("{error} {error:?} {}", lines.text());
    for canary in ["key-canary", "header-canary"] {
        assert!(!texts.contains(canary), "{canary}");
    }
}

/// V25, C5.
#[tokio::test]
async fn n18_not_ready_is_a_fact_and_told_at_once() {
    let world = World::new().await;
    assert!(world.kneo.health().readyz().await.unwrap().ok);
    assert!(world.kneo.health().livez().await.unwrap().ok);
    let steered = json!({ "ready": false });
    let not_ready =
        world.sandbox.steer(&http::Method::POST, "readiness", steered.as_object().unwrap());
    not_ready.unwrap().unwrap();
    let error = world.kneo.health().readyz().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error:?}");
    assert_eq!((error.code(), world.sent("GET", "/v1/readyz")), (Some(Code::NotReady), 2));
}

#[tokio::test(start_paused = true)]
async fn n18_an_unanswered_probe_is_repeated_unless_it_is_single_shot() {
    let (wire, kneo) = over(|_, _| lost("refused"));
    kneo.health().readyz().await.unwrap_err();
    assert_eq!(wire.sent().len(), 3);
    kneo.health().single_shot().readyz().await.unwrap_err();
    assert_eq!(wire.sent().len(), 4);
}
