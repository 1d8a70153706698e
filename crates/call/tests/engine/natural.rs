//! A natural key under which the API refuses a second copy (DESIGN §3.2c; T5, T9).

use http::{Method, StatusCode};
use serde_json::json;
use steadfast_call::{Class, Effect, Found, Kind, LookUp, Options, Outcome, Request};

use crate::payments::{customer, made, named, said, with, world};
use crate::scenario::{Answer, World, lost, other, reply, same, script};

fn taken() -> Answer {
    said(StatusCode::CONFLICT, "duplicate_external_id")
}

/// As the reference has it: 200 with what is there.
fn there() -> Answer {
    reply(200, r#"{"created":false,"id":7}"#)
}

#[test]
fn t5_what_cannot_be_there_twice_is_sent_again_after_a_doubtful_attempt() {
    let played = world().play(customer(), named(), script([lost(), made()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert!(played.looked_ms.is_empty(), "nothing has to be looked up");
}

#[test]
fn hazard_21_a_duplicate_after_an_attempt_of_ours_is_looked_up_and_compared() {
    for duplicate in [taken(), there()] {
        let answers = script([lost(), duplicate.clone()]).looks([same()]);
        let played = world().play(customer(), named(), answers);
        let Outcome::Existing(success) = played.outcome() else { panic!("{:?}", played.result) };
        assert!(success.may_be_ours);

        let absent = Options { known_absent: true, ..named() };
        let answers = script([lost(), duplicate]).looks([same()]);
        let played = world().play(customer(), absent, answers);
        assert!(matches!(played.outcome(), Outcome::Applied(_)), "it was not there before");
    }
}

#[test]
fn hazard_22_a_duplicate_with_other_content_is_no_success() {
    for duplicate in [taken(), there()] {
        let played =
            world().play(customer(), named(), script([duplicate.clone()]).looks([other()]));
        assert_eq!(played.error().kind(), Kind::Refused(Class::Duplicate));
        let answers = script([lost(), duplicate]).looks([other()]);
        let played = world().play(customer(), named(), answers);
        assert_eq!(
            (played.error().kind(), played.error().effect()),
            (Kind::Differs, Effect::Unknown)
        );
    }
}

#[test]
fn only_what_the_api_vouches_for_is_sent_again() {
    let mut cases = vec![
        // Without its key in the body's name nothing is vouched for.
        (customer(), Options::default()),
        // Another route of the same resource.
        (Request::new(Method::POST, "/customers/b1/merge").json("{}"), named()),
        (Request::new(Method::POST, "/customers").json("{}"), named()),
    ];
    for (request, options) in cases.drain(..) {
        let answers = script([lost()]).looks([same()]);
        let played = world().play(request, options, answers);
        assert_eq!(played.sent_ms.len(), 1);
    }
    let mut world = World::of(with("unique_key = true", "unique_key = false"));
    let played = world.play(customer(), named(), script([lost()]).looks([same()]));
    assert_eq!((played.sent_ms.len(), played.looked_ms.len()), (1, 1), "it is looked up instead");
}

/// DESIGN §3.3: what carries our key is ours, whoever saw it before.
#[test]
fn a_record_with_our_key_is_ours() {
    let mut dialect = with("at = \"header:Idempotency-Key\"", "at = \"json:/token\"");
    if let Some(contract) = &mut dialect.idempotency {
        contract.honoured.clear();
    }
    let options = |value: &str| Options { idempotency_key: Some(value.into()), ..named() };
    let record = json!({"external_id": "C-1", "token": "k-1"});
    let found =
        LookUp::Found(Found { id: Some("7".to_owned()), record, differences: vec![], copies: 1 });
    for (key, ours) in [("k-1", true), ("k-2", false)] {
        let answers = script([lost(), taken()]).looks([found.clone()]);
        let played = World::of(dialect.clone()).play(customer(), options(key), answers);
        assert_eq!(matches!(played.outcome(), Outcome::Applied(_)), ours, "{key}");
    }
}
