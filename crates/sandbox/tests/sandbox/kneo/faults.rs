//! Faults and presets on the kneo double.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, FaultPlan, Fixtures, Options, Preset, Profile, Sandbox};

use super::{Kneo, in_profile, run, start};
use crate::client::Client;

#[tokio::test]
async fn a_run_whose_reply_is_lost_is_started_once() {
    let (sandbox, mut kneo) = in_profile(Profile::Guide).await;
    for (nth, fault) in [
        json!({ "kind": "commit_then_reset" }),
        json!({ "kind": "commit_then_status", "status": 504, "body": "html" }),
        json!({ "kind": "truncate_body" }),
        json!({ "kind": "malformed_body" }),
    ]
    .into_iter()
    .enumerate()
    {
        kneo.http.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": fault }])).await;
        let key = format!("k{nth}");
        let lost = kneo.keyed("POST", "/v1/runs", &run(json!({})), &key).await;
        assert!(lost.is_err() || lost.unwrap().json().is_null(), "{fault}");
        let again = kneo.post("/v1/runs", &run(json!({})), &key).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
        assert_eq!(again.json()["run_id"], format!("run_{}", nth + 1), "{fault}");
    }
    assert_eq!(sandbox.state()["runs"].as_array().unwrap().len(), 4);
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn a_late_run_is_not_started_beside_its_repeat() {
    let (sandbox, mut kneo) = in_profile(Profile::Guide).await;
    let late = json!({ "kind": "late_commit", "after_ms": 30, "status": 504 });
    kneo.http.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": late }])).await;
    assert_eq!(kneo.post("/v1/runs", &run(json!({})), "a1").await.status, 504);
    assert_eq!(kneo.post("/v1/runs", &run(json!({})), "a1").await.status, 200);
    while sandbox.state()["late_commits"] != 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(sandbox.state()["runs"].as_array().unwrap().len(), 1);
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn faults_that_commit_pass_over_refusals_and_repeats() {
    let (sandbox, mut kneo) = in_profile(Profile::Guide).await;
    kneo.post("/v1/runs", &run(json!({})), "a1").await;
    kneo.http.faults(json!([{ "do": { "kind": "commit_then_reset" } }])).await;
    for (path, body, key) in [
        ("/v1/runs", run(json!({})), "a1"),
        ("/v1/runs", run(json!({ "duration_ms": 1 })), "a1"),
        ("/v1/runs", json!({ "input": "hi" }), "a2"),
        ("/v1/runs", run(json!({ "token_budget": 0 })), "a2"),
        ("/v1/runs/run_1/cancel", Value::Null, "a2"),
        ("/v1/runs/run_1/continue", Value::Null, "a2"),
        ("/v1/specs/validate", json!({ "spec_path": "s.yaml" }), "a2"),
    ] {
        assert!(kneo.keyed("POST", path, &body, key).await.is_ok(), "{path} {body}");
    }
    assert_eq!(sandbox.audit()["faults_unmet"][0]["matched"], 0);
    assert!(kneo.keyed("POST", "/v1/runs", &run(json!({})), "a2").await.is_err());
}

#[tokio::test]
async fn a_key_that_is_being_worked_on_is_refused_until_the_work_is_done() {
    let (sandbox, mut kneo) = in_profile(Profile::Reference).await;
    let busy = json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "in_progress" } }]);
    kneo.http.faults(busy).await;
    for _ in 0..2 {
        let reply = kneo.post("/v1/runs", &run(json!({})), "a1").await;
        assert_eq!((reply.status, reply.header("retry-after")), (409, Some("1")));
        assert_eq!(reply.header("x-request-id"), Some("r"));
    }
    kneo.advance(1).await;
    let reply = kneo.post("/v1/runs", &run(json!({})), "a1").await;
    assert_eq!((reply.status, reply.header("idempotency-replayed")), (200, Some("true")));
    let entries = sandbox.journal()["entries"].as_array().cloned().unwrap();
    let effects: Vec<&str> =
        entries.iter().map(|entry| entry["effect"].as_str().unwrap()).collect();
    assert_eq!(effects, ["applied", "none", "none"]);
}

#[tokio::test]
async fn without_idempotency_a_repeat_is_another_run() {
    let quirks = vec!["allow-duplicates".parse().unwrap()];
    let (sandbox, kneo) = start(Options { quirks, ..Options::default() }).await;
    for _ in 0..2 {
        assert_eq!(kneo.post("/v1/runs", &run(json!({})), "a1").await.status, 200);
    }
    let doubled = &sandbox.audit()["doubled"];
    assert_eq!((&doubled[0]["key"], &doubled[0]["effects"]), (&json!("a1"), &json!(2)));
}

#[tokio::test]
async fn a_run_is_known_by_the_number_in_its_metadata() {
    let (sandbox, kneo) = in_profile(Profile::Guide).await;
    let body = json!({ "input": "x", "spec_path": "s", "metadata": { "reference": "R-1" } });
    for key in ["a1", "a2"] {
        kneo.post("/v1/runs", &body, key).await;
    }
    let doubled = &sandbox.audit()["doubled"];
    assert_eq!((&doubled[0]["key"], &doubled[0]["effects"]), (&json!("R-1"), &json!(2)));
    assert_eq!(sandbox.journal()["entries"][0]["id"], "run_1");
}

#[tokio::test]
async fn a_reset_brings_the_fixtures_back() {
    let options = Options { fixtures: Fixtures::Vectors, ..Options::default() };
    let sandbox = Sandbox::start(Api::Kneo, options).await.unwrap();
    let mut kneo = Kneo { http: Client::new(&sandbox) };
    kneo.control("kneo/store", &json!({ "down": true })).await;
    assert_eq!(kneo.get("/v1/runs").await.status, 503);
    sandbox.reset();
    assert_eq!(kneo.post("/v1/runs", &run(json!({})), "a1").await.json()["run_id"], "run_4");
    sandbox.reset();
    assert_eq!(kneo.get("/v1/runs").await.json()["count"], 3);
}

#[tokio::test]
async fn control_routes_say_what_they_want() {
    let (_sandbox, mut kneo) = in_profile(Profile::Guide).await;
    for (path, word) in [
        ("store", "down"),
        ("readiness", "ready"),
        ("backlog", "limit"),
        ("rate", "per_second"),
        ("run-status", "run_id"),
        ("task", "continuation_id"),
    ] {
        let reply = kneo.http.post(&format!("/__sandbox/kneo/{path}"), &json!({})).await;
        let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(reply.status == 400 && error.contains(word), "{path}: {error}");
    }
    assert_eq!(kneo.http.get("/__sandbox/kneo/store").await.status, 404);
}

#[tokio::test]
async fn fixtures_that_cannot_be_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    for (text, says) in [
        (r#"{"keys":[]}"#, "keys"),
        (r#"{"keys":["a:b:root"]}"#, "keys[0]"),
        (r#"{"keys":["a:b:admin"],"per_second":0}"#, "per_second"),
        (r#"{"keys":["a:b:admin"],"runs":[{"input":"x"}]}"#, "runs[0]"),
        (r#"{"keys":["a:b:admin"],"policies":{"p":{"bogus":1}}}"#, "policies.p"),
        (r#"{"keys":["a:b:admin"],"bogus":1}"#, "bogus"),
    ] {
        let path = folder.path().join("world.json");
        std::fs::write(&path, text).unwrap();
        let options = Options { fixtures: Fixtures::File(path), ..Options::default() };
        let error = Sandbox::start(Api::Kneo, options).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn every_preset_strikes_and_a_patient_client_doubles_nothing() {
    for preset in [Preset::RoughDay, Preset::Storm] {
        let plan = serde_json::to_value(preset.plan(Api::Kneo, 3)).unwrap();
        let kinds = plan["faults"].as_array().unwrap().iter();
        let kinds: BTreeSet<&str> = kinds.filter_map(|rule| rule["do"]["kind"].as_str()).collect();
        assert!(kinds.contains("in_progress"), "{preset}");
        // Slow replies are left out: they change nothing here but the time it takes.
        let mut quick = plan.clone();
        quick["faults"]
            .as_array_mut()
            .unwrap()
            .retain(|rule| !matches!(rule["do"]["kind"].as_str(), Some("delay" | "dribble")));
        let faults = Some(FaultPlan::from_value(quick).unwrap());
        let (sandbox, mut kneo) = start(Options { faults, ..Options::default() }).await;
        kneo.control("kneo/rate", &json!({ "per_second": 100_000 })).await;
        for position in 0..60 {
            let key = format!("a{position}");
            for _ in 0..40 {
                let reply = kneo.keyed("POST", "/v1/runs", &run(json!({})), &key).await;
                if reply
                    .is_ok_and(|reply| reply.status == 200 && reply.json()["run_id"].is_string())
                {
                    break;
                }
                kneo.advance(2).await;
            }
        }
        let entries = sandbox.journal()["entries"].as_array().cloned().unwrap();
        assert!(entries.iter().any(|entry| entry["fault"].is_string()), "{preset}");
        assert_eq!(sandbox.audit()["doubled"], json!([]), "{preset}");
        assert_eq!(sandbox.state()["runs"].as_array().unwrap().len(), 60, "{preset}");
    }
}
