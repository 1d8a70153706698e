//! Where the API's documents disagree (contract 8): the client passes on every variant, and is told
//! of none. One row of the table after the other, on each double there is.

use std::time::Duration;

use steadfast_apis::kneo::{Conflict, Decision, Error, RunFilter, RunState, Watch};
use steadfast_sandbox::{Profile, Quirk};

use crate::world::{World, demo, scripted};

async fn c1_a_409_is_read_by_its_code(world: &World, codes: bool) {
    let runs = world.kneo.runs();
    runs.create(&demo("one"), Some("c1".into())).await.unwrap();
    let error = runs.create(&demo("two"), Some("c1".into())).await.unwrap_err();
    assert!(matches!(error, Error::Conflict(Conflict::IdempotencyMismatch(_))), "{error:?}");
    let run = runs.create(&demo("three"), None).await.unwrap().run_id.unwrap();
    let error = runs.continue_run(&run, None).await.unwrap_err();
    let Error::Conflict(conflict) = error else { panic!("{error:?}") };
    // Without a code, a 409 to a keyed request is the legacy rule's.
    assert_eq!(matches!(conflict, Conflict::IdempotencyMismatch(_)), !codes, "{conflict:?}");
}

async fn c2_errors_are_read_in_either_shape(world: &World) {
    let error = world.kneo.runs().get("nope").await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    assert_eq!(error.to_string(), "Run not found: nope");
}

async fn c3_an_asynchronous_run_is_started(world: &World, has_body: bool) {
    let started = world.kneo.runs().create(&scripted("completed", 0), None).await;
    match has_body {
        true => assert!(started.unwrap().run_id.is_some()),
        false => {
            let error = started.unwrap_err();
            assert!(matches!(error, Error::Protocol(_)), "V28: {error:?}");
        }
    }
}

async fn c6_a_pause_is_one_by_any_name(world: &World) {
    let mut run = scripted("human", 0);
    run.async_mode = false;
    let reply = world.kneo.runs().create(&run, None).await.unwrap();
    assert!(reply.human_intervention_required && reply.status.is_waiting_for_a_person());
    let watch = Watch {
        terminal: vec![RunState::PausedHumanReview, RunState::Blocked],
        ..Watch::within(Duration::from_secs(10))
    };
    let id = reply.run_id.unwrap();
    world.kneo.runs().wait_for(&id, &watch).await.unwrap();
    let resumed = world.kneo.human_tasks().resume_first_pending(&Decision::Approved, None).await;
    assert_eq!(resumed.unwrap().unwrap().run_id, id);
}

async fn c9_a_run_that_has_ended_is_cancelled_in_vain(world: &World) {
    let run = world.kneo.runs().create(&demo("done"), None).await.unwrap().run_id.unwrap();
    assert_eq!(world.kneo.runs().cancel(&run).await.unwrap().status, RunState::Completed);
}

async fn c11_parameters_that_are_not_set_are_not_sent(world: &World) {
    let page = world.kneo.runs().page(&RunFilter::default(), &Default::default()).await.unwrap();
    assert!(!page.items.is_empty() && !page.has_more());
}

/// C4, C5, C7 and C8 are the client's own and no difference of the double: see `n16`, `n18`, `n05`.
/// C10 is read as it comes.
#[tokio::test]
async fn every_conflict_is_passed_on_every_variant() {
    let variants = [
        (Profile::Guide, vec![]),
        (Profile::Reference, vec![]),
        (Profile::Both, vec![]),
        (Profile::Guide, vec![Quirk::Codeless409]),
        (Profile::Reference, vec![Quirk::Empty202]),
    ];
    for (profile, quirks) in variants {
        let codes = !quirks.contains(&Quirk::Codeless409);
        let has_body = !quirks.contains(&Quirk::Empty202);
        let world = World::variant(profile, quirks).await;
        c1_a_409_is_read_by_its_code(&world, codes).await;
        c2_errors_are_read_in_either_shape(&world).await;
        c3_an_asynchronous_run_is_started(&world, has_body).await;
        c6_a_pause_is_one_by_any_name(&world).await;
        c9_a_run_that_has_ended_is_cancelled_in_vain(&world).await;
        c11_parameters_that_are_not_set_are_not_sent(&world).await;
    }
}
