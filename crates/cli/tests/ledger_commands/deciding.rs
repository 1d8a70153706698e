//! `retry`, `cancel` and `resolve`, and what the next delivery makes of them.

use crate::double::Double;
use crate::orders::{HEADER, line};
use crate::place::{Ended, Place};
use crate::prepared::{ledger, mistakes, unknown};

const DELIVER: [&str; 5] = ["deliver", "orders.csv", "--to", "knosc", "--json"];

fn state_of(place: &Place, key: &str) -> String {
    let shown = place.run(&["ledger", "show", key, "--json"]).with_status(0).json();
    shown["state"].as_str().unwrap().to_owned()
}

fn creates(double: &Double, key: &str) -> usize {
    double.requests("create").iter().filter(|entry| entry["key"] == key).count()
}

#[test]
fn a_persons_answer_decides_what_the_next_delivery_sends() {
    let (double, place, keys) = unknown();
    let [applied, absent, retried, left] = keys.as_slice() else { panic!("four keys") };
    let shown = place.run(&["ledger", "show", left]).with_status(0);
    for wanted in ["unknown: sent, and nobody can say", "ledger resolve 4", "nobody can"] {
        assert!(shown.out.contains(wanted), "{wanted}: {shown:#?}");
    }

    let said = ["ledger", "resolve", applied, "--applied", "--by", "ada", "--note", "I see it"];
    let said = place.run(&said).with_status(0);
    assert!(said.out.contains("is applied by the word of ada"), "{said:#?}");
    let mut by_user = place.program(&["ledger", "resolve", absent, "--not-applied"]);
    let by_user = crate::place::Running::start(by_user.env("USER", "grace")).end().with_status(0);
    assert!(by_user.out.contains("is held by the word of grace"), "{by_user:#?}");
    let warned = place.run(&["ledger", "retry", retried]).with_status(0);
    warned.says(&["warning: 1 of them had been sent", "ledger resolve"]);
    assert!(warned.out.contains("deliver orders.csv again"), "{warned:#?}");
    assert_eq!(state_of(&place, applied), "applied");
    assert_eq!(state_of(&place, absent), "held");
    assert_eq!(state_of(&place, retried), "waiting");

    // Kept with the name, and shown.
    let shown = place.run(&["ledger", "show", applied]).with_status(0);
    for wanted in [
        "in effect, by the word of ada",
        "said to be in effect by ada: I see it",
        "it was unknown:",
    ] {
        assert!(shown.out.contains(wanted), "{wanted}: {shown:#?}");
    }
    let shown = place.run(&["ledger", "show", absent, "--json"]).with_status(0).json();
    assert_eq!(
        (&shown["acts"][0]["by"], &shown["acts"][0]["was"]),
        (&"grace".into(), &"unknown".into())
    );

    let before: Vec<usize> = keys.iter().map(|key| creates(&double, key)).collect();
    let again = place.run(&DELIVER).with_status(1);
    assert_eq!((again.count("applied"), again.count("unknown")), (3, 1), "{again:#?}");
    let sent: Vec<usize> =
        keys.iter().zip(before).map(|(key, n)| creates(&double, key) - n).collect();
    assert_eq!(sent, [0, 1, 1, 0]);
    double.holds_exactly_once(&[absent.clone(), retried.clone()]);
}

#[test]
fn what_is_retried_is_checked_before_it_is_sent() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let text = format!("{HEADER}{}R-2,Open,SUP-1,WIDGET-99,WH-1,1\n", line("R-1", "1"));
    place.write("orders.csv", &text);
    assert_eq!(place.run(&DELIVER).with_status(1).count("rejected"), 1);
    let retried = place.run(&["ledger", "retry", "--code", "*.NotFound", "--json"]).with_status(0);
    assert_eq!((retried.count("waiting"), retried.count("parked")), (1, 0));
    let again = place.run(&DELIVER).with_status(1);
    assert_eq!((again.count("applied"), again.count("rejected")), (1, 1), "{again:#?}");
    assert_eq!(creates(&double, "R-2"), 0, "the item is still not there");
    let reason = place.run(&["ledger", "show", "R-2", "--json"]).with_status(0).json();
    assert_eq!(reason["code"], "ItemMaster.NotFound");
    assert_eq!(reason["acts"][0]["act"], "retry");
}

#[test]
fn retry_chooses_by_state_and_code() {
    let place = mistakes();
    let count = |ended: &Ended| ended.count("waiting");
    let held = ledger(&place, &["retry", "--all-held", "--json"]).with_status(0);
    assert_eq!(count(&held), 4);
    let none = ledger(&place, &["retry", "--state", "held"]).with_status(0);
    assert!(none.out.contains("Nothing is there"), "{none:#?}");
    let found = ledger(&place, &["retry", "--code", "*.NotFound", "--json"]).with_status(0);
    assert_eq!(count(&found), 7);
    let keyed = ledger(&place, &["retry", "--key", "PO-2026-0900", "--json"]).with_status(0);
    assert_eq!(count(&keyed), 1);
    let status = ledger(&place, &["status", "--json"]).with_status(0).json();
    assert_eq!(
        (&status["states"]["waiting"], &status["states"]["rejected"]),
        (&12.into(), &18.into())
    );
    let words = ledger(&place, &["retry", "--code", "input.*"]).with_status(0);
    assert!(words.out.contains("stands in the file itself"), "{words:#?}");
}

#[test]
fn what_the_api_has_is_neither_retried_nor_withdrawn() {
    let place = mistakes();
    let retried = ledger(&place, &["retry", "1", "12"]).with_status(1);
    retried.says(&["delivery 1 is applied", "not sent again"]);
    assert!(retried.out.contains("1 delivery waits"), "the other one is: {retried:#?}");
    ledger(&place, &["cancel", "4"]).with_status(1).says(&["delivery 4 is existing"]);
    ledger(&place, &["resolve", "1", "--applied", "--by", "ada"])
        .with_status(1)
        .says(&["delivery 1 is applied", "only what is unknown"]);
    let refused = ledger(&place, &["retry", "1", "--json"]).with_status(1).json();
    assert_eq!(refused["refused"][0]["id"], 1);
}

#[test]
fn changed_content_of_an_applied_order_is_never_let_go() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    place.write("orders.csv", &format!("{HEADER}{}", line("C-1", "1")));
    place.run(&DELIVER).with_status(0);
    place.write("orders.csv", &format!("{HEADER}{}", line("C-1", "2")));
    place.run(&DELIVER).with_status(1);
    // Both have the key, so a key alone does not say which is meant.
    place.run(&["ledger", "retry", "C-1"]).with_status(2).says(&["any of these", "id:1", "id:2"]);
    let refused = place.run(&["ledger", "retry", "id:2"]).with_status(1);
    refused.says(&["ledger.changed_after_sending", "change the resource at the API itself"]);
    place.run(&["ledger", "retry", "--state", "rejected"]).with_status(1);
    assert_eq!(state_of(&place, "id:2"), "rejected");
    place.run(&DELIVER).with_status(1);
    assert_eq!(creates(&double, "C-1"), 1);
    let both = place.run(&["ledger", "show", "C-1", "--json"]).with_status(0);
    assert_eq!(both.out.lines().count(), 2, "a look shows both");
}

#[test]
fn what_is_withdrawn_stays_so_until_its_file_comes_again() {
    let place = mistakes();
    let cancelled = ledger(&place, &["cancel", "PO-2026-5021", "12"]).with_status(0);
    assert!(cancelled.out.contains("2 deliveries withdrawn."), "{cancelled:#?}");
    let again = ledger(&place, &["cancel", "12"]).with_status(0);
    assert!(again.out.contains("was withdrawn before"), "{again:#?}");
    let status = ledger(&place, &["status", "--json"]).with_status(0).json();
    assert_eq!(status["states"]["cancelled"], 2);
    let retried = ledger(&place, &["retry", "12", "--json"]).with_status(0);
    assert_eq!(retried.count("waiting"), 1);
}

#[test]
fn an_answer_needs_a_name() {
    let place = mistakes();
    // The tests' environment names no user.
    let nobody = ledger(&place, &["resolve", "1", "--applied"]).with_status(2);
    nobody.says(&["who says so?", "--by"]);
    for wrong in [
        &["resolve", "1"][..],
        &["resolve", "1", "--applied", "--not-applied"],
        &["resolve", "--applied"],
        &["retry"],
        &["cancel"],
        &["retry", "1", "--all-held"],
        &["list", "--state", "lost"],
    ] {
        ledger(&place, wrong).with_status(2);
    }
}
