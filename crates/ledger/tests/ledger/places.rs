//! Files: where they are, who may read them, and what is said about the wrong ones.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use steadfast_ledger::{Ledger, LedgerError, default_path};

use crate::fixture::{Fixture, order};

#[test]
fn the_default_place_is_the_users_state_directory() {
    let (state, home) = (Path::new("/state"), Path::new("/home/ada"));
    let at =
        |state, home, api| default_path(state, home, api).map(|path| path.display().to_string());
    assert_eq!(at(Some(state), Some(home), "knosc").unwrap(), "/state/steadfast/knosc.db");
    assert_eq!(at(None, Some(home), "knosc").unwrap(), "/home/ada/.local/state/steadfast/knosc.db");
    assert_eq!(
        at(Some(Path::new("relative")), Some(home), "a").unwrap(),
        "/home/ada/.local/state/steadfast/a.db"
    );
    assert_eq!(at(None, None, "knosc"), None);
    for api in ["", "../x", "a/b", ".hidden", "a\\b"] {
        assert_eq!(at(None, Some(home), api), None, "{api}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steadfast").join("state").join("a.db");
    let ledger = Ledger::open(&path).unwrap();
    let run = ledger.begin_run(Default::default()).await.unwrap();
    ledger.accept(vec![order(run, "PO-1", "{}")]).await.unwrap();
    ledger.stage(run, vec![Default::default()]).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let mut files = 0;
    for entry in path.parent().unwrap().read_dir().unwrap() {
        let file = entry.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        files += 1;
    }
    assert_eq!(files, 5, "ledger, log, index, lock and staged rows");
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn one_writes_and_others_look() {
    let f = Fixture::new();
    let error = Ledger::open(&f.path()).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process"), "{error}");

    let reader = Ledger::open_read_only(&f.path()).unwrap();
    assert!(reader.is_empty().unwrap());
    let run = f.run().await;
    f.accept(order(run, "PO-1", "{}")).await;
    assert!(!reader.is_empty().unwrap(), "a reader sees what was written since");
    let error = reader.accept(vec![order(run, "PO-2", "{}")]).await.unwrap_err();
    assert!(matches!(error, LedgerError::OpenedForReading { .. }), "{error}");
    drop(reader);
    drop(f.reopen());
}

#[tokio::test]
async fn a_clone_keeps_it_open_and_the_last_one_closes_it() {
    let f = Fixture::new();
    let path = f.path();
    let clone = f.ledger.clone();
    drop(f.ledger);
    assert!(matches!(Ledger::open(&path), Err(LedgerError::InUse { .. })));
    drop(clone);
    Ledger::open(&path).unwrap();
    assert!(!path.with_extension("db-wal").exists(), "closing empties the log");
}

#[test]
fn a_missing_ledger_is_made_for_writing_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    assert!(matches!(Ledger::open_read_only(&path), Err(LedgerError::Missing { .. })));
    assert!(!path.exists());
}

/// Both ways of opening say the same, and leave the file as it was.
fn refused(path: &Path) -> LedgerError {
    let before = std::fs::read(path).ok();
    let reading = Ledger::open_read_only(path).unwrap_err().to_string();
    let error = Ledger::open(path).unwrap_err();
    assert_eq!(error.to_string(), reading);
    assert_eq!(std::fs::read(path).ok(), before);
    assert!(reading.contains(&path.display().to_string()), "{reading}");
    error
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("orders.csv");
    std::fs::write(&text, "PO List Number;Item\n".repeat(100)).unwrap();
    assert!(matches!(refused(&text), LedgerError::NotALedger { .. }));

    let other = dir.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let error = refused(&other);
    assert!(error.to_string().contains("another program"), "{error}");

    let directory = dir.path().join("directory.db");
    std::fs::create_dir(&directory).unwrap();
    assert!(Ledger::open(&directory).unwrap_err().to_string().contains("directory"));
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() {
    let f = Fixture::new();
    let path = f.path();
    drop(f.ledger);
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let error = refused(&path);
    assert!(matches!(error, LedgerError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("install the newer version"), "{error}");
}

#[tokio::test]
async fn a_damaged_ledger_says_so() {
    let f = Fixture::new();
    let run = f.run().await;
    let new = (0..500).map(|n| order(run, &format!("PO-{n}"), &"x".repeat(200))).collect();
    f.ledger.accept(new).await.unwrap();
    let path = f.path();
    drop(f.ledger);
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page stays, so that it still looks like a ledger.
    for byte in bytes.iter_mut().skip(4_096) {
        *byte = 0xA5;
    }
    std::fs::write(&path, &bytes).unwrap();
    let looked = Ledger::open_read_only(&path).and_then(|ledger| ledger.counts(run)).unwrap_err();
    assert!(matches!(looked, LedgerError::Damaged { .. }), "{looked}");
    let opened = Ledger::open(&path).unwrap_err();
    assert!(matches!(opened, LedgerError::Damaged { .. }), "{opened}");
    assert!(opened.to_string().contains("restore a backup"), "{opened}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "what is left is left as it is");

    std::fs::write(&path, &bytes[..1_000]).unwrap();
    let cut = Ledger::open(&path).unwrap_err();
    assert!(matches!(cut, LedgerError::Damaged { .. } | LedgerError::NotALedger { .. }), "{cut}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Ledger::open(&file.join("a.db")).unwrap_err().to_string();
    assert!(error.contains("file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        return; // The superuser is not bound by modes.
    }
    let error = Ledger::open(&closed.join("a.db")).unwrap_err();
    assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("write access"), "{error}");
}

#[test]
fn an_empty_file_becomes_a_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    std::fs::write(&path, "").unwrap();
    assert!(matches!(Ledger::open_read_only(&path), Err(LedgerError::NotALedger { .. })));
    assert!(Ledger::open(&path).unwrap().is_empty().unwrap());
    assert!(Ledger::open_read_only(&path).unwrap().is_empty().unwrap());
}

/// What a process leaves that is killed while it makes a ledger: a file, and the journal that undoes it.
fn cut_short(path: &Path) {
    let making = path.with_extension("making");
    let db = rusqlite::Connection::open(&making).unwrap();
    db.execute_batch(
        "PRAGMA cache_size = 1; BEGIN; CREATE TABLE t (body BLOB);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
         INSERT INTO t SELECT zeroblob(4096) FROM n",
    )
    .unwrap();
    let beside = |file: &Path, end: &str| PathBuf::from(format!("{}{end}", file.display()));
    for end in ["", "-journal"] {
        std::fs::copy(beside(&making, end), beside(path, end)).unwrap();
    }
}

#[test]
fn a_ledger_whose_making_was_cut_short_is_none_until_it_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    cut_short(&path);
    let error = Ledger::open_read_only(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Missing { .. }), "{error}");
    assert!(Ledger::open(&path).unwrap().is_empty().unwrap());
    assert!(Ledger::open_read_only(&path).unwrap().is_empty().unwrap());
}
