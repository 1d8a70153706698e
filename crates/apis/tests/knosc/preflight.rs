//! Checks before a write (K11), and the surface that the guide names (K20).

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use steadfast::dialect::Paging;
use steadfast_apis::knosc::{Code, Error, Knosc};

use crate::world::{World, builder_of, order, quick, vectors, with};

/// The same client with pages of two rows.
fn with_short_pages(world: &World) -> Knosc {
    let mut dialect = quick();
    if let Some(Paging::PageNumber { size_rows, .. }) = &mut dialect.paging {
        *size_rows = 2;
    }
    builder_of(&world.sandbox, "ada", "right").build_with(dialect).unwrap()
}

#[tokio::test]
async fn k11_what_is_missing_is_found_on_all_pages_and_letter_by_letter() {
    let world = vectors().await;
    let knosc = with_short_pages(&world);
    // I3 is on the second page.
    let missing = knosc.missing_items(["I1", "I3", "i1", "I9", " I1", "I9"]).await.unwrap();
    assert_eq!(missing, [" I1", "I9", "i1"]);
    assert!(knosc.missing_items(["I2"]).await.unwrap().is_empty());
    assert!(knosc.missing_items(Vec::<&str>::new()).await.unwrap().is_empty());
    assert!(knosc.supplier_exists("S1").await.unwrap());
    assert!(!knosc.supplier_exists("s1").await.unwrap());
    assert_eq!(knosc.missing_warehouses(["W1", "W3", "W9"]).await.unwrap(), ["W3", "W9"]);
    assert_eq!(knosc.missing_ship_froms(["F1", "F9"]).await.unwrap(), ["F9"]);
}

#[tokio::test]
async fn k11_a_list_that_was_read_in_part_proves_nothing() {
    let world = vectors().await;
    let knosc = with_short_pages(&world);
    let broken = json!({ "kind": "status", "status": 500 });
    world.faults(json!([{ "on": { "kind": "read", "nth": [2, 3, 4, 5] }, "do": broken }]));
    let error = knosc.missing_items(["I1", "I9"]).await.unwrap_err();
    assert!(matches!(error, Error::List(_)), "{error}");
}

#[tokio::test]
async fn k11_nothing_is_written_that_names_what_is_not_there() {
    let world = vectors().await;
    let mut wrong = order("P-2");
    wrong.supplier_number = "S9".to_owned();
    wrong.details[0].item_number = "I9".to_owned();
    wrong.details[0].sub_item_number = Some("I8".to_owned());
    wrong.details[0].ship_from_number = Some("F9".to_owned());
    let error = world.knosc.create_order(&wrong).send_checked().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Items not in Item Master: I8, I9; Suppliers not found: S9; \
         Ship-from locations not found: F9"
    );
    let Error::Missing(missing) = error else { panic!("{error}") };
    assert_eq!(
        (missing.items, missing.suppliers),
        (vec!["I8".into(), "I9".into()], vec!["S9".into()])
    );
    assert!(missing.warehouses.is_empty() && world.statuses("create").is_empty());
    assert!(world.knosc.create_order(&order("P-2")).send_checked().await.unwrap().is_done());
    // It is advice: who does not ask is refused by the server.
    let error = world.knosc.create_order(&wrong).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SupplierNotFound));
}

#[tokio::test]
async fn k20_the_surface_that_the_guide_names_is_there() {
    let world = vectors().await;
    let knosc = &world.knosc;
    // login, refresh, csrf.
    let _ = knosc.log_in().await.unwrap();
    let before = knosc.csrf();
    let _ = knosc.refresh().await.unwrap();
    assert!(knosc.csrf() != before && world.statuses("refresh") == [200]);
    // request, and request_with_backoff.
    knosc.request(Method::GET, "/item-master").query("page_size", 1).await.unwrap();
    world.faults(json!([{ "on": { "kind": "read", "nth": [1, 2, 3] }, "do": { "kind": "status", "status": 503 } }]));
    knosc.request_with_backoff(Method::GET, "/item-master", 4).await.unwrap();
    // write_with_queue_awareness: true is done, false is queued.
    let payload = serde_json::to_value(order("P-2")).unwrap();
    assert!(knosc.write(Method::POST, "/purchase-order", &payload).await.unwrap().is_done());
    world.sandbox.start_integration();
    let payload = serde_json::to_value(order("P-3")).unwrap();
    assert!(!knosc.write(Method::POST, "/purchase-order", &payload).await.unwrap().is_done());
    world.sandbox.finish_integration();
    // validate_item_numbers, validate_supplier.
    assert_eq!(knosc.missing_items(["I1", "X"]).await.unwrap(), ["X"]);
    assert!(knosc.supplier_exists("S1").await.unwrap());
}

#[tokio::test]
async fn k20_a_safe_write_is_sent_once_and_gives_the_body_or_code_and_message() {
    let world = vectors().await;
    let safe = |payload: serde_json::Value| {
        let context = BTreeMap::from([("erp_id".to_owned(), "4711".to_owned())]);
        let knosc = world.knosc.clone();
        async move { knosc.safe_write(Method::POST, "/purchase-order", &payload, context).await }
    };
    let body = safe(serde_json::to_value(order("P-2")).unwrap()).await.unwrap().unwrap();
    assert_eq!(body["notification_type"], "Success");
    let error = safe(json!({ "details": [] })).await.unwrap_err();
    assert!(error.to_string().starts_with("[OrderList.NoItems] "), "{error}");
    // No backoff: a 503 is told, though the session is renewed where it has expired.
    world.faults(json!([
        { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "expire_access" } },
        { "on": { "kind": "create", "nth": 2 }, "do": { "kind": "status", "status": 503 } },
    ]));
    let error = safe(serde_json::to_value(order("P-3")).unwrap()).await.unwrap_err();
    assert_eq!(
        (error.status(), error.to_string().as_str()),
        (Some(503), "[Server.Error] Service Unavailable")
    );
    assert_eq!(world.statuses("create")[2..], [401, 503]);
}

#[tokio::test]
async fn k20_a_write_that_goes_by_its_path_is_looked_for_like_any_other() {
    let world = with(steadfast_sandbox::Profile::Both, &[]).await;
    world.faults(
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]),
    );
    let payload = serde_json::to_value(order("P-2")).unwrap();
    assert!(world.knosc.write(Method::POST, "/purchase-order", &payload).await.unwrap().is_done());
    assert_eq!((world.statuses("create").len(), world.copies("P-2")), (1, 1));
}
