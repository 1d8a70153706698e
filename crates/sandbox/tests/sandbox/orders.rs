//! Purchase orders: writing, reading, listing, moving, validating.

use serde_json::{Value, json};
use steadfast_sandbox::{Fixtures, Options, Quirk};

use crate::client::{Client, order, start, vectors};

const ORDERS: &str = "/api/purchase-order";
const MOVES: &str = "/api/purchase-order-details-move-lines";

fn line(item: &str, quantity: f64) -> Value {
    json!({ "Item Number": item, "Warehouse Number": "W1", "PO Details Quantity": quantity })
}

/// The query that filters on one column.
pub(crate) fn filter(column: &str, value: &Value) -> String {
    let text = json!([{ "category": column, "value": value }]).to_string();
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub(crate) async fn rows(client: &mut Client, path: &str) -> Vec<Value> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.json());
    reply.json()["data"]["rows"].as_array().cloned().unwrap()
}

#[tokio::test]
async fn an_order_is_created_read_replaced_listed_and_deleted() {
    let (_sandbox, mut client) = vectors().await;
    let created = client.post(ORDERS, &order("P-7")).await;
    let expected = json!({
        "message": "Purchase order created successfully.", "notification_type": "Success", "id": 43,
    });
    assert_eq!(created.json(), expected);
    let read = client.get("/api/purchase-order/43").await.json();
    assert_eq!(read["data"]["rows"]["details"][0]["id"], json!(102));
    let mut changed = order("P-7");
    changed["details"] = json!([line("I1", 0.1), line("I2", 0.2)]);
    changed["details"][0]["id"] = json!(102);
    assert_eq!(client.put("/api/purchase-order/43", &changed).await.status, 200);
    let listed =
        rows(&mut client, &format!("{ORDERS}?filter={}", filter("PO List Number", &json!("P-7"))))
            .await;
    assert_eq!((listed.len(), listed[0]["PO List Quantity"].to_string()), (1, "0.3".to_owned()));
    let lines = rows(&mut client, "/api/purchase-order-details").await;
    let ids: Vec<_> = lines.iter().filter_map(|line| line["id"].as_u64()).collect();
    assert_eq!(ids, [101, 102, 103], "the line kept its id");
    assert_eq!(client.delete("/api/purchase-order/43").await.status, 200);
    assert_eq!(client.get("/api/purchase-order/43").await.status, 404);
}

#[tokio::test]
async fn everything_that_was_sent_is_shown_again() {
    let (_sandbox, mut client) = vectors().await;
    let mut body = order("Ü-1 \u{1F4E6}");
    body["PO List Order Date"] = json!("2026-02-28");
    body["details"][0] = serde_json::from_str(
        r#"{"Item Number":"I1","Sub Item Number":"I2","Warehouse Number":"W1","Ship From Number":"F1",
        "PO Details Quantity":12.50,"PO Details Price":0.10,"PO Details Document Status":"Open",
        "PO Details Tracking":"1Z 999","PO Details Order Date":"2026-01-01","PO Details Ship Date":"2026-01-02",
        "PO Details ETA Date":"2026-01-03","PO Details First Promise Date":"2026-01-04",
        "PO Details Request Date":"2026-01-05","PO Details Actual Ship Date":"2026-01-06",
        "PO Details Actual Delivery Date":"2026-01-07","PO Details Unique Id":"u","PO Details Local":{"a":[1]}}"#,
    )
    .unwrap();
    let id = client.post(ORDERS, &body).await.json()["id"].clone();
    let read = client.get(&format!("{ORDERS}/{id}")).await.json()["data"]["rows"].clone();
    for name in
        ["PO List Number", "PO List Document Status", "PO List Order Date", "Supplier Number"]
    {
        assert_eq!(read[name], body[name], "{name}");
    }
    for (name, value) in body["details"][0].as_object().unwrap() {
        assert_eq!(read["details"][0][name].to_string(), value.to_string(), "{name}");
    }
}

#[tokio::test]
async fn the_default_fixtures_hold_what_the_examples_refer_to() {
    let (sandbox, mut client) = start(Options::default()).await;
    for (list, number, first, count) in [
        ("item-master", "Item Number", vec!["ITEM-A", "BRG-1001"], 201),
        ("supplier-master", "Supplier Number", vec!["SUP-1", "SUP-100"], 41),
        (
            "warehouse-master",
            "Warehouse Number",
            vec!["WH-1", "WH-2", "WH-BER", "WH-LYO", "WH-KRK"],
            5,
        ),
        ("ship-from-master", "Ship From Number", vec!["SF-1", "SF-100"], 41),
    ] {
        let all = rows(&mut client, &format!("/api/{list}?page_size=1000")).await;
        let numbers: Vec<_> = all.iter().filter_map(|row| row[number].as_str()).collect();
        assert_eq!((&numbers[..first.len()], numbers.len()), (&first[..], count), "{list}");
    }
    let orders = sandbox.state()["orders"].as_array().unwrap().clone();
    let numbers: Vec<_> =
        orders.iter().filter_map(|order| order["PO List Number"].as_str()).collect();
    let first: Vec<_> = (1..=5).map(|n| format!("PO-2026-000{n}")).collect();
    assert_eq!(numbers[..5], first);
    assert_eq!(numbers[5..], ["PO-2026-0900", "PO-2026-0901"]);
    assert!(!sandbox.state().to_string().contains("WIDGET-99"));
    sandbox.stop().await;
}

/// A body in which everything from some step of the validation on is wrong.
fn wrong_from(step: usize) -> Value {
    let steps: [fn(&mut Value); 11] = [
        |body| body["Purchase Order Id"] = json!(7),
        |body| body["details"] = json!([]),
        |body| drop(body.as_object_mut().unwrap().remove("PO List Document Status")),
        |body| body["PO List Order Date"] = json!("2026-02-30"),
        |body| body["Supplier Number"] = json!("S9"),
        |body| body["details"][0]["Item Number"] = json!("I9"),
        |body| body["details"][0]["Sub Item Number"] = json!("I8"),
        |body| body["details"][0]["Warehouse Number"] = json!("W9"),
        |body| body["details"][0]["Ship From Number"] = json!("F9"),
        |body| body["details"][1]["Warehouse Number"] = json!("W2"),
        |body| body["details"] = json!([line("I1", 1.0), line("I1", 2.0)]),
    ];
    let mut body = order("P-2");
    body["details"] = json!([line("I1", 1.0), line("I2", 1.0)]);
    for (position, spoil) in steps.iter().enumerate().rev() {
        // An empty list hides what is wrong with lines, so only its own step empties it.
        if position > step && position != 1 || position == step {
            if position == 10 && step < 10 {
                continue;
            }
            spoil(&mut body);
        }
    }
    body
}

#[tokio::test]
async fn the_first_failure_in_the_contract_s_order_wins() {
    let (_sandbox, mut client) = vectors().await;
    let expected = [
        "OrderList.IdMismatch",
        "OrderList.NoItems",
        "Validation.MissingField",
        "Validation.InvalidField",
        "SupplierMaster.NotFound",
        "ItemMaster.NotFound",
        "ItemMaster.NotFound",
        "WarehouseMaster.NotFound",
        "ShipFromMaster.NotFound",
        "OrderList.MultipleWarehouses",
        "OrderDetails.DuplicateRows",
    ];
    for (step, code) in expected.into_iter().enumerate() {
        let reply = client.put("/api/purchase-order/42", &wrong_from(step)).await;
        assert_eq!(reply.code(), code, "step {step}: {}", wrong_from(step));
    }
    let mut body = order("P-1");
    body["details"][0]["PO Details Order Date"] = json!("2026-01-02");
    body["details"][0]["PO Details Ship Date"] = json!("2026-01-01");
    assert_eq!(client.post(ORDERS, &body).await.code(), "PurchaseOrderDetails.OrderDateAfterShip");
}

#[tokio::test]
async fn values_of_the_wrong_kind_are_named() {
    let (_sandbox, mut client) = vectors().await;
    for (name, value) in [
        ("PO List Number", json!("")),
        ("PO List Number", json!(7)),
        ("PO List Document Status", json!("Lost")),
        ("PO List Order Date", json!("1.2.2026")),
        ("Purchase Order Id", json!(1)),
        ("details", json!("I1")),
    ] {
        let mut body = order("P-2");
        body[name] = value;
        let reply = client.post(ORDERS, &body).await.json();
        assert_eq!(reply["Message"], json!(format!("Invalid value for {name}")), "{body}");
    }
    for (name, value) in [
        ("id", json!(5)),
        ("Item Number", json!(1)),
        ("Ship From Number", json!("")),
        ("PO Details Quantity", json!(0)),
        ("PO Details Quantity", json!(-1)),
        ("PO Details Price", json!("1,5")),
        ("PO Details ETA Date", json!("2026-13-01")),
        ("PO Details Unique Id", json!(9)),
    ] {
        let mut body = order("P-2");
        body["details"][0][name] = value;
        let reply = client.post(ORDERS, &body).await.json();
        assert_eq!(reply["Message"], json!(format!("Invalid value for {name}")), "{body}");
    }
}

#[tokio::test]
async fn a_replacement_takes_lines_out_but_not_those_in_use() {
    let (_sandbox, mut client) = vectors().await;
    let path = "/api/purchase-order/42";
    let mut body = order("P-1");
    body["Purchase Order Id"] = json!(42);
    client
        .post("/__sandbox/knosc/references", &json!({ "kind": "purchase-order-detail", "id": 101 }))
        .await;
    assert_eq!(client.put(path, &body).await.code(), "PurchaseOrderDetails.StillInUse");
    body["details"][0]["id"] = json!(999);
    let unknown = client.put(path, &body).await;
    assert_eq!((unknown.status, unknown.code()), (400, "PurchaseOrderDetails.NotFound".to_owned()));
    body["details"][0]["id"] = json!(101);
    assert_eq!(client.put(path, &body).await.status, 200);
    client.post(ORDERS, &order("P-2")).await;
    body["PO List Number"] = json!("P-2");
    assert_eq!(client.put(path, &body).await.code(), "PurchaseOrderList.AlreadyExists");
}

#[tokio::test]
async fn moved_lines_keep_their_ids_and_the_source_stays() {
    let (_sandbox, mut client) = vectors().await;
    let entry = |id: u64, from: u64| json!({ "id": id, "Old Purchase Order List Id": from });
    let moving = |mut entry: Value, name: &str, target: Value| {
        entry[name] = target;
        json!({ "moves": [entry] })
    };
    let (to_id, to_number) = ("New Purchase Order List Id", "New Purchase Order List Number");
    for (body, code) in [
        (json!({ "moves": [] }), "OrderList.NoItems"),
        (json!({}), "OrderList.NoItems"),
        (moving(entry(101, 42), to_id, Value::Null), "Validation.MissingField"),
        (moving(entry(999, 42), to_number, json!("P-2")), "PurchaseOrderDetails.NotFound"),
        (moving(entry(101, 999), to_number, json!("P-2")), "PurchaseOrderList.NotFound"),
        (moving(entry(101, 42), to_id, json!(999)), "PurchaseOrderList.NotFound"),
        (moving(entry(101, 42), to_number, json!("P-1")), "PurchaseOrderList.AlreadyExists"),
    ] {
        let reply = client.put(MOVES, &body).await;
        assert_eq!((reply.status, reply.code()), (400, code.to_owned()), "{body}");
    }
    assert_eq!(
        client.put(MOVES, &moving(entry(101, 42), to_number, json!("P-2"))).await.status,
        200
    );
    let source = client.get("/api/purchase-order/42").await.json();
    assert_eq!(source["data"]["rows"]["details"], json!([]));
    let target = client.get("/api/purchase-order/43").await.json();
    assert_eq!(target["data"]["rows"]["details"][0]["id"], json!(101));
    assert_eq!(
        client.put(MOVES, &moving(entry(101, 43), to_id, json!(42))).await.json()["rows_updated"],
        json!(1)
    );
}

#[tokio::test]
async fn archived_orders_leave_the_list_but_keep_their_number() {
    let (sandbox, mut client) = vectors().await;
    let mut body = order("P-1");
    body["PO List Document Status"] = json!("Received");
    assert_eq!(client.put("/api/purchase-order/42", &body).await.status, 200);
    assert!(rows(&mut client, ORDERS).await.is_empty());
    assert!(rows(&mut client, "/api/purchase-order-details").await.is_empty());
    assert_eq!(client.get("/api/purchase-order/42").await.status, 200);
    assert_eq!(client.post(ORDERS, &order("P-1")).await.code(), "PurchaseOrderList.AlreadyExists");
    assert_eq!(sandbox.state()["orders"][0]["archived"], json!(true));
    let status = filter("PO List Document Status", &json!(["Open", "Received"]));
    assert_eq!(rows(&mut client, &format!("{ORDERS}?filter={status}")).await.len(), 1);
}

#[tokio::test]
async fn duplicates_are_doubled_where_they_are_allowed() {
    let options = Options {
        fixtures: Fixtures::Vectors,
        quirks: vec![Quirk::AllowDuplicates],
        ..Options::default()
    };
    let (sandbox, mut client) = start(options).await;
    for _ in 0..2 {
        assert_eq!(client.post(ORDERS, &order("P-2")).await.status, 200);
    }
    let found =
        rows(&mut client, &format!("{ORDERS}?filter={}", filter("PO List Number", &json!("P-2"))))
            .await;
    assert_eq!(found.len(), 2);
    let doubled = json!([{ "resource": "purchase-order", "key": "P-2", "effects": 2 }]);
    assert_eq!(sandbox.audit()["doubled"], doubled);
}

#[tokio::test]
async fn an_order_made_again_after_its_deletion_is_no_double() {
    let (sandbox, mut client) = vectors().await;
    for _ in 0..2 {
        let id = client.post(ORDERS, &order("P-2")).await.json()["id"].clone();
        assert_eq!(client.delete(&format!("{ORDERS}/{id}")).await.status, 200);
        let id = client.post(ORDERS, &order("P-3")).await.json()["id"].clone();
        let line = client.get(&format!("{ORDERS}/{id}")).await.json()["data"]["rows"]["details"][0]
            ["id"]
            .clone();
        assert_eq!(client.delete(&format!("/api/purchase-order-details/{line}")).await.status, 200);
    }
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}
