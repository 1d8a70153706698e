//! Lists and records of every kind (contract, sections 3.2 to 3.5).

use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use steadfast::Secret;
use steadfast_apis::knosc::{
    Access, Code, Confirmed, Direction, Forecast, ForecastOverTime, Inventory, Item, OrderRow,
    Query, RecordStatus, Role, ShipFrom, Supplier, User, Warehouse, Written,
};

use crate::world::{ms, order, vectors};

#[tokio::test]
async fn lists_are_streams_that_are_filtered_and_sorted() {
    let world = vectors().await;
    for number in ["P-3", "P-2"] {
        let _ = world.knosc.create_order(&order(number)).await.unwrap();
    }
    let sorted = Query::default().sort("PO List Number", Direction::Descending).page_rows(1);
    let rows: Vec<OrderRow> = world.knosc.list(sorted).try_collect().await.unwrap();
    let numbers: Vec<&str> = rows.iter().map(|row| row.number.as_str()).collect();
    assert_eq!(numbers, ["P-3", "P-2", "P-1"]);
    assert_eq!(rows[0].quantity.as_ref().unwrap().to_string(), "5");
    let some = Query::default().filter("PO List Number", json!(["P-1", "P-2"]));
    assert_eq!(world.knosc.list::<OrderRow>(some).count().await, 2);

    let wrong = Query::default().filter("Nothing", "x");
    let error = world.knosc.list::<Item>(wrong).try_next_owned().await.unwrap_err();
    assert_eq!(error.code(), Some(Code::FilterInvalid));
    let wrong = Query::default().sort("Nothing", Direction::Ascending);
    let error = world.knosc.list::<Item>(wrong).try_next_owned().await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SortInvalid));
}

/// The first of a stream, without pinning it by hand.
trait First: futures_util::Stream + Sized {
    async fn try_next_owned<T, E>(self) -> Result<Option<T>, E>
    where
        Self: futures_util::Stream<Item = Result<T, E>>,
    {
        std::pin::pin!(self).try_next().await
    }
}

impl<S: futures_util::Stream> First for S {}

#[tokio::test]
async fn master_data_is_made_changed_in_part_and_deleted() {
    let world = vectors().await;
    let knosc = &world.knosc;
    let item = Item {
        number: "I7".to_owned(),
        description: Some("Bolt".to_owned()),
        weight: Some("0.10".parse().unwrap()),
        ..Item::default()
    };
    let id = knosc.create(&item).await.unwrap().id().unwrap();
    let read: Item = knosc.read(id).await.unwrap();
    assert_eq!((read.number.as_str(), read.weight.unwrap().to_string()), ("I7", "0.10".to_owned()));
    let change = Item { status: Some(RecordStatus::Inactive), ..Item::default() };
    assert!(knosc.update(id, &change).await.unwrap().is_done());
    let read: Item = knosc.read(id).await.unwrap();
    assert_eq!(
        (read.description.as_deref(), read.status),
        (Some("Bolt"), Some(RecordStatus::Inactive))
    );
    assert_eq!(knosc.create(&item).await.unwrap_err().code(), Some(Code::ItemAlreadyExists));
    assert!(knosc.delete_record::<Item>(id).await.unwrap().is_done());
    assert_eq!(knosc.read::<Item>(id).await.unwrap_err().code(), Some(Code::ItemNotFound));
    assert_eq!(
        knosc.delete_record::<Item>(1).await.unwrap_err().code(),
        Some(Code::ItemStillInUse)
    );

    let supplier = Supplier { number: "S7".to_owned(), ..Supplier::default() };
    let supplier_id = knosc.create(&supplier).await.unwrap().id().unwrap();
    let ship_from = ShipFrom {
        number: "F7".to_owned(),
        supplier_number: Some("S7".to_owned()),
        ..ShipFrom::default()
    };
    let _ = knosc.create(&ship_from).await.unwrap();
    let read: Supplier = knosc.read(supplier_id).await.unwrap();
    assert_eq!(read.ship_from_locations[0].number, "F7");
    let warehouse = Warehouse { number: "W7".to_owned(), ..Warehouse::default() };
    let id = knosc.create(&warehouse).await.unwrap().id().unwrap();
    assert!(knosc.delete_record::<Warehouse>(id).await.unwrap().is_done());
}

#[tokio::test]
async fn stock_is_found_again_by_the_callers_own_id() {
    let world = vectors().await;
    let knosc = &world.knosc;
    world.faults(
        json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]),
    );
    let stock = Inventory::new("U-1", "I1", "W1", 5);
    let written = knosc.create(&stock).await.unwrap();
    assert!(written.is_done());
    assert_eq!(world.statuses("create").len(), 1, "it was found, and not sent again");
    let rows: Vec<Inventory> = knosc.list(Query::default()).try_collect().await.unwrap();
    let row = rows.iter().find(|row| row.unique_id.as_deref() == Some("U-1")).unwrap();
    let id = row.id.unwrap();
    let change = Inventory { quantity: Some("7.5".parse().unwrap()), ..Inventory::default() };
    assert!(knosc.update(id, &change).await.unwrap().is_done());
    let read: Inventory = knosc.read(id).await.unwrap();
    assert_eq!(read.quantity.unwrap().to_string(), "7.5");
    let there = knosc.item_inventory(1, None).await.unwrap();
    assert!(there.orders.rows.iter().any(|row| row.warehouse_number.as_deref() == Some("W1")));

    world.sandbox.start_integration();
    let Written::Queued(queued) = knosc.delete_record::<Inventory>(id).await.unwrap() else {
        panic!("the tables are locked");
    };
    world.sandbox.finish_integration();
    let seen = knosc.confirm(&queued, ms(5_000)).await;
    assert!(matches!(seen, Confirmed::Seen), "{seen:?}");
    assert_eq!(
        knosc.read::<Inventory>(id).await.unwrap_err().code(),
        Some(Code::InventoryNotFound)
    );
}

#[tokio::test]
async fn forecasts_are_replaced_with_their_lines_and_queued_ones_confirmed() {
    let world = vectors().await;
    let knosc = &world.knosc;
    let forecast = Forecast::new("F-1").line("I1", "W1", 5, "2025-03-08");
    world.sandbox.start_integration();
    let Written::Queued(queued) = knosc.create(&forecast).await.unwrap() else {
        panic!("the tables are locked");
    };
    world.sandbox.finish_integration();
    let seen = knosc.confirm(&queued, ms(5_000)).await;
    assert!(matches!(seen, Confirmed::Seen), "{seen:?}");
    let rows: Vec<Forecast> = knosc.list(Query::default()).try_collect().await.unwrap();
    let id = rows.iter().find(|row| row.number == "F-1").unwrap().id.unwrap();
    let mut read: Forecast = knosc.read(id).await.unwrap();
    assert_eq!(read.details[0].quantity.to_string(), "5");
    read = read.line("I2", "W1", 2, "2025-04-08");
    assert!(knosc.update(id, &read).await.unwrap().is_done());
    assert_eq!(knosc.read::<Forecast>(id).await.unwrap().details.len(), 2);
    let over_time: Vec<ForecastOverTime> =
        knosc.list(Query::default()).try_collect().await.unwrap();
    assert!(over_time.iter().any(|row| row.item_number == "I1"), "{over_time:?}");
    assert!(knosc.delete_record::<Forecast>(id).await.unwrap().is_done());
    assert_eq!(knosc.read::<Forecast>(id).await.unwrap_err().code(), Some(Code::ForecastNotFound));
}

#[tokio::test]
async fn users_are_made_with_a_role_and_a_password_that_nobody_reads() {
    let world = vectors().await;
    let knosc = &world.knosc;
    let roles: Vec<Role> = knosc.list(Query::default()).try_collect().await.unwrap();
    let viewer = roles.iter().find(|role| role.name == "Viewer").unwrap();
    assert!(viewer.privileges.iter().all(|privilege| privilege.access == Access::View));
    let user = User {
        username: Some("bob".to_owned()),
        email: Some("bob@ex.test".to_owned()),
        role_id: Some(viewer.id),
        password: Some(Secret::new("password-canary")),
        ..User::default()
    };
    assert!(!format!("{user:?}").contains("canary"));
    let id = knosc.create(&user).await.unwrap().id().unwrap();
    let read: User = knosc.read(id).await.unwrap();
    assert_eq!((read.role_name.as_deref(), read.first_signin), (Some("Viewer"), Some(true)));
    let change = User { phone: Some("2".to_owned()), ..User::default() };
    assert!(knosc.update(id, &change).await.unwrap().is_done());
    assert!(knosc.delete_record::<User>(id).await.unwrap().is_done());
    let read: User = knosc.read(id).await.unwrap();
    assert_eq!((read.phone.as_deref(), read.status), (Some("2"), Some(RecordStatus::Inactive)));
    assert_eq!(knosc.create(&user).await.unwrap_err().code(), Some(Code::UserAlreadyExists));
    assert_eq!(knosc.read::<User>(99).await.unwrap_err().code(), Some(Code::UserNotFound));
}
