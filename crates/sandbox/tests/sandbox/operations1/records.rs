//! State that behaves: orders, their reports, users, and the lists of them.

use std::time::Duration;

use serde_json::{Value, json};
use steadfast_sandbox::{Options, Quirk};

use super::{order, vectors};

#[tokio::test]
async fn an_order_has_a_report_for_each_document() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let mut body = order("ERP-2");
    body["orderDocumentAssignments"] = json!([
        { "documentId": 3 }, { "documentId": 4, "reportName": "Second" }, { "documentId": 3 },
    ]);
    let made = client.post("orders", &body).await.json();
    assert_eq!(made["reportIds"], json!([22, 23, 24]));
    for (position, name) in ["Pump check", "Second", "Pump check"].into_iter().enumerate() {
        let report = client.get(&format!("reports/{}", 22 + position)).await.json();
        assert_eq!((&report["name"], &report["orderPosition"]), (&json!(name), &json!(position)));
        assert_eq!((&report["orderId"], &report["state"]), (&json!(12), &json!("not-started")));
    }
    assert_eq!(client.ids("reports?orderIds=12").await, (vec![22, 23, 24], 3));
    assert_eq!(client.ids("reports?orderIds=12&classCharacteristicIds=1").await.1, 2);
    assert_eq!(client.ids("reports?search=second").await, (vec![23], 1));
    // Nothing comes of an order that is refused.
    body["orderDocumentAssignments"][2]["documentId"] = json!(99);
    assert_eq!(client.post("orders", &body).await.status, 400);
    assert_eq!(client.ids("reports?pageSize=1").await.1, 4);
}

#[tokio::test]
async fn an_order_waits_for_its_start() {
    let (sandbox, client) = vectors(Options::default()).await;
    let mut body = order("ERP-2");
    body["startDate"] = json!("2099-01-01T08:00:00.000Z");
    body["dueDate"] = json!("2099-01-02T08:00:00.000Z");
    assert_eq!(client.post("orders", &body).await.json()["state"], "scheduled");
    let sooner = json!({ "startDate": "2025-01-01T08:00:00.000Z" });
    assert_eq!(client.patch("orders/12", &sooner).await.json()["state"], "not-started");
    let later = json!({ "startDate": "2099-01-01T08:00:00.000Z" });
    assert_eq!(client.patch("orders/12", &later).await.json()["state"], "scheduled");
    assert_eq!(client.ids("orders?states=scheduled").await, (vec![12], 1));
    sandbox.advance_clock(Duration::from_secs(100 * 365 * 24 * 3600));
    let begun = client.get("orders/12").await.json();
    assert_eq!(begun["state"], "not-started");
    assert_eq!(begun["updatedAt"], "2099-01-01T08:00:00.000Z");
}

#[tokio::test]
async fn an_order_follows_its_reports() {
    let (_sandbox, mut client) = vectors(Options::default()).await;
    let mut body = order("ERP-2");
    body["orderDocumentAssignments"] = json!([{ "documentId": 3 }, { "documentId": 4 }]);
    client.post("orders", &body).await;
    for (report, state, expected) in [
        (22, "in-progress", "in-progress"),
        (22, "done", "in-progress"),
        (23, "problem", "problem"),
        (23, "done", "done"),
    ] {
        let moved = json!({ "report_id": report, "state": state });
        let reply = client.http.post("/__sandbox/operations1/report-state", &moved).await;
        assert_eq!((reply.status, &reply.json()["state"]), (200, &json!(state)));
        let found = client.get("orders/12").await.json();
        assert_eq!(found["state"], expected, "{report} {state}");
    }
    let report = client.get("reports/22").await.json();
    assert_eq!((&report["numFinishedSteps"], &report["passed"]), (&json!(4), &json!("pass")));
    assert!(report["firstOpenedAt"].is_string() && report["cycleTime"].is_u64(), "{report}");
    for wrong in [json!({ "report_id": 22 }), json!({ "report_id": 99, "state": "done" })] {
        let reply = client.http.post("/__sandbox/operations1/report-state", &wrong).await;
        assert_eq!(reply.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_everything_that_it_names() {
    let (_sandbox, client) = vectors(Options::default()).await;
    for (custom_id, document) in [("ERP-2", 4), ("ERP-3", 3), ("ERP-4", 4)] {
        let mut body = order(custom_id);
        body["orderDocumentAssignments"][0]["documentId"] = json!(document);
        assert_eq!(client.post("orders", &body).await.status, 201);
    }
    // The clock is that of the machine, so the middle one is given a time of its own by changing it last.
    client.patch("orders/13", &json!({ "state": "in-progress" })).await;
    client.patch("orders/14", &json!({ "archived": true })).await;
    let newest = client.get("orders/14").await.json()["updatedAt"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("", vec![11, 12, 13]),
        ("archived=false&direction=DESC", vec![13, 12, 11]),
        ("archived=true", vec![14]),
        ("states=in-progress", vec![13]),
        ("states=in-progress&states=not-started", vec![11, 12, 13]),
        ("states=done", vec![]),
        ("customOrderIds=ERP-2&customOrderIds=ERP-3", vec![12, 13]),
        ("customOrderIds=ERP-2&orderIds=13", vec![]),
        ("orderIds=13&orderIds=11", vec![11, 13]),
        ("classCharacteristicIds=1", vec![11, 13]),
        ("classCharacteristicIds=2&classCharacteristicIds=1", vec![11, 13]),
        ("ruleId=1", vec![]),
        ("search=ORDER%20erp-3", vec![13]),
        ("updatedAtMax=2020-01-01T00:00:00.000Z", vec![]),
        ("updatedAtMin=2020-01-01T00:00:00.000Z", vec![11, 12, 13]),
        ("orderBy=updatedAt&direction=DESC&states=in-progress", vec![13]),
        ("unheard=of", vec![11, 12, 13]),
    ] {
        let (ids, total) = client.ids(&format!("orders?{query}")).await;
        assert_eq!((&ids, total), (&expected, expected.len() as u64), "{query}");
    }
    let since = client.ids(&format!("orders?archived=true&updatedAtMin={newest}")).await;
    assert_eq!(since.0, [14], "what was changed at that very moment is among them");
    let until = client.ids(&format!("orders?archived=true&updatedAtMax={newest}")).await;
    assert_eq!(until.0, [14]);
    let by_change = client.ids("orders?orderBy=updatedAt").await.0;
    assert_eq!(by_change.last(), Some(&13), "it was changed last: {by_change:?}");
}

#[tokio::test]
async fn pages_together_are_the_list() {
    let (_sandbox, client) = vectors(Options::default()).await;
    for n in 2..=23 {
        assert_eq!(client.post("orders", &order(&format!("ERP-{n}"))).await.status, 201);
    }
    let mut all = Vec::new();
    let mut index = 0;
    loop {
        let (ids, total) = client.ids(&format!("orders?pageIndex={index}&pageSize=7")).await;
        all.extend(ids);
        index += 1;
        if index * 7 >= total {
            break;
        }
    }
    assert_eq!(all, (11..=33).collect::<Vec<u64>>());
    let last = client.get("orders?pageIndex=last&pageSize=7").await.json();
    assert_eq!((&last["pageIndex"], last["items"].as_array().unwrap().len()), (&json!(3), 2));
}

#[tokio::test]
async fn a_users_name_is_its_own() {
    for (quirks, status) in [(vec![], 400), (vec![Quirk::AllowDuplicates], 201)] {
        let (sandbox, client) = vectors(Options { quirks, ..Options::default() }).await;
        let body = json!({ "name": "n.new", "displayName": "N. New" });
        let made = client.post("users", &body).await;
        assert_eq!((made.status, &made.json()["localeCode"]), (201, &json!("en")));
        assert_eq!(client.post("users", &body).await.status, status);
        let created: Vec<Value> = sandbox.journal()["entries"].as_array().cloned().unwrap();
        assert!(
            created.iter().all(|entry| entry["key"] == "n.new" && entry["resource"] == "users")
        );
        assert_eq!(sandbox.audit()["doubled"].as_array().unwrap().is_empty(), status == 400);
    }
}

#[tokio::test]
async fn a_user_changes_field_by_field() {
    let (_sandbox, client) = vectors(Options::default()).await;
    let changed = client.patch("users/7", &json!({ "groupIds": [2], "email": null })).await.json();
    assert_eq!(
        changed["groups"],
        json!([{ "id": 2, "name": "assembly", "displayName": "Assembly" }])
    );
    assert_eq!((&changed["email"], &changed["name"]), (&Value::Null, &json!("m.cole")));
    assert_eq!(client.try_send("DELETE", "users/7", None).await.unwrap().json()["archived"], true);
    assert_eq!(client.ids("users").await.0, [1]);
    assert_eq!(client.ids("users?archived=true").await.0, [7, 8]);
    assert_eq!(client.patch("users/7", &json!({ "archived": false })).await.status, 200);
    assert_eq!(client.ids("users?search=cole").await.0, [7]);
    for wrong in [json!({ "name": null }), json!({ "displayName": "" }), json!({ "groupIds": [9] })]
    {
        assert_eq!(client.patch("users/7", &wrong).await.status, 400, "{wrong}");
    }
}
