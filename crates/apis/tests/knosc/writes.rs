//! Writes: applied or queued, and what is sent again (K7, K8, K19).

use std::time::Duration;

use serde_json::json;
use steadfast::Effect;
use steadfast_apis::knosc::{Confirmed, Order, Queued, WriteRetry, Written};

use crate::world::{World, builder_of, eventually, ms, order, quick, vectors};

async fn queued(world: &World, order: &Order) -> Queued {
    match world.knosc.create_order(order).await.unwrap() {
        Written::Queued(queued) => queued,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn k07_a_post_that_was_not_answered_is_sent_again_only_after_a_look() {
    let world = vectors().await;
    world.faults(json!([
        { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_status", "status": 504 } },
        { "on": { "kind": "create", "nth": 2 }, "do": { "kind": "status", "status": 503 } },
    ]));
    // The first was done and not answered: it is found.
    let done = world.knosc.create_order(&order("P-2")).known_absent().await.unwrap();
    assert!(matches!(&done, Written::Applied(done) if done.id.is_some()), "{done:?}");
    assert_eq!((world.statuses("create").len(), world.copies("P-2")), (1, 1));
    // The second was not done: it is looked for, and sent again once a later write has shown that
    // no run hides it.
    let again = order("P-3");
    let (done, _) = tokio::join!(world.knosc.create_order(&again).send(), async {
        let reads = world.statuses("read").len();
        eventually(|| world.statuses("read").len() > reads).await;
        assert_eq!(world.statuses("create").len(), 2, "not before there is proof");
        assert!(world.knosc.create_order(&order("P-4")).await.unwrap().is_done());
    });
    assert!(matches!(done, Ok(Written::Applied(_))), "{done:?}");
    assert_eq!((world.statuses("create").len(), world.copies("P-3")), (4, 1));
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn k07_how_far_it_goes_can_be_chosen() {
    let world = vectors().await;
    let lost = json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "status", "status": 503 } }]);
    // `always`: the letter of the guide, without a look.
    world.faults(lost.clone());
    let always = builder_of(&world.sandbox, "ada", "right").write_retry(WriteRetry::Always);
    let always = always.build_with(quick()).unwrap();
    assert!(always.create_order(&order("P-2")).await.unwrap().is_done());
    assert_eq!(world.statuses("create"), [503, 200]);
    // `never`: what may have been done is told.
    world.faults(lost);
    let never = builder_of(&world.sandbox, "ada", "right").write_retry(WriteRetry::Never);
    let never = never
        .settings(|builder| builder.deadline(Duration::from_millis(300)))
        .build_with(quick())
        .unwrap();
    let error = never.create_order(&order("P-3")).await.unwrap_err();
    assert_eq!((error.effect(), world.statuses("create").len()), (Effect::Unknown, 3));
}

#[tokio::test]
async fn k08_a_queued_write_is_neither_done_nor_sent_again() {
    let world = vectors().await;
    world.sandbox.start_integration();
    let written = world.knosc.create_order(&order("P-2")).await.unwrap();
    assert!(!written.is_done());
    assert_eq!(
        (written.id(), written.message()),
        (None, Some("Changes will be visible after the integration is done."))
    );
    assert_eq!((world.statuses("create"), world.copies("P-2")), (vec![200], 0));
    let there = world.knosc.order(42).await.unwrap();
    assert!(!world.knosc.replace_order(42, &there).await.unwrap().is_done());
    assert!(!world.knosc.delete_order(42).await.unwrap().is_done());
}

#[tokio::test]
async fn k19_a_queued_write_is_looked_for_until_it_shows() {
    let world = vectors().await;
    world.sandbox.start_integration();
    let queued = queued(&world, &order("P-2")).await;
    let early = world.knosc.confirm(&queued, ms(30)).await;
    assert!(matches!(&early, Confirmed::NotSeen(why) if why.contains("P-2")), "{early:?}");
    let (seen, ()) = tokio::join!(world.knosc.confirm(&queued, Duration::from_secs(10)), async {
        tokio::time::sleep(ms(20)).await;
        world.sandbox.finish_integration();
    });
    assert!(matches!(seen, Confirmed::Seen), "{seen:?}");
    assert_eq!(world.statuses("create").len(), 1, "confirming only reads");
    let seen = world.knosc.confirm_order(&order("P-2"), Duration::from_secs(10)).await;
    assert!(matches!(seen, Confirmed::Seen), "the number and content are enough: {seen:?}");
}

#[tokio::test]
async fn k19_a_queued_replacement_or_deletion_shows_in_its_own_way() {
    let world = vectors().await;
    let mut there = world.knosc.order(42).await.unwrap();
    there.details[0].quantity = 9.into();
    world.sandbox.start_integration();
    let Written::Queued(replaced) = world.knosc.replace_order(42, &there).await.unwrap() else {
        panic!("the tables are locked");
    };
    let early = world.knosc.confirm(&replaced, ms(30)).await;
    assert!(matches!(&early, Confirmed::NotSeen(why) if why.contains("Quantity")), "{early:?}");
    world.sandbox.finish_integration();
    let seen = world.knosc.confirm(&replaced, Duration::from_secs(10)).await;
    assert!(matches!(seen, Confirmed::Seen), "{seen:?}");

    world.sandbox.start_integration();
    let Written::Queued(deleted) = world.knosc.delete_order(42).await.unwrap() else {
        panic!("the tables are locked");
    };
    let early = world.knosc.confirm(&deleted, ms(30)).await;
    assert!(matches!(&early, Confirmed::NotSeen(why) if why.contains("still there")), "{early:?}");
    world.sandbox.finish_integration();
    let seen = world.knosc.confirm(&deleted, Duration::from_secs(10)).await;
    assert!(matches!(seen, Confirmed::Seen), "{seen:?}");
}

#[tokio::test]
async fn k19_what_is_there_instead_is_told_at_once() {
    let world = vectors().await;
    world.sandbox.start_integration();
    let queued = queued(&world, &order("P-2")).await;
    world.sandbox.finish_integration();
    let mut other = world.knosc.order_by_number("P-2").await.unwrap().unwrap();
    other.details[0].quantity = 7.into();
    assert!(world.knosc.replace_order(other.id.unwrap(), &other).await.unwrap().is_done());
    let confirmed = world.knosc.confirm(&queued, Duration::from_secs(10)).await;
    let Confirmed::Differs(differences) = confirmed else { panic!("{confirmed:?}") };
    assert!(differences[0].to_string().contains("Quantity"), "{}", differences[0]);
}
