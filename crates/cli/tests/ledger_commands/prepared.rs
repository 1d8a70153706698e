//! Places with a ledger in them.

use serde_json::{Value, json};

use crate::double::Double;
use crate::orders;
use crate::place::{Ended, Place};

/// The file with mistakes, and what a delivery of it leaves: 45 applied, 2 existing, 26 rejected, 4 held.
const MISTAKES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/purchase-orders-with-mistakes.csv");

/// A place where the file with mistakes was delivered to a double that is gone, into `l.db`.
pub(crate) fn mistakes() -> Place {
    let place = Place::new();
    std::fs::copy(MISTAKES, place.path("orders.csv")).unwrap();
    let deliver = ["deliver", "orders.csv", "--sandbox", "calm", "--ledger", "l.db", "--quiet"];
    place.run(&deliver).with_status(1);
    place
}

/// A double that still runs, and a place where four orders were delivered to it, into the usual ledger; each was sent,
/// and nobody knows what became of it.
pub(crate) fn unknown() -> (Double, Place, Vec<String>) {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(4);
    place.write("orders.csv", &orders::csv(&keys));
    double.faults(json!([{"on": {"kind": "create"}, "do": {"kind": "reset_before_commit"}}]));
    let ended =
        place.run(&["deliver", "orders.csv", "--to", "knosc", "--json", "--deadline", "6s"]);
    assert_eq!(ended.with_status(1).count("unknown"), 4);
    double.faults(json!([]));
    (double, place, keys)
}

/// Runs a `ledger` command over `l.db`.
pub(crate) fn ledger(place: &Place, arguments: &[&str]) -> Ended {
    let ended = place.run(&[&["ledger", "--ledger", "l.db"], arguments].concat());
    is_plain(&ended);
    ended
}

/// Every line of stdout as JSON.
pub(crate) fn records(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What is piped has no escape codes, and what people read is at most 80 columns wide.
fn is_plain(ended: &Ended) {
    assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{ended:#?}");
    let for_people = !ended.out.starts_with(['{', '[']) && !ended.out.starts_with("id,key,");
    for line in ended.out.lines().filter(|_| for_people) {
        assert!(line.chars().count() <= 80 || !line.trim().contains(' '), "too wide: {line}");
        assert_eq!(line.trim_end(), line, "spaces at the end");
    }
}
