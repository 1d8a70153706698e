//! The hierarchy, and what is said of an error: N1 to N4, N7, N8, N12 to N17, N22.

use std::error::Error as _;
use std::time::Duration;

use serde_json::json;
use steadfast::Reply;
use steadfast_apis::kneo::{Code, Conflict, Error, from_response, user_message};

use crate::lines::Lines;
use crate::wire::{json as answer, lost, with};
use crate::world::{World, demo, over};

fn reply(status: u16, body: &str) -> Reply {
    with(status, &[("x-request-id", "r1")], body).unwrap()
}

/// Contract 4.2, row by row, in both shapes of the body.
#[test]
fn n02_each_status_has_its_place_and_one_kind_is_nested() {
    let name = |status, code: &str| {
        let flat = json!({ "error": code, "message": "In words" });
        let nested = json!({ "detail": flat });
        let names = [flat, nested].map(|body| {
            let error = from_response(&reply(status, &body.to_string()), Some("k1"));
            assert!(!error.to_string().is_empty());
            assert_eq!((error.status(), error.request_id()), (Some(status), Some("r1")));
            assert_eq!(error.code(), Some(Code::from(code)));
            match error {
                Error::BadRequest(_) => "bad request",
                Error::Auth(_) => "auth",
                Error::Permission(_) => "permission",
                Error::NotFound(_) => "not found",
                Error::Conflict(Conflict::IdempotencyMismatch(_)) => "mismatch",
                Error::Conflict(Conflict::HumanTaskExpired(_)) => "expired",
                Error::Conflict(_) => "conflict",
                Error::PayloadTooLarge(_) => "too large",
                Error::Validation(_) => "validation",
                Error::RateLimited(_) => "rate limited",
                Error::Server(_) => "server",
                Error::Protocol(_) => "protocol",
                _ => "any other",
            }
        });
        assert_eq!(names[0], names[1], "{status} {code}");
        names[0]
    };
    let rows = [
        (400, "invalid_request", "bad request"),
        (401, "unauthorized", "auth"),
        (403, "forbidden", "permission"),
        (404, "not_found", "not found"),
        (409, "run_state_conflict", "conflict"),
        (409, "resource_locked", "conflict"),
        (409, "idempotency_key_in_progress", "conflict"),
        (409, "idempotency_key_conflict", "mismatch"),
        (409, "human_task_expired", "expired"),
        (413, "payload_too_large", "too large"),
        (422, "guardrail_violation", "validation"),
        (429, "rate_limited", "rate limited"),
        (500, "internal_error", "server"),
        (502, "internal_error", "server"),
        (503, "queue_full", "server"),
        (504, "internal_error", "server"),
        (302, "found", "any other"),
        (410, "gone", "any other"),
        (418, "a_code_of_tomorrow", "any other"),
    ];
    for (status, code, wanted) in rows {
        assert_eq!(name(status, code), wanted, "{status} {code}");
    }
}

#[test]
fn n03_n04_a_response_becomes_an_error_with_all_that_it_says() {
    let body = r#"{"detail":{"error":"human_task_expired","message":"Late","continuation_id":"c1","expires_at":1715432400.0}}"#;
    let error = from_response(&reply(409, body), Some("a1"));
    let fault = error.fault().unwrap();
    assert_eq!(
        (fault.continuation_id().as_deref(), fault.expires_at()),
        (Some("c1"), Some(1715432400.0))
    );
    assert_eq!((error.idempotency_key(), error.to_string().as_str()), (Some("a1"), "Late"));
    let large = r#"{"error":"payload_too_large","message":"M","max_body_bytes":1048576}"#;
    assert_eq!(
        from_response(&reply(413, large), None).fault().unwrap().max_body_bytes(),
        Some(1_048_576)
    );
    let scope = r#"{"error":"forbidden","message":"M","required_scope":"runs:write"}"#;
    let scope = from_response(&reply(403, scope), None).fault().unwrap().required_scope();
    assert_eq!(scope.as_deref(), Some("runs:write"));
    // V11, V21, V22, V24.
    let list = r#"{"detail":[{"loc":["body","input"],"msg":"Field required","type":"missing"}]}"#;
    assert_eq!(
        from_response(&reply(422, list), None).fault().unwrap().details().field_errors[0].at,
        "/input"
    );
    let html = from_response(&reply(502, "<h1>Bad Gateway</h1>"), None);
    assert_eq!(html.to_string(), "<h1>Bad Gateway</h1>");
    assert_eq!(html.fault().unwrap().body(), Some(json!("<h1>Bad Gateway</h1>")));
    let empty = from_response(&reply(503, ""), None);
    assert_eq!((empty.to_string(), empty.fault().unwrap().body()), ("HTTP 503".to_owned(), None));
    let text = from_response(&reply(504, r#"{"detail":"gateway timeout"}"#), None);
    assert_eq!(text.to_string(), "gateway timeout");
}

/// V3, V5, V6.
#[test]
fn n07_a_mismatch_is_told_by_its_code_or_by_a_key_and_no_code() {
    let mismatch = |body: &str, key| {
        matches!(
            from_response(&reply(409, body), key),
            Error::Conflict(Conflict::IdempotencyMismatch(_))
        )
    };
    assert!(mismatch(r#"{"error":"idempotency_key_conflict","message":"M"}"#, Some("k")));
    assert!(mismatch(r#"{"message":"conflict"}"#, Some("k")));
    assert!(!mismatch(r#"{"message":"conflict"}"#, None));
    assert!(!mismatch(r#"{"error":"run_state_conflict","message":"M"}"#, Some("k")));
}

#[tokio::test]
async fn n08_a_mismatch_is_made_loud_and_keeps_its_cause() {
    let world = World::new().await;
    world.kneo.runs().create(&demo("one"), Some("k1".into())).await.unwrap();
    let error = world.kneo.runs().create(&demo("two"), Some("k1".into())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Idempotency-Key 'k1' was reused with a different payload. Either generate a new key for \
         the new request or fix the payload drift."
    );
    let cause = error.source().unwrap();
    assert!(cause.to_string().contains("idempotency_key_conflict"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn n12_the_branches_of_the_guide_say_their_words() {
    let (lines, _guard) = Lines::capture();
    let said = |status: u16, headers: &'static [(&str, &str)], code: &str| {
        let body = json!({ "error": code, "message": "M" }).to_string();
        let (_, kneo) = over(move |_, _| with(status, headers, &body));
        async move { kneo.runs().find("r'1").await }
    };
    assert!(matches!(said(404, &[], "not_found").await, Ok(None)));
    assert!(matches!(said(401, &[], "unauthorized").await, Err(Error::Auth(_))));
    assert!(matches!(said(500, &[], "internal_error").await, Err(Error::Server(_))));
    let start = tokio::time::Instant::now();
    assert!(matches!(said(429, &[("retry-after", "3600")], "").await, Err(Error::RateLimited(_))));
    assert_eq!(start.elapsed(), Duration::from_secs(3_600), "the hint is slept");
    let words = lines.messages("run_recipe");
    assert_eq!(
        words,
        [
            "run 'r\\'1' does not exist.",
            "API key is missing, invalid, or revoked.",
            r#"platform 5xx (after retries): {"error":"internal_error","message":"M"}"#,
            "rate-limited; server suggests waiting 3600s",
        ]
    );
    let bare = from_response(&reply(429, ""), None);
    assert_eq!(bare.wait(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn n13_an_unreachable_platform_is_told_with_its_cause() {
    let (lines, _guard) = Lines::capture();
    let (_, kneo) = over(|_, _| lost("connection refused"));
    let error = kneo.health().readyz().await.unwrap_err();
    let Error::Network(fault) = &error else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "could not reach the platform: connection refused");
    assert_eq!((fault.status(), fault.request_id().map(str::len)), (None, Some(36)));
    assert!(error.source().unwrap().source().unwrap().to_string().contains("the wire's own"));
    assert_eq!(lines.messages("guide")[0], "could not reach the platform: connection refused");
}

#[test]
fn n14_a_person_is_told_by_what_is_known_and_never_by_the_errors_text() {
    let told = |status, headers: &[(&str, &str)]| {
        let canary = r#"{"error":"x","message":"text-canary"}"#;
        user_message(&from_response(&with(status, headers, canary).unwrap(), None))
    };
    assert_eq!(told(401, &[]), "Your API key is invalid. Please check your credentials.");
    assert_eq!(told(403, &[]), "You don't have permission to perform this action.");
    assert_eq!(told(404, &[]), "The requested item could not be found.");
    let busy = |seconds| format!("Too many requests. Please try again in {seconds}s.");
    assert_eq!(told(429, &[("retry-after", "2.9")]), busy(2));
    for nothing in ["0", "inf", "nan", "soon"] {
        assert_eq!(told(429, &[("retry-after", nothing)]), busy(60), "{nothing}");
    }
    let server = told(500, &[("x-request-id", "r9")]);
    assert_eq!(server, "Server error (request r9). Please report this.");
    assert!(told(418, &[]).starts_with("Unexpected error: "));
}

#[tokio::test]
async fn n15_the_request_id_leads_to_the_audit_event() {
    let world = World::new().await;
    let call = world.kneo.client().post("/v1/runs").json(&demo("x")).request_id("r-audit");
    call.send().await.unwrap();
    let environments = world.kneo.environments();
    let page = environments.audit_events(&Default::default(), &Default::default()).await.unwrap();
    assert!(page.items.iter().any(|event| event.request_id.as_deref() == Some("r-audit")));
    assert!(!page.has_more(), "V33");
    let error = world.as_viewer().runs().create(&demo("x"), None).await.unwrap_err();
    assert_eq!(error.fault().unwrap().required_scope().as_deref(), Some("runs:write"));
    assert_eq!(error.request_id().map(str::len), Some(36));
}

/// V26 to V28.
#[tokio::test(start_paused = true)]
async fn n16_n17_only_a_2xx_with_json_is_a_success() {
    let (wire, kneo) = over(|_, _| with(302, &[("location", "/login")], "<html>"));
    let error = kneo.runs().get("r1").await.unwrap_err();
    assert!(matches!(error, Error::Unexpected(_)), "{error:?}");
    assert_eq!((error.status(), wire.sent().len()), (Some(302), 1));
    for (status, body) in [(200, "<html>"), (202, ""), (200, r#"{"status":1}"#)] {
        let (_, kneo) = over(move |_, _| with(status, &[("x-request-id", "r7")], body));
        let error = kneo.runs().create(&demo("x"), None).await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{status} {body}: {error:?}");
        assert_eq!((error.status(), error.request_id()), (Some(status), Some("r7")));
    }
}

/// N1, N22: whatever it is, there is a kind for it, and a default arm takes what is new.
#[tokio::test(start_paused = true)]
async fn n01_n22_every_failure_is_one_typed_error() {
    let (_, kneo) = over(|_, _| answer(451, json!({ "error": "new", "message": "N" })));
    let error = kneo.platform().runs().get("r1").await.unwrap_err();
    assert!(matches!(error, Error::Unexpected(_)));
    assert_eq!(error.code(), Some(Code::Other("new".to_owned())));
    let blank = kneo.runs().create(&demo("x"), Some("  ".into())).await.unwrap_err();
    assert!(matches!(blank, Error::Unexpected(_)), "V35: {blank:?}");
    let long = "k".repeat(257);
    let long = kneo.runs().create(&demo("x"), Some(long.as_str().into())).await.unwrap_err();
    assert!(matches!(long, Error::Unexpected(_)), "{long:?}");
    assert!(kneo.runs().list(&Default::default(), 0).is_err());
    let empty = kneo.runs().get("").await.unwrap_err();
    assert!(matches!(empty, Error::Unexpected(_)), "{empty:?}");
}
