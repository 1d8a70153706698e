//! A write of which nobody knows what became is sent again with the key that was written down.

use std::time::Duration;

use serde_json::json;
use steadfast::{IdempotencyKey, Options, Request};
use steadfast_ledger::{Delivery, State};

use crate::world::{World, kneo_run};

/// How long kneo remembers a key.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Sends what was claimed, and does not come to write down how it ended.
async fn sent_and_not_settled(world: &World, delivery: &Delivery) {
    let key = delivery.idempotency_key.clone().unwrap();
    let request = Request::new(delivery.method.parse().unwrap(), delivery.path.clone());
    let options = Options {
        idempotency_key: Some(IdempotencyKey::from(key.value.as_str())),
        ..Options::default()
    };
    world.client.call(request.json(delivery.body.clone()), options).await.unwrap();
}

async fn crashed_after_sending(later: Duration) -> World {
    let world = World::of_kneo().await;
    let run = world.begin().await;
    world.accept(kneo_run(run, 1, "key-of-the-first-process")).await;
    let claimed = world.claim(run).await;
    sent_and_not_settled(&world, &claimed[0]).await;
    world.after_a_crash(later)
}

fn runs(world: &World) -> usize {
    world.sandbox.state()["runs"].as_array().unwrap().len()
}

#[tokio::test]
async fn after_a_crash_it_is_the_same_key_and_takes_effect_once() {
    let world = crashed_after_sending(Duration::from_secs(5 * 60)).await;
    let run = world.begin().await;
    // The same input again, for which another key was drawn.
    let id = world.accept(kneo_run(run, 1, "key-of-the-second-process")).await;
    world.send(run).await;
    let delivery = world.get(id);
    assert_eq!(delivery.state, State::Applied, "{delivery:?}");
    assert_eq!(delivery.idempotency_key.unwrap().value, "key-of-the-first-process");
    assert_eq!((runs(&world), world.requests("create").len()), (1, 2));
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn a_key_that_the_api_may_have_forgotten_counts_as_none() {
    let world = crashed_after_sending(RETENTION - Duration::from_secs(20)).await;
    let run = world.begin().await;
    let id = world.accept(kneo_run(run, 1, "another")).await;
    world.send(run).await;
    let delivery = world.get(id);
    assert_eq!(delivery.state, State::Unknown, "{delivery:?}");
    let reason = delivery.reason.unwrap();
    assert!(reason.text.contains("older than the API remembers"), "{reason:?}");
    assert_eq!((runs(&world), world.requests("create").len()), (1, 1));
}

#[tokio::test]
async fn a_key_protects_until_the_attempt_could_outlive_it() {
    let world = crashed_after_sending(RETENTION - Duration::from_secs(2 * 60)).await;
    let run = world.begin().await;
    let id = world.accept(kneo_run(run, 1, "another")).await;
    world.send(run).await;
    assert_eq!(world.get(id).state, State::Applied);
    assert_eq!((runs(&world), world.requests("create").len()), (1, 2));
}

#[tokio::test]
async fn a_key_that_waited_long_and_was_never_sent_is_new() {
    let world = World::of_kneo().await;
    let run = world.begin().await;
    let id = world.accept(kneo_run(run, 1, "k1")).await;
    let world = world.after_a_crash(RETENTION * 3);
    world
        .faults(json!([{"on": {"kind": "create", "nth": 1}, "do": {"kind": "commit_then_reset"}}]));
    world.send(run).await;
    assert_eq!(world.get(id).state, State::Applied);
    assert_eq!((runs(&world), world.requests("create").len()), (1, 2));
}

#[tokio::test]
async fn unanswered_writes_are_sent_again_with_their_keys() {
    let world = World::of_kneo().await;
    world.faults(json!([
        {"on": {"kind": "create", "nth": [2, 5]}, "do": {"kind": "commit_then_reset"}},
        {"on": {"kind": "create", "nth": 4}, "do": {"kind": "commit_then_status", "status": 504, "body": "html"}},
        {"on": {"kind": "create", "nth": 7}, "do": {"kind": "reset_before_commit"}},
    ]));
    let run = world.begin().await;
    for number in 0..12 {
        world.accept(kneo_run(run, number, &format!("k{number}"))).await;
    }
    world.send(run).await;
    let all = world.all();
    assert!(all.iter().all(|delivery| delivery.state == State::Applied), "{all:#?}");
    assert_eq!((runs(&world), world.requests("create").len()), (12, 16));
}

#[tokio::test]
async fn an_api_that_fails_for_longer_than_a_call_gets_the_key_again_until_it_answers() {
    let world = World::of_kneo().await;
    // The first takes effect, and no attempt of the first call is answered.
    world.faults(json!([
        {"on": {"kind": "create", "nth": 1}, "do": {"kind": "commit_then_status", "status": 504, "body": "html"}},
        {"on": {"kind": "create", "nth": [2, 3]}, "do": {"kind": "status", "status": 503, "body": "empty"}},
    ]));
    let run = world.begin().await;
    let id = world.accept(kneo_run(run, 1, "k1")).await;
    world.send(run).await;
    let delivery = world.get(id);
    assert_eq!(delivery.state, State::Applied, "{delivery:?}");
    assert_eq!((runs(&world), world.requests("create").len()), (1, 4));
    let effects: Vec<_> =
        world.ledger.attempts(id).unwrap().into_iter().map(|a| (a.n, a.status)).collect();
    let answers = [(1, Some(504)), (2, Some(503)), (3, Some(503)), (4, Some(200))];
    assert_eq!(effects, answers, "each attempt is on record");
}
