//! Purchase orders: writing, reading, listing.

use serde_json::json;
use steadfast_sandbox::Options;

use crate::client::{order, start, vectors};

#[tokio::test]
async fn an_order_is_created_read_replaced_listed_and_deleted() {
    let (_sandbox, mut client) = vectors().await;
    let created = client.post("/api/purchase-order", &order("P-7")).await;
    let expected = json!({
        "message": "Purchase order created successfully.", "notification_type": "Success", "id": 43,
    });
    assert_eq!(created.json(), expected);
    let read = client.get("/api/purchase-order/43").await.json();
    assert_eq!(read["data"]["rows"]["details"][0]["id"], json!(102));
    let mut changed = order("P-7");
    changed["details"] = json!([
        { "id": 102, "PO Details Id": 102, "Item Number": "I1", "Warehouse Number": "W1", "PO Details Quantity": 0.1 },
        { "id": null, "Item Number": "I2", "Warehouse Number": "W1", "PO Details Quantity": 0.2 },
    ]);
    assert_eq!(client.put("/api/purchase-order/43", &changed).await.status, 200);
    let filter = "%5B%7B%22category%22%3A%22PO%20List%20Number%22%2C%22value%22%3A%22P-7%22%7D%5D";
    let listed = client.get(&format!("/api/purchase-order?filter={filter}")).await.json();
    let rows = listed["data"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["PO List Quantity"].to_string(), "0.3");
    assert_eq!(client.delete("/api/purchase-order/43").await.status, 200);
    assert_eq!(client.get("/api/purchase-order/43").await.status, 404);
}

#[tokio::test]
async fn the_default_fixtures_hold_what_the_examples_refer_to() {
    let (sandbox, mut client) = start(Options::default()).await;
    for (list, number, first) in [
        ("item-master", "Item Number", "ITEM-A"),
        ("supplier-master", "Supplier Number", "SUP-1"),
        ("warehouse-master", "Warehouse Number", "WH-1"),
        ("ship-from-master", "Ship From Number", "SF-1"),
    ] {
        let reply = client.get(&format!("/api/{list}")).await.json();
        assert_eq!(reply["data"]["rows"][0][number], json!(first));
    }
    let orders = sandbox.state()["orders"].as_array().unwrap().clone();
    let numbers: Vec<_> =
        orders.iter().filter_map(|order| order["PO List Number"].as_str()).collect();
    let expected = [
        "PO-2026-0001",
        "PO-2026-0002",
        "PO-2026-0003",
        "PO-2026-0004",
        "PO-2026-0005",
        "PO-2026-0900",
        "PO-2026-0901",
    ];
    assert_eq!(numbers, expected);
    assert!(!sandbox.state().to_string().contains("WIDGET-99"));
    sandbox.stop().await;
}
