//! The same command again sends nothing twice.

use std::time::Duration;

use serde_json::json;

use crate::double::Double;
use crate::orders::{self, HEADER, line};
use crate::place::{Place, Running};

const DELIVER: [&str; 5] = ["deliver", "orders.csv", "--to", "knosc", "--json"];

fn creates(double: &Double) -> Vec<String> {
    let creates = double.requests("create");
    creates.iter().map(|entry| entry["key"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_same_command_twice_sends_nothing_twice() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(40);
    place.write("orders.csv", &orders::csv(&keys));
    assert_eq!(place.run(&DELIVER).with_status(0).count("applied"), 40);
    assert_eq!(creates(&double).len(), 40);
    let again = place.run(&DELIVER).with_status(0);
    assert_eq!((again.count("applied"), again.count("attempts")), (40, 0), "{again:#?}");
    assert_eq!(creates(&double).len(), 40);
    double.holds_exactly_once(&keys);
}

#[test]
fn a_corrected_file_is_delivered_only_where_it_was_rejected() {
    for check in [None, Some("--no-preflight")] {
        let double = Double::calm();
        let place = Place::with_settings(double.base_url());
        let arguments: Vec<&str> = DELIVER.into_iter().chain(check).collect();
        let wrong = "B-2,Open,SUP-1,WIDGET-99,WH-1,2\n";
        place.write("orders.csv", &format!("{HEADER}{}{wrong}", line("B-1", "1")));
        let first = place.run(&arguments).with_status(1);
        assert_eq!((first.count("applied"), first.count("rejected")), (1, 1), "{first:#?}");
        place.write("orders.csv", &format!("{HEADER}{}{}", line("B-1", "1"), line("B-2", "2")));
        let before = creates(&double).len();
        let second = place.run(&arguments).with_status(0);
        assert_eq!((second.count("applied"), second.count("rejected")), (2, 0), "{second:#?}");
        assert_eq!(creates(&double)[before..], ["B-2".to_owned()]);
    }
}

#[test]
fn a_changed_order_that_was_applied_is_refused_with_the_differences() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let write = |quantity| {
        place
            .write("orders.csv", &format!("{HEADER}{}{}", line("C-1", quantity), line("C-2", "7")));
    };
    write("1.5");
    place.run(&DELIVER).with_status(0);
    write("9.25");
    let changed = place.run(&DELIVER).with_status(1);
    assert_eq!((changed.count("applied"), changed.count("rejected")), (1, 1), "{changed:#?}");
    let told = place.run(&["deliver", "orders.csv", "--report", "r.html", "--rejects", "r.csv"]);
    let told = told.with_status(1);
    for text in [&told.out, &place.read("r.html"), &place.read("r.csv")] {
        assert!(text.contains("1.5") && text.contains("9.25"), "not the two values: {text}");
    }
    assert_eq!(creates(&double).len(), 2);
    // The content that was applied is still what the file may say.
    write("1.5");
    assert_eq!(place.run(&DELIVER).with_status(0).count("applied"), 2);
    assert_eq!(creates(&double).len(), 2);
}

#[test]
fn the_same_content_in_another_order_is_the_same() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &format!("{HEADER}{}{}", line("D-1", "1.50"), line("D-2", "3")));
    place.run(&DELIVER).with_status(0);
    // Columns and rows moved about, another separator, CRLF, a number written otherwise.
    let moved = "PO Details Quantity;Item Number;PO List Number;Warehouse Number;Supplier Number;PO List Document Status\r\n\
                 3;ITEM-A;D-2;WH-1;SUP-1;Open\r\n1.5;ITEM-A;D-1;WH-1;SUP-1;Open\r\n";
    place.write("orders.csv", moved);
    let again = place.run(&DELIVER).with_status(0);
    assert_eq!((again.count("applied"), again.count("attempts")), (2, 0), "{again:#?}");
    assert_eq!(creates(&double).len(), 2);
}

#[test]
fn more_orders_in_the_file_are_sent_and_no_others() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(30);
    place.write("orders.csv", &orders::csv(&keys[..10]));
    place.run(&DELIVER).with_status(0);
    place.write("orders.csv", &orders::csv(&keys));
    let more = place.run(&DELIVER).with_status(0);
    assert_eq!((more.count("applied"), more.count("attempts")), (30, 20), "{more:#?}");
    double.holds_exactly_once(&keys);
}

#[test]
fn orders_that_somebody_else_entered_meanwhile_are_not_doubled() {
    let double = Double::calm();
    let (ours, theirs) =
        (Place::with_settings(double.base_url()), Place::with_settings(double.base_url()));
    let keys = orders::keys(10);
    theirs.write("orders.csv", &orders::csv(&keys[..4]));
    theirs.run(&DELIVER).with_status(0);
    ours.write("orders.csv", &orders::csv(&keys));
    let ended = ours.run(&DELIVER).with_status(0);
    assert_eq!((ended.count("existing"), ended.count("applied")), (4, 6), "{ended:#?}");
    double.holds_exactly_once(&keys);
}

#[test]
fn what_another_login_left_in_doubt_is_not_sent_with_this_one() {
    let (first, second) = (Double::calm(), Double::calm());
    let place = Place::with_settings(first.base_url());
    let (old, new) = (orders::keys(30), vec!["NEW-1".to_owned()]);
    place.write("orders.csv", &orders::csv(&old));
    first.faults(json!([
        {"on": {"kind": "create"}, "do": {"kind": "delay", "ms": 20000}}
    ]));
    let mut running = Running::start(&mut place.program(&DELIVER));
    assert!(running.wait(Duration::from_millis(1_500)).is_none());
    running.kill();
    // The settings now name another Knosc, whose ledger is the same file.
    place.settings(second.base_url(), "ada@example.com");
    place.write("orders.csv", &orders::csv(&new));
    place.run(&DELIVER).with_status(0);
    second.holds_exactly_once(&new);
}

#[test]
fn what_was_in_doubt_is_found_out_after_its_deadline_too() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(8);
    place.write("orders.csv", &orders::csv(&keys));
    // The first write is in effect, and its answer does not come.
    double.faults(json!([
        {"on": {"kind": "create"}, "do": {"kind": "delay", "ms": 20000, "after": true}}
    ]));
    let arguments = [&DELIVER[..], &["--deadline", "5s"]].concat();
    let mut running = Running::start(&mut place.program(&arguments));
    assert!(running.wait(Duration::from_millis(1_000)).is_none());
    running.kill();
    double.faults(json!([]));
    std::thread::sleep(Duration::from_millis(4_500));
    let ended = place.run(&arguments).with_status(0);
    assert_eq!(ended.count("applied"), 8, "{ended:#?}");
    double.holds_exactly_once(&keys);
}
