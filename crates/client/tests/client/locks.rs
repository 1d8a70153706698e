//! Integration runs that hold the tables and hide writes.

use serde_json::json;
use steadfast::{Client, Effect, Kind, Outcome, Testimony};
use steadfast_sandbox::Quirk;

use crate::double::{World, create, eventually, known_absent, ms, options, order, quick, world};

/// A double that takes a second copy without complaint.
async fn careless() -> World {
    let quirks = vec![Quirk::AllowDuplicates];
    world(steadfast_sandbox::Options { quirks, ..options() }, |b| b, quick()).await
}

async fn witness(client: &Client) -> Testimony {
    client.witness("purchase-order", "42", order("P-1").to_string().as_bytes()).await
}

/// The write is queued and its answer lost: nothing shows it until the run ends.
#[tokio::test]
async fn a_hidden_write_is_not_sent_again_and_a_witness_frees_it() {
    let world = careless().await;
    world.client.log_in().await.unwrap();
    world.sandbox.start_integration();
    world.faults(json!([{ "on": { "key": "P-2", "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]));
    let (outcome, _) = tokio::join!(world.create("P-2"), async {
        eventually(|| world.client.activity().waiting_for_lock == 1).await;
        assert!(matches!(witness(&world.client).await, Testimony::Locked));
        assert!(world.client.activity().tables_locked);
        tokio::time::sleep(ms(300)).await;
        assert_eq!(world.journal().creates("P-2"), 1, "absent, and that proves nothing");
        world.sandbox.finish_integration();
        assert!(matches!(witness(&world.client).await, Testimony::Free));
    });
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    assert_eq!((world.journal().creates("P-2"), world.copies("P-2")), (1, 1));
}

#[tokio::test]
async fn a_write_that_never_arrived_is_sent_again_once_the_run_is_known_to_be_over() {
    let world = careless().await;
    world.client.log_in().await.unwrap();
    world.sandbox.start_integration();
    world.faults(json!([{ "on": { "key": "P-2", "kind": "create", "nth": 1 }, "do": { "kind": "reset_before_commit" } }]));
    let (outcome, _) = tokio::join!(world.create("P-2"), async {
        eventually(|| world.client.activity().waiting_for_lock == 1).await;
        world.sandbox.finish_integration();
        tokio::time::sleep(ms(100)).await;
        assert_eq!(world.journal().creates("P-2"), 1, "over, but nobody knows");
        assert!(matches!(witness(&world.client).await, Testimony::Free));
    });
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    assert_eq!((world.journal().creates("P-2"), world.copies("P-2")), (2, 1));
}

#[tokio::test]
async fn a_later_queued_write_that_became_visible_is_proof_as_well() {
    let world = careless().await;
    world.client.log_in().await.unwrap();
    world.sandbox.start_integration();
    world.faults(json!([{ "on": { "key": "P-2", "kind": "create", "nth": 1 }, "do": { "kind": "reset_before_commit" } }]));
    let (outcome, _) = tokio::join!(world.create("P-2"), async {
        eventually(|| world.client.activity().waiting_for_lock == 1).await;
        let sent_at = world.client.now();
        assert!(matches!(world.create("P-3").await, Ok(Outcome::Queued(_))));
        world.sandbox.finish_integration();
        world.client.saw_queued_write(sent_at);
    });
    assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{outcome:?}");
    assert_eq!((world.copies("P-2"), world.copies("P-3")), (1, 1));
}

#[tokio::test]
async fn without_proof_it_ends_as_unknown_at_the_deadline() {
    let world = careless().await;
    world.client.log_in().await.unwrap();
    world.sandbox.start_integration();
    world.faults(json!([{ "on": { "key": "P-2", "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]));
    let options = steadfast::Options { deadline: Some(ms(400)), ..known_absent("P-2") };
    let error = world.client.call(create(&order("P-2")), options).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    assert_eq!(world.journal().creates("P-2"), 1);
    world.sandbox.finish_integration();
    assert_eq!(world.copies("P-2"), 1);
}

#[tokio::test]
async fn a_record_that_somebody_changed_is_no_witness_and_stays_as_it_is() {
    let world = careless().await;
    let mut ours = order("P-1");
    ours["details"][0]["PO Details Quantity"] = json!(6);
    let testimony = world.client.witness("purchase-order", "42", ours.to_string().as_bytes()).await;
    assert!(
        matches!(&testimony, Testimony::Unfit(why) if why.contains("changed")),
        "{testimony:?}"
    );
    let gone = world.client.witness("purchase-order", "4242", ours.to_string().as_bytes()).await;
    assert!(matches!(gone, Testimony::Unfit(_)), "{gone:?}");
    assert_eq!(world.journal().count("replace"), 0);
}
