//! Ctrl-C and SIGTERM: what is in flight ends, and the same command goes on.
#![cfg(unix)]

use std::time::Duration;

use serde_json::json;

use crate::double::Double;
use crate::orders;
use crate::place::{Place, Running};

const DELIVER: [&str; 7] = ["deliver", "orders.csv", "--to", "knosc", "--rate", "60", "--json"];

/// Waits until the double has seen so many creates.
fn creates_seen(double: &Double, count: usize) {
    for _ in 0..2_000 {
        if double.requests("create").len() >= count {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the double does not see {count} creates");
}

#[track_caller]
fn stops_gracefully_and_goes_on(signal: &str) {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(90);
    place.write("orders.csv", &orders::csv(&keys));
    let running = Running::start(&mut place.program(&DELIVER));
    creates_seen(&double, 20);
    running.signal(signal);
    let stopped = running.end().with_status(130);
    let done = stopped.count("applied");
    assert!((20..90).contains(&done), "{stopped:#?}");
    assert_eq!(done + stopped.count("waiting"), 90, "{stopped:#?}");
    assert_eq!(stopped.json()["sending"], json!(null), "nothing is in doubt: {stopped:#?}");
    assert_eq!(double.requests("create").len() as u64, done);
    assert_eq!(place.run(&DELIVER).with_status(0).count("applied"), 90);
    double.holds_exactly_once(&keys);
}

#[test]
fn sigterm_lets_what_is_in_flight_end() {
    stops_gracefully_and_goes_on("TERM");
}

#[test]
fn ctrl_c_lets_what_is_in_flight_end() {
    stops_gracefully_and_goes_on("INT");
}

#[test]
fn the_second_signal_cuts_and_the_next_run_finds_out() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(30);
    place.write("orders.csv", &orders::csv(&keys));
    double.faults(
        json!([{"on": {"kind": "create", "nth": 10}, "do": {"kind": "delay", "ms": 20000, "after": true}}]),
    );
    let running = Running::start(&mut place.program(&DELIVER));
    creates_seen(&double, 29);
    running.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    running.signal("TERM");
    let cut = running.end().with_status(130);
    assert!(cut.took < Duration::from_secs(15), "{cut:#?}");
    assert_eq!(cut.count("sending"), 1, "{cut:#?}");
    double.faults(json!([]));
    let done = place.run(&DELIVER).with_status(0);
    assert_eq!(done.count("applied") + done.count("existing"), 30, "{done:#?}");
    double.holds_exactly_once(&keys);
}

#[test]
fn stopped_before_anything_was_sent() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &orders::csv(&orders::keys(5)));
    double.faults(json!([{"on": {"kind": "read"}, "do": {"kind": "delay", "ms": 20000}}]));
    let mut running = Running::start(&mut place.program(&DELIVER));
    assert_eq!(running.wait(Duration::from_secs(1)), None, "it waits for the list");
    running.signal("INT");
    let stopped = running.end().with_status(130);
    stopped.says(&["stopped before anything was sent", "5 writes", "the same command goes on"]);
    assert!(stopped.took < Duration::from_secs(10), "{stopped:#?}");
    assert_eq!(double.requests("create").len(), 0);
}
