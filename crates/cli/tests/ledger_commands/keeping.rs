//! `prune`, `backup`, and looking while a delivery is running.

use std::time::Duration;

use serde_json::json;

use crate::double::Double;
use crate::orders;
use crate::place::{Place, Running};
use crate::prepared::{ledger, mistakes};

#[test]
fn what_is_finished_and_old_is_forgotten() {
    let place = mistakes();
    let young = ledger(&place, &["prune", "--older-than", "90d"]).with_status(0);
    assert!(young.out.contains("0 deliveries removed"), "{young:#?}");
    let foreseen = ledger(&place, &["prune", "--older-than", "0s", "--dry-run"]).with_status(0);
    for wanted in ["73 deliveries would be removed", "would send them again"] {
        assert!(foreseen.out.contains(wanted), "{wanted}: {foreseen:#?}");
    }
    assert_eq!(ledger(&place, &["list", "--json"]).out.lines().count(), 77);
    let pruned = ledger(&place, &["prune", "--older-than", "0s", "--json"]).with_status(0).json();
    assert_eq!((&pruned["removed"], &pruned["states"]["rejected"]), (&73.into(), &26.into()));
    let left = ledger(&place, &["list", "--json"]).with_status(0);
    assert_eq!(left.out.lines().count(), 4, "what is held waits for a person");
    for wrong in ["90", "3mo", "-5d", "soon"] {
        ledger(&place, &["prune", "--older-than", wrong]).with_status(2);
    }
}

#[test]
fn a_backup_is_a_ledger_that_only_its_owner_reads() {
    let place = mistakes();
    let made = ledger(&place, &["backup", "copy.db"]).with_status(0);
    assert!(made.out.starts_with("copy.db: 77 deliveries, "), "{made:#?}");
    ledger(&place, &["backup", "copy.db"]).with_status(2).says(&["is there already"]);
    ledger(&place, &["backup", "nowhere/copy.db"]).with_status(2).says(&["nowhere/copy.db"]);
    let listed = place.run(&["ledger", "--ledger", "copy.db", "list", "--json"]).with_status(0);
    assert_eq!(listed.out, ledger(&place, &["list", "--json"]).out);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = place.path("copy.db").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn looking_works_while_a_delivery_is_running_and_acting_does_not() {
    let double = Double::calm();
    let place = Place::with_settings(double.base_url());
    let keys = orders::keys(5);
    place.write("orders.csv", &orders::csv(&keys));
    double.faults(json!([{"on": {"kind": "create"}, "do": {"kind": "delay", "ms": 30000}}]));
    let deliver = ["deliver", "orders.csv", "--to", "knosc", "--quiet"];
    let mut running = Running::start(&mut place.program(&deliver));
    let status = || place.run(&["ledger", "status", "--json"]);
    // Until the first of them is on its way.
    let seen = loop {
        assert!(running.wait(Duration::from_millis(20)).is_none());
        let status = status();
        if status.status == Some(0) && status.json()["states"]["sending"] == 1 {
            break status.json();
        }
    };
    assert_eq!((&seen["states"]["waiting"], &seen["deliveries"]), (&4.into(), &5.into()));
    assert_eq!(seen["oldest_unfinished"]["key"], keys[0]);
    place.run(&["ledger", "list"]).with_status(0);
    place.run(&["ledger", "show", &keys[0]]).with_status(0);
    let copied = place.run(&["ledger", "backup", "copy.db", "--json"]).with_status(0);
    assert_eq!(copied.count("deliveries"), 5);
    for acting in [
        &["retry", "--all-held"][..],
        &["cancel", &keys[1]],
        &["resolve", &keys[0], "--applied", "--by", "ada"],
        &["prune", "--older-than", "1d"],
    ] {
        let refused = place.run(&[&["ledger"], acting].concat()).with_status(2);
        refused.says(&["in use by another process", "Looking at it meanwhile is fine"]);
    }
    running.kill();
    // What it was sending is for the next delivery to find out, not for a person.
    let cancelled = place.run(&["ledger", "cancel", &keys[0], &keys[1], "--json"]).with_status(1);
    assert_eq!(cancelled.count("cancelled"), 1);
    assert!(cancelled.out.contains("in doubt"), "{cancelled:#?}");
}
