//! Inventory and forecasts of Knosc: records that behave, the queue, and second copies.

use serde_json::{Value, json};
use steadfast_sandbox::{Fixtures, Options, Quirk};

use crate::client::{Client, order, start, vectors};

const INVENTORY: &str = "/api/inventory";
const FORECASTS: &str = "/api/forecast";

fn stock(unique_id: &str) -> Value {
    json!({
        "Item Number": "I2", "Warehouse Number": "W1", "Inventory Quantity": 4, "Inventory Unique Id": unique_id,
    })
}

fn forecast(number: &str) -> Value {
    json!({
        "Forecast List Number": number, "Forecast List Date": "2025-04-01",
        "details": [
            { "Item Number": "I1", "Warehouse Number": "W1", "Forecast Details Quantity": 1.5 },
            { "Item Number": "I2", "Warehouse Number": "W2", "Forecast Details Quantity": 2,
              "Forecast Details Date": "2025-05-31" },
        ],
    })
}

async fn found(client: &mut Client, list: &str, column: &str, value: &str) -> Vec<Value> {
    let filter = format!(r#"[{{"category":"{column}","value":["{value}"]}}]"#);
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let reply = client.get(&format!("{list}?filter={filter}")).await.json();
    reply["data"]["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn stock_is_found_by_its_unique_id_and_a_second_copy_is_taken() {
    let (sandbox, mut client) = vectors().await;
    for id in [2, 3] {
        assert_eq!(client.post(INVENTORY, &stock("N-2")).await.json()["id"], id);
    }
    let rows = found(&mut client, INVENTORY, "Inventory Unique Id", "N-2").await;
    assert_eq!(rows.iter().map(|row| row["id"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(3)]);
    assert_eq!(sandbox.audit()["doubled"][0]["key"], "N-2", "no rule of the API forbids it");
    assert_eq!(client.delete("/api/inventory/2").await.status, 200);
    let rows = found(&mut client, INVENTORY, "Inventory Unique Id", "N-2").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(sandbox.state()["inventory_count"], 2);
}

#[tokio::test]
async fn a_change_of_stock_keeps_what_it_leaves_out() {
    let (_sandbox, mut client) = vectors().await;
    let change =
        json!({ "Inventory Quantity": -2.25, "Sub Item Number": "I3", "Inventory Date": null });
    assert_eq!(client.put("/api/inventory/1", &change).await.status, 200);
    let row = client.get("/api/inventory/1").await.json()["data"].clone();
    assert_eq!(
        row,
        json!({
            "id": 1, "Item Id": 1, "Item Number": "I1", "Item Description": "Item 1",
            "Sub Item Id": 3, "Sub Item Number": "I3", "Warehouse Id": 1, "Warehouse Number": "W1",
            "Warehouse Name": "W1", "Inventory Quantity": -2.25, "Inventory Date": null,
            "Inventory Unique Id": "N-1",
        })
    );
    for (name, value) in [("Item Number", Value::Null), ("Inventory Quantity", Value::Null)] {
        let reply = client.put("/api/inventory/1", &json!({ name: value })).await;
        assert_eq!(reply.json()["Message"], format!("Invalid value for {name}"));
    }
}

#[tokio::test]
async fn what_there_is_of_an_item_adds_up_by_warehouse() {
    let (_sandbox, mut client) = vectors().await;
    for (warehouse, quantity) in [("W1", 0.5), ("W2", 3.0)] {
        let mut more = stock("more");
        more["Item Number"] = json!("I1");
        more["Warehouse Number"] = json!(warehouse);
        more["Inventory Quantity"] = json!(quantity);
        assert_eq!(client.post(INVENTORY, &more).await.status, 200);
    }
    let mut suggested = order("P-8");
    suggested["PO List Document Status"] = json!("Suggested");
    assert_eq!(client.post("/api/purchase-order", &suggested).await.status, 200);
    let all = client.get("/api/inventory-item/1").await.json()["data"]["orders"]["rows"].clone();
    let amounts = |row: &Value| {
        ["Inventory Quantity", "Open PO Quantity", "Net Available"]
            .map(|name| row[name].as_f64().unwrap())
    };
    let rows: Vec<_> = all.as_array().unwrap().iter().map(amounts).collect();
    assert_eq!(rows, [[13.0, 5.0, 18.0], [3.0, 0.0, 3.0]]);
    let one = client.get("/api/inventory-item/1/2").await.json();
    assert_eq!(one["data"]["orders"]["rows"], json!([all[1]]));
    assert_eq!(client.get("/api/inventory-item/1/9").await.code(), "WarehouseMaster.NotFound");
    assert_eq!(client.get("/api/inventory-item").await.code(), "Route.NotFound");
}

#[tokio::test]
async fn lines_of_a_forecast_are_kept_by_their_ids() {
    let (_sandbox, mut client) = vectors().await;
    assert_eq!(client.post(FORECASTS, &forecast("FC-2")).await.json()["id"], 2);
    let mut changed = forecast("FC-3");
    changed["details"][0]["id"] = json!(2);
    changed["details"][0]["Forecast Details Quantity"] = json!(9);
    assert_eq!(client.put("/api/forecast/2", &changed).await.status, 200);
    let row = client.get("/api/forecast/2").await.json()["data"]["rows"].clone();
    let lines: Vec<_> = row["details"].as_array().unwrap().iter().map(|line| &line["id"]).collect();
    assert_eq!((&row["Forecast List Number"], lines), (&json!("FC-3"), vec![&json!(2), &json!(4)]));
    let listed = found(&mut client, FORECASTS, "Forecast List Number", "FC-3").await;
    assert_eq!(listed[0]["Forecast List Quantity"], 11);
    assert!(found(&mut client, FORECASTS, "Forecast List Number", "FC-2").await.is_empty());
    changed["details"][1]["id"] = json!(2);
    let twice = client.put("/api/forecast/2", &changed).await;
    assert_eq!(twice.json()["Message"], "Invalid value for id");
}

#[tokio::test]
async fn what_was_expected_is_summed_by_month() {
    let (_sandbox, mut client) = vectors().await;
    client.post(FORECASTS, &forecast("FC-2")).await;
    client.post(FORECASTS, &forecast("FC-3")).await;
    let rows = client.get("/api/forecast-over-time").await.json()["data"]["rows"].clone();
    let rows: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["Period"].as_str().unwrap(),
                row["Item Number"].as_str().unwrap(),
                row["Variance"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [("2025-03", "I1", -7.0), ("2025-04", "I1", -3.0), ("2025-05", "I2", -4.0)]);
}

#[tokio::test]
async fn a_queued_create_sent_twice_applies_once() {
    let (sandbox, mut client) = vectors().await;
    sandbox.start_integration();
    for _ in 0..2 {
        let reply = client.post(INVENTORY, &stock("N-2")).await.json();
        assert_eq!(reply["notification_type"], "Warning");
        assert_eq!(client.post(FORECASTS, &forecast("FC-2")).await.json(), reply);
    }
    assert!(found(&mut client, INVENTORY, "Inventory Unique Id", "N-2").await.is_empty());
    sandbox.finish_integration();
    assert_eq!(found(&mut client, INVENTORY, "Inventory Unique Id", "N-2").await.len(), 1);
    assert_eq!(found(&mut client, FORECASTS, "Forecast List Number", "FC-2").await.len(), 1);
    let queue = sandbox.queue();
    let dropped: Vec<_> =
        queue["failed"].as_array().unwrap().iter().map(|entry| entry["key"].as_str()).collect();
    assert_eq!(dropped, [Some("N-2"), Some("FC-2")]);
    assert_eq!(sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn with_duplicates_allowed_both_copies_apply() {
    let quirks = vec![Quirk::AllowDuplicates];
    let options = Options { fixtures: Fixtures::Vectors, quirks, ..Options::default() };
    let (sandbox, mut client) = start(options).await;
    sandbox.start_integration();
    for _ in 0..2 {
        client.post(INVENTORY, &stock("N-2")).await;
    }
    sandbox.finish_integration();
    assert_eq!(found(&mut client, INVENTORY, "Inventory Unique Id", "N-2").await.len(), 2);
    assert_eq!(sandbox.audit()["doubled"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn master_data_that_stock_or_forecasts_name_is_in_use() {
    let (_sandbox, mut client) = vectors().await;
    client.post(INVENTORY, &stock("N-2")).await;
    client.post(FORECASTS, &forecast("FC-2")).await;
    assert_eq!(client.delete("/api/item-master/2").await.code(), "ItemMaster.StillInUse");
    assert_eq!(client.delete("/api/warehouse-master/2").await.code(), "WarehouseMaster.StillInUse");
    assert_eq!(client.delete("/api/item-master/3").await.status, 200);
}
