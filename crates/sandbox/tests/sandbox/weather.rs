//! Under load every preset strikes with each of its faults, whatever the API.

use std::time::Duration;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Options, Preset, Sandbox};
use tokio::task::JoinSet;

use crate::client::Client;

/// How many writes are sent together, and how often at most.
const AT_ONCE: usize = 40;
const ROUNDS: usize = 100;

/// A write of its own for each number, and the headers that every request of the API needs.
struct Load {
    headers: Vec<(&'static str, String)>,
    path: String,
    body: fn(usize) -> Value,
    read: &'static str,
}

fn bearer(token: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {token}"))
}

async fn knosc(sandbox: &Sandbox) -> Load {
    let mut client = Client::new(sandbox);
    // A day on which a log-in may fail as well.
    while client.cookies.is_empty() {
        let body = serde_json::to_value(sandbox.ready().credentials).unwrap();
        drop(client.call("POST", "/api/login", Some(&body)).await);
    }
    let cookies: Vec<String> =
        client.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let csrf = client.cookies["csrf_access_token"].clone();
    // Now and then the session is renewed before it has to be, so that refreshes meet faults, too.
    drop(client.call("POST", "/api/refresh", Some(&json!({}))).await);
    Load {
        headers: vec![("Cookie", cookies.join("; ")), ("X-XSRF-TOKEN", csrf)],
        path: "/api/inventory".to_owned(),
        body: |n| {
            json!({
                "Item Number": "ITEM-A", "Warehouse Number": "WH-1", "Inventory Quantity": 1,
                "Inventory Unique Id": format!("U-{n}"),
            })
        },
        read: "/api/inventory?page_size=1",
    }
}

async fn thredfi(sandbox: &Sandbox) -> Load {
    const B: &str = "22222222-2222-4222-8222-222222222222";
    const BASIC: &str =
        "MTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExOnNhbmRib3gtcGFydG5lci1rZXk=";
    let mut client = crate::thredfi::Thredfi::new(sandbox);
    while client.business.is_empty() {
        client.try_fetch(BASIC, B).await;
    }
    Load {
        headers: vec![("Authorization", client.business)],
        path: format!("/v1/platform/businesses/{B}/invoices/"),
        body: |n| {
            json!({
                "external_id": format!("U-{n}"), "sent_at": "2026-03-01", "customer_external_id": "CUST-1",
                "line_items": [{ "quantity": 1, "unit_price": 100 }],
            })
        },
        read: "/v1/platform/businesses/",
    }
}

async fn operations1(_sandbox: &Sandbox) -> Load {
    Load {
        headers: vec![bearer("sandbox-token"), ("Accept-Version", "2025-04-21".to_owned())],
        path: "/tenants/acme/orders".to_owned(),
        body: |n| {
            json!({
                "name": "N", "customOrderId": format!("U-{n}"), "startDate": "2025-05-21T08:00:00.000Z",
                "dueDate": "2025-05-25T17:00:00.000Z", "orderDocumentAssignments": [{ "documentId": 3 }],
            })
        },
        read: "/tenants/acme/users/11",
    }
}

async fn kneo(_sandbox: &Sandbox) -> Load {
    Load {
        headers: vec![bearer("sandbox-admin-key")],
        path: "/v1/runs".to_owned(),
        body: |n| json!({ "input": format!("U-{n}"), "spec_path": "demo.yaml" }),
        read: "/v1/runs?limit=1",
    }
}

async fn load(sandbox: &Sandbox, api: Api) -> Load {
    match api {
        Api::Knosc => knosc(sandbox).await,
        Api::Thredfi => thredfi(sandbox).await,
        Api::Operations1 => operations1(sandbox).await,
        _ => kneo(sandbox).await,
    }
}

/// Writes and reads until every fault of the plan has been met; those that never are.
async fn unmet(api: Api, preset: Preset) -> Value {
    let faults = Some(preset.plan(api, 7));
    let sandbox = Sandbox::start(api, Options { faults, ..Options::default() }).await.unwrap();
    for round in 0..ROUNDS {
        let load = load(&sandbox, api).await;
        let mut sent = JoinSet::new();
        for n in round * AT_ONCE..(round + 1) * AT_ONCE {
            let client = Client::new(&sandbox);
            let mut headers = load.headers.clone();
            headers.push(("Idempotency-Key", format!("k-{n}")));
            headers.push(("Content-Type", "application/json".to_owned()));
            let (path, body, read) = (load.path.clone(), (load.body)(n).to_string(), load.read);
            sent.spawn(async move {
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                drop(client.send("POST", &path, &headers, &body).await);
                drop(client.send("GET", read, &headers, "").await);
            });
        }
        // Slow replies are not waited for: they are met once they are given.
        let _ = tokio::time::timeout(Duration::from_millis(100), sent.join_all()).await;
        let unmet = sandbox.audit()["faults_unmet"].clone();
        if unmet == json!([]) {
            return unmet;
        }
        // Limits of so many requests in a time begin anew.
        sandbox.advance_clock(Duration::from_secs(10));
    }
    sandbox.audit()["faults_unmet"].clone()
}

async fn every_fault_is_met(api: Api) {
    for preset in [Preset::Calm, Preset::RoughDay, Preset::Storm, Preset::Outage] {
        assert_eq!(unmet(api, preset).await, json!([]), "{preset}");
    }
}

#[tokio::test]
async fn of_knosc() {
    every_fault_is_met(Api::Knosc).await;
}

#[tokio::test]
async fn of_thredfi() {
    every_fault_is_met(Api::Thredfi).await;
}

#[tokio::test]
async fn of_operations1() {
    every_fault_is_met(Api::Operations1).await;
}

#[tokio::test]
async fn of_kneo() {
    every_fault_is_met(Api::Kneo).await;
}
