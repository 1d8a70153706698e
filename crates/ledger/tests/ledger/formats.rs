//! Ledgers of earlier versions.

use std::path::PathBuf;

use rusqlite::Connection;
use steadfast_ledger::{Hand, Ledger, Query, State};

use crate::fixture::order;

fn earlier(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("a.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(include_str!("format-1.sql")).unwrap();
    path
}

fn format(path: &PathBuf) -> i64 {
    let db = Connection::open(path).unwrap();
    db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn one_of_format_1_can_be_looked_at_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = earlier(&directory);
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
    let path = earlier(&directory);
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
    assert_eq!(format(&path), 2);
    drop(Ledger::open(&path).unwrap());
    assert_eq!(format(&path), 2);
}
