//! Lists that name their next page, and look-ups in lists of other shapes than Knosc's.

use futures_util::future::join_all;
use serde_json::{Value, json};
use steadfast::dialect::{Dialect, Extract, Filter, LookupRoute, Paging};
use steadfast::{ListError, LookUp, Rows};

use crate::server::{Answer, Server, open_dialect};

fn linked() -> Dialect {
    let mut dialect = open_dialect();
    dialect.paging = Some(Paging::NextUrl {
        at: Extract::json("/next"),
        size: Some("page_size".to_owned()),
        size_rows: 2,
        rows: "/results".to_owned(),
    });
    dialect
}

fn page(rows: &Value, next: Option<String>) -> Answer {
    Answer::json(200, &json!({ "results": rows, "next": next }))
}

#[tokio::test]
async fn hazard_61_a_list_that_names_its_next_page_is_read_with_our_own_parameters() {
    let server = Server::start(|seen, _| {
        let host = seen.header("host");
        match seen.path.contains("page=2") {
            true => page(&json!([{ "id": 3 }]), None),
            false => {
                let next = format!("http://{host}/api/things?page=2&page_size=20");
                page(&json!([{ "id": 1 }, { "id": 2 }]), Some(next))
            }
        }
    })
    .await;
    let client = server.builder(linked()).build().unwrap();
    let mut ids = Vec::new();
    let rows = Rows { path: "/things".into(), ..Rows::default() };
    client.rows(rows, |row| ids.push(row["id"].as_u64().unwrap())).await.unwrap();
    assert_eq!(ids, [1, 2, 3]);
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/api/things?page_size=2", "/api/things?page=2&page_size=2"]);
}

#[tokio::test]
async fn a_next_page_on_another_server_is_never_asked_for() {
    let other = Server::start(|_, _| page(&json!([]), None)).await;
    let next = format!("{}/things?page=2", other.base_url);
    let server = Server::start(move |_, _| page(&json!([{ "id": 1 }]), Some(next.clone()))).await;
    let client = server.builder(linked()).build().unwrap();
    let rows = Rows { path: "/things".into(), ..Rows::default() };
    let error = client.rows(rows, |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("another server"), "{error}");
    assert_eq!(other.seen().len(), 0);
}

/// A list of whole records, asked for one key at a time, with what it hides otherwise.
fn whole(filter: Filter, keys_per_request: usize) -> Dialect {
    let mut dialect = linked();
    let resource = dialect.resource.get_mut("purchase-order").unwrap();
    let line_key = resource.lookup.take().unwrap().line_key;
    resource.lookup = Some(LookupRoute {
        list: "/orders".to_owned(),
        rows: Some("/orders".to_owned()),
        filter: Some(filter),
        include: [("archived".to_owned(), "true".to_owned())].into(),
        row_key: "/head/PO List Number".to_owned(),
        row_id: "/head/id".to_owned(),
        read: None,
        record: String::new(),
        settle_ms: 0,
        keys_per_request,
        hidden: None,
        line_key,
    });
    dialect
}

fn row(id: u64, number: &str) -> Value {
    json!({ "head": { "id": id, "PO List Number": number }, "PO List Number": number })
}

/// A server of four orders that takes `number=` for a filter, as often as it is there.
async fn orders() -> Server {
    Server::start(|seen, _| {
        let query = seen.path.split_once('?').map_or("", |(_, query)| query);
        let asked: Vec<&str> = query.split('&').filter_map(|p| p.strip_prefix("number=")).collect();
        let all = (1..=4).map(|id| (id, format!("N-{id}")));
        let rows: Vec<Value> = all
            .filter(|(_, number)| asked.is_empty() || asked.contains(&number.as_str()))
            .map(|(id, number)| row(id, &number))
            .collect();
        Answer::json(200, &json!({ "orders": rows }))
    })
    .await
}

fn filter(repeat: bool) -> Filter {
    Filter { parameter: "number".to_owned(), template: "{key}".to_owned(), repeat }
}

#[tokio::test]
async fn a_record_that_the_list_shows_whole_is_not_read_again() {
    let server = orders().await;
    let client = server.builder(whole(filter(false), 20)).build().unwrap();
    let ours = json!({ "PO List Number": "N-3" }).to_string();
    let found = client.look_up("purchase-order", "N-3", ours.as_bytes()).await;
    let LookUp::Found(found) = found else { panic!("{found:?}") };
    assert_eq!((found.id.as_deref(), found.differences.len()), (Some("3"), 0));
    assert!(matches!(client.look_up("purchase-order", "N-9", b"{}").await, LookUp::Absent));
    let record = client.read("purchase-order", "2").await.unwrap().unwrap();
    assert_eq!(record["PO List Number"], "N-2");
    assert!(client.read("purchase-order", "9").await.unwrap().is_none());
    assert_eq!(server.count("GET", "/api/orders"), server.seen().len());
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.path.contains("archived=true")), "{seen:#?}");
    assert!(seen.iter().all(|seen| seen.path.matches("number=").count() <= 1), "{seen:#?}");
}

#[tokio::test]
async fn a_parameter_that_may_be_repeated_asks_for_several_keys_at_once() {
    let server = orders().await;
    let client = server.builder(whole(filter(true), 3)).build().unwrap();
    let keys = ["N-1", "N-2", "N-8"];
    let looks = keys.iter().map(|key| client.look_up("purchase-order", key, b"{}"));
    let found = join_all(looks).await;
    assert!(matches!(found.as_slice(), [LookUp::Found(_), LookUp::Found(_), LookUp::Absent]));
    let most = server.seen().iter().map(|seen| seen.path.matches("number=").count()).max();
    assert_eq!(most, Some(3), "as many as the dialect allows");
}

fn numbered() -> Dialect {
    let mut dialect = open_dialect();
    dialect.paging = Some(Paging::PageNumber {
        page: "page".to_owned(),
        size: "page_size".to_owned(),
        first: 1,
        size_rows: 2,
        rows: "/rows".to_owned(),
        total: None,
    });
    dialect
}

/// A list by time of change, the newest first. After the first page was read, somebody changes
/// its last row, which is so at the front of all pages that were not read yet.
async fn newest_first() -> Server {
    Server::start(|seen, count| {
        let order: [u64; 4] = if count == 0 { [4, 3, 2, 1] } else { [1, 4, 3, 2] };
        let page = |n: usize| order.iter().skip(n * 2).take(2).collect::<Vec<_>>();
        let rows = (0..2).find(|n| seen.path.contains(&format!("page={}&", n + 1))).map(page);
        let row = |id: &&u64| json!({ "id": id, "PO List Number": format!("N-{id}") });
        let rows: Vec<Value> = rows.unwrap_or_default().iter().map(row).collect();
        Answer::json(200, &json!({ "rows": rows }))
    })
    .await
}

#[tokio::test]
async fn hazard_62_a_list_that_shifts_under_the_reading_is_read_again_and_rows_count_once() {
    let server = newest_first().await;
    let client = server.builder(numbered()).build().unwrap();
    let mut ids = Vec::new();
    let rows = Rows { path: "/things".into(), ..Rows::default() };
    client.rows(rows, |row| ids.push(row["id"].as_u64().unwrap())).await.unwrap();
    assert_eq!(ids, [4, 3, 2, 1], "1 slipped by, and 3 came again");
    let pages: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    let asked = |page: u32| format!("/api/things?page={page}&page_size=2");
    assert_eq!(pages, [1, 2, 3, 2, 1].map(asked));
}

#[tokio::test]
async fn hazard_62_a_row_that_slipped_by_is_not_taken_for_absent() {
    let server = newest_first().await;
    let mut dialect = numbered();
    let resource = dialect.resource.get_mut("purchase-order").unwrap();
    let lookup = resource.lookup.as_mut().unwrap();
    (lookup.filter, lookup.read, lookup.row_id) = (None, None, "id".to_owned());
    let client = server.builder(dialect).build().unwrap();
    let ours = json!({ "PO List Number": "N-1" }).to_string();
    let found = client.look_up("purchase-order", "N-1", ours.as_bytes()).await;
    assert!(matches!(&found, LookUp::Found(found) if found.copies == 1), "{found:?}");
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Order {
    id: u64,
    customer: Customer,
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Customer {
    name: String,
}

/// Orders, with a report between them where `report` says.
async fn orders_and(report: Option<Value>) -> Server {
    let order = |id: u64| json!({ "id": id, "customer": { "name": "Ada", "since": 1843 } });
    Server::start(move |seen, _| {
        let rows = match seen.path.contains("page=1&") {
            true => vec![order(1), order(2)],
            false if seen.path.contains("page=2&") => {
                [Some(order(3)), report.clone()].into_iter().flatten().collect()
            }
            false => vec![],
        };
        Answer::json(200, &json!({ "rows": rows }))
    })
    .await
}

fn list() -> Rows {
    Rows { path: "/orders".into(), ..Rows::default() }
}

#[tokio::test]
async fn hazard_56_rows_are_read_as_what_the_caller_says() {
    let server = orders_and(None).await;
    let client = server.builder(numbered()).build().unwrap();
    let orders = client.rows_as::<Order>(list()).await.unwrap();
    let ids: Vec<u64> = orders.iter().map(|order| order.id).collect();
    assert_eq!((ids, orders[2].customer.name.as_str()), (vec![1, 2, 3], "Ada"));
}

#[tokio::test]
async fn hazard_56_a_row_of_another_kind_is_named_by_page_row_and_field() {
    for (report, at, what) in [
        (json!({ "id": 4, "customer": { "name": 7 } }), "customer.name", "expected a string"),
        (json!({ "id": 4, "title": "Orders of May" }), "", "missing field `customer`"),
        (json!("report"), "", "expected struct Order"),
    ] {
        let server = orders_and(Some(report)).await;
        let client = server.builder(numbered()).build().unwrap();
        let error = client.rows_as::<Order>(list()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("/orders: page 2, row 2: it does not fit "), "{text}");
        assert!(text.contains("Order") && text.contains(what), "{text}");
        let ListError::Misfit { page: 2, row: 2, field, .. } = &error else { panic!("{error:?}") };
        assert_eq!(field, at);
        assert_eq!(server.seen().len(), 2, "no page is asked for after it");
    }
}

#[tokio::test]
async fn what_a_misfit_quotes_is_no_secret() {
    let server = orders_and(Some(json!({ "id": "session-key-0815", "customer": null }))).await;
    let builder = server.builder(numbered());
    let client = builder.header("authorization", "session-key-0815").build().unwrap();
    let error = client.rows_as::<Order>(list()).await.unwrap_err();
    assert!(matches!(&error, ListError::Misfit { field, .. } if field == "id"), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("session-key-0815"), "{error:?}");
}
