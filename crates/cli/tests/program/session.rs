//! Logging in, and everything that keeps us out.

use std::net::TcpListener;
use std::time::Duration;

use crate::double::Double;
use crate::orders;
use crate::place::{Ended, Place};

const DELIVER: [&str; 4] = ["deliver", "orders.csv", "--to", "knosc"];

fn deliver_as(double: &Double, username: &str) -> Ended {
    let place = Place::new();
    place.settings(double.base_url(), username);
    place.write("orders.csv", &orders::csv(&orders::keys(3)));
    place.run(&DELIVER)
}

#[test]
fn a_refused_login_is_tried_once() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &orders::csv(&orders::keys(3)));
    let mut command = place.program(&DELIVER);
    let refused = crate::place::Running::start(command.env("KNOSC_PASSWORD", "not-the-password"));
    let refused = refused.end().with_status(3);
    refused.says(&[
        "User.InvalidCredentials",
        "Check username and password",
        "once only",
        "Nothing was sent",
    ]);
    assert!(!refused.err.contains("not-the-password"), "{refused:#?}");
    assert_eq!(double.requests("login").len(), 1);
    assert_eq!(double.requests("create").len(), 0);
}

#[test]
fn a_second_factor_is_asked_for() {
    let double = Double::calm();
    let ended = deliver_as(&double, "totp@example.com").with_status(3);
    ended.says(&["second factor", "use an account for integrations"]);
    assert_eq!(double.requests("login").len(), 1);
}

#[test]
fn a_first_sign_in_has_to_be_done_by_a_person() {
    let double = Double::calm();
    let ended = deliver_as(&double, "new@example.com").with_status(3);
    ended.says(&["first password", "in a browser"]);
    assert_eq!(double.requests("login").len(), 1);
}

#[test]
fn a_user_without_the_privilege_has_every_order_rejected_with_the_reason() {
    let double = Double::calm();
    let ended = deliver_as(&double, "viewer@example.com").with_status(1);
    assert!(ended.out.contains("User.NotPrivileged"), "{ended:#?}");
    assert!(ended.out.contains("ask an administrator"), "{ended:#?}");
    double.holds_exactly_once(&[]);
}

#[test]
fn a_host_that_is_not_there_is_said_quickly() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let place = Place::with_settings(&format!("http://{address}/api"));
    place.write("orders.csv", &orders::csv(&orders::keys(3)));
    let ended = place.run(&DELIVER).with_status(3);
    ended.says(&[
        "could not be reached",
        &address.to_string(),
        "Check base_url",
        "Nothing was sent",
    ]);
    assert!(ended.took < Duration::from_secs(20), "{ended:#?}");
}

#[test]
fn a_wrong_path_in_the_base_url_is_named() {
    let double = Double::calm();
    let place = Place::with_settings(&double.base_url().replace("/api", "/elsewhere"));
    place.write("orders.csv", &orders::csv(&orders::keys(3)));
    place.run(&DELIVER).with_status(3).says(&["check base_url"]);
}

#[test]
fn an_order_that_is_held_for_the_login_goes_on_with_the_right_one() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(20);
    place.write("orders.csv", &orders::csv(&keys));
    // Half-way, every token is revoked, and from then on the login is refused.
    double.faults(serde_json::json!([
        {"on": {"kind": "create", "nth": 8}, "do": {"kind": "revoke"}},
        {"on": {"kind": "login", "from": 2}, "do": {"kind": "status", "status": 401,
            "headers": {"Content-Type": "application/json"},
            "body": "{\"Message\":\"Invalid username or password.\",\"Code\":\"User.InvalidCredentials\"}"}}
    ]));
    let mut arguments = DELIVER.to_vec();
    arguments.extend(["--json", "--concurrency", "2"]);
    let kept_out = place.run(&arguments).with_status(1);
    assert_eq!(kept_out.count("applied") + kept_out.count("held"), 20, "{kept_out:#?}");
    assert!(kept_out.count("held") >= 12, "{kept_out:#?}");
    assert_eq!(double.requests("login").len(), 2, "one good login, one refused");
    double.faults(serde_json::json!([]));
    assert_eq!(place.run(&arguments).with_status(0).count("applied"), 20);
    double.holds_exactly_once(&keys);
}
