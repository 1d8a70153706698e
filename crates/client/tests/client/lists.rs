//! Lists page by page, look-ups by key, and when "not there" proves something.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use serde_json::{Value, json};
use steadfast::{Class, Effect, Kind, LookUp, Options, Rows};
use steadfast_sandbox::{Fixtures, Quirk};

use crate::double::{
    World, create, eventually, known_absent, ms, options, order, page_rows, quick, vectors, world,
};
use crate::server::{Answer, Server, open_dialect};

/// The double with a few hundred records, read in small pages.
async fn many(quirks: Vec<Quirk>, rows: u64) -> World {
    let mut dialect = quick();
    page_rows(&mut dialect, rows);
    let fixtures = Fixtures::Default;
    world(steadfast_sandbox::Options { quirks, fixtures, ..options() }, |b| b, dialect).await
}

async fn items(world: &World) -> Vec<String> {
    let mut numbers = Vec::new();
    let rows = Rows { path: "/item-master".into(), ..Rows::default() };
    let take = |row: &Value| numbers.push(row["Item Number"].as_str().unwrap().to_owned());
    world.client.rows(rows, take).await.unwrap();
    numbers
}

#[tokio::test]
async fn hazard_57_a_list_is_read_to_its_last_page() {
    let all = many(vec![], 1_000).await;
    let numbers = items(&all).await;
    assert!(numbers.len() > 100 && numbers.iter().any(|number| number == "ITEM-A"));
    let world = many(vec![], 40).await;
    assert_eq!(items(&world).await, numbers);
    let pages = numbers.len().div_ceil(40);
    assert_eq!(world.journal().count("read"), pages + 1, "and one that has no rows");
    let unpaged = many(vec![Quirk::Unpaged], 1_000).await;
    assert_eq!(items(&unpaged).await, numbers);
}

#[tokio::test]
async fn hazard_57_a_page_that_cannot_be_had_makes_the_list_an_error() {
    let world = many(vec![], 40).await;
    world.client.log_in().await.unwrap();
    world.faults(
        json!([{ "on": { "kind": "read", "from": 3 }, "do": { "kind": "status", "status": 500 } }]),
    );
    let mut seen = 0;
    let rows = Rows { path: "/item-master".into(), ..Rows::default() };
    let error = world.client.rows(rows, |_| seen += 1).await.unwrap_err();
    assert_eq!(seen, 80);
    assert!(error.to_string().starts_with("/item-master: "), "{error}");
}

#[tokio::test]
async fn hazard_58_what_vanishes_between_check_and_write_is_refused_by_its_code() {
    let world = vectors().await;
    let mut found = false;
    let rows = Rows { path: "/item-master".into(), ..Rows::default() };
    world.client.rows(rows, |row| found |= row["Item Number"] == "I3").await.unwrap();
    assert!(found, "the check says that it is there");
    world.client.delete("/item-master/3").await.unwrap();
    let mut body = order("P-2");
    body["details"][0]["Item Number"] = json!("I3");
    let error = world.client.call(create(&body), known_absent("P-2")).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Refused(Class::Validation), Effect::None));
    assert_eq!(error.code(), Some("ItemMaster.NotFound"));
    assert!(error.user_message().contains("create the item first"), "{}", error.user_message());
    assert_eq!(world.journal().creates("P-2"), 1);
}

/// An order that is written as received leaves the list at once, so that not finding it there
/// says nothing.
#[tokio::test]
async fn hazard_64_not_finding_what_would_be_hidden_proves_nothing() {
    let quirks = vec![Quirk::AllowDuplicates];
    let world = world(steadfast_sandbox::Options { quirks, ..options() }, |b| b, quick()).await;
    world.faults(json!([{ "on": { "key": "P-2", "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]));
    let mut body = order("P-2");
    body["PO List Document Status"] = json!("Received");
    let deadline = Some(ms(600));
    let (result, _) = tokio::join!(
        world.client.call(create(&body), Options { deadline, ..known_absent("P-2") }),
        async {
            tokio::time::sleep(ms(80)).await;
            world.create("P-3").await.unwrap();
        }
    );
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    assert_eq!((world.journal().creates("P-2"), world.copies("P-2")), (1, 1));
}

#[tokio::test]
async fn a_filter_is_used_once_it_has_been_seen_to_work() {
    let world = many(vec![], 40).await;
    let find = async |key: &str| world.client.look_up("purchase-order", key, b"{}").await;
    assert!(matches!(find("PO-2026-0001").await, LookUp::Found(_)));
    let before = world.journal().count("read");
    assert!(matches!(find("no-such-order").await, LookUp::Absent));
    let journal = world.journal();
    let reads = &journal.of("read")[before..];
    assert_eq!(reads.len(), 1);
    assert!(reads[0]["query"].as_str().unwrap().contains("no-such-order"));
}

#[tokio::test]
async fn a_filter_that_is_ignored_proves_nothing_and_the_whole_list_is_read() {
    let world = many(vec![Quirk::FilterIgnored], 2).await;
    let found = world.client.look_up("purchase-order", "PO-2026-0003", b"{}").await;
    assert!(matches!(found, LookUp::Found(_)), "{found:?}");
    let absent = world.client.look_up("purchase-order", "no-such-order", b"{}").await;
    assert!(matches!(absent, LookUp::Absent), "{absent:?}");
}

/// A server of orders that treats filters as told.
async fn orders(rows: Vec<Value>, filter: impl Fn() -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |seen, _| match seen.route() {
        "/api/purchase-order" if seen.path.contains("filter=") => filter(),
        "/api/purchase-order" => Answer::rows(&rows),
        _ => Answer::json(200, &json!({ "data": { "rows": order("P-1") } })),
    })
    .await
}

fn row(id: u64, number: &str) -> Value {
    json!({ "id": id, "PO List Number": number })
}

#[tokio::test]
async fn a_filter_that_finds_nothing_whatever_is_asked_for_proves_nothing() {
    for filter in [
        || Answer::rows(&[]),
        || Answer::json(400, &json!({ "Code": "Filter.Invalid", "Message": "Invalid filter" })),
    ] {
        let server = orders(vec![row(1, "P-0"), row(2, "P-1")], filter).await;
        let body = order("P-1").to_string();
        let found = server.open_client().look_up("purchase-order", "P-1", body.as_bytes()).await;
        assert!(matches!(found, LookUp::Found(_)), "{found:?}");
    }
}

#[tokio::test]
async fn rows_that_are_not_as_described_prove_nothing() {
    for rows in
        [vec![json!({ "id": 1, "Number": "P-1" })], vec![json!({ "PO List Number": "P-1" })]]
    {
        let server = orders(rows, || Answer::rows(&[])).await;
        let found = server.open_client().look_up("purchase-order", "P-1", b"{}").await;
        assert!(matches!(found, LookUp::CannotTell(_)), "{found:?}");
    }
    let portal = Server::start(|_, _| Answer::with(200, &[], "<html></html>")).await;
    let found = portal.open_client().look_up("purchase-order", "P-1", b"{}").await;
    assert!(matches!(found, LookUp::CannotTell(_)), "{found:?}");
}

#[tokio::test]
async fn an_order_that_is_there_twice_is_counted() {
    let server = orders(vec![row(1, "P-1"), row(2, "P-1")], || Answer::rows(&[])).await;
    let body = order("P-1").to_string();
    let found = server.open_client().look_up("purchase-order", "P-1", body.as_bytes()).await;
    assert!(matches!(&found, LookUp::Found(found) if found.copies == 2), "{found:?}");
}

#[tokio::test]
async fn look_ups_that_are_asked_for_together_are_answered_together() {
    let world = vectors().await;
    let keys: Vec<String> = (0..60).map(|n| format!("N-{n}")).collect();
    let looks = keys.iter().map(|key| world.client.look_up("purchase-order", key, b"{}"));
    assert!(join_all(looks).await.iter().all(|found| matches!(found, LookUp::Absent)));
    let reads = world.journal().count("read");
    assert!(reads <= 6, "{reads} reads for 60 keys");
}

#[tokio::test]
async fn a_key_that_is_asked_for_after_a_scan_has_begun_is_not_answered_by_it() {
    let rows = Arc::new(Mutex::new(vec![row(1, "P-0")]));
    let held = Arc::clone(&rows);
    // What is answered is read when the request arrives, and sent later. No filter works.
    let server = Server::start(move |seen, _| match seen.route() {
        "/api/purchase-order" => Answer::rows(&held.lock().unwrap()).late(80),
        _ => Answer::json(200, &json!({ "data": { "rows": order("P-1") } })),
    })
    .await;
    let mut dialect = open_dialect();
    let resource = dialect.resource.get_mut("purchase-order").unwrap();
    resource.lookup.as_mut().unwrap().filter = None;
    let client = server.builder(dialect).build().unwrap();
    let (first, second) = tokio::join!(client.look_up("purchase-order", "P-9", b"{}"), async {
        eventually(|| server.count("GET", "/api/purchase-order") == 1).await;
        rows.lock().unwrap().push(row(2, "P-1"));
        client.look_up("purchase-order", "P-1", b"{}").await
    });
    assert!(matches!(first, LookUp::Absent), "{first:?}");
    assert!(matches!(second, LookUp::Found(_)), "{second:?}");
}

#[tokio::test]
async fn hazard_68_an_id_is_one_segment_of_a_path_whatever_it_holds() {
    let server = Server::start(|_, _| Answer::json(200, &json!({ "data": { "rows": {} } }))).await;
    server.open_client().read("purchase-order", "4/2?x#y%").await.unwrap();
    assert_eq!(server.seen()[0].path, "/api/purchase-order/4%2F2%3Fx%23y%25");
}
