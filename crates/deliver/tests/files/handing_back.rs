//! Refused input comes back in its own form, and can be delivered again once corrected.

use std::fs;

use steadfast_deliver::input::{Options, Source};
use steadfast_deliver::rejects::{Reason, write_file};

use crate::inputs::{csv, options, read, resource};

const HEADER: &str = "PO List Number;PO List Document Status;Supplier Number;Item Number;Warehouse Number;PO Details Quantity;PO Details Local";

/// What comes back when these lines are refused.
fn back(source: &Source, lines: &[u64]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rejects");
    let count = write_file(source, &resource(), &options(), &path, |line, _| {
        lines.contains(&line).then(|| Reason {
            code: "X.Bad".to_owned(),
            text: format!("line {line}; \"so\"\nit is"),
        })
    });
    assert_eq!(count.expect("written"), lines.len() as u64);
    String::from_utf8_lossy(&fs::read(&path).expect("there")).into_owned()
}

#[test]
fn rows_of_a_table_come_back_byte_by_byte() {
    let rows = "\u{feff}HEADER\r\nP-1;Open;S;I;W;1;\"two\r\nlines; \"\"so\"\"\"\r\nP-2;Open;S;I;W;1;\r\nshort;row\r\nP-3;Open;S;I;W;1;\"stray\" quote\r\n";
    let source = csv(rows.replace("HEADER", HEADER));
    let text = back(&source, &[2, 5, 6]);
    let reason = |line: u64| format!("X.Bad;\"line {line}; \"\"so\"\" it is\"");
    let expected = format!(
        "\u{feff}reject_code;reject_reason;{HEADER}\r\n{};P-1;Open;S;I;W;1;\"two\r\nlines; \"\"so\"\"\"\r\n{};short;row\r\n{};P-3;Open;S;I;W;1;\"stray\" quote\r\n",
        reason(2),
        reason(5),
        reason(6)
    );
    assert_eq!(text, expected);
    let again = read(&csv(&text), &options());
    assert_eq!(again.len(), 3);
    assert_eq!(again[0].key.as_deref(), Some("P-1"));
    assert!(again[0].faults.is_empty(), "the two columns are ignored: {:?}", again[0].faults);
    assert!(again[1].key.is_none() && again[2].key.is_none());
    assert_eq!(again[0].content, read(&source, &options())[0].content);
}

#[test]
fn a_second_round_replaces_the_reasons_of_the_first() {
    let source = csv(format!("{HEADER}\nP-1;Open;S;I;W;1;é\nshort;row\n"));
    let once = back(&source, &[2, 3]);
    let twice = back(&csv(&once), &[2, 3]);
    assert_eq!(once, twice);
}

#[test]
fn objects_come_back_with_the_reason_beside_them() {
    let object = r#"{"PO List Number":"P-1","n":1.10,"details":[]}"#;
    let doubled = r#"{"PO List Number":"P-2","PO List Number":"P-2"}"#;
    let reason =
        |line: u64| format!(r#""reject_code":"X.Bad","reject_reason":"line {line}; \"so\" it is""#);
    let lines = format!("{object}\n{{broken\n{doubled}\n");
    let text = back(&csv(&lines), &[1, 2, 3]);
    let expected = format!(
        "{{{},{}\n{{{}}}\n{{broken\n{{{}}}\n{doubled}\n",
        reason(1),
        &object[1..],
        reason(2),
        reason(3)
    );
    assert_eq!(text, expected);
    assert_eq!(read(&csv(&text), &options()).len(), 3, "notes are no objects");

    let array = back(&csv(format!("[\n{object},\n{{broken}}]")), &[2, 3]);
    assert_eq!(
        array,
        format!("[\n{{{},{},\n{{{}}},\n{{broken}}\n]\n", reason(2), &object[1..], reason(3))
    );
    assert_eq!(read(&csv(&array), &options()).len(), 2);
    assert_eq!(back(&csv("[{\"PO List Number\":\"P\"}]"), &[]), "[]\n");
}

#[test]
fn the_key_finds_the_rows_of_a_write_and_the_input_may_be_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.csv");
    fs::write(
        &path,
        format!("{HEADER}\nP-1;Open;S;I;W;1;\nP-2;Open;S;I;W;1;\n P-1;Open;S;I;W;1;\n"),
    )
    .expect("written");
    let source = Source::file(&path).expect("there");
    let count = write_file(&source, &resource(), &Options::default(), &path, |_, key| {
        (key == Some("P-1")).then(|| Reason { code: "C".to_owned(), text: "t".to_owned() })
    });
    assert_eq!(count.expect("written"), 2);
    let text = fs::read_to_string(&path).expect("there");
    assert!(text.ends_with("C;t;P-1;Open;S;I;W;1;\nC;t; P-1;Open;S;I;W;1;\n"), "{text}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let source = csv(format!("{HEADER}\nP-1;Open;S;I;W;1;\n"));
    let path = std::path::Path::new("/nowhere/rejects.csv");
    let error =
        write_file(&source, &resource(), &options(), path, |_, _| None).expect_err("no folder");
    assert!(error.to_string().contains("/nowhere/rejects.csv"), "{error}");
}
