//! Errors that people can use (DESIGN §3.11).

use std::error::Error as _;
use std::mem::size_of;

use http::StatusCode;
use steadfast_call::{Class, Error, Kind, Options, Outcome, Stop, Success};

use crate::payments::{keyed, pay, said, with, world};
use crate::scenario::{World, gone_away, lost, reply, script, unsent};

const fn is_free_to_travel<T: Send + Sync + std::error::Error + 'static>() {}
const _: () = is_free_to_travel::<Error>();

#[test]
fn a_result_is_hardly_larger_than_a_success() {
    assert!(size_of::<Result<Outcome, Error>>() <= size_of::<Success>() + 16);
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn field_errors_are_pointers_into_what_was_sent() {
    for (body, fields) in [
        (
            r#"{"details":{"name":"missing","a/b":["one","two"]}}"#,
            vec!["/name: missing", "/a~1b: one", "/a~1b: two"],
        ),
        (
            r#"{"detail":[{"loc":["body","lines",0,"amount"],"msg":"too small"},{"loc":"email","msg":"odd"}]}"#,
            vec!["/lines/0/amount: too small", "/email: odd"],
        ),
        (r#"{"param":"card","message":"expired"}"#, vec!["/card: expired"]),
        (r#"{"details":7,"detail":"text","param":{}}"#, vec![]),
        ("<html>", vec![]),
    ] {
        let played = world().play(pay(), Options::default(), script([reply(400, body)]));
        let found: Vec<String> = played
            .error()
            .details()
            .field_errors
            .iter()
            .map(|fault| format!("{}: {}", fault.at, fault.message))
            .collect();
        assert_eq!(found, fields, "{body}");
    }
}

#[test]
fn every_attempt_and_every_name_of_the_call_is_on_its_error() {
    let options = Options { request_id: Some("ours".to_owned()), ..keyed() };
    let last = reply(503, "").with("x-request-id", "theirs").with("retry-after", "2");
    let played = world().play(pay(), options, script([lost(), unsent(), gone_away(), last]));
    let error = played.error();
    let details = error.details();
    assert_eq!(error.request_id(), Some("theirs"));
    assert_eq!(details.request_id_sent.as_deref(), Some("ours"));
    assert_eq!(error.idempotency_key(), Some("k-1"));
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(2));
    assert_eq!((details.attempts.len(), details.stop), (4, Stop::Attempts));
    assert!(details.attempts.iter().all(|attempt| !attempt.rule.is_empty()));
}

#[test]
fn errors_are_told_apart_without_their_texts() {
    let refused = said(StatusCode::BAD_REQUEST, "Amount.TooSmall");
    let played = world().play(pay(), keyed(), script([refused]));
    let error = played.error();
    assert!(error.is(Class::Validation) && error.is_refused() && !error.is_temporary());
    assert!(error.code_is("Amount.TooSmall") && error.code_is("Amount.*"));
    assert!(!error.code_is("amount.*") && !error.code_is("Amount"));
    let played = world().play(pay(), Options::default(), script([lost()]));
    let error = played.error();
    assert!(error.is_in_doubt() && error.is_network() && error.is_temporary());
    assert!(!error.is_unreached() && !error.may_succeed_later());
    let played = world().play(pay(), keyed(), script([0; 4].map(|_| unsent())));
    assert!(played.error().is_unreached() && played.error().may_succeed_later());
    assert!(!played.error().is_about_credentials() && !played.error().is_partial());
}

#[test]
fn hazard_42_the_cause_is_kept() {
    let cause: std::sync::Arc<dyn std::error::Error + Send + Sync> =
        std::sync::Arc::new(std::io::Error::other("reset by peer"));
    let failure = steadfast_call::Failure::new(steadfast_call::Reach::MaybeSent, "no answer")
        .caused_by(cause);
    let answer = crate::scenario::Answer::Fail(failure);
    let played = world().play(pay(), Options::default(), script([answer]));
    assert_eq!(played.error().source().unwrap().to_string(), "reset by peer");
}

#[test]
fn hazard_52_people_are_told_in_the_words_of_the_dialect_from_attributes() {
    let limited = || reply(429, r#"{"message":"secret inner text"}"#).with("retry-after", "90");
    let played = world().play(pay(), keyed(), script([limited()]));
    let text = played.error().user_message();
    assert_eq!(text, "Too many requests. Please try again in 90s.");
    let mut dialect = with("rate_limited = \"not_processed\"", "rate_limited = \"never\"");
    let played = World::of(dialect.clone()).play(pay(), keyed(), script([reply(429, "")]));
    let text = played.error().user_message();
    assert_eq!(text, "Too many requests. Please try again in 60s.", "where nobody says how long");
    // A write that may have been done is not spoken of as one that may be sent again.
    let played = world().play(pay(), Options::default(), script([reply(500, "")]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!(played.error().user_message(), "We are checking whether it went through.");
    // What a text names and is not there lets our own words be said.
    dialect.user_messages.insert("validation".to_owned(), "Id {request_id}.".to_owned());
    let played = World::of(dialect).play(pay(), keyed(), script([reply(400, "")]));
    assert!(played.error().user_message().starts_with("It was refused"));
}
