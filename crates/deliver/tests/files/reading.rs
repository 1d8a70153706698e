//! A file of writes, from bytes to composed writes.

use crate::inputs::{compose_all, csv, options, read};
use steadfast_deliver::compose::Composed;
use steadfast_deliver::input::{Piece, Source};

#[test]
fn scattered_rows_of_one_order_form_one_write() {
    let text = "\u{feff}PO List Number;PO List Document Status;Supplier Number;Item Number;Warehouse Number;PO Details Quantity\r\n\
        P-1;Open;SUP-1;A;WH-1;1,50\r\n\
        P-2;Open;SUP-1;A;WH-1;2\r\n\
        P-1;;;\"B \"\"x\"\"\";WH-1;3\r\n";
    let source = csv(text);
    let mut options = crate::inputs::options();
    options.decimal_comma = true;
    let composed = compose_all(&read(&source, &options));
    assert_eq!(composed.len(), 2);
    let Composed::Write { body, lines, references, .. } = &composed["P-1"] else {
        panic!("{composed:?}")
    };
    assert_eq!(lines, "2,4");
    assert_eq!(
        String::from_utf8_lossy(body),
        r#"{"PO List Number":"P-1","PO List Document Status":"Open","Supplier Number":"SUP-1","details":[{"Item Number":"A","Warehouse Number":"WH-1","PO Details Quantity":1.50},{"Item Number":"B \"x\"","Warehouse Number":"WH-1","PO Details Quantity":3}]}"#
    );
    assert_eq!(references.len(), 4, "{references:?}");
}

/// A table with all the columns that are needed and one more.
fn table(rows: &str) -> String {
    format!("{HEADER},PO Details Price\n{rows}")
}

const HEADER: &str = "PO List Number,PO List Document Status,Supplier Number,Item Number,Warehouse Number,PO Details Quantity";

/// What is wrong with the row on a line: its key, and code and column of each fault.
fn faults(pieces: &[Piece], line: u64) -> (Option<&str>, Vec<(&str, Option<&str>)>) {
    let piece = pieces.iter().find(|piece| piece.line == line).expect("a row");
    let faults = piece.faults.iter().map(|f| (f.code.as_str(), f.column.as_deref())).collect();
    (piece.key.as_deref(), faults)
}

#[test]
fn a_bad_cell_is_a_fault_of_its_row_and_reading_goes_on() {
    let mut text =
        table("P-1,Open,S,I,W,x,1\nP-2,Open,S,I,W,1,2\nP-3,Open,S,,W,,3\n P-4,Open,S,I,W,1,\n")
            .into_bytes();
    text.extend_from_slice(b"P-5,Open,S,I\xe9,W,1,\n");
    let pieces = read(&csv(&text), &options());
    assert_eq!(
        faults(&pieces, 2),
        (Some("P-1"), vec![("input.value_invalid", Some("PO Details Quantity"))])
    );
    assert_eq!(faults(&pieces, 3), (Some("P-2"), vec![]));
    let missing = "Validation.MissingField";
    assert_eq!(
        faults(&pieces, 4),
        (Some("P-3"), vec![(missing, Some("Item Number")), (missing, Some("PO Details Quantity"))])
    );
    assert_eq!(
        faults(&pieces, 5),
        (Some("P-4"), vec![("input.value_invalid", Some("PO List Number"))])
    );
    assert_eq!(
        faults(&pieces, 6),
        (Some("P-5"), vec![("input.value_invalid", Some("Item Number"))])
    );
    assert!(pieces[4].faults[0].text.contains("Windows-1252"), "{:?}", pieces[4].faults);
}

#[test]
fn a_row_without_a_key_names_its_neighbours() {
    let pieces = read(
        &csv(table("P-1,Open,S,I,W,1,\n,Open,S,I,W,1,\nshort,row\nP-2,Open,S,I,W,1,\n")),
        &options(),
    );
    for line in [3, 4] {
        let piece = pieces.iter().find(|piece| piece.line == line).expect("a row");
        assert_eq!(piece.key, None);
        assert_eq!(piece.neighbours, ["P-1", "P-2"], "{piece:?}");
        let text = &piece.faults[0].text;
        assert!(
            text.contains("\"P-1\" (line 2) or \"P-2\" (line 5), which wait for a person"),
            "{text}"
        );
    }
    let first = read(&csv(table(",Open,S,I,W,1,\nP-2,Open,S,I,W,1,\n")), &options());
    assert_eq!(first[0].neighbours, ["P-2"]);
    let only = read(&csv(table(",Open,S,I,W,1,\n")), &options());
    assert!(only[0].neighbours.is_empty());
    assert!(only[0].faults[0].text.contains("cannot be told"), "{:?}", only[0].faults);
}

#[test]
fn a_column_of_the_users_own_may_name_the_writes() {
    let mut options = options();
    options.key_column = Some("ERP Id".to_owned());
    let text =
        format!("ERP Id,{HEADER}\n7,P-1,Open,S,I,W,1\n8,P-1,Open,S,I,W,1\n7,P-1,Open,S,J,W,1\n");
    let composed = compose_all(&read(&csv(text), &options));
    assert_eq!(composed.len(), 2);
    let Composed::Write { body, .. } = &composed["7"] else { panic!("{composed:?}") };
    let body = String::from_utf8_lossy(body);
    assert!(!body.contains("ERP Id") && body.contains("\"J\""), "{body}");
}

#[test]
fn objects_pass_as_they_are_but_for_what_is_certainly_wrong() {
    let good = r#"{"PO List Number":"P-1","PO List Document Status":"Open","Supplier Number":"S","Extra":{"a":[1.50,true]},"reject_code":"x","details":[{"Item Number":"I","Warehouse Number":"W","PO Details Quantity":1.10,"PO Details Local":{"free":1}}]}"#;
    let text = format!(
        "{good}\n\n{}\n{}\n{}\nnot json\n[1]\n{{\"PO List Document Status\":\"Open\",\"Supplier Number\":\"S\"}}\n",
        r#"{"PO List Number":"P-2","PO List Document Status":null,"Supplier Number":5,"details":[{"Item Number":"I","Warehouse Number":"W","PO Details Quantity":"1","PO Details Ship Date":"1.2.2026"}]}"#,
        r#"{"PO List Number":"P-3","PO List Number":"P-3","PO List Document Status":"Open","Supplier Number":"S","details":{}}"#,
        r#"{"PO List Number":77,"PO List Document Status":"Open","Supplier Number":"S","details":[]}"#,
    );
    let pieces = read(&csv(text), &options());
    let composed = compose_all(&pieces);
    let Composed::Write { body, lines, .. } = &composed["P-1"] else { panic!("{composed:?}") };
    assert_eq!(String::from_utf8_lossy(body), good.replace(r#""reject_code":"x","#, ""));
    assert_eq!(lines, "1");
    let invalid = "input.value_invalid";
    let (_, found) = faults(&pieces, 3);
    assert_eq!(
        found,
        [
            ("Validation.MissingField", Some("PO List Document Status")),
            (invalid, Some("Supplier Number")),
            (invalid, Some("PO Details Quantity")),
            (invalid, Some("PO Details Ship Date")),
        ]
    );
    assert_eq!(
        faults(&pieces, 4).1,
        [(invalid, Some("PO List Number")), (invalid, Some("details"))]
    );
    assert_eq!(faults(&pieces, 5), (Some("77"), vec![(invalid, Some("PO List Number"))]));
    assert_eq!(faults(&pieces, 6), (None, vec![("input.row_unreadable", None)]));
    assert_eq!(faults(&pieces, 7), (None, vec![("input.row_unreadable", None)]));
    assert_eq!(faults(&pieces, 8), (None, vec![("input.key_missing", Some("PO List Number"))]));
    assert_eq!(pieces[5].neighbours, ["77"]);
}

#[test]
fn an_array_is_read_element_by_element_with_its_lines() {
    let object = |number: &str, text: &str| {
        format!(
            "{{\n \"PO List Number\": \"{number}\",\n \"PO List Document Status\": \"Open\",\n \"Supplier Number\": {text}\n}}"
        )
    };
    let array = format!(
        "\u{feff}\n[{},\n{},\n  {{\"a\": nonsense}},\n{}]\n",
        object("P-1", "\"]}\\\",[{\""),
        object("P-2", "\"S\""),
        object("P-3", "\"S\\u00e9\"")
    );
    let pieces = read(&csv(&array), &options());
    let found: Vec<(Option<&str>, u64, u64)> =
        pieces.iter().map(|p| (p.key.as_deref(), p.line, p.last_line)).collect();
    assert_eq!(
        found,
        [(Some("P-1"), 2, 6), (Some("P-2"), 7, 11), (None, 12, 12), (Some("P-3"), 13, 17)]
    );
    assert!(pieces[2].faults[0].text.starts_with("line 12: this is not JSON"), "{:?}", pieces[2]);
    let loose = format!("{}\n{}", object("P-1", "\"S\""), object("P-2", "\"S\""));
    assert_eq!(read(&csv(loose), &options()).len(), 2);
}

#[test]
fn pieces_can_be_stored_and_come_back_the_same() {
    let mut pieces =
        read(&csv(table("P-1,Open,S,I,W,1.50,0.1000000000000000000001\nbad\n")), &options());
    pieces.extend(read(&csv("{\"PO List Number\":\"P\",\"n\":1.10}\n"), &options()));
    for piece in pieces {
        let stored = serde_json::to_vec(&piece).expect("JSON");
        let back: Piece = serde_json::from_slice(&stored).expect("the same");
        assert_eq!(back, piece);
    }
}

#[test]
fn standard_input_may_be_read_twice() {
    let text = table("P-1,Open,S,I,W,1,\n");
    let source = Source::spooled("standard input", text.as_bytes()).expect("spooled");
    assert_eq!(read(&source, &options()), read(&source, &options()));
    let mut reader = crate::inputs::open(&source, &options()).expect("opens");
    assert_eq!(reader.size_bytes(), text.len() as u64);
    assert!(reader.next().is_some());
    assert_eq!(reader.read_bytes(), text.len() as u64);
}
