//! Purchase orders that are there are replaced and deleted, by a file of their numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::double::Double;
use crate::example::PURCHASE_ORDERS;
use crate::place::{Place, Running};

const REPLACED: &str = include_str!("../../../../examples/purchase-orders-replace.csv");
const DELETED: &str = include_str!("../../../../examples/purchase-orders-delete.csv");
const REPLACE: [&str; 7] =
    ["deliver", "replace.csv", "--to", "knosc", "--json", "--resource", "purchase-order-replace"];
const DELETE: [&str; 7] =
    ["deliver", "delete.csv", "--to", "knosc", "--json", "--resource", "purchase-order-delete"];

fn ready(double: &Double) -> Place {
    let place = Place::new();
    place.write("steadfast.toml", &double.settings("knosc"));
    place.write("replace.csv", REPLACED);
    place.write("delete.csv", DELETED);
    place
}

/// Quantities by order and item.
type Quantities = BTreeMap<String, BTreeMap<String, f64>>;

fn wished(text: &str) -> Quantities {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut wished = Quantities::new();
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.expect("a row");
        let order = wished.entry(row["PO List Number"].clone()).or_default();
        let quantity = row["PO Details Quantity"].parse().expect("a number");
        order.insert(row["Item Number"].clone(), quantity);
    }
    wished
}

fn held(double: &Double, keys: &Quantities) -> Quantities {
    let mut held = Quantities::new();
    for (key, orders) in double.orders().into_iter().filter(|(key, _)| keys.contains_key(key)) {
        assert_eq!(orders.len(), 1, "{key}");
        let lines = orders[0]["details"].as_array().expect("lines").iter();
        let quantity = |line: &Value| {
            let item = line["Item Number"].as_str().expect("an item").to_owned();
            (item, line["PO Details Quantity"].as_f64().expect("a number"))
        };
        held.insert(key, lines.map(quantity).collect());
    }
    held
}

fn line_ids(double: &Double, key: &str) -> BTreeMap<String, Value> {
    let lines = double.orders()[key][0]["details"].as_array().expect("lines").clone();
    let id = |line: Value| (line["Item Number"].to_string(), line["id"].clone());
    lines.into_iter().map(id).collect()
}

/// How often a write of that kind took effect on each order.
fn effects(double: &Double, kind: &str) -> BTreeMap<String, u32> {
    let mut effects = BTreeMap::new();
    for entry in double.journal() {
        let is_one = entry["kind"] == kind || entry["of_kind"] == kind;
        if is_one && entry["effect"] == "applied" {
            *effects.entry(entry["key"].as_str().expect("a key").to_owned()).or_default() += 1;
        }
    }
    effects
}

#[test]
fn an_order_is_replaced_as_often_as_its_content_changes() {
    let double = Double::calm();
    let place = ready(&double);
    let before = line_ids(&double, "PO-2026-0001");
    let ended = place.run(&REPLACE).with_status(0);
    assert_eq!((ended.count("accepted"), ended.count("applied")), (7, 7), "{ended:#?}");
    assert_eq!(held(&double, &wished(REPLACED)), wished(REPLACED));
    let after = line_ids(&double, "PO-2026-0001");
    assert_eq!(after.len(), before.len() - 1, "one line is left out");
    assert!(after.iter().all(|(item, id)| before[item] == *id), "{before:?} {after:?}");

    let again = place.run(&REPLACE).with_status(0);
    assert_eq!((again.count("applied"), again.count("attempts")), (7, 0), "{again:#?}");

    let other = REPLACED.replace(",SF-100,5,1.55,", ",SF-100,77,1.55,");
    assert_ne!(other, REPLACED, "the example has changed");
    // The third time says what the first one said, and is no repeat of it.
    for (text, attempts) in [(&other[..], 1), (REPLACED, 1), (REPLACED, 0)] {
        place.write("replace.csv", text);
        let ended = place.run(&REPLACE).with_status(0);
        assert_eq!((ended.count("applied"), ended.count("attempts")), (7, attempts), "{ended:#?}");
        assert_eq!(held(&double, &wished(text)), wished(text));
    }
    assert_eq!(double.effects(), BTreeMap::new(), "nothing was created");
}

#[test]
fn what_is_not_there_cannot_be_replaced_and_need_not_be_deleted() {
    let double = Double::calm();
    let place = ready(&double);
    place.write("replace.csv", &REPLACED.replace("PO-2026-0001", "PO-2026-8001"));
    let ended = place.run(&[&REPLACE[..], &["--rejects", "refused.csv"]].concat()).with_status(1);
    assert_eq!((ended.count("applied"), ended.count("rejected")), (6, 1), "{ended:#?}");
    assert_eq!(ended.json()["codes"], json!({ "ledger.none_to_replace": 1 }), "{ended:#?}");
    let refused = place.read("refused.csv");
    assert!(refused.contains("none with this key to be replaced"), "{refused}");

    let ended = place.run(&DELETE).with_status(0);
    let counts = ["accepted", "applied", "existing"].map(|state| ended.count(state));
    assert_eq!(counts, [8, 7, 1], "{ended:#?}");
    let left = double.orders();
    assert!(DELETED.lines().all(|key| !left.contains_key(key)), "{left:?}");
    let again = place.run(&DELETE).with_status(0);
    assert_eq!((again.count("accepted"), again.count("attempts")), (8, 0), "{again:#?}");
}

#[test]
fn no_file_is_taken_for_a_replace_or_a_delete_by_its_columns() {
    let double = Double::calm();
    let place = ready(&double);
    for file in ["replace.csv", "delete.csv"] {
        place.run(&["deliver", file, "--to", "knosc", "--dry-run", "--json"]);
    }
    let other =
        place.run(&["deliver", "delete.csv", "--to", "knosc", "--resource", "order-delete"]);
    other.with_status(2).says(&["purchase-order-delete", "purchase-order-replace"]);
    let ended = place.run(&["deliver", "replace.csv", "--to", "knosc", "--json"]).with_status(1);
    assert_eq!((ended.count("rejected"), ended.count("attempts")), (7, 0), "{ended:#?}");
    assert_eq!((effects(&double, "replace").len(), effects(&double, "delete").len()), (0, 0));
}

#[test]
fn a_storm_leaves_the_content_of_the_file_and_nothing_that_was_to_go() {
    let place = Place::new();
    place.write("replace.csv", REPLACED);
    place.write("delete.csv", DELETED);
    for (command, writes) in [(REPLACE, 7), (DELETE, 8)] {
        for seed in ["5", "6"] {
            let further = ["--sandbox", "storm", "--seed", seed];
            let arguments = [&command[..], &further].concat();
            let running = Running::start(&mut place.program(&arguments));
            let ended = running.end_within(Duration::from_secs(300)).with_status(0);
            let done = ["applied", "confirmed", "existing"].map(|state| ended.count(state));
            assert_eq!(done.iter().sum::<u64>(), writes, "{ended:#?}");
            let clean = json!({"doubled": 0, "lost": 0, "false": 0, "early": 0});
            assert_eq!(ended.json()["audit"], clean, "{ended:#?}");
        }
    }
}

/// Kills a command again and again while answers are lost and writes are late, then lets it end.
#[track_caller]
fn survives_being_killed(
    double: &Double,
    place: &Place,
    command: &[&str],
    kind: &str,
    writes: u64,
) {
    let sometimes = |probability: f64| json!({ "kind": kind, "probability": probability });
    double.faults(json!([
        {"on": sometimes(0.08), "do": {"kind": "commit_then_reset"}},
        {"on": sometimes(0.08), "do": {"kind": "reset_before_commit"}},
        {"on": sometimes(0.08), "do": {"kind": "late_commit", "after_ms": 600}},
    ]));
    let command = [command, &["--rate", "20"]].concat();
    let mut kills = 0;
    for moment_ms in [500, 900, 700, 1_100] {
        let mut running = Running::start(&mut place.program(&command));
        let ended = running.wait(Duration::from_millis(moment_ms));
        running.kill();
        kills += u32::from(ended.is_none());
    }
    assert!(kills >= 3, "killed {kills} times only");
    let ended = place.run(&command).with_status(0);
    let done = ["applied", "confirmed", "existing"].map(|state| ended.count(state));
    assert_eq!(done.iter().sum::<u64>(), writes, "{ended:#?}");
    double.rest();
}

#[test]
fn killed_again_and_again_every_order_is_replaced_and_then_deleted() {
    let double = Double::calm();
    let place = ready(&double);
    let (text, keys) = PURCHASE_ORDERS.head(60);
    place.write("orders.csv", &text);
    place.run(&["deliver", "orders.csv", "--to", "knosc", "--json"]).with_status(0);
    let others: BTreeSet<String> = double.orders().into_keys().collect();
    let here: Vec<&String> = keys.iter().filter(|key| others.contains(*key)).collect();
    assert_eq!(here.len(), 60);

    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let at = header.iter().position(|name| name == "PO Details Quantity").expect("a column");
    writer.write_record(&header).expect("memory");
    for row in reader.records() {
        let row = row.expect("a row");
        let more =
            |(n, cell): (usize, &str)| if n == at { format!("1{cell}") } else { cell.to_owned() };
        writer.write_record(row.iter().enumerate().map(more)).expect("memory");
    }
    let changed = String::from_utf8(writer.into_inner().expect("memory")).expect("UTF-8");
    place.write("replace.csv", &changed);
    survives_being_killed(&double, &place, &REPLACE, "replace", 60);
    assert_eq!(held(&double, &wished(&changed)), wished(&changed));

    place.write("delete.csv", &format!("PO List Number\n{}\n", keys.join("\n")));
    survives_being_killed(&double, &place, &DELETE, "delete", 60);
    let left: BTreeSet<String> = double.orders().into_keys().collect();
    let gone: BTreeSet<String> = others.difference(&left).cloned().collect();
    assert_eq!(gone, keys.iter().cloned().collect(), "these and no others");
    let twice: Vec<_> = effects(&double, "delete").into_iter().filter(|(_, n)| *n > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn what_a_run_of_the_api_held_back_is_seen_when_it_ends() {
    let double = Double::calm();
    let place = ready(&double);
    for (command, writes) in [(REPLACE, 7), (DELETE, 7)] {
        double.post("knosc/integration/start", &Value::Null);
        let mut running = Running::start(&mut place.program(&command));
        assert!(running.wait(Duration::from_secs(2)).is_none(), "it waits for the run");
        double.post("knosc/integration/finish", &Value::Null);
        let ended = running.end_within(Duration::from_secs(60)).with_status(0);
        assert_eq!((ended.count("confirmed"), ended.count("applied")), (writes, 0), "{ended:#?}");
    }
    let twice: Vec<_> = effects(&double, "delete").into_iter().filter(|(_, n)| *n > 1).collect();
    assert!(twice.is_empty() && double.orders().is_empty(), "{twice:?}");
}
