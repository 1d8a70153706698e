//! Rows of an input on their way to becoming deliveries.

use steadfast_ledger::{Ledger, LedgerError, Piece, RunId};

use crate::fixture::Fixture;

fn piece(line: u64, key: &str) -> Piece {
    let key = (!key.is_empty()).then(|| key.to_owned());
    Piece { line, key, body: line.to_string().into_bytes(), fault: None }
}

fn groups(ledger: &Ledger, run: RunId) -> Vec<(Option<String>, Vec<u64>)> {
    let lines = |pieces: Vec<Piece>| pieces.into_iter().map(|piece| piece.line).collect();
    ledger
        .groups(run)
        .unwrap()
        .map(|group| group.unwrap())
        .map(|(key, pieces)| (key, lines(pieces)))
        .collect()
}

fn named(key: &str, lines: &[u64]) -> (Option<String>, Vec<u64>) {
    ((!key.is_empty()).then(|| key.to_owned()), lines.to_vec())
}

#[tokio::test]
async fn scattered_rows_come_together_in_the_order_of_their_first_line() {
    let f = Fixture::new();
    let run = f.run().await;
    let first = vec![piece(2, "B"), piece(3, "A"), piece(4, "B"), piece(5, ""), piece(6, "C")];
    let second = vec![piece(7, "A"), piece(8, ""), piece(9, "B")];
    f.ledger.stage(run, first).await.unwrap();
    f.ledger.stage(run, second).await.unwrap();
    let expected = [
        named("B", &[2, 4, 9]),
        named("A", &[3, 7]),
        named("", &[5]),
        named("C", &[6]),
        named("", &[8]),
    ];
    assert_eq!(groups(&f.ledger, run), expected);
    assert_eq!(groups(&f.ledger, run), expected, "reading does not use them up");
}

#[tokio::test]
async fn batches_may_come_out_of_order_and_share_lines() {
    let f = Fixture::new();
    let run = f.run().await;
    f.ledger.stage(run, vec![piece(9, "A"), piece(10, "B"), piece(11, "A")]).await.unwrap();
    f.ledger.stage(run, vec![piece(4, "B"), piece(5, "A"), piece(3, "A")]).await.unwrap();
    assert_eq!(groups(&f.ledger, run), [named("A", &[3, 5, 9, 11]), named("B", &[4, 10])]);

    let one_line = f.run().await;
    f.ledger
        .stage(one_line, vec![piece(1, "A"), piece(1, ""), piece(1, "B"), piece(1, "A")])
        .await
        .unwrap();
    assert_eq!(
        groups(&f.ledger, one_line),
        [named("A", &[1, 1]), named("", &[1]), named("B", &[1])]
    );
}

#[tokio::test]
async fn pieces_come_back_as_they_were() {
    let f = Fixture::new();
    let run = f.run().await;
    let whole = Piece {
        line: 7,
        key: Some("Ünï \0".into()),
        body: vec![0, 255, 1],
        fault: Some(b"bad".to_vec()),
    };
    let empty = Piece { line: 8, key: None, body: Vec::new(), fault: Some(Vec::new()) };
    f.ledger.stage(run, vec![whole.clone(), empty.clone()]).await.unwrap();
    let read: Vec<Piece> =
        f.ledger.groups(run).unwrap().flat_map(|group| group.unwrap().1).collect();
    assert_eq!(read, [whole, empty]);
}

#[tokio::test]
async fn runs_do_not_see_each_others_rows_and_forget_their_own() {
    let f = Fixture::new();
    let (one, other) = (f.run().await, f.run().await);
    f.ledger.stage(one, vec![piece(1, "A")]).await.unwrap();
    f.ledger.stage(other, vec![piece(1, "B")]).await.unwrap();
    assert_eq!(groups(&f.ledger, one), [named("A", &[1])]);
    f.ledger.drop_pieces(one).await.unwrap();
    assert_eq!(groups(&f.ledger, one), []);
    assert_eq!(groups(&f.ledger, other), [named("B", &[1])]);
    f.ledger.drop_pieces(one).await.unwrap();
    f.ledger.stage(one, vec![piece(3, "C")]).await.unwrap();
    assert_eq!(groups(&f.ledger, one), [named("C", &[3])]);
}

#[tokio::test]
async fn nothing_is_left_when_the_ledger_is_closed_or_its_process_died() {
    let f = Fixture::new();
    let run = f.run().await;
    f.ledger.stage(run, vec![piece(1, "A")]).await.unwrap();
    // What a process that died would leave, beside a file of the user's with a similar name.
    std::fs::write(f.dir.path().join("a.db.staging-77"), "left").unwrap();
    std::fs::write(f.dir.path().join("a.db.staging-notes"), "mine").unwrap();
    let f = f.reopen();
    let mut names: Vec<_> = f
        .dir
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| name.contains("staging"));
    assert_eq!(names, ["a.db.staging-notes"]);
}

#[tokio::test]
async fn a_ledger_opened_for_reading_stages_nothing() {
    let f = Fixture::new();
    let reader = Ledger::open_read_only(&f.path()).unwrap();
    let error = reader.stage(RunId(1), vec![piece(1, "A")]).await.unwrap_err();
    assert!(matches!(error, LedgerError::OpenedForReading { .. }));
}

/// 200,000 rows in 50,000 groups, all of them scattered; the reader holds a page of them at a time.
#[tokio::test]
async fn many_rows_stay_on_disk() {
    const ROWS: u64 = 200_000;
    const GROUPS: u64 = 50_000;
    let f = Fixture::new();
    let run = f.run().await;
    let body = vec![b'x'; 100];
    for batch in 0..ROWS / 1_000 {
        let pieces = (batch * 1_000..(batch + 1) * 1_000).map(|n| Piece {
            line: n + 2,
            // Every group has one row in each quarter of the input, at another place in each.
            key: Some(format!("PO-{}", (n * 7_919) % GROUPS)),
            body: body.clone(),
            fault: None,
        });
        f.ledger.stage(run, pieces.collect()).await.unwrap();
    }
    let before = resident_bytes();
    let (mut count, mut last) = (0, 0);
    for group in f.ledger.groups(run).unwrap() {
        let (_, pieces) = group.unwrap();
        assert_eq!(pieces.len() as u64, ROWS / GROUPS);
        assert!(pieces.is_sorted_by_key(|piece| piece.line));
        assert!(pieces[0].line > last);
        (last, count) = (pieces[0].line, count + 1);
    }
    assert_eq!(count, GROUPS);
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        // The rows are 20 MB and more; other tests may run beside this one.
        assert!(after.saturating_sub(before) < 64 << 20, "{before} bytes became {after}");
    }
}

fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}
