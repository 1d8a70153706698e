//! The control routes.

use serde_json::json;

use crate::client::{order, vectors};

#[tokio::test]
async fn the_journal_tells_what_was_done() {
    let (_sandbox, mut client) = vectors().await;
    client.post("/api/purchase-order", &order("P-2")).await;
    let entries = client.journal().await;
    let last = entries.last().unwrap();
    assert_eq!(
        (&last["n"], &last["status"], &last["effect"], &last["kind"], &last["key"], &last["fault"]),
        (&json!(2), &json!(200), &json!("applied"), &json!("create"), &json!("P-2"), &json!(null)),
    );
    client.post("/__sandbox/reset", &json!({})).await;
    assert!(client.journal().await.is_empty());
}
