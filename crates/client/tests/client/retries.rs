//! How often, how soon, and when not.

use std::time::Instant;

use serde_json::{Value, json};
use steadfast::dialect::PolicyName;
use steadfast::{Class, Effect, Kind, Options, Outcome, Stop};

use crate::double::{World, create, keyed, ms, options, order, quick, replace, vectors, world};

fn every(kind: &str, answer: Value) -> Value {
    json!([{ "on": { "kind": kind }, "do": answer }])
}

fn status(status: u16, headers: Value) -> Value {
    json!({ "kind": "status", "status": status, "headers": headers, "body": "empty" })
}

async fn documented() -> World {
    world(options(), |builder| builder.policy(PolicyName::Documented), quick()).await
}

#[tokio::test]
async fn hazard_36_there_are_four_attempts_and_no_wait_after_the_last() {
    let world = documented().await;
    world.client.log_in().await.unwrap();
    world.faults(every("read", status(503, json!({}))));
    let error = world.client.get("/item-master").await.unwrap_err();
    assert_eq!(world.journal().statuses("read"), [503, 503, 503, 503]);
    assert_eq!((error.kind(), error.status()), (Kind::Unreached(Class::Unavailable), Some(503)));
    let details = error.details();
    assert_eq!(details.stop, Stop::Attempts);
    let waits: Vec<u128> = details.attempts.iter().map(|a| a.wait.as_millis()).collect();
    assert_eq!(waits, [4, 8, 16, 0], "the guide's 1, 2, 4 s, in the small");
    let entries = world.journal();
    let gaps: Vec<u64> = entries
        .of("read")
        .windows(2)
        .map(|two| two[1]["at_ms"].as_u64().unwrap() - two[0]["done_ms"].as_u64().unwrap())
        .collect();
    assert!(gaps[0] >= 3 && gaps[1] >= 7 && gaps[2] >= 15, "{gaps:?}");
}

#[tokio::test]
async fn the_users_count_of_attempts_holds() {
    let world = world(options(), |builder| builder.attempts(2), quick()).await;
    world.faults(every("read", status(500, json!({}))));
    world.client.get("/item-master").await.unwrap_err();
    assert_eq!(world.journal().count("read"), 2);
}

#[tokio::test]
async fn refusals_are_not_sent_again() {
    let world = vectors().await;
    for code in [400, 403, 404, 405, 409] {
        world.faults(every("read", status(code, json!({}))));
        let before = world.journal().count("read");
        let error = world.client.get("/item-master").await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Refused(_)), "{code}: {error}");
        assert_eq!(world.journal().count("read"), before + 1, "{code}");
    }
}

#[tokio::test]
async fn a_hint_is_kept_to() {
    let world = vectors().await;
    let hint = json!({ "Retry-After": "0.12" });
    world.faults(json!([{ "on": { "kind": "replace", "nth": 1 }, "do": status(503, hint) }]));
    world.client.call(replace(42, &order("P-1")), Options::default()).await.unwrap();
    let journal = world.journal();
    let entries = journal.of("replace");
    let gap = entries[1]["at_ms"].as_u64().unwrap() - entries[0]["done_ms"].as_u64().unwrap();
    assert!((119..2_000).contains(&gap), "{gap}");
    assert_eq!(world.sandbox.audit()["early"], json!([]));
}

#[tokio::test]
async fn a_hint_beyond_the_cap_ends_the_call_and_is_handed_over() {
    for world in [vectors().await, documented().await] {
        world.faults(every("read", status(503, json!({ "Retry-After": "3600" }))));
        let error = world.client.get("/item-master").await.unwrap_err();
        assert_eq!(error.details().stop, Stop::HintTooLong);
        assert_eq!(error.details().retry_after.unwrap().as_secs(), 3_600);
        assert_eq!(world.journal().count("read"), 1);
    }
}

#[tokio::test]
async fn hazard_34_hints_that_make_no_sense_are_no_hints() {
    let world = vectors().await;
    for nonsense in ["-1", "nan", "inf", "soon", "1e400", "Wed, 99 Foo 2015"] {
        let fault = status(503, json!({ "Retry-After": nonsense }));
        world.faults(json!([{ "on": { "kind": "read", "nth": [1, 2] }, "do": fault }]));
        let started = Instant::now();
        world.client.get("/item-master").await.unwrap();
        assert!(started.elapsed() < ms(1_000), "{nonsense}");
    }
}

#[tokio::test]
async fn a_429_is_waited_for_as_advised_and_returned_as_documented() {
    let limited = json!([{ "on": { "kind": "create", "nth": 1 },
        "do": { "kind": "rate_limit", "retry_after": "0.05" } }]);
    let advised = vectors().await;
    advised.faults(limited.clone());
    let outcome = advised.client.call(create(&order("P-2")), keyed("P-2")).await;
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    assert_eq!(advised.journal().statuses("create"), [429, 200]);
    assert_eq!(advised.sandbox.audit()["early"], json!([]));
    let letter = documented().await;
    letter.faults(limited);
    let error = letter.client.call(create(&order("P-2")), keyed("P-2")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Refused(Class::RateLimited), Effect::None));
    assert_eq!(letter.journal().count("create"), 1);
}

#[tokio::test]
async fn hazard_15_the_documented_policy_does_not_send_a_create_again_blindly_either() {
    let world = documented().await;
    world.faults(
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]),
    );
    let outcome = world.create("P-2").await;
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    assert_eq!(world.journal().creates("P-2"), 1);
}

#[tokio::test]
async fn the_users_rate_is_a_ceiling_over_all_calls() {
    let world = world(options(), |builder| builder.rate(50.0), quick()).await;
    world.client.log_in().await.unwrap();
    let started = Instant::now();
    let calls = (0..16).map(|_| world.client.get("/supplier-master").send());
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    assert!(started.elapsed() >= ms(290), "16 in {:?} at 50 a second", started.elapsed());
    assert!(world.client.activity().rate.is_some_and(|rate| rate <= 50.0));
}

#[tokio::test]
async fn the_rate_that_the_server_bears_is_learnt() {
    let world = vectors().await;
    assert_eq!(world.client.activity().rate, None);
    world.faults(json!([{ "on": { "kind": "read", "nth": 1 }, "do": { "kind": "rate_limit", "retry_after": "0" } }]));
    world.client.get("/item-master").await.unwrap();
    assert!(world.client.activity().rate.is_some());
}
