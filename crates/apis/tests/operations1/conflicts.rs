//! Where the API's documents do not agree (contract, section 8): the client is told nothing of which
//! one the server follows, and all goes well with each.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::{FutureExt, TryStreamExt};
use serde_json::json;
use steadfast::{Class, Kind};
use steadfast_apis::operations1::{Operations1, Order, OrderQuery, PageIndex, User, UserChange};
use steadfast_sandbox::{Api, Profile, Quirk};

use crate::world::{World, order, with};

type Run<'w> = Pin<Box<dyn Future<Output = ()> + 'w>>;
type Row = (&'static str, for<'w> fn(&'w World) -> Run<'w>);

/// The rows of the table.
const ROWS: [Row; 7] = [
    ("C1", |world| Box::pin(temporary_only(world))),
    ("C2", |world| Box::pin(any_host(world))),
    ("C3", |world| Box::pin(errors_with_or_without_a_body(world))),
    ("C4", |world| Box::pin(connector(world))),
    ("C5 C6", |world| Box::pin(pages(world))),
    ("C7", |world| Box::pin(version(world))),
    ("C8", |world| Box::pin(a_twin_is_never_made(world))),
];

fn variants() -> Vec<(Profile, Vec<Quirk>)> {
    let profiles = [Profile::Guide, Profile::Reference, Profile::Both];
    let plain = profiles.into_iter().map(|profile| (profile, Vec::new()));
    let quirks = Api::Operations1.quirks().iter().map(|quirk| (Profile::Guide, vec![*quirk]));
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

/// C1: what is not temporary is sent once.
async fn temporary_only(world: &World) {
    let error = world.operations1.get::<User>(999).await.unwrap_err();
    assert_eq!((error.status(), world.statuses("GET").len()), (Some(404), 1));
    assert_eq!(error.kind(), Some(Kind::Refused(Class::NotFound)));
}

/// C2: the host is whatever the address says.
async fn any_host(world: &World) {
    let base_url = world.sandbox.base_url().replace("127.0.0.1", "localhost");
    let elsewhere = Operations1::builder(&base_url, "tok").build().unwrap();
    assert_eq!((elsewhere.tenant(), elsewhere.get::<User>(7).await.unwrap().id), ("acme", 7));
}

/// C3: errors have a body, or none: the status decides.
async fn errors_with_or_without_a_body(world: &World) {
    for (token, status, kind) in [
        ("tok-none", 403, Kind::Refused(Class::Forbidden)),
        ("tok", 404, Kind::Refused(Class::NotFound)),
    ] {
        let error = world.client_of(token).get::<User>(999).await.unwrap_err();
        assert_eq!((error.status(), error.kind()), (Some(status), Some(kind)));
        assert!(!error.to_string().is_empty());
    }
}

/// C4: the connector's 422 is a refusal.
async fn connector(world: &World) {
    let error = world.operations1.execute_connector(1, &json!({})).await.unwrap_err();
    assert_eq!((error.status(), error.kind()), (Some(422), Some(Kind::Refused(Class::Validation))));
}

/// C5, C6: whatever sizes a page may have, and whatever the total counts.
async fn pages(world: &World) {
    world.operations1.create_order(&order("ERP-2")).await.unwrap();
    let all: Vec<Order> =
        world.operations1.list(&OrderQuery::default()).try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    let page = world.operations1.page::<Order>(&OrderQuery::default(), PageIndex::Last, 1).await;
    assert_eq!(page.unwrap().page_index, 1);
}

/// C7: the version is sent, whether it is asked for or not.
async fn version(world: &World) {
    let change = UserChange { display_name: Some("M.".to_owned()), ..UserChange::default() };
    let user = world.operations1.change_user(7, &change).await.unwrap();
    assert_eq!(user.value().unwrap().display_name.as_deref(), Some("M."));
}

/// C8: a number that is there already is no reason for a second order, where anything tells.
async fn a_twin_is_never_made(world: &World) {
    world.faults(
        json!([{ "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]),
    );
    world.operations1.create_order(&order("ERP-2")).await.unwrap();
    assert_eq!(world.statuses("POST").len(), 1);
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
}
