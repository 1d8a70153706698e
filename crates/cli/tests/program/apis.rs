//! Every API with a double, from its example file: checked before sending, refused input given back,
//! a report, and killed in the middle without a loss or a double.

use std::time::Duration;

use serde_json::json;

use crate::double::Double;
use crate::example::{
    CUSTOMERS, Example, FORECASTS, INVENTORY, INVOICES, PAYMENTS, RUNS, WORK_ORDERS,
};
use crate::place::{Place, Running};

const VALUE: &str = "input.value_invalid";

/// What goes wrong with a file of one API, and what is said about it.
struct Mistake {
    /// What stands in one of the first writes of the example, and what is put in its place.
    cell: (&'static str, &'static str),
    /// What a check before sending says of it.
    said: &'static str,
    code: &'static str,
}

fn ready(example: &Example, double: &Double) -> Place {
    let place = Place::new();
    place.write("steadfast.toml", &double.settings(example.api));
    place
}

fn arguments<'a>(example: &Example, further: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["deliver", example.file, "--to", example.api, "--json"];
    arguments.extend(example.arguments);
    arguments.extend(further);
    arguments
}

/// Keys that are not there from the start.
fn fresh(example: &Example, double: &Double, keys: &[String]) -> Vec<String> {
    let before = double.get("state").to_string();
    let is_new = |key: &&String| !before.contains(&format!("\"{key}\""));
    let fresh: Vec<String> = keys.iter().filter(is_new).cloned().collect();
    assert!(!fresh.is_empty(), "{example:?}");
    fresh
}

#[track_caller]
fn one_mistake_is_found_before_anything_is_sent(example: Example, mistake: &Mistake) {
    let double = Double::of(example.api, &[]);
    let place = ready(&example, &double);
    let (text, keys) = example.head(6);
    let wrong = text.replace(mistake.cell.0, mistake.cell.1);
    assert_ne!(text, wrong, "the example has changed");
    place.write(example.file, &wrong);
    let tried = place.run(&arguments(&example, &["--dry-run"])).with_status(1);
    assert_eq!(tried.count("rejected"), 1, "{tried:#?}");
    assert!(double.requests("create").is_empty(), "a rehearsal sends nothing");

    let further = ["--rejects", "refused", "--report", "report.html"];
    let ended = place.run(&arguments(&example, &further)).with_status(1);
    assert_eq!((ended.count("accepted"), ended.count("rejected")), (6, 1), "{ended:#?}");
    assert_eq!(ended.json()["codes"], json!({ mistake.code: 1 }), "{ended:#?}");
    for file in ["refused", "report.html"] {
        let told = place.read(file);
        assert!(told.contains(mistake.said), "{file} does not say {}:\n{told}", mistake.said);
    }
    let refused = place.read("refused").replace(mistake.cell.1, mistake.cell.0);
    place.write(example.file, &refused);
    let corrected = place.run(&arguments(&example, &[])).with_status(0);
    assert_eq!(corrected.count("applied"), corrected.count("accepted"), "{corrected:#?}");
    place.write(example.file, &text);
    let all = place.run(&arguments(&example, &[])).with_status(0);
    assert_eq!((all.count("accepted"), all.count("attempts")), (6, 0), "{all:#?}");
    let effects = double.effects_on(example.kind);
    assert!(
        effects.values().all(|times| *times == 1) && effects.len() <= keys.len(),
        "{effects:?}"
    );
}

/// Killed again and again while answers are lost, each write is there exactly once in the end.
#[track_caller]
fn survives_being_killed(example: Example, writes: usize) {
    let double = Double::of(example.api, &[]);
    let place = ready(&example, &double);
    let (text, keys) = example.head(writes);
    place.write(example.file, &text);
    let fresh = fresh(&example, &double, &keys);
    let sometimes = |probability: f64| json!({ "kind": "create", "probability": probability });
    double.faults(json!([
        {"on": sometimes(0.06), "do": {"kind": "commit_then_reset"}},
        {"on": sometimes(0.06), "do": {"kind": "reset_before_commit"}},
        {"on": sometimes(0.06), "do": {"kind": "late_commit", "after_ms": 600}},
    ]));
    let command = arguments(&example, &["--rate", "20"]);
    let mut kills = 0;
    for moment_ms in [500, 900, 700, 1_100, 4_000] {
        let mut running = Running::start(&mut place.program(&command));
        let ended = running.wait(Duration::from_millis(moment_ms));
        running.kill();
        kills += u32::from(ended.is_none());
    }
    assert!(kills >= 4, "killed {kills} times only");
    let ended = place.run(&command).with_status(0);
    let accounted = ["applied", "confirmed", "existing"].map(|state| ended.count(state));
    assert_eq!(accounted.iter().sum::<u64>(), writes as u64, "{ended:#?}");
    double.rest();
    let effects = double.effects_on(example.kind);
    let wrong: Vec<_> = fresh.iter().filter(|key| effects.get(*key) != Some(&1)).collect();
    assert!(wrong.is_empty(), "{wrong:?}: {effects:?}");
    assert_eq!(effects.len(), fresh.len(), "something else was created: {effects:?}");
    let audit = double.get("audit");
    assert_eq!((&audit["doubled"], &audit["early"]), (&json!([]), &json!([])), "{audit}");
}

#[test]
fn work_orders_of_operations1() {
    one_mistake_is_found_before_anything_is_sent(
        WORK_ORDERS,
        &Mistake { cell: ("12;24", "12;77"), said: "Users not found: 77", code: "PG6" },
    );
}

#[test]
fn work_orders_of_operations1_while_being_killed() {
    survives_being_killed(WORK_ORDERS, 60);
}

#[test]
fn customers_of_thredfi() {
    one_mistake_is_found_before_anything_is_sent(
        CUSTOMERS,
        &Mistake {
            cell: ("GB165954144,true", "GB165954144,often"),
            said: "neither true nor false",
            code: VALUE,
        },
    );
}

#[test]
fn customers_of_thredfi_while_being_killed() {
    survives_being_killed(CUSTOMERS, 60);
}

#[test]
fn invoices_of_thredfi() {
    let said = "Customers not found: CUST-99";
    one_mistake_is_found_before_anything_is_sent(
        INVOICES,
        &Mistake { cell: ("CUST-17", "CUST-99"), said, code: "validation_error" },
    );
}

#[test]
fn invoices_of_thredfi_while_being_killed() {
    survives_being_killed(INVOICES, 60);
}

#[test]
fn payments_of_thredfi() {
    let said = "Invoices not found: 44444444-4444-4444-8444-000000000999";
    let cell = ("44444444-4444-4444-8444-000000000052", "44444444-4444-4444-8444-000000000999");
    let mistake = Mistake { cell, said, code: "validation_error" };
    one_mistake_is_found_before_anything_is_sent(PAYMENTS, &mistake);
}

#[test]
fn payments_of_thredfi_while_being_killed() {
    survives_being_killed(PAYMENTS, 60);
}

#[test]
fn inventory_of_knosc() {
    let said = "Items not in Item Master: WIDGET-99";
    let mistake = Mistake { cell: ("BRG-1025", "WIDGET-99"), said, code: "ItemMaster.NotFound" };
    one_mistake_is_found_before_anything_is_sent(INVENTORY, &mistake);
}

#[test]
fn inventory_of_knosc_while_being_killed() {
    survives_being_killed(INVENTORY, 60);
}

#[test]
fn forecasts_of_knosc() {
    let said = "Items not in Item Master: WIDGET-99";
    let mistake = Mistake { cell: ("CHM-5003", "WIDGET-99"), said, code: "ItemMaster.NotFound" };
    one_mistake_is_found_before_anything_is_sent(FORECASTS, &mistake);
}

#[test]
fn forecasts_of_knosc_while_being_killed() {
    survives_being_killed(FORECASTS, 60);
}

#[test]
fn runs_of_kneo() {
    let cell = ("RUN-2026-0001\"", "RUN-2026-0001 \"");
    let mistake = Mistake { cell, said: "has a space before or after it", code: VALUE };
    one_mistake_is_found_before_anything_is_sent(RUNS, &mistake);
}

#[test]
fn runs_of_kneo_while_being_killed() {
    survives_being_killed(RUNS, 60);
}

const CUSTOMERS_OF_TWO: &str = "external_id,company_name,email\nSAME-1,Ash Ltd,a@ash.example.com\nSAME-2,Elm Ltd,b@elm.example.com\n";
const FIRST: &str = "22222222-2222-4222-8222-222222222222";
const SECOND: &str = "22222222-2222-4222-8222-000000000002";

#[test]
fn one_number_in_two_businesses_is_two_customers() {
    let double = Double::of("thredfi", &[]);
    let place = ready(&CUSTOMERS, &double);
    let rows = ["SAME-1,Ash Ltd", "SAME-2,Elm Ltd"];
    let of = |business: &str| rows.map(|row| format!("{business},{row}\n")).concat();
    let text = format!("business_id,external_id,company_name\n{}{}", of(FIRST), of(SECOND));
    place.write(CUSTOMERS.file, &text);
    let ended = place.run(&arguments(&CUSTOMERS, &[])).with_status(0);
    assert_eq!((ended.count("accepted"), ended.count("applied")), (4, 4), "{ended:#?}");
    let again = place.run(&arguments(&CUSTOMERS, &[])).with_status(0);
    assert_eq!((again.count("applied"), again.count("attempts")), (4, 0), "{again:#?}");
    assert_eq!(double.effects_on("customers")["SAME-1"], 2, "one in each business");
}

#[test]
fn whose_it_is_may_be_said_for_the_whole_file() {
    let double = Double::of("thredfi", &[]);
    let place = ready(&CUSTOMERS, &double);
    place.write(CUSTOMERS.file, CUSTOMERS_OF_TWO);
    let command = arguments(&CUSTOMERS, &["--resource", "customer"]);
    let nobody = place.run(&command).with_status(2);
    nobody.says(&["business_id", "--set business_id=", "the settings"]);

    let set = format!("business_id={FIRST}");
    let set = [&command[..], &["--set", &set]].concat();
    assert_eq!(place.run(&set).with_status(0).count("applied"), 2);

    let settings = double.settings("thredfi");
    place.write("steadfast.toml", &format!("{settings}business_id = \"{FIRST}\"\n"));
    let again = place.run(&command).with_status(0);
    assert_eq!((again.count("applied"), again.count("attempts")), (2, 0), "{again:#?}");
    let other = place.run(&[&command[..], &["--set", "tenant=7"]].concat()).with_status(2);
    other.says(&["--set tenant", "business_id"]);
}
