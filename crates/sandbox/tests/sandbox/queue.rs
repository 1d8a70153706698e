//! The integration lock and its queue.

use serde_json::{Value, json};
use steadfast_sandbox::{Fixtures, Options, Quirk, Sandbox};

use crate::client::{order, start, vectors};

const ORDERS: &str = "/api/purchase-order";

fn numbers(sandbox: &Sandbox) -> Vec<String> {
    let state = sandbox.state();
    let orders = state["orders"].as_array().unwrap();
    orders.iter().filter_map(|order| order["PO List Number"].as_str().map(str::to_owned)).collect()
}

fn is_queued(reply: &Value) -> bool {
    *reply
        == json!({
            "message": "Changes will be visible after the integration is done.", "notification_type": "Warning",
        })
}

#[tokio::test]
async fn queued_writes_apply_in_order_of_arrival_and_what_cannot_is_dropped() {
    let (sandbox, mut client) = vectors().await;
    sandbox.start_integration();
    let mut renamed = order("P-5");
    renamed["details"][0]["id"] = json!(101);
    assert!(is_queued(&client.post(ORDERS, &order("P-2")).await.json()));
    assert!(is_queued(&client.put("/api/purchase-order/42", &renamed).await.json()));
    assert!(is_queued(&client.post(ORDERS, &order("P-2")).await.json()));
    assert!(is_queued(&client.delete("/api/purchase-order/42").await.json()));
    assert!(is_queued(&client.delete("/api/purchase-order-details/101").await.json()));
    assert_eq!(
        client.post(ORDERS, &order("P-1")).await.code(),
        "PurchaseOrderList.AlreadyExists",
        "not renamed yet"
    );
    assert_eq!(
        client.get("/api/purchase-order/42").await.json()["data"]["rows"]["PO List Number"],
        "P-1"
    );
    assert_eq!(
        client.get("/__sandbox/knosc/queue").await.json()["queue"].as_array().unwrap().len(),
        5
    );
    assert_eq!(numbers(&sandbox), ["P-1"]);
    sandbox.finish_integration();
    assert_eq!(numbers(&sandbox), ["P-2"]);
    let queue = sandbox.queue();
    let failed: Vec<_> = queue["failed"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["code"].as_str())
        .collect();
    assert_eq!(failed, ["PurchaseOrderList.AlreadyExists", "PurchaseOrderDetails.NotFound"]);
    assert_eq!((&queue["queue"], &queue["locked"]), (&json!([]), &json!(false)));
    let applied: Vec<_> =
        client.journal().await.into_iter().filter(|entry| entry["kind"] == "apply").collect();
    let effects: Vec<_> = applied.iter().filter_map(|entry| entry["effect"].as_str()).collect();
    assert_eq!(effects, ["applied", "applied", "none", "applied", "none"]);
    let of: Vec<_> = applied.iter().filter_map(|entry| entry["of"].as_u64()).collect();
    assert_eq!(of, [2, 3, 4, 5, 6]);
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn a_queued_write_sent_twice_applies_twice_where_duplicates_are_allowed() {
    let options = Options {
        fixtures: Fixtures::Vectors,
        quirks: vec![Quirk::AllowDuplicates],
        ..Options::default()
    };
    let (sandbox, mut client) = start(options).await;
    client.post("/__sandbox/knosc/integration/start", &json!({})).await;
    for _ in 0..2 {
        assert!(is_queued(&client.post(ORDERS, &order("P-2")).await.json()));
    }
    assert_eq!(sandbox.audit()["doubled"], json!([]));
    client.post("/__sandbox/knosc/integration/finish", &json!({})).await;
    assert_eq!(numbers(&sandbox), ["P-1", "P-2", "P-2"]);
    assert_eq!(sandbox.audit()["doubled"][0]["effects"], json!(2));
}

#[tokio::test]
async fn sessions_privileges_and_reads_are_not_locked() {
    let (sandbox, mut client) = vectors().await;
    sandbox.start_integration();
    assert_eq!(client.post("/api/refresh", &json!({})).await.status, 200);
    assert_eq!(client.get(ORDERS).await.status, 200);
    client.log_in("viewer@ex.test", "right").await;
    assert_eq!(client.post(ORDERS, &order("P-2")).await.code(), "User.NotPrivileged");
    assert_eq!(client.post("/api/logout", &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_queued_write_whose_reply_was_lost_still_applies() {
    let (sandbox, mut client) = vectors().await;
    sandbox.start_integration();
    client.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }])).await;
    assert!(client.call("POST", ORDERS, Some(&order("P-2"))).await.is_err());
    assert_eq!(client.journal().await.last().unwrap()["effect"], "queued");
    sandbox.finish_integration();
    assert_eq!(numbers(&sandbox), ["P-1", "P-2"]);
}
