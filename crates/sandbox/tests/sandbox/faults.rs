//! Each kind of fault, as it looks on the wire.

use serde_json::json;

use crate::client::{order, vectors};

#[tokio::test]
async fn a_write_can_be_committed_and_its_reply_lost() {
    let (_sandbox, mut client) = vectors().await;
    client.faults(json!([{ "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } }])).await;
    let error = client.call("POST", "/api/purchase-order", Some(&order("P-2"))).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let again = client.post("/api/purchase-order", &order("P-2")).await;
    assert_eq!(again.code(), "PurchaseOrderList.AlreadyExists");
}
