//! Deadlines, winding down, and callers who go away.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadfast::{AuthFailure, Effect, Kind, LookUp, Options, Stop};

use crate::double::{
    create, eventually, keyed, known_absent, ms, options, order, quick, vectors, world,
};
use crate::server::{Answer, Server};

fn slow(kind: &str) -> Value {
    json!([{ "on": { "kind": kind }, "do": { "kind": "delay", "ms": 600 } }])
}

fn within(ms: u64) -> Options {
    Options { deadline: Some(Duration::from_millis(ms)), ..Options::default() }
}

#[tokio::test]
async fn an_attempt_is_cut_off_at_the_deadline() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(slow("read"));
    let started = Instant::now();
    let request = steadfast::Request::new(http::Method::GET, "/item-master");
    let error = world.client.call(request, within(100)).await.unwrap_err();
    assert!((ms(95)..ms(550)).contains(&started.elapsed()), "{:?}", started.elapsed());
    assert_eq!((error.details().stop, error.details().attempts.len()), (Stop::Deadline, 1));
}

#[tokio::test]
async fn a_write_that_is_cut_off_at_the_deadline_may_have_taken_effect() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(slow("create"));
    let options = Options { deadline: Some(ms(100)), ..keyed("P-2") };
    let error = world.client.call(create(&order("P-2")), options).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    eventually(|| world.journal().creates("P-2") == 1).await;
}

#[tokio::test]
async fn the_deadline_covers_the_log_in() {
    let world = vectors().await;
    world.faults(slow("login"));
    let started = Instant::now();
    let error = world.client.call(create(&order("P-2")), within(100)).await.unwrap_err();
    assert!(started.elapsed() < ms(550), "{:?}", started.elapsed());
    assert_eq!((error.effect(), error.details().stop), (Effect::None, Stop::Deadline));
    assert!(error.may_succeed_later());
}

#[tokio::test]
async fn the_deadline_covers_the_look_up() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([
        { "on": { "kind": "create" }, "do": { "kind": "commit_then_reset" } },
        { "on": { "kind": "read" }, "do": { "kind": "delay", "ms": 3_000 } },
    ]));
    let started = Instant::now();
    let options = Options { deadline: Some(ms(200)), ..known_absent("P-2") };
    let error = world.client.call(create(&order("P-2")), options).await.unwrap_err();
    assert!(started.elapsed() < ms(550), "{:?}", started.elapsed());
    assert_eq!(error.kind(), Kind::Unknown);
}

#[tokio::test]
async fn no_wait_reaches_beyond_the_deadline() {
    let world = vectors().await;
    let hint = json!({ "Retry-After": "5" });
    world.faults(json!([{ "on": { "kind": "read" },
        "do": { "kind": "status", "status": 503, "headers": hint, "body": "empty" } }]));
    let started = Instant::now();
    let request = steadfast::Request::new(http::Method::GET, "/item-master");
    let error = world.client.call(request, within(1_000)).await.unwrap_err();
    assert!(started.elapsed() < ms(900), "it ends now, not at the deadline");
    assert_eq!(error.details().stop, Stop::Deadline);
    assert_eq!(error.details().retry_after, Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn winding_down_lets_exchanges_end_and_calls_off_what_waits() {
    let mut dialect = quick();
    dialect.policy.recommended.fault_base_ms = 60_000;
    dialect.policy.recommended.wait_cap_ms = 60_000;
    dialect.policy.recommended.jitter = steadfast::dialect::Jitter::None;
    let world = world(options(), |b| b.deadline(Duration::from_secs(600)), dialect).await;
    world.client.log_in().await.unwrap();
    world.faults(json!([
        { "on": { "path": "/api/item-master" }, "do": { "kind": "status", "status": 503, "body": "empty" } },
        { "on": { "path": "/api/supplier-master" }, "do": { "kind": "delay", "ms": 150, "after": true } },
    ]));
    let started = Instant::now();
    let (waits, sends, _) = tokio::join!(
        world.client.get("/item-master"),
        world.client.get("/supplier-master"),
        async {
            eventually(|| world.client.activity().parked == 1).await;
            world.client.wind_down();
        }
    );
    assert!(started.elapsed() < ms(3_000));
    let error = waits.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Cancelled, Effect::None));
    assert!(sends.is_ok());
    assert_eq!(world.client.activity().active + world.client.activity().parked, 0);
}

#[tokio::test]
async fn winding_down_calls_off_a_log_in_that_only_waits() {
    let mut dialect = quick();
    dialect.policy.recommended.fault_base_ms = 60_000;
    dialect.policy.recommended.wait_cap_ms = 60_000;
    dialect.policy.recommended.jitter = steadfast::dialect::Jitter::None;
    let server = Server::start(|_, _| Answer::with(503, &[], "")).await;
    let client = server.builder(dialect).build().unwrap();
    let (result, _) = tokio::join!(client.log_in(), async {
        eventually(|| !server.seen().is_empty()).await;
        tokio::time::sleep(ms(30)).await;
        client.wind_down();
    });
    assert!(matches!(result, Err(AuthFailure::Unreached { .. })), "{result:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_trace_in_the_counts() {
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(slow("read"));
    let call = world.client.get("/item-master");
    assert!(tokio::time::timeout(ms(40), call).await.is_err());
    let look = world.client.look_up("purchase-order", "P-1", b"{}");
    assert!(tokio::time::timeout(ms(40), look).await.is_err());
    world.sandbox.clear_faults();
    eventually(|| world.client.activity().active == 0).await;
    let found = world.client.look_up("purchase-order", "P-1", b"{}").await;
    assert!(matches!(found, LookUp::Found(_)), "{found:?}");
}

#[tokio::test]
async fn absurd_deadlines_do_no_harm() {
    let world = vectors().await;
    for deadline in [Duration::MAX, Duration::ZERO] {
        let options = Options { deadline: Some(deadline), ..Options::default() };
        let request = steadfast::Request::new(http::Method::GET, "/item-master");
        let result = world.client.call(request, options).await;
        assert_eq!(result.is_ok(), deadline == Duration::MAX, "{result:?}");
    }
}
