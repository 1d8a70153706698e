//! Where the documents of kneo disagree: what either profile, or a quirk, makes of it.

use serde_json::{Value, json};
use steadfast_sandbox::{Options, Profile, Quirk};

use super::{in_profile, run, start};

const BOTH: [Profile; 2] = [Profile::Guide, Profile::Reference];

#[tokio::test]
async fn c1_a_409_has_a_code_unless_a_quirk_takes_it_away() {
    for (quirks, code) in
        [(vec![], json!("idempotency_key_conflict")), (vec![Quirk::Codeless409], Value::Null)]
    {
        let (_sandbox, kneo) = start(Options { quirks, ..Options::default() }).await;
        kneo.post("/v1/runs", &run(json!({})), "a1").await;
        let other = kneo.post("/v1/runs", &run(json!({ "duration_ms": 0 })), "a1").await;
        assert_eq!((other.status, &other.json()["error"]), (409, &code));
        assert!(other.json()["message"].is_string());
    }
}

#[tokio::test]
async fn c2_errors_are_flat_or_nested_and_flaws_a_list_in_either() {
    for (profile, place) in [(Profile::Guide, "/error"), (Profile::Reference, "/detail/error")] {
        let (_sandbox, kneo) = in_profile(profile).await;
        let missing = kneo.get("/v1/runs/nope").await.json();
        assert_eq!(missing.pointer(place), Some(&json!("not_found")));
        let flaws = kneo.post("/v1/runs", &json!({}), "a1").await.json();
        assert_eq!(flaws.pointer("/detail/0/type"), Some(&json!("missing")));
    }
    // Both sets of routes, in the words of the guide.
    let (_sandbox, kneo) = in_profile(Profile::Both).await;
    assert_eq!(kneo.get("/v1/skills").await.json()["count"], 2);
    assert_eq!(kneo.get("/v1/runs/nope").await.json()["error"], "not_found");
}

#[tokio::test]
async fn c3_an_asynchronous_run_is_answered_with_200_or_202_or_without_a_word() {
    let mut body = run(json!({}));
    body["async_mode"] = json!(true);
    for (profile, quirks, status, empty) in [
        (Profile::Guide, vec![], 200, false),
        (Profile::Reference, vec![], 202, false),
        (Profile::Guide, vec![Quirk::Empty202], 202, true),
        (Profile::Reference, vec![Quirk::Empty202], 202, true),
    ] {
        let (_sandbox, kneo) = start(Options { profile, quirks, ..Options::default() }).await;
        let reply = kneo.post("/v1/runs", &body, "a1").await;
        assert_eq!((reply.status, reply.body.is_empty()), (status, empty));
        assert_eq!(kneo.get("/v1/runs/run_1").await.json()["status"], "completed");
    }
}

#[tokio::test]
async fn c4_a_redirect_can_be_met() {
    for profile in BOTH {
        let (_sandbox, mut kneo) = in_profile(profile).await;
        let to = json!({ "kind": "status", "status": 302, "headers": { "Location": "/login" } });
        kneo.http.faults(json!([{ "on": { "nth": 1 }, "do": to }])).await;
        let reply = kneo.get("/v1/runs").await;
        assert_eq!((reply.status, reply.header("location")), (302, Some("/login")));
        assert_eq!(kneo.get("/v1/runs/").await.status, 307);
    }
}

#[tokio::test]
async fn c5_readiness_says_what_is_the_case_as_often_as_it_is_asked() {
    for profile in BOTH {
        let (_sandbox, mut kneo) = in_profile(profile).await;
        kneo.control("kneo/readiness", &json!({ "ready": false })).await;
        for _ in 0..3 {
            let reply = kneo.get("/v1/readyz").await;
            assert_eq!((reply.status, reply.header("retry-after")), (503, None));
        }
        assert_eq!(kneo.get("/v1/livez").await.status, 200);
        kneo.control("kneo/readiness", &json!({ "ready": true })).await;
        assert_eq!(kneo.get("/readyz").await.status, 200);
    }
}

#[tokio::test]
async fn c6_the_pause_has_two_names() {
    for (profile, name) in
        [(Profile::Guide, "paused_human_review"), (Profile::Reference, "blocked")]
    {
        let (_sandbox, kneo) = in_profile(profile).await;
        kneo.post("/v1/runs", &run(json!({ "outcome": "human" })), "a1").await;
        assert_eq!(kneo.get("/v1/runs/run_1").await.json()["status"], name);
        let found = kneo.get(&format!("/v1/runs?status={name}")).await.json();
        assert_eq!(found["count"], 1);
    }
}

#[tokio::test]
async fn c7_a_reset_can_strike_any_method() {
    for profile in BOTH {
        let (sandbox, mut kneo) = in_profile(profile).await;
        let reset = json!([{ "on": { "to": 2 }, "do": { "kind": "reset_before_commit" } }]);
        kneo.http.faults(reset).await;
        assert!(kneo.keyed("GET", "/v1/runs", &Value::Null, "").await.is_err());
        assert!(kneo.keyed("POST", "/v1/runs", &run(json!({})), "a1").await.is_err());
        assert_eq!(sandbox.state()["runs"], json!([]));
    }
}

#[tokio::test]
async fn c8_a_hint_is_sent_as_the_plan_has_it() {
    for hint in ["inf", "nan", "-3", "0.5", "Wed, 21 Oct 2099 07:28:00 GMT"] {
        let (_sandbox, mut kneo) = in_profile(Profile::Guide).await;
        let limit = json!([{ "do": { "kind": "rate_limit", "retry_after": hint } }]);
        kneo.http.faults(limit).await;
        assert_eq!(kneo.get("/v1/runs").await.header("retry-after"), Some(hint));
    }
}

#[tokio::test]
async fn c9_a_run_that_has_ended_is_cancelled_without_a_change() {
    for profile in BOTH {
        let (sandbox, kneo) = in_profile(profile).await;
        kneo.post("/v1/runs", &run(json!({ "outcome": "failed" })), "a1").await;
        let before = kneo.get("/v1/runs/run_1").await.json();
        let reply = kneo.post("/v1/runs/run_1/cancel", &Value::Null, "a2").await;
        assert_eq!((reply.status, reply.json()), (200, before));
        assert_eq!(sandbox.state()["audit_events"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn c10_the_inventory_is_made_of_maps() {
    for (profile, fields) in [(Profile::Guide, 4), (Profile::Reference, 7)] {
        let (_sandbox, kneo) = in_profile(profile).await;
        let path = "/v1/security/credentials?providers=search&providers=mail&extras=CRM_KEY";
        let inventory = &kneo.get(path).await.json()["inventory"];
        let search = &inventory["providers"]["search"];
        assert_eq!(
            (&search["env_var"], &search["value"]),
            (&json!("SEARCH_API_KEY"), &Value::Null)
        );
        assert_eq!(search.as_object().unwrap().len(), fields);
        assert_eq!(inventory["providers"].as_object().unwrap().len(), 2);
        assert_eq!(inventory["extra"]["CRM_KEY"]["present"], false);
        assert_eq!(inventory["service_tokens"]["k"]["value"], "<redacted>");
        let path = "/v1/security/credentials?include_service_tokens=false";
        assert_eq!(kneo.get(path).await.json()["inventory"]["service_tokens"], json!({}));
        let events = kneo.get("/v1/audit-events").await.json();
        assert_eq!(events["events"][0]["event_type"], "credential.inventory_accessed");
    }
}

#[tokio::test]
async fn c11_unknown_parameters_are_passed_over_or_refused() {
    for (profile, status) in [(Profile::Guide, 200), (Profile::Reference, 422)] {
        let (_sandbox, kneo) = in_profile(profile).await;
        for path in ["/v1/runs?bogus=1", "/v1/human-tasks?bogus=1", "/v1/audit-events?x=1&limit=1"]
        {
            assert_eq!(kneo.get(path).await.status, status, "{path}");
        }
    }
}
