//! Where the API's documents do not agree (contract, section 8): the client is told nothing of which
//! one the server follows, and all goes well with each.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use serde_json::json;
use steadfast::Class;
use steadfast_apis::knosc::{Code, Item, LineMove, MoveTarget, OrderLine, Query, Warehouse};
use steadfast_sandbox::{Api, Profile, Quirk};

use crate::world::{World, order, with};

type Run<'w> = Pin<Box<dyn Future<Output = ()> + 'w>>;
type Row = (&'static str, for<'w> fn(&'w World) -> Run<'w>);

/// The rows of the table.
const ROWS: [Row; 14] = [
    ("C1 C2", |world| Box::pin(sessions(world))),
    ("C3 C4", |world| Box::pin(not_found(world))),
    ("C5", |world| Box::pin(deleted(world))),
    ("C6", |world| Box::pin(queued_deletion(world))),
    ("C7", |world| Box::pin(framework_failures(world))),
    ("C8", |world| Box::pin(unreadable_token(world))),
    ("C9", |world| Box::pin(gateway(world))),
    ("C10", |world| Box::pin(rotation(world))),
    ("C11", |world| Box::pin(duplicate_rows(world))),
    ("C12", |world| Box::pin(pages(world))),
    ("C13", |world| Box::pin(stale_header(world))),
    ("C14 attempts", |world| Box::pin(later_attempt(world))),
    ("C14 queued", |world| Box::pin(queued_writes(world))),
    ("3.2", |world| Box::pin(hidden_warehouses(world))),
];

fn variants() -> Vec<(Profile, Vec<Quirk>)> {
    let profiles = [Profile::Guide, Profile::Reference, Profile::Both];
    let plain = profiles.into_iter().map(|profile| (profile, Vec::new()));
    let quirks = Api::Knosc.quirks().iter().map(|quirk| (Profile::Guide, vec![*quirk]));
    plain.chain(quirks).collect()
}

#[tokio::test]
async fn every_row_of_the_table_goes_well_in_every_variant() {
    for (profile, quirks) in variants() {
        for (row, run) in ROWS {
            let world = with(profile, &quirks).await;
            let result = AssertUnwindSafe(run(&world)).catch_unwind().await;
            let quirks: Vec<&str> = quirks.iter().map(|quirk| quirk.name()).collect();
            assert!(result.is_ok(), "row {row} under {profile} with {quirks:?}");
        }
    }
}

/// C1, C2: where to log in and refresh, and whether the refresh has a CSRF header.
async fn sessions(world: &World) {
    let _ = world.knosc.log_in().await.unwrap();
    world.sandbox.advance_clock(Duration::from_secs(16 * 60));
    world.knosc.get("/item-master").await.unwrap();
    assert_eq!(world.statuses("refresh"), [200]);
}

/// C3, C4: 404 or 400, with or without a full stop.
async fn not_found(world: &World) {
    let error = world.knosc.order(999).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::OrderNotFound));
    assert_eq!(error.call().unwrap().class(), Some(Class::NotFound));
    let error = world.knosc.delete_line(999).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::LineNotFound));
    let mut wrong = order("P-2");
    wrong.details[0].item_number = "I9".to_owned();
    let error = world.knosc.create_order(&wrong).await.unwrap_err();
    assert_eq!((error.code(), error.status()), (Some(Code::ItemNotFound), Some(400)));
    assert_eq!(error.call().unwrap().class(), Some(Class::Validation));
}

/// C5: a deletion is answered with JSON, or with nothing.
async fn deleted(world: &World) {
    assert!(world.knosc.delete_order(42).await.unwrap().is_done());
    assert_eq!(world.knosc.order(42).await.unwrap_err().code(), Some(Code::OrderNotFound));
}

/// C6: a deletion is queued like any other write.
async fn queued_deletion(world: &World) {
    world.sandbox.start_integration();
    assert!(!world.knosc.delete_order(42).await.unwrap().is_done());
    assert!(world.knosc.order(42).await.is_ok());
}

/// C7: a failure of the framework has a code, or none.
async fn framework_failures(world: &World) {
    let _ = world.knosc.log_in().await.unwrap();
    let login = json!({ "kind": "expire_access" });
    world.faults(json!([{ "on": { "kind": "read" }, "do": login }]));
    let error = world.knosc.get("/item-master").await.unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert_eq!(error.call().unwrap().class(), Some(Class::Unauthenticated));
}

/// C8: a token that the server cannot read any more is a 401, or a 422.
async fn unreadable_token(world: &World) {
    let _ = world.knosc.log_in().await.unwrap();
    // Tokens are signed with a secret that is drawn anew.
    tokio::time::sleep(Duration::from_millis(2)).await;
    world.sandbox.reset();
    world.knosc.get("/item-master").await.unwrap();
    world.sandbox.reset();
    assert!(world.knosc.create_order(&order("P-2")).await.unwrap().is_done());
}

/// C9: what stands before the API is away.
async fn gateway(world: &World) {
    for status in [502, 503, 504] {
        let fault = json!({ "kind": "status", "status": status, "body": "html" });
        world.faults(json!([{ "on": { "kind": "read", "nth": 1 }, "do": fault }]));
        world.knosc.get("/item-master").await.unwrap();
    }
    let statuses = world.statuses("read");
    assert_eq!(statuses, [502, 200, 503, 200, 504, 200]);
}

/// C10: the CSRF value rotates with the refresh.
async fn rotation(world: &World) {
    world.faults(
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "expire_access" } }]),
    );
    assert!(world.knosc.create_order(&order("P-2")).await.unwrap().is_done());
    assert_eq!(world.statuses("create"), [401, 200]);
}

/// C11: two lines for one item are refused.
async fn duplicate_rows(world: &World) {
    let twice = order("P-2").line(OrderLine::new("I1", "W1", 1));
    let error = world.knosc.create_order(&twice).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::DuplicateRows));
}

/// C12: lists have pages, or none.
async fn pages(world: &World) {
    let items = world.knosc.list::<Item>(Query::default().page_rows(2));
    let items: Vec<Item> = items.try_collect().await.unwrap();
    let numbers: Vec<&str> = items.iter().map(|item| item.number.as_str()).collect();
    assert_eq!(numbers, ["I1", "I2", "I3"]);
    assert_eq!(world.knosc.missing_items(["I3", "I4"]).await.unwrap(), ["I4"]);
}

/// C13: a stale CSRF value is a 422, or a 401.
async fn stale_header(world: &World) {
    let silent = json!({ "kind": "rotate_csrf", "silent": true });
    world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": silent }]));
    assert!(world.knosc.create_order(&order("P-2")).await.unwrap().is_done());
    assert!(world.knosc.create_order(&order("P-3")).await.unwrap().is_done());
    assert_eq!(world.statuses("refresh"), [200]);
}

/// C14: a refresh helps at any attempt.
async fn later_attempt(world: &World) {
    world.faults(json!([
        { "on": { "kind": "read", "nth": 1 }, "do": { "kind": "status", "status": 500 } },
        { "on": { "kind": "read", "nth": 2 }, "do": { "kind": "expire_access" } },
    ]));
    world.knosc.get("/item-master").await.unwrap();
    assert_eq!(world.statuses("read"), [500, 401, 200]);
}

/// C14: create, update, delete and move are all queued.
async fn queued_writes(world: &World) {
    let there = world.knosc.order(42).await.unwrap();
    let line = there.details[0].id.unwrap();
    world.sandbox.start_integration();
    assert!(!world.knosc.create_order(&order("P-2")).await.unwrap().is_done());
    assert!(!world.knosc.replace_order(42, &there).await.unwrap().is_done());
    let to = MoveTarget::NewOrder("P-3".to_owned());
    assert!(
        !world.knosc.move_lines(&[LineMove { id: line, from: 42, to }]).await.unwrap().is_done()
    );
    assert!(!world.knosc.delete_order(42).await.unwrap().is_done());
}

/// Inactive warehouses show only to who asks for them, and no order can name one.
async fn hidden_warehouses(world: &World) {
    assert_eq!(world.knosc.missing_warehouses(["W1", "W3"]).await.unwrap(), ["W3"]);
    let query = Query::default().filter("Warehouse Status", json!(["Active", "Inactive"]));
    let all: Vec<Warehouse> = world.knosc.list(query).try_collect().await.unwrap();
    assert!(all.iter().any(|warehouse| warehouse.number == "W1"));
}
