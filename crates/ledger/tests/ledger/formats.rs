//! Ledgers of earlier versions.

use std::path::PathBuf;

use rusqlite::Connection;
use steadfast_ledger::{Hand, Ledger, NewDelivery, Query, State};

use crate::fixture::order;

/// A ledger of each earlier format.
const FORMATS: [&[&str]; 2] = [
    &[include_str!("format-1.sql")],
    &[include_str!("format-1.sql"), include_str!("format-2.sql")],
];

fn earlier(directory: &tempfile::TempDir, earlier_format: usize) -> PathBuf {
    let path = directory.path().join("a.db");
    let db = Connection::open(&path).unwrap();
    for script in FORMATS[earlier_format - 1] {
        db.execute_batch(script).unwrap();
    }
    assert_eq!(format(&path), i64::try_from(earlier_format).unwrap());
    path
}

fn format(path: &PathBuf) -> i64 {
    let db = Connection::open(path).unwrap();
    db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn one_of_format_1_can_be_looked_at_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = earlier(&directory, 1);
    let before = std::fs::read(&path).unwrap();
    let ledger = Ledger::open_read_only(&path).unwrap();
    let rows = ledger.list(&Query::default()).unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!(ledger.acts(rows[0].id).unwrap(), []);
    assert_eq!(ledger.codes().unwrap().iter().map(|code| code.count).sum::<u64>(), 3);
    let copy = directory.path().join("copy.db");
    ledger.backup(&copy).unwrap();
    drop(ledger);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!((format(&path), format(&copy)), (1, 1));
}

#[tokio::test]
async fn one_of_format_1_is_brought_up_to_date_with_everything_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = earlier(&directory, 1);
    let all = Query { with_body: true, ..Query::default() };
    let before = Ledger::open_read_only(&path).unwrap().list(&all).unwrap();
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.list(&all).unwrap(), before);
    let rejected = before.iter().find(|row| row.state == State::Rejected).unwrap().id;
    let attempts: usize = before.iter().map(|row| ledger.attempts(row.id).unwrap().len()).sum();
    assert_eq!(attempts, 2);
    ledger.cancel(vec![rejected], Hand::default()).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(ledger.acts(rejected).unwrap().len(), 1);
    let run = ledger.begin_run(Default::default()).await.unwrap();
    let new = ledger.accept(vec![order(run, "PO-9", "{}")]).await.unwrap();
    assert_eq!((run.0, new[0].id().0), (2, 5));
    drop(ledger);
    assert_eq!(format(&path), 3);
    drop(Ledger::open(&path).unwrap());
    assert_eq!(format(&path), 3);
}

#[test]
fn one_of_format_2_can_be_looked_at_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = earlier(&directory, 2);
    let before = std::fs::read(&path).unwrap();
    let ledger = Ledger::open_read_only(&path).unwrap();
    let rows = ledger.list(&Query::default()).unwrap();
    let states: Vec<_> = rows.iter().map(|row| row.state).collect();
    assert_eq!(states, [State::Applied, State::Rejected, State::Rejected, State::Cancelled]);
    assert!(rows.iter().all(|row| row.idempotency_key.is_none() && row.headers.is_empty()));
    assert_eq!(ledger.acts(rows[3].id).unwrap()[0].hand.by.as_deref(), Some("ada"));
    assert_eq!(ledger.in_doubt().unwrap(), []);
    drop(ledger);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn each_earlier_format_is_brought_up_to_date_and_then_keeps_keys() {
    for earlier_format in 1..=FORMATS.len() {
        let directory = tempfile::tempdir().unwrap();
        let path = earlier(&directory, earlier_format);
        // Whoever looks goes on looking while it is brought up to date.
        let looking = Ledger::open_read_only(&path).unwrap();
        let all = Query { with_body: true, ..Query::default() };
        let before = looking.list(&all).unwrap();
        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.list(&all).unwrap(), before);
        let run = ledger.begin_run(Default::default()).await.unwrap();
        let key = Some("k1".to_owned());
        let new = NewDelivery { idempotency_key: key, ..order(run, "PO-9", "{}") };
        let id = ledger.accept(vec![new]).await.unwrap()[0].id();
        assert_eq!(ledger.get(id).unwrap().unwrap().idempotency_key.unwrap().value, "k1");
        assert_eq!(looking.list(&all).unwrap().len(), before.len() + 1, "from {earlier_format}");
        drop((ledger, looking));
        assert_eq!(format(&path), 3);
    }
}
