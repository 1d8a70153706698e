//! Where the API's documents disagree (contract 8): the client passes on every variant, and is told
//! of none. Each test is named by its row, and the rows are listed in `conflicts.toml`.

use std::time::Duration;

use serde_json::json;
use steadfast_apis::kneo::{
    Code, Conflict, Decision, Error, NewPolicy, RunFilter, RunState, Watch,
};
use steadfast_sandbox::{Profile, Quirk};

use crate::rows::{each_has_its_test, named};
use crate::world::{World, demo, scripted};

#[test]
fn every_row_of_the_table_has_its_test() {
    let tests = named![
        c1_a_409_is_read_by_its_code,
        c2_errors_are_read_in_either_shape,
        c3_an_asynchronous_run_is_started,
        c4_a_redirect_is_an_error_and_not_followed,
        c5_a_503_of_a_probe_is_told_and_silence_is_tried_again,
        c6_a_pause_is_one_by_any_name,
        c7_what_was_not_answered_is_sent_again_and_done_once,
        c8_a_hint_is_a_finite_wait_or_none,
        c9_a_run_that_has_ended_is_cancelled_in_vain,
        c10_the_inventory_is_read_by_name,
        c11_parameters_that_are_not_set_are_not_sent,
    ];
    each_has_its_test("kneo", 11, tests);
}

/// Each double there is, one after the other, with a client that is not told which.
async fn on_every_variant(row: impl AsyncFn(&World, &[Quirk])) {
    let variants = [
        (Profile::Guide, vec![]),
        (Profile::Reference, vec![]),
        (Profile::Both, vec![]),
        (Profile::Guide, vec![Quirk::Codeless409]),
        (Profile::Reference, vec![Quirk::Empty202]),
    ];
    for (profile, quirks) in variants {
        let world = World::variant(profile, quirks.clone()).await;
        row(&world, &quirks).await;
        let audit = world.sandbox.audit();
        assert_eq!((&audit["doubled"], &audit["early"]), (&json!([]), &json!([])), "{profile}");
    }
}

#[tokio::test]
async fn c1_a_409_is_read_by_its_code() {
    on_every_variant(async |world, quirks| {
        let codes = !quirks.contains(&Quirk::Codeless409);
        let runs = world.kneo.runs();
        runs.create(&demo("one"), Some("c1".into())).await.unwrap();
        let error = runs.create(&demo("two"), Some("c1".into())).await.unwrap_err();
        assert!(matches!(error, Error::Conflict(Conflict::IdempotencyMismatch(_))), "{error:?}");
        let run = runs.create(&demo("three"), None).await.unwrap().run_id.unwrap();
        let error = runs.continue_run(&run, None).await.unwrap_err();
        let Error::Conflict(conflict) = error else { panic!("{error:?}") };
        // Without a code, a 409 to a keyed request is the legacy rule's.
        assert_eq!(matches!(conflict, Conflict::IdempotencyMismatch(_)), !codes, "{conflict:?}");
    })
    .await;
}

#[tokio::test]
async fn c2_errors_are_read_in_either_shape() {
    on_every_variant(async |world, _| {
        let error = world.kneo.runs().get("nope").await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{error:?}");
        assert_eq!(error.to_string(), "Run not found: nope");
    })
    .await;
}

#[tokio::test]
async fn c3_an_asynchronous_run_is_started() {
    on_every_variant(async |world, quirks| {
        let has_body = !quirks.contains(&Quirk::Empty202);
        let started = world.kneo.runs().create(&scripted("completed", 0), None).await;
        match has_body {
            true => assert!(started.unwrap().run_id.is_some()),
            false => {
                let error = started.unwrap_err();
                assert!(matches!(error, Error::Protocol(_)), "V28: {error:?}");
            }
        }
    })
    .await;
}

/// A redirect of a proxy, and one of the platform itself; neither is followed.
#[tokio::test]
async fn c4_a_redirect_is_an_error_and_not_followed() {
    on_every_variant(async |world, _| {
        let to = json!({ "kind": "status", "status": 302, "headers": { "Location": "/v1/livez" } });
        world.faults(json!([{ "on": { "to": 2 }, "do": to }]));
        let read = world.kneo.runs().get("run_1").await.unwrap_err();
        let write = world.kneo.runs().create(&demo("x"), None).await.unwrap_err();
        for error in [read, write] {
            assert!(matches!(error, Error::Unexpected(_)), "{error:?}");
            assert_eq!(error.status(), Some(302));
        }
        let own = world.kneo.client().get("/v1/runs/").send().await.unwrap_err();
        assert_eq!(own.status(), Some(307));
        assert_eq!((world.sent("GET", "/v1/livez"), world.sent("GET", "/v1/runs")), (0, 0));
    })
    .await;
}

/// Not ready is a fact, and told at once. A probe that is not answered is asked again, so that a
/// network error means that the retries are used up.
#[tokio::test]
async fn c5_a_503_of_a_probe_is_told_and_silence_is_tried_again() {
    on_every_variant(async |world, _| {
        let ready = |ready: bool| {
            let steered = json!({ "ready": ready });
            let steered = steered.as_object().unwrap();
            world.sandbox.steer(&http::Method::POST, "readiness", steered).unwrap().unwrap();
        };
        ready(false);
        let error = world.kneo.health().readyz().await.unwrap_err();
        assert!(matches!(error, Error::Server(_)), "{error:?}");
        assert_eq!((error.code(), world.sent("GET", "/v1/readyz")), (Some(Code::NotReady), 1));
        ready(true);
        let silence = json!({ "kind": "reset_before_read" });
        world.faults(json!([{ "on": { "to": 2 }, "do": silence }]));
        assert!(world.kneo.health().readyz().await.unwrap().ok);
        assert_eq!(world.sent("GET", "/v1/readyz"), 4);
        world.faults(json!([{ "do": silence }]));
        let error = world.kneo.health().livez().await.unwrap_err();
        assert!(matches!(error, Error::Network(_)), "{error:?}");
        assert_eq!(world.sent("GET", "/v1/livez"), 3);
        world.sandbox.clear_faults();
    })
    .await;
}

#[tokio::test]
async fn c6_a_pause_is_one_by_any_name() {
    on_every_variant(async |world, _| {
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
        let resumed =
            world.kneo.human_tasks().resume_first_pending(&Decision::Approved, None).await;
        assert_eq!(resumed.unwrap().unwrap().run_id, id);
    })
    .await;
}

/// With every method that the client sends: a write is repeated under its key, or replaces the whole.
#[tokio::test]
async fn c7_what_was_not_answered_is_sent_again_and_done_once() {
    on_every_variant(async |world, _| {
        let first = |kind: &str| {
            world.faults(json!([{ "on": { "nth": 1 }, "do": { "kind": kind } }]));
        };
        first("commit_then_reset");
        let made = world.kneo.runs().create(&demo("once"), None).await.unwrap();
        let id = made.run_id.unwrap();
        first("reset_before_commit");
        assert_eq!(world.kneo.runs().get(&id).await.unwrap().run_id, id);
        first("commit_then_reset");
        let policy = NewPolicy::default();
        world.kneo.environments().put_policy("staging", &policy).await.unwrap();
        first("reset_before_read");
        assert_eq!(world.kneo.runs().cancel(&id).await.unwrap().status, RunState::Completed);
        let path = format!("/v1/runs/{id}");
        let sent = [
            world.sent("POST", "/v1/runs"),
            world.sent("GET", &path),
            world.sent("PUT", "/v1/policies/environment/staging"),
            world.sent("POST", &format!("{path}/cancel")),
        ];
        assert_eq!(sent, [2; 4], "each was sent again");
        assert_eq!(world.sandbox.state()["runs"].as_array().unwrap().len(), 1, "and done once");
    })
    .await;
}

/// What is no finite number of seconds from 0 on is no hint: the client waits by itself. A hint
/// longer than it waits for ends the call and is told.
#[tokio::test]
async fn c8_a_hint_is_a_finite_wait_or_none() {
    on_every_variant(async |world, _| {
        let hinted = |hint: &str, times: u64| {
            let limit = json!({ "kind": "rate_limit", "retry_after": hint });
            world.faults(json!([{ "on": { "to": times }, "do": limit }]));
        };
        for hint in ["inf", "nan", "-3", "soon", "0.01"] {
            hinted(hint, 1);
            world.fresh().runs().page(&RunFilter::default(), &Default::default()).await.unwrap();
        }
        assert_eq!(world.sent("GET", "/v1/runs"), 10, "each twice");
        for (hint, told) in [("inf", None), ("nan", None), ("-3", None), ("3600", Some(3_600))] {
            hinted(hint, 1);
            let error = world.once().runs().get("run_1").await.unwrap_err();
            assert!(matches!(error, Error::RateLimited(_)), "{hint}: {error:?}");
            assert_eq!(error.retry_after(), told.map(Duration::from_secs), "{hint}");
        }
        for (hint, least_s) in [("3600", 3_600), ("Wed, 21 Oct 2099 07:28:00 GMT", 86_400)] {
            hinted(hint, 1);
            let error = world.fresh().human_tasks().get("c1").await.unwrap_err();
            assert!(error.retry_after().unwrap() >= Duration::from_secs(least_s), "{hint}");
        }
        assert_eq!(world.sent("GET", "/v1/human-tasks/c1"), 2, "long hints end it at once");
        world.sandbox.clear_faults();
    })
    .await;
}

#[tokio::test]
async fn c9_a_run_that_has_ended_is_cancelled_in_vain() {
    on_every_variant(async |world, _| {
        let run = world.kneo.runs().create(&demo("done"), None).await.unwrap().run_id.unwrap();
        assert_eq!(world.kneo.runs().cancel(&run).await.unwrap().status, RunState::Completed);
    })
    .await;
}

/// Maps by name, with more to each entry in one profile than in the other.
#[tokio::test]
async fn c10_the_inventory_is_read_by_name() {
    on_every_variant(async |world, _| {
        let environments = world.kneo.environments();
        let read = environments.credentials(&["search", "mail"], &["CRM_KEY"], true).await;
        let inventory = read.unwrap()["inventory"].clone();
        assert_eq!(inventory["providers"].as_object().unwrap().len(), 2);
        assert_eq!(inventory["providers"]["search"]["env_var"], "SEARCH_API_KEY");
        assert_eq!(inventory["extra"]["CRM_KEY"]["present"], false);
        assert!(!inventory["service_tokens"].as_object().unwrap().is_empty());
        let read = environments.credentials(&[], &[], false).await.unwrap();
        assert_eq!(read["inventory"]["service_tokens"], json!({}));
        assert_eq!(read["inventory"]["providers"]["language_model"]["present"], true);
    })
    .await;
}

#[tokio::test]
async fn c11_parameters_that_are_not_set_are_not_sent() {
    on_every_variant(async |world, _| {
        world.kneo.runs().create(&demo("one"), None).await.unwrap();
        let page =
            world.kneo.runs().page(&RunFilter::default(), &Default::default()).await.unwrap();
        assert!(!page.items.is_empty() && !page.has_more());
    })
    .await;
}
