//! Lists as streams: page after page, and no further than somebody takes.

use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::json;
use steadfast::{Client, ListError, Rows};

use crate::server::{Answer, Seen, Server};

#[derive(Debug, Deserialize, PartialEq)]
struct Item {
    id: u64,
}

/// Five rows; the row with the number `wrong` is none.
fn five(seen: &Seen, wrong: u64) -> Answer {
    let query = seen.path.split_once('?').map_or("", |(_, query)| query);
    let number = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(1)
    };
    let (page, size) = (number("page"), number("page_size"));
    let ids = ((page - 1) * size + 1..=page * size).filter(|id| *id <= 5);
    let row = |id| json!({ "id": if id == wrong { json!("?") } else { json!(id) } });
    let rows: Vec<_> = ids.map(row).collect();
    Answer::json(200, &json!({ "data": { "rows": rows } }))
}

async fn served(wrong: u64) -> (Server, Client) {
    let server = Server::start(move |seen, _| five(seen, wrong)).await;
    let client = server.open_client();
    (server, client)
}

fn pages_of(size: u64) -> Rows {
    Rows { path: "/items".to_owned(), page_rows: Some(size), ..Rows::default() }
}

#[tokio::test]
async fn a_stream_gives_every_row_of_every_page_once() {
    let (server, client) = served(0).await;
    let items: Vec<Item> = client.stream_as(pages_of(2)).try_collect().await.unwrap();
    assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(server.seen().iter().all(|seen| seen.path.contains("=2")), "{:?}", server.seen());
}

#[tokio::test]
async fn who_stops_early_has_asked_for_no_more_pages_than_that() {
    let (server, client) = served(0).await;
    let mut items = client.stream_as::<Item>(pages_of(2)).boxed();
    assert_eq!(server.seen().len(), 0, "nothing is asked for before somebody takes");
    assert_eq!(items.try_next().await.unwrap(), Some(Item { id: 1 }));
    assert_eq!(items.try_next().await.unwrap(), Some(Item { id: 2 }));
    assert_eq!(server.seen().len(), 1);
    assert_eq!(items.try_next().await.unwrap(), Some(Item { id: 3 }));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_row_that_does_not_fit_ends_the_stream_with_its_place() {
    let (server, client) = served(4).await;
    let items: Vec<Result<Item, ListError>> = client.stream_as(pages_of(2)).collect().await;
    assert_eq!(items.len(), 4, "three rows and the error: {items:?}");
    let Some(Err(ListError::Misfit { page, row, field, .. })) = items.last() else { panic!() };
    assert_eq!((*page, *row, field.as_str()), (2, 2, "id"));
    assert_eq!(server.seen().len(), 2);
}
