//! Logging in, refreshing, CSRF.

use std::time::Duration;

use serde_json::json;

use crate::client::{order, vectors};

#[tokio::test]
async fn a_refresh_rotates_the_csrf_value() {
    let (sandbox, mut client) = vectors().await;
    sandbox.advance_clock(Duration::from_secs(900));
    assert_eq!(client.get("/api/item-master").await.code(), "Token.Expired");
    let stale = client.cookies["csrf_access_token"].clone();
    assert_eq!(client.post("/api/refresh", &json!({})).await.json(), json!({ "refresh": true }));
    let fresh = client.cookies.insert("csrf_access_token".to_owned(), stale).unwrap();
    assert_eq!(client.post("/api/purchase-order", &order("P-9")).await.code(), "CSRF.Mismatch");
    client.cookies.insert("csrf_access_token".to_owned(), fresh);
    assert_eq!(client.post("/api/purchase-order", &order("P-9")).await.status, 200);
}
