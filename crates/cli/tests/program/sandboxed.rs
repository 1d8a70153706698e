//! `--sandbox`: a double in the same process, and a ledger that is as fresh as its world.

use serde_json::json;

use crate::orders;
use crate::place::Place;

const SANDBOXED: [&str; 4] = ["deliver", "orders.csv", "--sandbox", "calm"];

fn with_orders(count: usize) -> Place {
    let place = Place::new();
    place.write("orders.csv", &orders::csv(&orders::keys(count)));
    place
}

#[test]
fn it_needs_no_settings_and_leaves_nothing_behind() {
    let place = with_orders(25);
    let ended = place.run(&[&SANDBOXED[..], &["--json"]].concat()).with_status(0);
    assert_eq!(ended.count("applied"), 25);
    assert_eq!(ended.json()["audit"], json!({"doubled": 0, "lost": 0, "false": 0, "early": 0}));
    assert!(place.left_over().is_empty(), "{:?}", place.left_over());
    assert!(!place.path("state").exists(), "the user's own ledger is not touched");
}

#[test]
fn a_ledger_that_holds_deliveries_is_refused() {
    let place = with_orders(3);
    let named = [&SANDBOXED[..], &["--ledger", "l.db"]].concat();
    place.run(&named).with_status(0);
    place.run(&named).with_status(2).says(&[
        "l.db",
        "holds deliveries already",
        "steadfast sandbox",
    ]);
}

#[test]
fn a_rough_day_ends_well() {
    let place = with_orders(150);
    let rough = ["deliver", "orders.csv", "--sandbox", "rough-day", "--seed", "7", "--json"];
    let ended = place.run(&rough).with_status(0);
    assert_eq!((ended.count("unknown"), ended.count("held")), (0, 0), "{ended:#?}");
    assert_eq!(ended.json()["audit"], json!({"doubled": 0, "lost": 0, "false": 0, "early": 0}));
}

#[test]
fn files_that_fit_no_api_say_so() {
    let place = Place::new();
    place.write("orders.csv", "furniture,colour\nTable,red\n");
    place.run(&SANDBOXED).with_status(2).says(&["fit no resource", "--to"]);
    place
        .run(&[&SANDBOXED[..], &["--to", "nobody"]].concat())
        .with_status(2)
        .says(&["nobody", "knosc"]);
}
