//! Each kind of fault, as it looks on the wire.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadfast_sandbox::{FaultPlan, Sandbox};
use tokio::net::TcpStream;

use crate::client::{Client, order, vectors};

const ORDERS: &str = "/api/purchase-order";

/// Whether an order with this number is there, archived or not.
fn holds(sandbox: &Sandbox, number: &str) -> bool {
    let state = sandbox.state();
    state["orders"].as_array().unwrap().iter().any(|order| order["PO List Number"] == number)
}

/// Waits until something is so, which it has to be within a few seconds.
async fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to be so");
}

/// Posts a plan with one fault for every write of an order, then an order.
async fn meet(client: &mut Client, act: Value) -> std::io::Result<crate::client::Reply> {
    client.faults(json!([{ "on": { "kind": "create" }, "do": act }])).await;
    client.call("POST", ORDERS, Some(&order("P-2"))).await
}

#[tokio::test]
async fn a_status_comes_with_every_kind_of_body_and_any_headers() {
    let (sandbox, mut client) = vectors().await;
    for (body, content_type, expected) in [
        (
            "json",
            Some("application/json"),
            r#"{"Message":"Service Unavailable","Code":"Server.Error"}"#,
        ),
        ("html", Some("text/html"), "<html><body>Service Unavailable</body></html>"),
        ("plain", Some("text/plain"), "Service Unavailable"),
        ("empty", None, ""),
        ("{\"odd\":1}", Some("application/json"), "{\"odd\":1}"),
    ] {
        let headers = json!([["Retry-After", "1"], ["Retry-After", "soon"]]);
        let act = json!({ "kind": "status", "status": 503, "headers": headers, "body": body });
        let reply = meet(&mut client, act).await.unwrap();
        assert_eq!((reply.status, String::from_utf8_lossy(&reply.body).as_ref()), (503, expected));
        assert_eq!(reply.header("content-type"), content_type);
        assert_eq!(reply.headers("retry-after"), ["1", "soon"]);
    }
    let reply = meet(&mut client, json!({ "kind": "status", "status": 500, "body": "truncated" }))
        .await
        .unwrap();
    assert!(reply.is_cut() && reply.status == 500);
    assert!(!holds(&sandbox, "P-2"));
}

#[tokio::test]
async fn resets_before_the_commit_leave_nothing_and_after_it_the_order() {
    let (sandbox, mut client) = vectors().await;
    for kind in ["reset_before_read", "reset_before_commit"] {
        let error = meet(&mut client, json!({ "kind": kind })).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{kind}");
        assert!(!holds(&sandbox, "P-2"), "{kind}");
    }
    let error = meet(&mut client, json!({ "kind": "commit_then_reset" })).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(holds(&sandbox, "P-2"));
    let entries = client.journal().await;
    let last = entries.last().unwrap();
    assert_eq!((&last["status"], &last["effect"]), (&Value::Null, &json!("applied")));
}

#[tokio::test]
async fn a_commit_can_be_hidden_behind_another_status() {
    let (sandbox, mut client) = vectors().await;
    let act = json!({ "kind": "commit_then_status", "status": 504, "body": "html" });
    assert_eq!(meet(&mut client, act).await.unwrap().status, 504);
    assert!(holds(&sandbox, "P-2"));
}

#[tokio::test]
async fn faults_that_commit_wait_for_a_request_that_would_take_effect() {
    let (sandbox, mut client) = vectors().await;
    let faults = json!([{ "on": { "nth": 1 }, "do": { "kind": "commit_then_reset" } }]);
    client.faults(faults).await;
    let unknown_supplier =
        json!({ "PO List Number": "P-8", "PO List Document Status": "Open", "details": [1] });
    assert_eq!(client.get(ORDERS).await.status, 200);
    assert_eq!(client.post(ORDERS, &unknown_supplier).await.status, 400);
    assert_eq!(client.post(ORDERS, &order("P-1")).await.code(), "PurchaseOrderList.AlreadyExists");
    assert_eq!(sandbox.audit()["faults_unmet"][0]["fault"], "commit_then_reset");
    assert!(client.call("POST", ORDERS, Some(&order("P-2"))).await.is_err());
    assert_eq!(sandbox.audit()["faults_unmet"], json!([]));
}

#[tokio::test]
async fn a_late_commit_takes_effect_after_the_reply() {
    let (sandbox, mut client) = vectors().await;
    let act = json!({ "kind": "late_commit", "after_ms": 300, "status": 504, "body": "empty" });
    assert_eq!(meet(&mut client, act).await.unwrap().status, 504);
    assert!(!holds(&sandbox, "P-2"));
    assert_eq!(sandbox.state()["late_commits"], 1);
    eventually(|| sandbox.state()["late_commits"] == 0).await;
    assert!(holds(&sandbox, "P-2"));
    let entries = client.journal().await;
    let (request, apply) = (&entries[entries.len() - 2], &entries[entries.len() - 1]);
    assert_eq!((&request["effect"], &request["status"]), (&json!("none"), &json!(504)));
    assert_eq!(
        (&apply["kind"], &apply["effect"], &apply["of"]),
        (&json!("apply"), &json!("applied"), &request["n"])
    );
    assert!(
        meet(&mut client, json!({ "kind": "late_commit", "after_ms": 0 })).await.is_ok(),
        "a duplicate: no effect"
    );
}

#[tokio::test]
async fn a_late_commit_that_comes_too_late_is_dropped_or_doubles() {
    let (sandbox, mut client) = vectors().await;
    let faults = json!([{ "on": { "nth": 1 }, "do": { "kind": "late_commit", "after_ms": 200, "status": 504 } }]);
    client.faults(faults).await;
    assert_eq!(client.post(ORDERS, &order("P-2")).await.status, 504);
    assert_eq!(client.post(ORDERS, &order("P-2")).await.status, 200);
    eventually(|| sandbox.state()["late_commits"] == 0).await;
    let entries = client.journal().await;
    let apply = entries.last().unwrap();
    assert_eq!(
        (&apply["effect"], &apply["code"]),
        (&json!("none"), &json!("PurchaseOrderList.AlreadyExists"))
    );
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn bodies_can_be_cut_malformed_or_slow() {
    let (sandbox, mut client) = vectors().await;
    let cut = meet(&mut client, json!({ "kind": "truncate_body" })).await.unwrap();
    assert!(cut.is_cut() && cut.status == 200 && !cut.body.is_empty());
    assert!(holds(&sandbox, "P-2"));
    client.faults(json!([{ "do": { "kind": "malformed_body" } }])).await;
    let malformed = client.get(ORDERS).await;
    assert_eq!((malformed.status, malformed.json(), malformed.is_cut()), (200, Value::Null, false));
    client.faults(json!([{ "do": { "kind": "dribble", "over_ms": 100 } }])).await;
    let started = Instant::now();
    let slow = client.get(ORDERS).await;
    assert!(
        started.elapsed() >= Duration::from_millis(90) && !slow.is_cut() && slow.json().is_object()
    );
    for after in [false, true] {
        client.faults(json!([{ "do": { "kind": "delay", "ms": 60, "after": after } }])).await;
        let started = Instant::now();
        assert_eq!(client.get(ORDERS).await.status, 200);
        assert!(started.elapsed() >= Duration::from_millis(60));
    }
}

#[tokio::test]
async fn a_delayed_write_goes_on_without_its_client() {
    let (sandbox, mut client) = vectors().await;
    client.faults(json!([{ "do": { "kind": "delay", "ms": 400 } }])).await;
    let body = order("P-2");
    let abandoned = client.call("POST", ORDERS, Some(&body));
    assert!(tokio::time::timeout(Duration::from_millis(200), abandoned).await.is_err());
    eventually(|| holds(&sandbox, "P-2")).await;
}

#[tokio::test]
async fn refused_connections_are_refused_and_open_ones_are_reset() {
    let (sandbox, mut client) = vectors().await;
    let idle = TcpStream::connect(&client.address).await.unwrap();
    let act = json!({ "kind": "refuse", "for_ms": 500 });
    assert_eq!(meet(&mut client, act).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    sandbox.clear_faults();
    idle.readable().await.unwrap();
    assert_eq!(idle.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(&client.address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    for _ in 0..1000 {
        if let Ok(reply) = client.call("POST", ORDERS, Some(&order("P-2"))).await {
            assert_eq!(reply.status, 200);
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never listens again");
}

#[tokio::test]
async fn a_token_can_be_expired_or_revoked() {
    let (_sandbox, mut client) = vectors().await;
    client.faults(json!([{ "on": { "nth": 1 }, "do": { "kind": "expire_access" } }])).await;
    assert_eq!(client.get(ORDERS).await.code(), "Token.Expired");
    assert_eq!(client.get(ORDERS).await.code(), "Token.Expired");
    assert_eq!(client.post("/api/refresh", &json!({})).await.status, 200);
    assert_eq!(client.get(ORDERS).await.status, 200);
    client.faults(json!([{ "on": { "nth": 1 }, "do": { "kind": "revoke" } }])).await;
    assert_eq!(client.get(ORDERS).await.code(), "Token.Revoked");
    assert_eq!(client.post("/api/refresh", &json!({})).await.code(), "Token.Revoked");
    client.log_in("ada@ex.test", "right").await;
    assert_eq!(client.get(ORDERS).await.status, 200);
}

#[tokio::test]
async fn a_csrf_value_can_change_with_or_without_notice() {
    let (_sandbox, mut client) = vectors().await;
    client.faults(json!([{ "on": { "nth": 1 }, "do": { "kind": "rotate_csrf" } }])).await;
    let before = client.cookies.clone();
    assert_eq!(client.get(ORDERS).await.headers("set-cookie").len(), 2);
    let mut stale = Client { cookies: before, ..client.clone() };
    assert_eq!(stale.post(ORDERS, &order("P-2")).await.code(), "CSRF.Mismatch");
    assert_eq!(client.post(ORDERS, &order("P-2")).await.status, 200);
    client
        .faults(json!([{ "on": { "nth": 1 }, "do": { "kind": "rotate_csrf", "silent": true } }]))
        .await;
    assert!(client.get(ORDERS).await.headers("set-cookie").is_empty());
    assert_eq!(client.post(ORDERS, &order("P-3")).await.code(), "CSRF.Mismatch");
    client.post("/api/refresh", &json!({})).await;
    assert_eq!(client.post(ORDERS, &order("P-3")).await.status, 200);
}

#[tokio::test]
async fn a_rate_limit_answers_what_is_beyond_it() {
    let (sandbox, mut client) = vectors().await;
    client.faults(json!([{ "do": { "kind": "rate_limit", "per_second": 0.001, "burst": 2, "retry_after": 3 } }])).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.get(ORDERS).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let limited = client.post(ORDERS, &order("P-2")).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("3")));
    sandbox.clear_faults();
    assert_eq!(sandbox.audit()["early"], json!([]));
    client.post(ORDERS, &order("P-2")).await;
    assert_eq!(sandbox.audit()["early"][0]["key"], "P-2");
}

#[tokio::test]
async fn a_lock_ends_after_so_many_requests_even_if_they_only_read() {
    let (sandbox, mut client) = vectors().await;
    let faults = json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "lock", "for_requests": 3 } }]);
    client.faults(faults).await;
    assert_eq!(client.post(ORDERS, &order("P-2")).await.json()["notification_type"], "Warning");
    for _ in 0..2 {
        client.get(ORDERS).await;
        assert!(!holds(&sandbox, "P-2"));
    }
    let rows = client.get(ORDERS).await.json();
    assert_eq!(rows["data"]["rows"][1]["PO List Number"], "P-2");
}

#[tokio::test]
async fn a_lock_ends_by_the_clock_or_by_a_fault() {
    let (sandbox, mut client) = vectors().await;
    let faults = json!([
        { "on": { "key": "P-2" }, "do": { "kind": "lock", "for_ms": 5000 } },
        { "on": { "key": "P-3" }, "do": { "kind": "lock" } },
        { "on": { "key": "P-4" }, "do": { "kind": "unlock" } },
    ]);
    client.faults(faults).await;
    client.post(ORDERS, &order("P-2")).await;
    assert!(!holds(&sandbox, "P-2"));
    sandbox.advance_clock(Duration::from_secs(5));
    assert!(holds(&sandbox, "P-2"));
    client.post(ORDERS, &order("P-3")).await;
    assert_eq!(client.post(ORDERS, &order("P-4")).await.json()["notification_type"], "Success");
    assert!(holds(&sandbox, "P-3"));
}

#[test]
fn a_wrong_plan_is_refused_with_what_where_and_remedy() {
    for (plan, at, remedy) in [
        ("{", "the text", "list `faults`"),
        ("{}", "the top level.faults", "give a list"),
        (
            r#"{"faults":[{"do":{"kind":"resett"}}]}"#,
            "faults[0].do.kind: unknown kind `resett`",
            "reset_before_read",
        ),
        (
            r#"{"faults":[{"do":{"kind":"status","status":99}}]}"#,
            "faults[0].do.status",
            "200 to 599",
        ),
        (
            r#"{"faults":[{"do":{"kind":"unlock"}},{"on":{"nht":1},"do":{"kind":"unlock"}}]}"#,
            "faults[1].on.nht",
            "nth",
        ),
        (
            r#"{"faults":[{"on":{"nth":0},"do":{"kind":"unlock"}}]}"#,
            "faults[0].on.nth",
            "starts at 1",
        ),
        (
            r#"{"faults":[{"on":{"probability":3},"do":{"kind":"unlock"}}]}"#,
            "faults[0].on.probability",
            "0 to 1",
        ),
        (r#"{"faults":[{"do":{"kind":"delay","after_ms":1}}]}"#, "faults[0].do.after_ms", "ms"),
        (r#"{"faults":[{"do":{"kind":"in_progres"}}]}"#, "faults[0].do.kind", "in_progress"),
        (
            r#"{"faults":[{"do":{"kind":"status","status":500,"headers":{"a b":"c"}}}]}"#,
            "faults[0].do.headers",
            "letters",
        ),
    ] {
        let error = FaultPlan::from_json(plan).unwrap_err().to_string();
        assert!(error.contains(at) && error.contains(remedy), "{error}");
        let by_serde = serde_json::from_str::<FaultPlan>(plan).unwrap_err().to_string();
        assert!(plan == "{" || by_serde.contains(at), "{by_serde}");
    }
}
