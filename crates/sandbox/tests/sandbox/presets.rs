//! The presets, and that seeds agree whatever the order of arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Options, Preset, Sandbox};
use tokio::sync::Semaphore;

use crate::client::{Client, order, start, vectors};

/// Sends so many orders, so many at a time, each until it is answered with 200 or 400; renews the
/// session as it must. Returns the journal.
async fn drive(
    sandbox: &Sandbox,
    orders: usize,
    at_a_time: usize,
    make: fn(usize) -> Value,
) -> Vec<Value> {
    let mut first = Client::new(sandbox);
    let credentials = sandbox.ready().credentials;
    first.log_in_with(&credentials).await;
    let shared = Arc::new(tokio::sync::Mutex::new(first));
    let permits = Arc::new(Semaphore::new(at_a_time));
    let mut tasks = Vec::new();
    for position in 0..orders {
        let (shared, permits, credentials) =
            (Arc::clone(&shared), Arc::clone(&permits), credentials.clone());
        tasks.push(tokio::spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            let body = make(position);
            for _ in 0..20 {
                let mut client = shared.lock().await.clone();
                let Ok(reply) = client.call("POST", "/api/purchase-order", Some(&body)).await
                else {
                    continue;
                };
                match reply.status {
                    200 | 400 => return,
                    401 | 422 => {
                        let mut client = Client::clone(&*shared.lock().await);
                        client.log_in_with(&credentials).await;
                        *shared.lock().await = client;
                    }
                    _ => {}
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    sandbox.journal()["entries"].as_array().cloned().unwrap()
}

fn default_order(position: usize) -> Value {
    json!({
        "PO List Number": format!("T-{position}"), "PO List Document Status": "Open", "Supplier Number": "SUP-1",
        "details": [{ "Item Number": "ITEM-A", "Warehouse Number": "WH-1", "PO Details Quantity": 1 }],
    })
}

/// What each order met, in the order of its own attempts.
fn faults_by_key(entries: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut met: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry["kind"] == "create") {
        let key = entry["key"].as_str().unwrap_or_default().to_owned();
        met.entry(key).or_default().push(entry["fault"].as_str().unwrap_or("-").to_owned());
    }
    met
}

#[tokio::test]
async fn the_same_seed_meets_each_operation_with_the_same_faults() {
    let plan = json!({ "seed": 11, "max_in_a_row": 3, "faults": [
        { "on": { "kind": "create", "probability": 0.2 }, "do": { "kind": "status", "status": 503 } },
        { "on": { "kind": "create", "probability": 0.1, "repeat": 2 }, "do": { "kind": "commit_then_reset" } },
        { "on": { "kind": "create", "probability": 0.1 }, "do": { "kind": "delay", "ms": 5 } },
    ]});
    let mut runs = Vec::new();
    for at_a_time in [1, 4, 16] {
        let faults = Some(serde_json::from_value(plan.clone()).unwrap());
        let sandbox =
            Sandbox::start(Api::Knosc, Options { faults, ..Options::default() }).await.unwrap();
        runs.push(faults_by_key(&drive(&sandbox, 150, at_a_time, default_order).await));
    }
    assert!(runs[0].values().flatten().any(|fault| fault != "-"));
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_plan_begins_again_with_a_reset() {
    let (sandbox, mut client) = vectors().await;
    client.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "status", "status": 503 } }])).await;
    for _ in 0..2 {
        assert_eq!(client.post("/api/purchase-order", &order("P-2")).await.status, 503);
        assert_eq!(client.post("/api/purchase-order", &order("P-2")).await.status, 200);
        sandbox.reset();
        client.log_in("ada@ex.test", "right").await;
    }
}

#[tokio::test]
async fn a_rough_day_stays_below_one_request_in_ten_and_meets_every_kind() {
    let mut kinds = BTreeSet::new();
    for seed in 1..=2 {
        let faults = Some(Preset::RoughDay.plan(Api::Knosc, seed));
        let sandbox =
            Sandbox::start(Api::Knosc, Options { faults, ..Options::default() }).await.unwrap();
        let entries = drive(&sandbox, 1000, 64, default_order).await;
        let requests: Vec<_> = entries.iter().filter(|entry| entry["kind"] != "apply").collect();
        let struck = requests.iter().filter(|entry| !entry["fault"].is_null()).count();
        let share = struck as f64 / requests.len() as f64;
        assert!((0.03..0.10).contains(&share), "seed {seed}: {struck} of {}", requests.len());
        kinds
            .extend(requests.iter().filter_map(|entry| entry["fault"].as_str().map(str::to_owned)));
        let queued = entries.iter().filter(|entry| entry["effect"] == "queued").count();
        assert!(queued > 20, "the lock was met by {queued}");
        assert_eq!(sandbox.state()["locked"], json!(false), "the lock ends by itself");
    }
    for kind in [
        "lock",
        "expire_access",
        "rotate_csrf",
        "status",
        "rate_limit",
        "delay",
        "dribble",
        "truncate_body",
        "reset_before_read",
        "reset_before_commit",
        "commit_then_reset",
        "commit_then_status",
        "late_commit",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
}

#[tokio::test]
async fn every_preset_is_a_plan() {
    for preset in Preset::ALL {
        let plan = serde_json::to_value(preset.plan(Api::Knosc, 5)).unwrap();
        assert_eq!(plan["seed"], 5, "{preset}");
        assert_eq!(
            plan["faults"].as_array().unwrap().is_empty(),
            *preset == Preset::Calm,
            "{preset}"
        );
        assert_eq!(preset.to_string().parse::<Preset>().unwrap(), *preset);
        serde_json::from_value::<steadfast_sandbox::FaultPlan>(plan).unwrap();
    }
    assert!("tornado".parse::<Preset>().unwrap_err().to_string().contains("`rough-day`"));
    let (_sandbox, mut client) = start(Options::default()).await;
    let reply = client.post("/__sandbox/faults", &json!({ "preset": "outage", "seed": 3 })).await;
    assert_eq!(reply.json()["plan"]["seed"], 3);
}
