//! Writes that end well though their answers do not arrive.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use steadfast::{Class, Effect, Kind, LookUp, Options, Outcome, Request, Stop};
use steadfast_sandbox::{Profile, Quirk};

use crate::double::{
    create, eventually, keyed, known_absent, ms, options, order, quick, replace, settle, vectors,
    world,
};

fn lost_reply() -> Value {
    json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }])
}

#[tokio::test]
async fn hazard_15_a_create_whose_reply_was_lost_is_found_and_not_sent_again() {
    let world = vectors().await;
    world.faults(lost_reply());
    let outcome = world.create("P-2").await.unwrap();
    let Outcome::Applied(success) = outcome else { panic!("{outcome:?}") };
    assert_eq!(success.attempts.len(), 1);
    assert!(success.resource_id.is_some() && !success.may_be_ours);
    assert_eq!((world.journal().creates("P-2"), world.copies("P-2")), (1, 1));
}

#[tokio::test]
async fn hazard_15_without_knowing_that_it_was_absent_it_ends_as_existing() {
    let world = vectors().await;
    world.faults(lost_reply());
    let outcome = world.client.call(create(&order("P-2")), keyed("P-2")).await.unwrap();
    let Outcome::Existing(success) = outcome else { panic!("{outcome:?}") };
    assert!(success.may_be_ours);
    assert_eq!((world.journal().creates("P-2"), world.copies("P-2")), (1, 1));
}

#[tokio::test]
async fn hazard_15_without_a_key_it_ends_as_unknown_and_says_so() {
    let world = vectors().await;
    world.faults(lost_reply());
    let error = world.client.post("/purchase-order").json(&order("P-2")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    assert!(error.user_message().contains("Look for it before sending it again"));
    assert!(!error.may_succeed_later());
    assert_eq!(world.journal().creates("P-2"), 1);
}

#[tokio::test]
async fn hazard_15_what_was_not_done_is_sent_again_once_that_is_proven() {
    for fault in [
        json!({ "kind": "reset_before_commit" }),
        json!({ "kind": "status", "status": 503, "body": "html" }),
        json!({ "kind": "status", "status": 500 }),
    ] {
        let world = vectors().await;
        world.faults(json!([{ "on": { "key": "P-2", "kind": "create", "nth": 1 }, "do": fault }]));
        let write = world.create("P-2");
        // What proves that no locked run hides the first try is a later write, answered.
        let (outcome, _) = tokio::join!(write, async {
            eventually(|| world.journal().count("read") >= 1).await;
            assert_eq!(world.journal().creates("P-2"), 1, "not before there is proof");
            world.create("P-3").await.unwrap();
        });
        assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
        assert_eq!(world.journal().creates("P-2"), 2);
        assert_eq!(world.journal().effects("P-2"), 1);
    }
}

/// The double takes a second copy without complaint, so that nothing but the client prevents it.
#[tokio::test]
async fn hazard_15_twenty_parallel_writes_through_every_kind_of_loss_are_never_doubled() {
    let quirks = vec![Quirk::AllowDuplicates];
    let world = world(steadfast_sandbox::Options { quirks, ..options() }, |b| b, quick()).await;
    let on = |n: &[u64]| json!({ "kind": "create", "nth": n });
    world.faults(json!([
        { "on": on(&[2, 9]), "do": { "kind": "commit_then_reset" } },
        { "on": on(&[3, 11]), "do": { "kind": "commit_then_status", "status": 504, "body": "html" } },
        { "on": on(&[4]), "do": { "kind": "reset_before_commit" } },
        { "on": on(&[5]), "do": { "kind": "truncate_body" } },
        { "on": on(&[6]), "do": { "kind": "malformed_body" } },
        { "on": on(&[7]), "do": { "kind": "late_commit", "after_ms": 10 } },
        { "on": on(&[8]), "do": { "kind": "expire_access" } },
        { "on": on(&[10]), "do": { "kind": "rotate_csrf" } },
        { "on": on(&[12]), "do": { "kind": "status", "status": 503, "body": "empty" } },
    ]));
    let numbers: Vec<String> = (0..20).map(|n| format!("N-{n}")).collect();
    let writes = join_all(numbers.iter().map(|number| world.create(number)));
    let (outcomes, _) = tokio::join!(writes, async {
        tokio::time::sleep(ms(150)).await;
        world.create("later").await.unwrap();
    });
    for (number, outcome) in numbers.iter().zip(outcomes) {
        assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{number}: {outcome:?}");
        assert_eq!(world.copies(number), 1, "{number}");
    }
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
    assert_eq!(world.sandbox.audit()["early"], json!([]));
}

#[tokio::test]
async fn a_write_that_takes_effect_late_is_waited_for() {
    let mut dialect = quick();
    settle(&mut dialect, 250);
    let quirks = vec![Quirk::AllowDuplicates];
    let world = world(steadfast_sandbox::Options { quirks, ..options() }, |b| b, dialect).await;
    world.faults(json!([{ "on": { "kind": "create", "nth": 1 },
        "do": { "kind": "late_commit", "after_ms": 120, "status": 504, "body": "html" } }]));
    let outcome = world.create("P-2").await.unwrap();
    assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    assert_eq!((world.journal().creates("P-2"), world.copies("P-2")), (1, 1));
}

#[tokio::test]
async fn hazard_23_a_queued_write_is_never_sent_again() {
    let quirks = vec![Quirk::AllowDuplicates];
    let world = world(steadfast_sandbox::Options { quirks, ..options() }, |b| b, quick()).await;
    world.sandbox.start_integration();
    let outcome = world.create("P-2").await.unwrap();
    assert!(matches!(outcome, Outcome::Queued(_)), "{outcome:?}");
    assert!(world.client.activity().tables_locked);
    tokio::time::sleep(ms(60)).await;
    assert_eq!(world.journal().creates("P-2"), 1);
    world.sandbox.finish_integration();
    assert_eq!(world.copies("P-2"), 1);
}

#[tokio::test]
async fn hazard_24_queued_is_an_outcome_of_its_own_and_shows_when_the_run_ends() {
    let world = vectors().await;
    world.sandbox.start_integration();
    let body = order("P-2").to_string();
    let outcome = world.create("P-2").await.unwrap();
    let Outcome::Queued(success) = outcome else { panic!("{outcome:?}") };
    assert_eq!(success.resource_id, None, "nothing was created yet");
    let look = || world.client.look_up("purchase-order", "P-2", body.as_bytes());
    assert!(matches!(look().await, LookUp::Absent));
    world.sandbox.finish_integration();
    let LookUp::Found(found) = look().await else { panic!("not there") };
    assert_eq!((found.differences.len(), found.copies), (0, 1));
    assert_eq!(world.journal().creates("P-2"), 1);
}

#[tokio::test]
async fn hazard_25_what_is_gone_after_an_unanswered_delete_was_deleted() {
    for profile in [Profile::Guide, Profile::Reference] {
        let world =
            world(steadfast_sandbox::Options { profile, ..options() }, |b| b, quick()).await;
        world.faults(json!([{ "on": { "kind": "delete", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]));
        let delete = || Request::new(Method::DELETE, "/purchase-order/42");
        let outcome = world.client.call(delete(), Options::default()).await.unwrap();
        assert!(matches!(outcome, Outcome::Existing(_)), "{outcome:?}");
        assert_eq!(world.journal().count("delete"), 2);
        let error = world.client.call(delete(), Options::default()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused(Class::NotFound), "a first try is another matter");
    }
}

#[tokio::test]
async fn hazard_26_a_replacement_that_keeps_every_line_id_keeps_every_line() {
    let world = vectors().await;
    world.client.call(create(&two_lines("P-2")), known_absent("P-2")).await.unwrap();
    let before = world.order("P-2");
    let id = before["id"].to_string();
    let body = two_lines("P-2").to_string();
    let testimony = world.client.witness("purchase-order", &id, body.as_bytes()).await;
    assert!(matches!(testimony, steadfast::Testimony::Free), "{testimony:?}");
    assert_eq!(world.journal().statuses("replace"), [200]);
    assert_eq!(world.order("P-2"), before, "both lines, with the ids that they had");
}

#[tokio::test]
async fn hazard_26_a_replacement_is_sent_again_as_a_whole() {
    let world = vectors().await;
    world.faults(
        json!([{ "on": { "kind": "replace", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]),
    );
    let line = &world.order("P-1")["details"][0]["id"].clone();
    let mut body = two_lines("P-1");
    body["details"][0]["id"] = line.clone();
    body["details"][0]["PO Details Id"] = line.clone();
    world.client.call(replace(42, &body), keyed("P-1")).await.unwrap();
    let lines = world.order("P-1")["details"].clone();
    assert_eq!((lines.as_array().unwrap().len(), &lines[0]["id"]), (2, line));
    assert_eq!(world.journal().count("replace"), 2);
}

#[tokio::test]
async fn hazard_27_an_order_that_went_with_its_last_line_is_reported_as_not_there() {
    let world = vectors().await;
    let line = world.order("P-1")["details"][0]["id"].to_string();
    world.client.delete(format!("/purchase-order-details/{line}")).await.unwrap();
    assert_eq!(world.journal().of("delete")[0]["gone_with"], "purchase-order");
    let error = world.client.call(replace(42, &order("P-1")), keyed("P-1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Class::NotFound));
    assert_eq!(error.code(), Some("PurchaseOrderList.NotFound"));
    assert!(error.user_message().contains("drop the stale id"), "{}", error.user_message());
    assert_eq!((world.journal().count("replace"), world.journal().count("create")), (1, 0));
}

#[tokio::test]
async fn a_duplicate_is_compared_with_ours() {
    let world = vectors().await;
    let same = world.client.call(create(&order("P-1")), keyed("P-1")).await.unwrap();
    assert!(matches!(&same, Outcome::Existing(success) if !success.may_be_ours), "{same:?}");
    let mut other = order("P-1");
    other["details"][0]["PO Details Quantity"] = json!(6);
    let error = world.client.call(create(&other), keyed("P-1")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Refused(Class::Duplicate), Effect::None));
    assert_eq!(error.details().differences[0].at, "/details/0/PO Details Quantity");
    world.faults(
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "reset_before_read" } }]),
    );
    let error = world.client.call(create(&other), keyed("P-1")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Differs, Effect::Unknown));
    assert_eq!(world.journal().creates("P-1"), 3);
}

#[tokio::test]
async fn a_write_in_doubt_from_an_earlier_process_is_looked_for_first() {
    let world = vectors().await;
    let in_doubt = Options { in_doubt: true, ..known_absent("P-1") };
    let outcome = world.client.call(create(&order("P-1")), in_doubt).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    assert_eq!(world.journal().count("create"), 0);
}

#[tokio::test]
async fn a_refusal_does_not_clear_an_earlier_doubt() {
    let world = vectors().await;
    world.faults(json!([
        { "on": { "kind": "move", "nth": 1 }, "do": { "kind": "status", "status": 503, "body": "empty" } },
    ]));
    let request = Request::new(Method::PUT, "/purchase-order-details-move-lines").json("{}");
    let error = world.client.call(request, Options::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    assert_eq!(error.details().stop, Stop::Final);
    assert_eq!(world.journal().count("move"), 1, "this PUT is not idempotent");
}

fn two_lines(number: &str) -> Value {
    let mut body = order(number);
    let line = json!({ "Item Number": "I2", "Warehouse Number": "W1", "PO Details Quantity": 7.5 });
    body["details"].as_array_mut().unwrap().push(line);
    body
}
