//! Faults, presets, the rate limit and the audit on the Operations1 double.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Options, Preset, Sandbox};

use super::{Operations1, order, vectors};
use crate::client::Client;

fn entries(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.journal()["entries"].as_array().cloned().unwrap()
}

#[tokio::test]
async fn what_is_lost_after_the_commit_is_found_by_its_number() {
    let (sandbox, mut client) = vectors(Options::default()).await;
    for (n, fault) in [
        json!({ "kind": "commit_then_reset" }),
        json!({ "kind": "commit_then_status", "status": 504, "body": "html" }),
        json!({ "kind": "truncate_body" }),
        json!({ "kind": "malformed_body" }),
    ]
    .into_iter()
    .enumerate()
    {
        client.http.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": fault }])).await;
        let key = format!("LOST-{n}");
        let lost = client.try_send("POST", "orders", Some(&order(&key))).await;
        assert!(lost.is_err() || lost.unwrap().json().is_null(), "{fault}");
        assert_eq!(client.ids(&format!("orders?customOrderIds={key}")).await.1, 1, "{fault}");
    }
    assert_eq!(sandbox.audit()["doubled"], json!([]));
    assert_eq!(sandbox.state()["orders"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_write_may_take_effect_after_its_reply_whatever_the_limit_says_by_then() {
    let (sandbox, mut client) = vectors(Options::default()).await;
    for _ in 0..99 {
        client.get("users/7").await;
    }
    let late = json!([{ "on": { "kind": "create" }, "do": { "kind": "late_commit", "after_ms": 30, "status": 504 } }]);
    client.http.faults(late).await;
    let reply = client.post("orders", &order("LATE")).await;
    assert_eq!((reply.status, reply.header("content-type")), (504, Some("text/html")));
    assert_eq!(client.get("users/7").await.status, 200, "what a fault answers is not counted");
    assert_eq!(client.get("users/7").await.status, 429);
    while sandbox.state()["late_commits"] != 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sandbox.advance_clock(Duration::from_secs(10));
    let found = client.get("orders?customOrderIds=LATE").await.json();
    assert_eq!((&found["totalItemCount"], &found["items"][0]["createdBy"]), (&json!(1), &json!(1)));
    let apply = entries(&sandbox).into_iter().find(|entry| entry["kind"] == "apply").unwrap();
    assert_eq!(
        (&apply["effect"], &apply["key"], &apply["id"]),
        (&json!("applied"), &json!("LATE"), &json!(12))
    );
}

#[tokio::test]
async fn faults_that_commit_wait_for_a_request_that_changes_something() {
    let (sandbox, client) = vectors(Options::default()).await;
    client.try_send("DELETE", "orders/11", None).await.unwrap();
    let reset = json!([{ "on": { "times": 1 }, "do": { "kind": "commit_then_reset" } }]);
    client.http.clone().faults(reset).await;
    assert_eq!(client.get("orders").await.status, 200);
    assert_eq!(client.post("orders", &json!({})).await.status, 400);
    assert_eq!(client.patch("orders/999", &json!({})).await.status, 404);
    let reader = Operations1 { token: "tok-readonly".to_owned(), ..client.clone() };
    assert_eq!(reader.post("orders", &order("ERP-2")).await.status, 403);
    let again = client.try_send("DELETE", "orders/11", None).await.unwrap();
    assert_eq!(again.status, 200, "it is archived already");
    assert_eq!(sandbox.audit()["faults_unmet"].as_array().unwrap().len(), 1);
    assert!(client.try_send("POST", "orders", Some(&order("ERP-2"))).await.is_err());
    assert_eq!(sandbox.audit()["faults_unmet"], json!([]));
}

#[tokio::test]
async fn the_audit_knows_who_did_not_wait() {
    let (sandbox, client) = vectors(Options::default()).await;
    for _ in 0..100 {
        assert_eq!(client.get("users/7").await.status, 200);
    }
    let limited = client.post("orders", &order("ERP-2")).await;
    let hint_s: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!(limited.status == 429 && (1..=10).contains(&hint_s), "{hint_s}");
    assert_eq!(client.post("orders", &order("ERP-3")).await.status, 429, "another order");
    assert_eq!(sandbox.audit()["early"], json!([]));
    assert_eq!(client.post("orders", &order("ERP-2")).await.status, 429);
    let early = &sandbox.audit()["early"];
    assert_eq!((&early[0]["key"], early.as_array().unwrap().len()), (&json!("ERP-2"), 1));
    sandbox.advance_clock(Duration::from_secs(hint_s));
    assert_eq!(client.post("orders", &order("ERP-2")).await.status, 201);
    assert_eq!(sandbox.audit()["early"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_journal_names_operation_key_and_caller() {
    let (sandbox, client) = vectors(Options::default()).await;
    client.post("orders", &order("ERP-2")).await;
    client.get("orders/12").await;
    client.patch("orders/12", &json!({ "priority": 1 })).await;
    client.try_send("DELETE", "orders/12", None).await.unwrap();
    let payload = json!({ "orderTitle": "X", "orderNumber": "ERP-2", "equipmentNumber": "E1" });
    client.post("order-connectors/1/execute", &payload).await;
    client.try_send("PUT", "orders", None).await.unwrap();
    let found: Vec<Value> = entries(&sandbox)
        .iter()
        .map(|entry| json!([entry["kind"], entry["key"], entry["effect"], entry["user"]]))
        .collect();
    assert_eq!(
        Value::Array(found),
        json!([
            ["create", "ERP-2", "applied", "api"],
            ["read", "ERP-2", "none", "api"],
            ["replace", "ERP-2", "applied", "api"],
            ["delete", "ERP-2", "applied", "api"],
            ["create", "ERP-2", "applied", "api"],
            ["unknown", null, "none", "api"],
        ])
    );
    // The first was archived before the second came.
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn a_reset_brings_back_the_beginning() {
    let (sandbox, client) = vectors(Options::default()).await;
    for _ in 0..2 {
        assert_eq!(client.post("orders", &order("ERP-2")).await.json()["id"], 12);
        client.post("users", &json!({ "name": "n.new", "displayName": "N" })).await;
        sandbox.reset();
        assert_eq!(client.ids("orders").await.0, [11]);
        assert_eq!(client.ids("users").await.0, [1, 7]);
    }
}

#[tokio::test]
async fn an_outage_begins_with_last_gasps_and_ends() {
    let plan = Preset::Outage.plan(Api::Operations1, 3);
    let options = Options { faults: Some(plan), ..Options::default() };
    let sandbox = Sandbox::start(Api::Operations1, options).await.unwrap();
    let client = Operations1 { http: Client::new(&sandbox), token: "sandbox-token".to_owned() };
    for n in 1..=60 {
        let sent = client.try_send("POST", "orders", Some(&order(&format!("N-{n}")))).await;
        let status = sent.ok().map(|reply| reply.status);
        let expected = match n {
            60 => None,
            56..=59 => Some(503),
            _ => Some(201),
        };
        assert_eq!(status, expected, "{n}");
    }
    assert_eq!(sandbox.audit()["faults_unmet"], json!([]));
    assert_eq!(sandbox.state()["orders"].as_array().unwrap().len(), 55 + 4);
}

/// Sends an order until it is there, looking it up whenever that is not sure.
async fn deliver(client: &Operations1, sandbox: &Sandbox, key: &str) {
    for _ in 0..40 {
        match client.try_send("POST", "orders", Some(&order(key))).await {
            Ok(reply) if reply.status == 201 => return,
            Ok(reply) if reply.status == 429 => sandbox.advance_clock(Duration::from_secs(10)),
            _ => {}
        }
        let query = format!("orders?customOrderIds={key}");
        if let Ok(reply) = client.try_send("GET", &query, None).await
            && reply.json()["totalItemCount"] == 1
        {
            return;
        }
    }
    panic!("{key} never arrived");
}

#[tokio::test]
async fn every_preset_can_be_outlived_and_the_journal_agrees_with_the_state() {
    for (preset, orders) in [(Preset::Calm, 20), (Preset::RoughDay, 250), (Preset::Storm, 60)] {
        let faults = Some(preset.plan(Api::Operations1, 3));
        let options = Options { faults, ..Options::default() };
        let sandbox = std::sync::Arc::new(Sandbox::start(Api::Operations1, options).await.unwrap());
        let token = "sandbox-token".to_owned();
        let client = Operations1 { http: Client::new(&sandbox), token };
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..orders {
            let (client, sandbox) = (client.clone(), std::sync::Arc::clone(&sandbox));
            tasks.spawn(async move { deliver(&client, &sandbox, &format!("N-{n}")).await });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        while sandbox.state()["late_commits"] != 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let entries = entries(&sandbox);
        let made = |entry: &&Value| {
            entry["effect"] == "applied"
                && (entry["kind"] == "create" || entry["of_kind"] == "create")
        };
        let made: Vec<&Value> = entries.iter().filter(made).collect();
        let keys: BTreeSet<&str> = made.iter().filter_map(|entry| entry["key"].as_str()).collect();
        assert_eq!(keys.len(), orders, "{preset}: each of them");
        let held = sandbox.state()["orders"].as_array().unwrap().len();
        assert_eq!(held, made.len() + 4, "{preset}: beside the four of the fixtures");
        let struck = entries.iter().any(|entry| !entry["fault"].is_null());
        assert_eq!(struck, preset != Preset::Calm, "{preset}");
    }
}
