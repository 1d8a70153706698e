//! The examples hold what the README says of them.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use serde_json::Value;
use steadfast_deliver::compose::Composed;
use steadfast_deliver::input::Source;

use crate::inputs::{compose_all, options, read};

fn example(name: &str) -> Source {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    Source::file(&path).expect("the example is there")
}

/// Orders rejected before anything is sent, by code.
fn rejected(composed: &BTreeMap<String, Composed>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in composed.values() {
        if let Composed::Rejected { faults, .. } = one {
            *counts.entry(faults[0].code.clone()).or_default() += 1;
        }
    }
    counts
}

fn write(composed: &Composed) -> Value {
    let Composed::Write { body, .. } = composed else { panic!("rejected: {composed:?}") };
    serde_json::from_slice(body).expect("a body is JSON")
}

#[test]
fn every_order_of_the_main_example_is_acceptable() {
    let pieces = read(&example("purchase-orders.csv"), &options());
    assert_eq!(pieces.len(), 3929);
    let composed = compose_all(&pieces);
    assert_eq!(composed.len(), 1200);
    let mut lines = 0;
    for order in composed.values() {
        let order = write(order);
        let details = order["details"].as_array().expect("lines");
        lines += details.len();
        let warehouses: HashSet<&str> =
            details.iter().filter_map(|l| l["Warehouse Number"].as_str()).collect();
        assert_eq!(warehouses.len(), 1, "one warehouse: {order}");
        let items: HashSet<(String, String)> = details
            .iter()
            .map(|line| (line["Item Number"].to_string(), line["Sub Item Number"].to_string()))
            .collect();
        assert_eq!(items.len(), details.len(), "no item twice: {order}");
        for line in details {
            let date = |name: &str| line[name].as_str().map(str::to_owned);
            assert!(date("PO Details Order Date") <= date("PO Details Ship Date"), "{line}");
        }
        let status = order["PO List Document Status"].as_str();
        assert!(matches!(status, Some("Open" | "Suggested" | "Shipped")), "{order}");
    }
    assert_eq!(lines, 3929);
}

#[test]
fn the_main_example_names_only_master_data_of_the_double_and_repeats_its_orders() {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sandbox/fixtures");
    let fixture = |name: &str| -> Value {
        let text = std::fs::read(fixtures.join(name)).expect("the fixture is there");
        serde_json::from_slice(&text).expect("it is JSON")
    };
    let masters = fixture("knosc-default.json");
    let numbers = |list: &str, field: &str| -> HashSet<String> {
        let rows = masters[list].as_array().expect("a list");
        rows.iter().filter_map(|row| row[field].as_str()).map(str::to_owned).collect()
    };
    let known = BTreeMap::from([
        ("item", numbers("items", "Item Number")),
        ("supplier", numbers("suppliers", "Supplier Number")),
        ("warehouse", numbers("warehouses", "Warehouse Number")),
        ("ship_from", numbers("ship_froms", "Ship From Number")),
    ]);
    let composed = compose_all(&read(&example("purchase-orders.csv"), &options()));
    for order in composed.values() {
        let Composed::Write { references, .. } = order else { panic!("{order:?}") };
        for (list, value) in references {
            assert!(known[list.as_str()].contains(value), "{list} {value}");
        }
    }
    for order in fixture("knosc-default-orders.json").as_array().expect("a list") {
        let number = order["PO List Number"].as_str().expect("a number");
        let mut ours = write(&composed[number]);
        strip_nulls(&mut ours);
        let mut theirs = order.clone();
        strip_nulls(&mut theirs);
        assert_eq!(ours, theirs);
    }
}

/// A field that is null and one that is not there are the same to the API.
fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(strip_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

#[test]
fn the_example_with_mistakes_has_them_all() {
    let pieces = read(&example("purchase-orders-with-mistakes.csv"), &options());
    let composed = compose_all(&pieces);
    assert_eq!(composed.len(), 74);
    let expected =
        [("Validation.MissingField", 2), ("input.value_invalid", 5), ("input.values_conflict", 1)];
    let expected: BTreeMap<String, usize> =
        expected.into_iter().map(|(code, count)| (code.to_owned(), count)).collect();
    assert_eq!(rejected(&composed), expected);
    let unkeyed: Vec<_> = pieces.iter().filter(|piece| piece.key.is_none()).collect();
    assert_eq!(unkeyed.len(), 3);
    let held: HashSet<&String> = unkeyed.iter().flat_map(|piece| &piece.neighbours).collect();
    assert_eq!(held.len(), 4, "{held:?}");
    for key in held {
        assert!(matches!(composed[key], Composed::Write { .. }), "{key}");
    }
}

#[test]
fn the_example_without_items_reads_as_the_api_is_to_see_it() {
    let pieces = read(&example("purchase-orders-no-items.ndjson"), &options());
    let composed = compose_all(&pieces);
    assert_eq!(composed.len(), 4);
    assert!(rejected(&composed).is_empty(), "the API has to say it: {composed:?}");
    assert_eq!(write(&composed["PO-2026-6002"])["details"], Value::Array(Vec::new()));
    assert!(write(&composed["PO-2026-6004"]).get("details").is_none());
}
