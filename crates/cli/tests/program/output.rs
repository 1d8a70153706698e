//! What is printed: for machines, for people, and for nobody.

use serde_json::Value;

use crate::double::Double;
use crate::orders::{self, HEADER, line};
use crate::place::{PASSWORD, Place};

const ESCAPE: char = '\u{1b}';

#[test]
fn the_last_line_of_json_has_the_documented_shape() {
    let place = Place::new();
    place.write("orders.csv", &orders::csv(&orders::keys(5)));
    let ended = place.run(&["deliver", "orders.csv", "--sandbox", "calm", "--json"]).with_status(0);
    assert_eq!(ended.out.lines().count(), 1, "{ended:#?}");
    assert_eq!(ended.err, "");
    let line = ended.json();
    let names: Vec<&str> =
        line.as_object().expect("an object").keys().map(String::as_str).collect();
    let wanted = [
        "accepted",
        "applied",
        "queued",
        "confirmed",
        "existing",
        "rejected",
        "unknown",
        "held",
        "attempts",
        "elapsed_s",
        "audit",
    ];
    assert_eq!(names, wanted);
    let audit = r#""audit":{"doubled":0,"lost":0,"false":0,"early":0}}"#;
    assert!(ended.out.trim_end().ends_with(audit), "{ended:#?}");
    assert!(ended.out.starts_with(r#"{"accepted":5,"applied":5,"queued":0,"#), "{ended:#?}");
    assert!(line["elapsed_s"].as_f64().is_some_and(|seconds| seconds > 0.0), "{line}");
}

#[test]
fn without_a_double_to_ask_there_is_no_audit_and_refusals_have_their_codes() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write(
        "orders.csv",
        &format!("{HEADER}{}X,Open,SUP-1,WIDGET-99,WH-1,2\n", line("O-1", "1")),
    );
    let line = place.run(&["deliver", "orders.csv", "--json"]).with_status(1).json();
    assert_eq!(line["audit"], Value::Null);
    assert_eq!(line["codes"]["ItemMaster.NotFound"], 1);
}

#[test]
fn quiet_says_what_became_of_it_and_nothing_else() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &orders::csv(&orders::keys(5)));
    let ended = place.run(&["deliver", "orders.csv", "--quiet"]).with_status(0);
    assert_eq!(ended.err, "");
    assert!(ended.out.contains("applied"), "{ended:#?}");
}

#[test]
fn piped_output_has_no_escape_codes_and_fits_a_page() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write(
        "orders.csv",
        &format!("{HEADER}{}X,Open,SUP-1,WIDGET-99,WH-1,2\n", line("P-1", "1")),
    );
    let ended = place.run(&["deliver", "orders.csv", "-v"]).with_status(1);
    assert!(!ended.out.contains(ESCAPE) && !ended.err.contains(ESCAPE), "{ended:#?}");
    let widest = ended.out.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 100, "{ended:#?}");
    assert!(ended.out.contains("ItemMaster.NotFound"), "{ended:#?}");
    assert!(ended.out.contains("create the item first"), "{ended:#?}");
}

#[test]
fn the_report_is_one_file_that_loads_nothing() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write(
        "orders.csv",
        &format!("{HEADER}{}X-9,Open,SUP-1,WIDGET-99,WH-1,2\n", line("Q-1", "1")),
    );
    let ended = place.run(&["deliver", "orders.csv", "--report", "report.html"]).with_status(1);
    assert!(ended.out.contains("report.html"), "{ended:#?}");
    let report = place.read("report.html");
    assert!(report.starts_with("<!DOCTYPE html>"), "{}", &report[..40]);
    assert!(report.contains("X-9") && report.contains("ItemMaster.NotFound"));
    for loads in ["<link", "src=\"http", "@import", "url(http"] {
        assert!(!report.contains(loads), "it loads something: {loads}");
    }
}

#[test]
fn the_password_and_the_tokens_are_in_nothing_that_is_written() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write(
        "orders.csv",
        &format!("{}X-9,Open,SUP-1,WIDGET-99,WH-1,2\n", orders::csv(&orders::keys(20))),
    );
    double.faults(serde_json::json!([
        {"on": {"kind": "create", "nth": 4}, "do": {"kind": "expire_access"}},
        {"on": {"kind": "create", "nth": 8}, "do": {"kind": "status", "status": 500, "body": "json"}}
    ]));
    let everything =
        ["deliver", "orders.csv", "--report", "r.html", "--rejects", "r.csv", "-vv", "--log-json"];
    let ended = place.run(&everything).with_status(1);
    assert!(ended.err.len() > 1_000, "it logs: {ended:#?}");
    // A token of the double is a JWT, whose head is always the same.
    let secrets = [PASSWORD, "eyJ"];
    for secret in secrets {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{secret}: {ended:#?}");
        for (path, bytes) in place.all_bytes() {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    assert!(place.path("state/steadfast/knosc.db").exists());
}

#[test]
fn log_lines_are_json_if_asked_for() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &orders::csv(&orders::keys(3)));
    let ended =
        place.run(&["deliver", "orders.csv", "--quiet", "--log-json", "-vv"]).with_status(0);
    assert!(ended.err.lines().count() >= 3, "{ended:#?}");
    for line in ended.err.lines() {
        let line: Result<Value, _> = serde_json::from_str(line);
        assert!(line.is_ok(), "{line:?} in {ended:#?}");
    }
}
