//! Lists that change while they are read.

use super::tests::{numbers, parameter, read, reply};
use super::*;
use serde_json::json;

/// What somebody else does to the list.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// A row of a list by time of change, the newest last.
    ToTheEnd(usize),
    /// The same, the newest first.
    ToTheFront(usize),
    Deleted(usize),
    Inserted(usize),
}

impl Change {
    fn make(self, list: &mut Vec<u64>) {
        match self {
            Self::ToTheEnd(at) => {
                let row = list.remove(at);
                list.push(row);
            }
            Self::ToTheFront(at) => {
                let row = list.remove(at);
                list.insert(0, row);
            }
            Self::Deleted(at) => drop(list.remove(at)),
            Self::Inserted(at) => list.insert(at, 99),
        }
    }
}

/// Reads six rows in pages of two, and makes the change before that request. What was asked for,
/// each row as often as it was handed over, and how it ended.
fn reading(change: Change, before: usize, total: bool) -> (usize, Vec<u64>, ScanEnd) {
    let mut scan = Scan::new(&numbers(), "/l", &[], false).told_apart_by(Some("id"));
    let (mut list, mut asked, mut handed) = (vec![1, 2, 3, 4, 5, 6], 0, Vec::new());
    loop {
        asked += 1;
        if asked == before {
            change.make(&mut list);
        }
        let page: usize = parameter(&scan, "page").unwrap().parse().unwrap();
        let rows = list.iter().skip((page - 1) * 2).take(2);
        let rows: Vec<Value> = rows.map(|id| json!({ "id": id })).collect();
        let total = total.then_some(list.len());
        let end = scan.seen(&rows, &reply(&json!({ "total": total })));
        let new = (0..rows.len()).filter(|place| !scan.shown_before(*place));
        handed.extend(new.map(|place| rows[place]["id"].as_u64().unwrap()));
        if end != ScanEnd::More || asked > 20 {
            return (asked, handed, end);
        }
    }
}

#[test]
fn hazard_62_rows_that_move_while_the_list_is_read_are_found_and_count_once() {
    for total in [false, true] {
        for before in 2..=4 {
            for at in 0..6 {
                let mut changes = vec![Change::ToTheEnd(at), Change::ToTheFront(at)];
                changes.push(Change::Inserted(at));
                if total {
                    // Without a total nothing shows that a row has slipped by.
                    changes.push(Change::Deleted(at));
                }
                for change in changes {
                    let (asked, mut handed, end) = reading(change, before, total);
                    let case = format!("{change:?} before {before}, total {total}: {handed:?}");
                    assert_eq!(end, ScanEnd::Complete, "{case}");
                    assert!(asked <= 9, "it is read again once: {asked}, {case}");
                    handed.sort_unstable();
                    let there = handed.clone();
                    handed.dedup();
                    assert_eq!(handed, there, "each once: {case}");
                    let gone =
                        |row: u64| matches!(change, Change::Deleted(at) if at as u64 + 1 == row);
                    for row in (1..=6).filter(|row| !gone(*row)) {
                        assert!(handed.contains(&row), "{row} is missing: {case}");
                    }
                }
            }
        }
    }
}

#[test]
fn hazard_62_a_list_that_stays_as_it_is_is_read_once() {
    assert_eq!(reading(Change::Inserted(0), 99, false).0, 4);
    assert_eq!(reading(Change::Inserted(0), 99, true).0, 3);
}

/// Found wrong: rows that came twice were counted twice, so that they made up for those that
/// never came, and the list was taken for whole.
#[test]
fn hazard_62_a_gap_that_stays_is_told_and_not_taken_for_absence() {
    let mut scan = Scan::new(&numbers(), "/l", &[], true).told_apart_by(Some("id"));
    let (asked, _, end) = read(&mut scan, |scan| {
        let rows = match parameter(scan, "page").as_deref() {
            Some("1") => json!([{ "id": 1 }, { "id": 2 }]),
            Some("2") => json!([{ "id": 2 }, { "id": 3 }]),
            _ => json!([]),
        };
        json!({ "data": { "rows": rows }, "total": 4 })
    });
    assert_eq!(asked.len(), 5, "forwards and backwards");
    let ScanEnd::Broken(why) = end else { panic!("{end:?}") };
    assert!(why.contains("fewer than 4 rows") && why.contains("showed 3"), "{why}");
}

#[test]
fn what_rows_of_one_page_share_tells_none_apart() {
    let mut scan = Scan::new(&numbers(), "/l", &[], false).told_apart_by(Some("kind"));
    let rows = [json!({ "kind": "a" }), json!({ "kind": "a" })];
    let mut answers = [rows.clone(), [json!({ "kind": "a" }), json!({ "kind": "b" })]].into_iter();
    for rows in answers.by_ref() {
        assert_eq!(scan.seen(&rows, &reply(&json!({ "total": 5 }))), ScanEnd::More);
        assert!((0..2).all(|place| !scan.shown_before(place)), "all are handed over");
    }
    assert_eq!(
        scan.seen(&[json!({ "kind": "a" })], &reply(&json!({ "total": 5 }))),
        ScanEnd::Complete
    );
}

#[test]
fn hazard_62_a_row_that_comes_again_behind_a_cursor_has_the_pages_read_again() {
    let paging = super::tests::paging(
        r#"
kind = "cursor"
parameter = "after"
at = "json:/cursor"
rows = "/rows"
"#,
    );
    // The newest first: 3 was not read yet when somebody changed it.
    let pages = |row_again: u64| {
        let mut scan = Scan::new(&paging, "/l", &[], false).told_apart_by(Some("id"));
        let (_, rows, end) = read(&mut scan, |scan| match parameter(scan, "after") {
            Some(_) => json!({ "rows": [{ "id": row_again }, { "id": 4 }] }),
            None => json!({ "rows": [{ "id": 1 }, { "id": 2 }], "cursor": "a" }),
        });
        assert_eq!(end, ScanEnd::Complete);
        rows.len()
    };
    assert_eq!(pages(2), 6, "the first page again");
    assert_eq!(pages(3), 4);
}
