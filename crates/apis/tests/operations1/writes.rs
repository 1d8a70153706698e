//! Writes: orders, users and the order connector (contract, sections 3 and 5).

use serde_json::json;
use steadfast::{Class, Effect, Kind};
use steadfast_apis::Written;
use steadfast_apis::operations1::{
    Code, NewUser, Order, OrderChange, OrderState, User, UserChange,
};

use crate::world::{order, vectors};

#[tokio::test]
async fn an_order_is_made_changed_and_put_away() {
    let world = vectors().await;
    let operations1 = &world.operations1;
    let written = operations1.create_order(&order("ERP-2")).context("job", "7").await.unwrap();
    let Written::Applied(made) = written else { panic!("{written:?}") };
    assert_eq!((made.custom_id.as_deref(), made.priority), (Some("ERP-2"), Some(5)));
    let change = OrderChange {
        priority: Some(7),
        state: Some(OrderState::Paused),
        ..OrderChange::default()
    };
    let changed = operations1.change_order(made.id, &change).await.unwrap().into_value().unwrap();
    assert_eq!((changed.priority, changed.state), (Some(7), OrderState::Paused));
    let gone = operations1.delete_order(made.id).await.unwrap().into_value().unwrap();
    assert!(gone.archived && operations1.get::<Order>(made.id).await.unwrap().archived);
}

#[tokio::test]
async fn users_are_made_changed_and_put_away() {
    let world = vectors().await;
    let operations1 = &world.operations1;
    let made = operations1.create_user(&NewUser::new("b.new", "B. New")).await.unwrap();
    let id = made.value().unwrap().id;
    let change = UserChange { email: Some("b@ex.test".to_owned()), ..UserChange::default() };
    let changed = operations1.change_user(id, &change).await.unwrap().into_value().unwrap();
    assert_eq!(changed.email.as_deref(), Some("b@ex.test"));
    assert!(operations1.delete_user(id).await.unwrap().value().unwrap().archived);
    assert!(operations1.get::<User>(id).await.unwrap().archived);
}

#[tokio::test]
async fn a_user_who_is_there_already_is_compared() {
    let world = vectors().await;
    let written = world.operations1.create_user(&NewUser::new("m.cole", "M. Cole")).await.unwrap();
    let Written::Existing(there) = written else { panic!("{written:?}") };
    assert_eq!(there.id, 7);
    let error =
        world.operations1.create_user(&NewUser::new("m.cole", "Another")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Some(Kind::Refused(Class::Duplicate)), Some(Code::NameInUse))
    );
}

#[tokio::test]
async fn o03_an_order_whose_answer_was_lost_is_found_and_not_made_twice() {
    let world = vectors().await;
    let operations1 = &world.operations1;
    // V29: done, and not answered.
    world.faults(
        json!([{ "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]),
    );
    let found = operations1.create_order(&order("ERP-3")).known_absent().await.unwrap();
    assert!(matches!(found, Written::Applied(_)), "{found:?}");
    assert_eq!(world.statuses("POST").len(), 1);
    // V28: not done, and sent again.
    world.faults(json!([{ "on": { "method": "POST", "nth": 1 }, "do": { "kind": "status", "status": 503 } }]));
    let made = operations1.create_order(&order("ERP-2")).await.unwrap();
    assert!(matches!(made, Written::Applied(_)), "{made:?}");
    assert_eq!(world.statuses("POST").len(), 3);
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn the_connector_is_executed_once_whatever_comes_of_it() {
    let world = vectors().await;
    let operations1 = &world.operations1;
    let made = operations1
        .execute_connector(1, &json!({ "orderTitle": "X", "equipmentNumber": "E1" }))
        .await
        .unwrap();
    assert_eq!(made.value().unwrap().state, OrderState::InProgress);
    let error = operations1.execute_connector(1, &json!({})).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(422), Some(Code::MissingProperty)));
    let nothing = json!({ "orderTitle": "X", "equipmentNumber": "none" });
    let error = operations1.execute_connector(1, &nothing).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NoMatchingDocument));
    world.faults(json!([{ "on": { "method": "POST" }, "do": { "kind": "commit_then_reset" } }]));
    let before = world.statuses("POST").len();
    let payload = json!({ "orderTitle": "Y", "equipmentNumber": "E1" });
    let error = operations1.execute_connector(1, &payload).await.unwrap_err();
    assert_eq!((error.effect(), world.statuses("POST").len()), (Effect::Unknown, before + 1));
}
