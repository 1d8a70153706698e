//! Faults and presets on the Thredfi double.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Options, Preset, Sandbox};

use super::{B1, Thredfi, V1, invoice, payment, vectors};

async fn plan(client: &mut Thredfi, faults: Value) {
    client.http.faults(faults).await;
}

#[tokio::test]
async fn a_payment_lost_after_the_commit_is_paid_once() {
    let (sandbox, mut client) = vectors(Options::default()).await;
    for (nth, fault) in [
        json!({ "kind": "commit_then_reset" }),
        json!({ "kind": "commit_then_status", "status": 504, "body": "html" }),
        json!({ "kind": "truncate_body" }),
        json!({ "kind": "malformed_body" }),
    ]
    .into_iter()
    .enumerate()
    {
        plan(&mut client, json!([{ "on": { "kind": "create", "nth": 1 }, "do": fault }])).await;
        let key = format!("k{nth}");
        let body = payment(V1, 100);
        let send = || client.keyed("POST", "invoices/payments/", Some(&body), Some(&key));
        let lost = send().await;
        assert!(lost.is_err() || lost.unwrap().json().is_null(), "{fault}");
        let again = send().await.unwrap();
        assert_eq!(again.status, 200, "{fault}: the stored reply");
        assert_eq!(again.json()["payment"]["idempotency_key"], json!(key));
    }
    assert_eq!(client.invoice(V1).await["outstanding_amount_cents"], 9000 - 400);
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn a_write_may_take_effect_after_its_reply() {
    let (sandbox, mut client) = vectors(Options::default()).await;
    let late = json!([{ "on": { "kind": "create" }, "do": { "kind": "late_commit", "after_ms": 30, "status": 504 } }]);
    plan(&mut client, late).await;
    let reply = client.below("POST", "invoices/", Some(&invoice("late"))).await;
    assert_eq!(reply.status, 504);
    while sandbox.state()["late_commits"] != 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let found = client.below("GET", "invoices/?external_id=late", None).await.json();
    assert_eq!(found["count"], 1);
    let entries = sandbox.journal()["entries"].as_array().cloned().unwrap();
    let apply = entries.iter().find(|entry| entry["kind"] == "apply").unwrap();
    assert_eq!((&apply["effect"], &apply["of_kind"]), (&json!("applied"), &json!("create")));
    assert_eq!((&apply["key"], &apply["id"]), (&json!("late"), &found["results"][0]["id"]));
}

#[tokio::test]
async fn faults_that_commit_wait_for_a_request_that_changes_something() {
    let (sandbox, client) = vectors(Options::default()).await;
    let body = payment(V1, 100);
    let send = |key: &'static str| {
        let (client, body) = (&client, &body);
        client.keyed("POST", "invoices/payments/", Some(body), Some(key))
    };
    assert_eq!(send("k1").await.unwrap().status, 201);
    let reset = json!([{ "on": { "times": 1 }, "do": { "kind": "commit_then_reset" } }]);
    client.http.clone().faults(reset).await;
    assert_eq!(client.below("GET", "invoices/", None).await.status, 200);
    assert_eq!(client.below("POST", "invoices/", Some(&json!({}))).await.status, 400);
    assert_eq!(client.below("POST", "invoices/", Some(&invoice("i0"))).await.status, 409);
    assert_eq!(send("k1").await.unwrap().status, 200, "a replay changes nothing");
    assert_eq!(sandbox.audit()["faults_unmet"].as_array().unwrap().len(), 1);
    assert!(send("k2").await.is_err());
    assert_eq!(sandbox.audit()["faults_unmet"], json!([]));
}

#[tokio::test]
async fn a_revoked_token_takes_those_of_both_tiers_along() {
    let (_sandbox, mut client) = vectors(Options::default()).await;
    let on = json!({ "path": format!("/v1/platform/businesses/{B1}/invoices/"), "nth": 1 });
    plan(&mut client, json!([{ "on": on, "do": { "kind": "revoke" } }])).await;
    let refused = client.below("GET", "invoices/", None).await;
    assert_eq!((refused.status, &refused.json()["error_code"]), (401, &json!("invalid_token")));
    assert_eq!(client.as_partner("GET", "businesses/", None).await.status, 401);
    client.fetch("cDE6aw==", B1).await;
    assert_eq!(client.below("GET", "invoices/", None).await.status, 200);
}

#[tokio::test]
async fn the_journal_names_records_by_their_own_numbers() {
    let (sandbox, client) = vectors(Options::default()).await;
    client.below("POST", "invoices/", Some(&invoice("i1"))).await;
    client.below("GET", &format!("invoices/{V1}/"), None).await;
    client.keyed("POST", "invoices/payments/", Some(&payment(V1, 5)), Some("k")).await.unwrap();
    client.below("POST", &format!("invoices/{V1}/void/"), None).await;
    let entries = sandbox.journal()["entries"].as_array().cloned().unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            json!([entry["kind"], entry["resource"], entry["key"], entry["effect"], entry["user"]])
        })
        .collect();
    let expected = json!([
        ["login", "session", "p1", "none", null],
        ["login", "session", B1, "none", "p1"],
        ["create", "invoices", "i1", "applied", B1],
        ["read", "invoices", "i0", "none", B1],
        ["create", "payments", "k", "applied", B1],
        ["void", "invoices", "i0", "applied", B1],
    ]);
    assert_eq!(json!(told), expected);
}

const BASIC: &str = "MTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExOnNhbmRib3gtcGFydG5lci1rZXk=";
const BUSINESS: &str = "22222222-2222-4222-8222-222222222222";

/// Sends an invoice until it is answered with 201 or 409; fetches tokens as it must.
async fn deliver(mut client: Thredfi, n: usize) {
    let path = format!("/v1/platform/businesses/{BUSINESS}/invoices/");
    let mut body = invoice(&format!("T-{n}"));
    body["customer_id"] = json!("33333333-3333-4333-8333-000000000001");
    let text = body.to_string();
    for _ in 0..20 {
        let headers =
            [("Authorization", client.business.as_str()), ("Content-Type", "application/json")];
        let reply = client.http.send("POST", &path, &headers, &text).await;
        match reply.map(|reply| reply.status) {
            Ok(201 | 409) => return,
            Ok(401) => client.try_fetch(BASIC, BUSINESS).await,
            _ => {}
        }
    }
}

/// Delivers so many invoices, many at a time. Returns the journal.
async fn drive(sandbox: &Sandbox, invoices: usize) -> Vec<Value> {
    let mut client = Thredfi::new(sandbox);
    client.fetch(BASIC, BUSINESS).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..invoices {
        if tasks.len() >= 64 {
            tasks.join_next().await.unwrap().unwrap();
        }
        tasks.spawn(deliver(client.clone(), n));
    }
    tasks.join_all().await;
    sandbox.journal()["entries"].as_array().cloned().unwrap()
}

#[tokio::test]
async fn a_rough_day_is_rough_and_can_be_outlived() {
    let faults = Some(Preset::RoughDay.plan(Api::Thredfi, 1));
    let options = Options { faults, ..Options::default() };
    let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
    let entries = drive(&sandbox, 700).await;
    let requests: Vec<_> = entries.iter().filter(|entry| entry["kind"] != "apply").collect();
    let struck = requests.iter().filter(|entry| !entry["fault"].is_null()).count();
    let share = struck as f64 / requests.len() as f64;
    assert!((0.03..0.10).contains(&share), "{struck} of {}", requests.len());
    let kinds: BTreeSet<&str> =
        requests.iter().filter_map(|entry| entry["fault"].as_str()).collect();
    for kind in ["expire_access", "status", "rate_limit", "commit_then_reset", "late_commit"] {
        assert!(kinds.contains(kind), "{kind} of {kinds:?}");
    }
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn every_preset_of_every_api_is_a_plan_that_its_double_takes() {
    for api in Api::ALL.iter().copied() {
        for preset in Preset::ALL.iter().copied() {
            let plan = serde_json::to_value(preset.plan(api, 5)).unwrap();
            let calm = plan["faults"].as_array().unwrap().is_empty();
            assert_eq!(calm, preset == Preset::Calm, "{api} {preset}");
            let options = Options { faults: Some(preset.plan(api, 5)), ..Options::default() };
            Sandbox::start(api, options).await.unwrap();
        }
    }
}
