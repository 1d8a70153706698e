//! What is sent again, when, and what is said of it: T1 to T6, T8, T13, V29 to V31.

use std::error::Error as _;

use serde_json::json;
use steadfast::dialect::PolicyName;
use steadfast::{Effect, Kind};
use steadfast_apis::thredfi::guide::MAX_RETRIES;
use steadfast_apis::thredfi::{Code, Error, InvoiceFilter, NewCustomer, Thredfi};

use crate::lines::Lines;
use crate::wire::{Answer, DEADLINE, Sent, Wire, json, lost, with};
use crate::world::{BUSINESS, KEY, PARTNER, invoice};
use futures_util::TryStreamExt;
use http::Method;

/// A client that follows the guide's letter over a wire that gives tokens by itself.
pub(crate) fn over(
    answers: impl Fn(&Sent, usize) -> Answer + Send + Sync + 'static,
) -> (Wire, Thredfi) {
    over_under(PolicyName::Documented, answers)
}

pub(crate) fn over_under(
    policy: PolicyName,
    answers: impl Fn(&Sent, usize) -> Answer + Send + Sync + 'static,
) -> (Wire, Thredfi) {
    let wire = Wire::new(move |sent, n| match sent.is_for_a_token() {
        true => json(200, json!({ "access_token": format!("token-{n}"), "expires_in": 3600 })),
        false => answers(sent, n),
    });
    let transport = wire.clone();
    let thredfi = Thredfi::builder("https://host", PARTNER, KEY)
        .policy(policy)
        .settings(move |builder| builder.transport(transport).deadline(DEADLINE).seed(1))
        .build();
    (wire, thredfi.unwrap())
}

pub(crate) fn code(status: u16, code: &str) -> Answer {
    json(status, json!({ "error": "In words", "error_code": code, "details": {} }))
}

fn failing(status: u16) -> Answer {
    code(status, "server_error")
}

/// V30.
#[tokio::test(start_paused = true)]
async fn t01_a_read_is_sent_four_times_after_1_2_and_4_seconds() {
    for status in [500, 502, 503, 504] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let (wire, thredfi) = over(move |_, _| failing(status));
            let call = thredfi.client().request(method.clone(), "/v1/platform/businesses/");
            let error = Error::from(call.send().await.unwrap_err());
            assert_eq!(wire.times(), [0, 1_000, 3_000, 7_000], "{method} {status}");
            assert_eq!(error.to_string(), "Server error after 4 attempts");
            assert_eq!(error.status(), Some(status));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t02_the_manual_recipe_sends_three_times_and_raises_the_last() {
    let (wire, thredfi) = over(|_, _| failing(500));
    let path = "/v1/platform/businesses/";
    let read = thredfi.api_call_with_retry(Method::GET, path, None::<&()>, MAX_RETRIES);
    let error = read.await.unwrap_err();
    assert_eq!(wire.times(), [0, 1_000, 3_000]);
    assert_eq!(error.to_string(), "Server error after 3 attempts");

    let (wire, thredfi) = over(|_, _| code(404, "not_found"));
    let read = thredfi.api_call_with_retry(Method::GET, path, None::<&()>, MAX_RETRIES);
    assert!(matches!(read.await.unwrap_err(), Error::Client(_)));
    assert_eq!(wire.sent().len(), 1, "a 4xx is told at once");

    let (wire, thredfi) = over(|_, _| lost("connection refused"));
    let read = thredfi.api_call_with_retry(Method::GET, path, None::<&()>, MAX_RETRIES);
    let error = read.await.unwrap_err();
    assert!(matches!(error, Error::Network(_)), "{error:?}");
    assert!(error.source().unwrap().source().unwrap().to_string().contains("the wire's own"));
    assert_eq!(wire.sent().len(), 3);

    let (_, thredfi) = over(|_, _| json(200, json!({ "id": "x" })));
    let read = thredfi.api_call_with_retry(Method::GET, path, None::<&()>, MAX_RETRIES).await;
    assert_eq!(read.unwrap(), Some(json!({ "id": "x" })));
}

#[tokio::test(start_paused = true)]
async fn t03_errors_and_progress_notes_are_in_the_words_of_the_guide() {
    let (lines, _guard) = Lines::capture();
    let (_, thredfi) = over(|_, n| match n {
        0 => failing(503),
        1 => lost("reset"),
        _ => code(403, "permission_denied"),
    });
    let error = thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
    assert_eq!(error.to_string(), "In words (permission_denied)");
    assert_eq!(
        lines.messages("retry"),
        ["Server error, retrying in 1s...", "Connection error, retrying in 2s..."]
    );
    let fault = error.fault().unwrap();
    assert_eq!((fault.status(), fault.code()), (Some(403), Some(Code::PermissionDenied)));
    assert!(fault.details().is_empty());
    assert!(fault.body().starts_with(b"{"));

    let read = thredfi.api_call_with_retry(Method::GET, "/v1/", None::<&()>, 0);
    assert_eq!(read.await.unwrap_err().to_string(), "Max retries exceeded");
}

#[tokio::test(start_paused = true)]
async fn t04_a_body_never_selects_the_method() {
    let (wire, thredfi) = over(|_, _| json(201, json!({})));
    let path = "/v1/platform/businesses/b1/invoices/";
    for body in [json!({}), json!([]), json!(0)] {
        thredfi.make_api_call(path, Some(&body)).await.unwrap();
        let sent = wire.sent().pop().unwrap();
        assert_eq!((sent.method.as_str(), sent.body), ("POST", body.to_string()));
    }
    thredfi.api_call_with_retry(Method::GET, path, Some(&json!({})), 1).await.unwrap();
    assert_eq!(wire.sent().pop().unwrap().method, "GET");
}

#[tokio::test(start_paused = true)]
async fn t05_a_post_is_sent_again_only_where_twice_does_no_harm() {
    for answer in [|| failing(503), || lost("timed out")] {
        let (wire, thredfi) = over(move |_, _| answer());
        let anonymous =
            NewCustomer { company_name: Some("A".to_owned()), ..NewCustomer::default() };
        let error = thredfi.create_customer(BUSINESS, &anonymous).await.unwrap_err();
        assert_eq!((wire.sent().len(), error.effect()), (1, Effect::Unknown));
        assert_eq!(error.fault().unwrap().kind(), Kind::Unknown);

        let (wire, thredfi) = over(move |_, _| answer());
        thredfi.create_invoice(BUSINESS, &invoice("i1", 1)).await.unwrap_err();
        assert_eq!(wire.sent().len(), 4, "its external_id keeps it from being doubled");
        assert!(wire.sent().iter().all(|sent| sent.header("idempotency-key").is_empty()));
    }
}

#[tokio::test(start_paused = true)]
async fn t06_every_failure_of_the_transport_counts() {
    for text in ["read timed out", "connect timed out", "connection reset", "dns"] {
        let (wire, thredfi) = over(move |_, n| match n {
            0 => lost(text),
            _ => json(200, json!({ "id": "v1" })),
        });
        assert_eq!(thredfi.invoice(BUSINESS, "v1").await.unwrap().id, "v1");
        assert_eq!(wire.times(), [0, 1_000], "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn t08_what_comes_after_a_new_token_is_read_like_anything_else() {
    let (wire, thredfi) = over(|_, n| match n {
        0 => code(401, "invalid_token"),
        1 => failing(500),
        _ => json(200, json!({ "id": "v1" })),
    });
    assert_eq!(thredfi.invoice(BUSINESS, "v1").await.unwrap().id, "v1");
    assert_eq!(wire.sent().len(), 3);
    let (wire, thredfi) = over(|_, n| match n {
        0 => code(401, "invalid_token"),
        _ => code(404, "invoice_not_found"),
    });
    let error = thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
    assert_eq!((error.code(), wire.sent().len()), (Some(Code::InvoiceNotFound), 2));
}

/// V23, V26.
#[tokio::test(start_paused = true)]
async fn t13_the_status_decides_where_the_body_says_nothing() {
    for body in ["<h1>Not here</h1>", ""] {
        let (_, thredfi) = over(move |_, _| with(404, &[("content-type", "text/html")], body));
        let error = thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
        assert_eq!((error.to_string(), error.code()), ("HTTP 404".to_owned(), None));
    }
    let (wire, thredfi) = over(|_, _| with(200, &[("content-type", "text/plain")], "ok"));
    let list = thredfi.invoices(BUSINESS, &InvoiceFilter::default());
    let error = list.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    assert_eq!((error.status(), wire.sent().len()), (Some(200), 1));
}

/// V31.
#[tokio::test(start_paused = true)]
async fn a_429_is_surfaced_under_the_letter_and_waited_for_otherwise() {
    let busy = |n| match n {
        0 => with(429, &[("retry-after", "7")], ""),
        _ => json(200, json!({ "id": "v1" })),
    };
    let (_, thredfi) = over(move |_, n| busy(n));
    let error = thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
    assert_eq!(error.retry_after().unwrap().as_secs(), 7);
    let (wire, thredfi) = over_under(PolicyName::Recommended, move |_, n| busy(n));
    thredfi.invoice(BUSINESS, "v1").await.unwrap();
    assert!(wire.times()[1] >= 7_000, "{:?}", wire.times());
}
