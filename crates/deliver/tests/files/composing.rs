//! Pieces of one key become one write or a rejection.

use std::collections::BTreeMap;

use proptest::prelude::*;
use steadfast_call::dialect::Dialect;
use steadfast_deliver::compose::{Composed, compose};
use steadfast_deliver::input::{self, Piece, Source};

use crate::inputs::{compose_all, csv, options, read, resource};

const HEADER: &str = "PO List Number,PO List Document Status,PO List Order Date,Supplier Number,Item Number,Warehouse Number,PO Details Quantity";

fn table(rows: &[&str]) -> BTreeMap<String, Composed> {
    compose_all(&read(&csv(format!("{HEADER}\n{}\n", rows.join("\n"))), &options()))
}

fn codes(composed: &Composed) -> Vec<(u64, &str, Option<&str>)> {
    let Composed::Rejected { faults, .. } = composed else { panic!("not rejected: {composed:?}") };
    faults.iter().map(|f| (f.line, f.code.as_str(), f.column.as_deref())).collect()
}

#[test]
fn an_empty_cell_beside_a_value_is_no_conflict() {
    let composed = table(&["P,,,S,I,W,1", "P,Open,2026-01-02,,J,W,2", "P,Open,,S,K,W,3"]);
    let Composed::Write { body, lines, .. } = &composed["P"] else { panic!("{composed:?}") };
    let body = String::from_utf8_lossy(body);
    assert!(
        body.starts_with(r#"{"PO List Number":"P","PO List Document Status":"Open","PO List Order Date":"2026-01-02","Supplier Number":"S","details":["#),
        "{body}"
    );
    assert_eq!(lines, "2-4");
}

#[test]
fn two_suppliers_are_a_conflict_that_names_both() {
    let composed = table(&["P,Open,,S-1,I,W,1", "Q,Open,,S-1,I,W,1", "P,,,S-2,J,W,2"]);
    assert_eq!(codes(&composed["P"]), [(4, "input.values_conflict", Some("Supplier Number"))]);
    let Composed::Rejected { faults, lines, .. } = &composed["P"] else { unreachable!() };
    assert_eq!(lines, "2,4");
    for part in ["line 4", "\"S-2\"", "line 2 says \"S-1\""] {
        assert!(faults[0].text.contains(part), "{}", faults[0].text);
    }
    assert!(matches!(composed["Q"], Composed::Write { .. }));
}

#[test]
fn one_bad_row_rejects_the_whole_and_all_faults_are_said() {
    let composed = table(&["P,Open,x,S,I,W,1", "P,,,,J,,y", "P,,,T,K,W,1"]);
    assert_eq!(
        codes(&composed["P"]),
        [
            (2, "input.value_invalid", Some("PO List Order Date")),
            (3, "Validation.MissingField", Some("Warehouse Number")),
            (3, "input.value_invalid", Some("PO Details Quantity")),
            (4, "input.values_conflict", Some("Supplier Number")),
        ]
    );
}

#[test]
fn a_value_that_the_whole_needs_has_to_stand_on_one_row() {
    let composed = table(&["P,Open,,,I,W,1", "P,Open,,,J,W,1"]);
    assert_eq!(codes(&composed["P"]), [(2, "Validation.MissingField", Some("Supplier Number"))]);
}

#[test]
fn the_same_object_again_is_left_out_and_another_is_a_conflict() {
    let object = |key: &str, supplier: &str| {
        format!(
            r#"{{"PO List Number":"{key}","PO List Document Status":"Open","Supplier Number":"{supplier}","details":[]}}"#
        )
    };
    let text = [object("P", "S"), object("Q", "S"), object("P", "S"), object("Q", "T")].join("\n");
    let composed = compose_all(&read(&csv(text), &options()));
    let Composed::Write { repeats, lines, .. } = &composed["P"] else { panic!("{composed:?}") };
    assert_eq!((repeats.as_slice(), lines.as_str()), (&[3][..], "1,3"));
    assert_eq!(codes(&composed["Q"]), [(4, "input.key_repeated", None)]);
}

#[test]
fn rows_of_a_resource_without_lines_are_writes_of_their_own() {
    let mut resource = resource();
    resource.lines = None;
    let line_fields = std::mem::take(&mut resource.line_fields);
    resource.fields.extend(line_fields);
    let text =
        format!("{HEADER}\nP,Open,,S,I,W,1\nP,Open,,S,J,W,1\nQ,Open,,S,I,W,1\nQ,Open,,S,I,W,1\n");
    let pieces: Vec<Piece> = steadfast_deliver::input::open(&csv(text), &resource, &options())
        .expect("opens")
        .map(|piece| piece.expect("reads"))
        .collect();
    let of = |key: &str| -> Vec<Piece> {
        pieces.iter().filter(|piece| piece.key.as_deref() == Some(key)).cloned().collect()
    };
    assert_eq!(codes(&compose(&resource, "P", of("P"))), [(3, "input.key_repeated", None)]);
    let Composed::Write { body, repeats, .. } = compose(&resource, "Q", of("Q")) else { panic!() };
    assert_eq!(repeats, [5]);
    assert!(!String::from_utf8_lossy(&body).contains("details"));
}

fn orders() -> impl Strategy<Value = Vec<Vec<(String, u32)>>> {
    prop::collection::vec(prop::collection::vec(("[A-Z][a-zé\"\n,]{0,8}", 1_u32..1000), 1..6), 1..8)
}

/// Rows of orders as `(order, item, quantity)`, in the order of the file.
fn written(rows: &[(usize, &(String, u32))]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER.split(',')).expect("written");
    for (order, (item, quantity)) in rows {
        let (key, quantity) = (format!("P-{order}"), quantity.to_string());
        writer.write_record([&key, "Open", "", "S", item, "W", &quantity]).expect("written");
    }
    writer.into_inner().expect("written")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever the rows of an order stand, the same orders come out, with every row once.
    #[test]
    fn scattered_rows_group_as_adjacent_ones(orders in orders(), order in any::<u64>()) {
        let adjacent: Vec<(usize, &(String, u32))> =
            orders.iter().enumerate().flat_map(|(n, rows)| rows.iter().map(move |row| (n, row))).collect();
        // Rows of one order stay in order: deal them out by a draw.
        let mut queues: Vec<_> = orders.iter().map(|rows| rows.iter()).collect();
        let mut scattered = Vec::new();
        let mut draw = order;
        while scattered.len() < adjacent.len() {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(draw >> 33).expect("31 bits") % queues.len();
            if let Some(row) = queues[at].next() {
                scattered.push((at, row));
            }
        }
        let bodies = |rows: &[(usize, &(String, u32))]| -> BTreeMap<String, Vec<u8>> {
            let pieces = read(&csv(written(rows)), &options());
            assert_eq!(pieces.len(), rows.len());
            compose_all(&pieces)
                .into_iter()
                .map(|(key, composed)| match composed {
                    Composed::Write { body, .. } => (key, body),
                    Composed::Rejected { faults, .. } => panic!("{faults:?}"),
                })
                .collect()
        };
        let together = bodies(&adjacent);
        prop_assert_eq!(&together, &bodies(&scattered));
        prop_assert_eq!(together.len(), orders.len());
        for (n, rows) in orders.iter().enumerate() {
            let body: serde_json::Value = serde_json::from_slice(&together[&format!("P-{n}")]).expect("JSON");
            let lines: Vec<(String, u32)> = body["details"]
                .as_array()
                .expect("lines")
                .iter()
                .map(|line| {
                    let item = line["Item Number"].as_str().expect("text").to_owned();
                    (item, line["PO Details Quantity"].to_string().parse().expect("whole"))
                })
                .collect();
            prop_assert_eq!(&lines, rows);
        }
    }
}

/// The same order is the same write in whichever kind of file it comes.
#[test]
fn hazard_65_instants_of_tables_and_of_objects_go_out_alike() {
    let operations1 = Dialect::built_in("operations1").expect("ships with the crate");
    let mut orders = operations1.resource["order"].clone();
    (orders.lines, orders.line_fields) = (None, [].into());
    let body = |name: &str, text: &str| {
        let source = Source::spooled(name, text.as_bytes()).expect("spooled");
        let reader = input::open(&source, &orders, &options()).expect("opens");
        let pieces: Vec<Piece> = reader.map(|piece| piece.expect("reads")).collect();
        match compose(&orders, "O-1", pieces) {
            Composed::Write { body, .. } => String::from_utf8(body).expect("JSON"),
            rejected @ Composed::Rejected { .. } => panic!("{rejected:?}"),
        }
    };
    let table = body(
        "orders.csv",
        "customOrderId,name,startDate,dueDate\n\
         O-1,2025-05-21T10:00:00+02:00,2025-05-21T10:00:00+02:00,2025-05-22T00:30:00+02:00\n",
    );
    let object = body(
        "orders.ndjson",
        "{\"customOrderId\":\"O-1\",\"name\":\"2025-05-21T10:00:00+02:00\",\
         \"startDate\":\"2025-05-21T08:00:00Z\",\"dueDate\":\"2025-05-22T00:30:00+02:00\"}\n",
    );
    assert_eq!(table, object);
    assert_eq!(
        table,
        r#"{"customOrderId":"O-1","name":"2025-05-21T10:00:00+02:00","startDate":"2025-05-21T08:00:00.000Z","dueDate":"2025-05-21T22:30:00.000Z"}"#
    );
}
