//! Master data, paging, filters and sorting.

use serde_json::{Value, json};
use steadfast_sandbox::{Options, Quirk};

use crate::client::{start, vectors};
use crate::orders::{filter, rows};

fn numbers<'a>(rows: &'a [Value], column: &str) -> Vec<&'a str> {
    rows.iter().filter_map(|row| row[column].as_str()).collect()
}

#[tokio::test]
async fn lists_are_paged_even_when_nobody_asks() {
    let (_sandbox, mut client) = start(Options::default()).await;
    assert_eq!(rows(&mut client, "/api/item-master").await.len(), 100);
    assert_eq!(rows(&mut client, "/api/item-master?page=3").await.len(), 1);
    assert_eq!(rows(&mut client, "/api/item-master?page=4").await.len(), 0);
    assert_eq!(rows(&mut client, "/api/item-master?page=18446744073709551615").await.len(), 0);
    assert_eq!(rows(&mut client, "/api/item-master?page_size=9999").await.len(), 201);
    for query in ["page=0", "page=x", "page_size=-1", "page_size=0"] {
        let reply = client.get(&format!("/api/item-master?{query}")).await;
        assert_eq!(
            (reply.status, reply.code()),
            (400, "Validation.InvalidField".to_owned()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn unpaged_lists_show_everything_unless_a_page_is_asked_for() {
    let (_sandbox, mut client) =
        start(Options { quirks: vec![Quirk::Unpaged], ..Options::default() }).await;
    assert_eq!(rows(&mut client, "/api/item-master").await.len(), 201);
    assert_eq!(rows(&mut client, "/api/item-master?page=1").await.len(), 100);
}

#[tokio::test]
async fn filters_are_exact_and_added_up() {
    let (_sandbox, mut client) = start(Options::default()).await;
    let ask =
        |column: &str, value: Value| format!("/api/item-master?filter={}", filter(column, &value));
    assert_eq!(rows(&mut client, &ask("Item Number", json!("ITEM-A"))).await.len(), 1);
    assert_eq!(rows(&mut client, &ask("Item Number", json!("item-a"))).await.len(), 0);
    assert_eq!(
        rows(&mut client, &ask("Item Number", json!(["ITEM-A", "BRG-1001", "no"]))).await.len(),
        2
    );
    assert_eq!(rows(&mut client, &ask("id", json!(2))).await[0]["Item Number"], "BRG-1001");
    assert_eq!(rows(&mut client, &ask("Item Servicenow Id", Value::Null)).await.len(), 100);
    let both = json!([
        { "category": "Item Type", "value": "Component" }, { "category": "Item Weight", "value": 0.12 },
    ]);
    let both: String = both.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = rows(&mut client, &format!("/api/item-master?filter={both}")).await;
    assert!(!found.is_empty() && found.iter().all(|row| row["Item Weight"].as_f64() == Some(0.12)));
    for bad in
        [json!("x"), json!([{ "category": "Nothing", "value": 1 }]), json!([{ "category": "id" }])]
    {
        let text: String = bad.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(
            client.get(&format!("/api/item-master?filter={text}")).await.code(),
            "Filter.Invalid"
        );
    }
}

#[tokio::test]
async fn ignored_filters_return_everything() {
    let (_sandbox, mut client) =
        start(Options { quirks: vec![Quirk::FilterIgnored], ..Options::default() }).await;
    let found = rows(
        &mut client,
        &format!("/api/purchase-order?filter={}", filter("PO List Number", &json!("x"))),
    )
    .await;
    assert_eq!(found.len(), 7);
    assert_eq!(rows(&mut client, "/api/purchase-order?filter=zzz").await.len(), 7);
}

#[tokio::test]
async fn lists_can_be_sorted() {
    let (_sandbox, mut client) = vectors().await;
    let found = rows(&mut client, "/api/item-master?sort=Item%20Number:Descending").await;
    assert_eq!(numbers(&found, "Item Number"), ["I3", "I2", "I1"]);
    for bad in ["Item%20Number", "Item%20Number:Down", "Nothing:Ascending"] {
        assert_eq!(
            client.get(&format!("/api/item-master?sort={bad}")).await.code(),
            "Sort.Invalid"
        );
    }
}

#[tokio::test]
async fn inactive_warehouses_are_hidden_unless_asked_for() {
    let (_sandbox, mut client) = vectors().await;
    let path = "/api/warehouse-master";
    assert_eq!(numbers(&rows(&mut client, path).await, "Warehouse Number"), ["W1", "W2"]);
    let inactive = format!("{path}?filter={}", filter("Warehouse Status", &json!("Inactive")));
    assert_eq!(numbers(&rows(&mut client, &inactive).await, "Warehouse Number"), ["W3"]);
    let by_number = format!("{path}?filter={}", filter("Warehouse Number", &json!("W3")));
    assert!(rows(&mut client, &by_number).await.is_empty());
    assert_eq!(client.get("/api/warehouse-master/1").await.header("allow"), Some("PUT, DELETE"));
}

#[tokio::test]
async fn master_data_are_created_changed_in_part_and_deleted() {
    let (_sandbox, mut client) = vectors().await;
    for (route, noun, body, change) in [
        (
            "item",
            "Item",
            json!({ "Item Number": "I4", "Item Type": "Kit" }),
            json!({ "Item Description": "d" }),
        ),
        (
            "supplier",
            "Supplier",
            json!({ "Supplier Number": "S2" }),
            json!({ "Supplier Name": "n" }),
        ),
        (
            "warehouse",
            "Warehouse",
            json!({ "Warehouse Number": "W4" }),
            json!({ "Warehouse Status": "Inactive" }),
        ),
        (
            "ship-from",
            "Ship From",
            json!({ "Ship From Number": "F2", "Supplier Number": "S1" }),
            json!({ "Ship From Name": "n" }),
        ),
    ] {
        let path = format!("/api/{route}-master");
        let created = client.post(&path, &body).await.json();
        assert_eq!(created["message"], json!(format!("{noun} created successfully.")));
        let path = format!("{path}/{}", created["id"]);
        assert_eq!(
            client.put(&path, &change).await.json()["message"],
            json!(format!("{noun} updated successfully."))
        );
        if route != "warehouse" {
            let read = client.get(&path).await.json()["data"].clone();
            for (name, value) in body.as_object().unwrap().iter().chain(change.as_object().unwrap())
            {
                assert_eq!(read[name], *value, "{name}");
            }
        }
        assert_eq!(
            client.delete(&path).await.json()["message"],
            json!(format!("{noun} deleted successfully."))
        );
        assert_eq!(client.put(&path, &change).await.status, 404);
    }
    assert_eq!(client.post("/api/item-master", &json!({})).await.code(), "Validation.MissingField");
    let wrong = json!({ "Item Number": "I5", "Item Status": "Lost" });
    assert_eq!(client.post("/api/item-master", &wrong).await.code(), "Validation.InvalidField");
    assert_eq!(
        client.put("/api/item-master/2", &json!({ "Item Number": "I1" })).await.code(),
        "ItemMaster.AlreadyExists"
    );
}

#[tokio::test]
async fn a_supplier_takes_its_locations_along() {
    let (_sandbox, mut client) = vectors().await;
    client.post("/api/supplier-master", &json!({ "Supplier Number": "S2" })).await;
    client
        .post(
            "/api/ship-from-master",
            &json!({ "Ship From Number": "F2", "Supplier Number": "S2" }),
        )
        .await;
    let supplier = client.get("/api/supplier-master/2").await.json();
    assert_eq!(supplier["data"]["Ship From Locations"][0]["Ship From Number"], "F2");
    assert_eq!(client.delete("/api/supplier-master/2").await.status, 200);
    assert_eq!(client.get("/api/ship-from-master/2").await.code(), "ShipFromMaster.NotFound");
}
