//! Files that cannot be used at all, and what is said about them.

use steadfast_deliver::input::{Format, Source, columns, fits};

use crate::inputs::{csv, dialect, options, refusal};

const HEADER: &str = "PO List Number,PO List Document Status,Supplier Number,Item Number,Warehouse Number,PO Details Quantity";

fn named(name: &str, content: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    refusal(&Source::file(&path).expect("there"), &options())
}

#[test]
fn a_file_that_is_not_what_it_claims_is_refused_with_what_was_found() {
    let row = format!("{HEADER}\nP,Open,S,I,W,1\n");
    let hollow = format!("{HEADER}\n,,,,,\n\n");
    let utf16: Vec<u8> = row.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut marked = b"\xff\xfe".to_vec();
    marked.extend_from_slice(&utf16);
    let cases: &[(&str, &[u8], &[&str])] = &[
        ("orders.csv", b"PK\x03\x04rest", &["ZIP archive", "Excel", "export it as CSV"]),
        ("orders.csv", b"%PDF-1.7", &["PDF"]),
        ("orders.csv", b"\xd0\xcf\x11\xe0....", &["old Excel"]),
        ("orders.csv", b"\x1f\x8b..", &["gzip"]),
        ("orders.csv", b"<!DOCTYPE html><html>", &["web page", "log-in form"]),
        ("orders.csv", &marked, &["UTF-16", "UTF-8"]),
        ("orders.csv", &utf16, &["zero bytes"]),
        ("orders.csv", b"", &["empty", "expected a table"]),
        ("orders.csv", b"\xef\xbb\xbf \r\n\n", &["empty"]),
        ("orders.csv", HEADER.as_bytes(), &["a header and no row below it"]),
        ("orders.csv", hollow.as_bytes(), &["a header and no row"]),
        ("orders.csv", b"[{\"a\":1}]", &["this is JSON", ".ndjson"]),
        ("orders.csv", b"{\"a\":1}\n{\"a\":2}\n", &["this is JSON", ".ndjson"]),
        ("orders.json", row.as_bytes(), &["not JSON", ".csv"]),
        ("orders.jsonl", b"[{}]", &["not one object on each line", ".json"]),
        ("orders.ndjson", b"{\n  \"a\": 1\n}\n", &["not one object on each line", ".json"]),
        (
            "orders.json",
            b"[{\"PO List Number\":\"P\"},",
            &["line 1", "ends in the middle of the array"],
        ),
        ("orders.json", b"[{\"a\":[1}]", &["closes what it did not open"]),
        ("orders.json", b"[{\"a\":\"x\n\"}]", &["no closing quotation mark"]),
        ("orders.json", b"[]\n{}", &["line 2", "more after the end"]),
    ];
    for (name, content, said) in cases {
        let text = named(name, content);
        for part in *said {
            assert!(text.contains(part), "{name} {:?}: {text}", String::from_utf8_lossy(content));
        }
        assert!(text.contains(name), "the file is named: {text}");
    }
}

#[test]
fn everything_wrong_with_the_columns_is_said_at_once() {
    let text = refusal(
        &csv("PO List Number,Supplier,Item Number,Item Number,po details price,,colour\nx\n"),
        &options(),
    );
    for part in [
        "line 1",
        "no field \"Supplier\"; did you mean \"Supplier Number\"?",
        "\"Item Number\" is there 2 times (columns 3, 4)",
        "did you mean \"PO Details Price\"?",
        "column 6 has no name",
        "no field \"colour\"; delete it",
        "needs \"PO List Document Status\", \"Supplier Number\", \"PO Details Quantity\", \"Warehouse Number\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_table_without_its_key_is_refused() {
    let header = HEADER.replace("PO List Number,", "");
    let text = refusal(&csv(format!("{header}\nOpen,S,I,W,1\n")), &options());
    assert!(text.contains("every purchase order needs \"PO List Number\""), "{text}");
    let mut options = options();
    options.key_column = Some("ERP Id".to_owned());
    let text = refusal(&csv(format!("{HEADER}\nP,Open,S,I,W,1\n")), &options);
    assert!(text.contains("no column \"ERP Id\""), "{text}");
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let error = Source::file(std::path::Path::new("/nowhere/orders.csv")).expect_err("not there");
    assert!(error.to_string().contains("/nowhere/orders.csv"), "{error}");
    let error = Source::file(&std::env::temp_dir()).expect_err("a folder");
    assert!(error.to_string().contains("directory"), "{error}");
}

#[test]
fn a_first_line_that_is_cut_off_is_a_bad_row_of_ndjson() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.ndjson");
    std::fs::write(&path, "{\"PO List Number\":\n{\"PO List Number\":\"P\"}\n").expect("written");
    let reader =
        crate::inputs::open(&Source::file(&path).expect("there"), &options()).expect("opens");
    assert_eq!(reader.format(), Format::Ndjson);
    assert_eq!(reader.count(), 2);
}

#[test]
fn the_columns_tell_which_resource_a_file_holds() {
    let dialect = dialect();
    let cases: &[(&str, &[&str])] = &[
        (HEADER, &["purchase-order"]),
        ("PO List Number;Supplier Number;reject_code;reject_reason\n", &["purchase-order"]),
        ("\u{feff}PO List Number\tColour\n", &["purchase-order"]),
        ("Item Number,Item Description\n", &[]),
        ("{\"PO List Number\":\"P\",\"details\":[],\"Extra\":1}\n", &["purchase-order"]),
        ("[\n{\"PO List Number\":\"P\"}]", &["purchase-order"]),
        ("[{\"external_id\":1}]", &[]),
    ];
    for (text, expected) in cases {
        let columns = columns(&csv(text), &options()).expect(text);
        assert_eq!(fits(&columns, &dialect), *expected, "{text}");
    }
}
