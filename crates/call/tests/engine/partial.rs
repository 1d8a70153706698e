//! A success in which single items failed (hard case 13), and what the server itself says of
//! sending again (hard case 10).

use http::{Method, StatusCode};
use steadfast_call::{Class, Effect, Kind, Options, Outcome, Request, Stop};

use crate::payments::{keyed, made, pay, said, world};
use crate::scenario::{Answer, lost, reply, script};

fn batch() -> Request {
    Request::new(Method::POST, "/batch").json("[]")
}

fn results(items: &str) -> Answer {
    reply(200, &format!(r#"{{"results":[{items}]}}"#))
}

const DONE: &str = r#"{"id":"a"}"#;
const FAILED: &str = r#"{"id":"b","error":{"code":"too_big","message":"Too big"}}"#;

#[test]
fn a_success_in_which_items_failed_says_which_and_is_never_sent_again() {
    let played =
        world().play(batch(), Options::default(), script([results(&format!("{DONE},{FAILED}"))]));
    let error = played.error();
    assert!(error.is_partial() && error.is(Class::Partial));
    assert_eq!((error.effect(), error.details().stop), (Effect::Applied, Stop::Final));
    let items = &error.details().items;
    assert_eq!(items.iter().map(|item| item.failed).collect::<Vec<_>>(), [false, true]);
    let failed = &items[1];
    assert_eq!((failed.index, failed.id.as_deref()), (1, Some("b")));
    assert_eq!(failed.code.as_deref(), Some("too_big"));
    assert_eq!(failed.message.as_deref(), Some("Too big"));
    assert!(!error.may_succeed_later());
    let text = error.user_message();
    assert!(text.contains("1 of 2 items failed (b: Too big)"), "{text}");
}

#[test]
fn when_every_item_failed_nothing_took_effect_and_that_is_said() {
    let played = world().play(batch(), Options::default(), script([results(FAILED)]));
    let error = played.error();
    assert_eq!((error.kind(), error.effect()), (Kind::Partial, Effect::None));
    assert!(error.user_message().starts_with("None of the 1 items was done"));
    assert!(!error.may_succeed_later());
}

#[test]
fn when_no_item_failed_it_is_a_success() {
    for answer in [results(DONE), results(""), reply(200, r#"{"results":7}"#)] {
        let played = world().play(batch(), Options::default(), script([answer]));
        assert!(matches!(played.outcome(), Outcome::Applied(_)));
    }
}

/// A doubtful attempt before does not make what was done undone.
#[test]
fn a_partial_success_after_a_doubtful_attempt_is_partial() {
    let answer = reply(201, &format!(r#"{{"results":[{DONE},{FAILED}]}}"#));
    let played = world().play(pay(), keyed(), script([lost(), answer]));
    assert_eq!((played.error().kind(), played.error().effect()), (Kind::Partial, Effect::Applied));
}

#[test]
fn the_servers_verdict_goes_before_rules_and_classes() {
    let state = said(StatusCode::CONFLICT, "busy").with("should-retry", "true");
    let played = world().play(pay(), Options::default(), script([state, made()]));
    assert_eq!(played.sent_ms.len(), 2, "a conflict did nothing, and may be sent again");
    let down = reply(503, "").with("should-retry", "false");
    let read = Request::new(Method::GET, "/payments");
    let played = world().play(read, Options::default(), script([down]));
    assert_eq!(played.sent_ms.len(), 1);
    assert!(played.error().details().rule.contains("the server says not to send it again"));
    let odd = reply(503, "").with("should-retry", "perhaps");
    let played = world().play(pay(), keyed(), script([odd, made()]));
    assert_eq!(played.sent_ms.len(), 2, "a word that nobody knows says nothing");
}

#[test]
fn the_servers_verdict_never_goes_before_the_effect() {
    let failed = reply(500, "").with("should-retry", "true");
    let played = world().play(pay(), Options::default(), script([failed.clone()]));
    assert_eq!((played.error().kind(), played.sent_ms.len()), (Kind::Unknown, 1));
    let played = world().play(pay(), keyed(), script([failed, made()]));
    assert_eq!(played.sent_ms.len(), 2, "a key makes it harmless");
}
