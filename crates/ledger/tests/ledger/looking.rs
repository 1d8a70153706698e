//! Listing by patterns, the ledger as a whole, and finding by key.

use steadfast_ledger::{
    Accepted, Ledger, Query, Reason, Run, Settlement, State, default_path, ledgers_in,
};

use crate::fixture::{Fixture, START_MS, applied, keyless, order};
use crate::states::reach;

async fn rejected(f: &Fixture, key: &str, reason: Reason) {
    let run = f.run().await;
    let id = f.send(order(run, key, "{}")).await;
    f.settle(id, Settlement::Rejected(reason)).await;
}

fn keys(f: &Fixture, query: Query) -> Vec<String> {
    let rows = f.ledger.list(&query).unwrap();
    rows.into_iter().map(|row| row.natural_key.unwrap_or(row.identity)).collect()
}

#[tokio::test]
async fn patterns_choose_by_code_and_key() {
    let f = Fixture::new();
    rejected(&f, "PO-1", Reason::new("no").with_code("Item.NotFound")).await;
    rejected(&f, "PO-2", Reason::new("no").with_code("Supplier.NotFound")).await;
    rejected(&f, "X[1]?", Reason { status: Some(422), ..Reason::new("no") }).await;
    rejected(&f, "X1é", Reason::new("no")).await;
    let by_code = |code: &str| keys(&f, Query { code: Some(code.to_owned()), ..Query::default() });
    assert_eq!(by_code("*.NotFound"), ["PO-1", "PO-2"]);
    assert_eq!(by_code("Item.*"), ["PO-1"]);
    assert_eq!(by_code("item.*"), [""; 0], "case counts, as in codes");
    assert_eq!(by_code("HTTP 4*"), ["X[1]?"]);
    assert_eq!(by_code("*"), ["PO-1", "PO-2", "X[1]?"]);
    let by_key = |key: &str| keys(&f, Query { key: Some(key.to_owned()), ..Query::default() });
    assert_eq!(by_key("PO-*"), ["PO-1", "PO-2"]);
    assert_eq!(by_key("X[1]?"), ["X[1]?"], "only the star is special");
    assert_eq!(by_key("X?é"), [""; 0]);
    assert_eq!(by_key("*é"), ["X1é"]);
    let both = Query {
        run: Some(f.ledger.find("acme", "purchase-order", "PO-2").unwrap().unwrap().run),
        states: vec![State::Rejected],
        code: Some("*.NotFound".to_owned()),
        key: Some("*".to_owned()),
        ..Query::default()
    };
    assert_eq!(keys(&f, both), ["PO-2"]);
}

#[tokio::test]
async fn a_key_finds_every_delivery_that_has_it() {
    let f = Fixture::new();
    let run = f.run().await;
    let id = f.send(order(run, "PO-1", "{}")).await;
    f.settle(id, applied()).await;
    let Accepted::Changed { id: changed, .. } = f.accept(order(run, "PO-1", "{1}")).await else {
        panic!("it was sent with other content")
    };
    let mut elsewhere = order(run, "PO-1", "{}");
    elsewhere.account = "other".to_owned();
    let elsewhere = f.accept(elsewhere).await.id();
    f.accept(order(run, "PO-1~0123456789abcdef", "{}")).await;
    f.accept(order(run, "PO-10", "{}")).await;
    let mut users = order(run, "N-1", "{}");
    users.key_of_user = Some("row~7".to_owned());
    let users = f.accept(users).await.id();
    let found = |key: &str| -> Vec<_> {
        f.ledger.with_key(key).unwrap().into_iter().map(|row| row.id).collect()
    };
    assert_eq!(found("PO-1"), [id, changed, elsewhere]);
    assert_eq!(found("PO-1~0123456789abcdef").len(), 1);
    assert_eq!(found("row~7"), [users]);
    assert_eq!(found("N-1"), [users], "the natural key, too");
    assert_eq!(found("PO-"), []);
}

#[tokio::test]
async fn the_whole_is_summed_up() {
    let f = Fixture::new();
    assert_eq!(f.ledger.codes().unwrap(), []);
    assert_eq!(f.ledger.oldest_unfinished().unwrap(), None);
    assert_eq!(f.ledger.next_due_of_all_ms().unwrap(), None);
    assert_eq!(f.ledger.runs(5).unwrap(), []);
    for key in ["A", "B"] {
        rejected(&f, key, Reason::new("no").with_code("Item.NotFound")).await;
    }
    let source = "orders.csv".to_owned();
    let run = f.ledger.begin_run(Run { source, ..Run::default() }).await.unwrap();
    reach(&f, run, "C", State::Unknown).await;
    reach(&f, run, "D", State::Applied).await;
    reach(&f, run, "E", State::Cancelled).await;
    let codes = f.ledger.codes().unwrap();
    let told: Vec<_> = codes
        .iter()
        .map(|code| (code.code.as_deref(), code.state, code.count, code.example.id.0))
        .collect();
    assert_eq!(
        told,
        [(Some("Item.NotFound"), State::Rejected, 2, 1), (None, State::Unknown, 1, 3)]
    );
    let queued = reach(&f, run, "F", State::Queued).await;
    let waiting = f.send(order(run, "G", "{}")).await;
    f.settle(waiting, Settlement::Waiting { due_at_ms: START_MS + 5, reason: None }).await;
    assert_eq!(f.ledger.oldest_unfinished().unwrap().unwrap().id, queued);
    assert_eq!(f.ledger.next_due_of_all_ms().unwrap(), Some(START_MS + 5));
    let runs = f.ledger.runs(2).unwrap();
    assert_eq!((runs.len(), runs[0].id, runs[0].run.source.as_str()), (2, run, "orders.csv"));
    assert_eq!((runs[0].counts.total(), runs[1].counts.of(State::Rejected)), (5, 1));
}

#[tokio::test]
async fn a_delivery_without_a_key_is_listed_by_its_identity() {
    let f = Fixture::new();
    let run = f.run().await;
    f.accept(keyless(run, "{}")).await;
    assert!(keys(&f, Query::default())[0].starts_with("sha256:"));
}

#[test]
fn the_ledgers_of_a_user_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path();
    assert_eq!(ledgers_in(Some(state), None).unwrap(), []);
    for api in ["thredfi", "knosc"] {
        drop(Ledger::open(&default_path(Some(state), None, api).unwrap()).unwrap());
    }
    std::fs::write(state.join("steadfast").join(".hidden.db"), "").unwrap();
    let found = ledgers_in(Some(state), None).unwrap();
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["knosc", "thredfi"], "locks and logs are no ledgers");
    assert_eq!(found[0].1, default_path(Some(state), None, "knosc").unwrap());
    assert_eq!(ledgers_in(None, None).unwrap(), []);
}
