use serde_json::{Value, json};
use steadfast_call::dialect::{Dialect, Resource};

use super::{Audit, Auditor, Claim, Counts, Entry};

fn resource() -> Resource {
    Dialect::built_in("knosc").expect("ships with the crate").resource["purchase-order"].clone()
}

/// A create at an instant: what it did, and its key.
fn create(at_ms: u64, effect: &str, key: &str) -> Value {
    json!({"n": at_ms, "at_ms": at_ms, "done_ms": at_ms + 1, "method": "POST",
        "path": "/api/purchase-order", "status": 200, "effect": effect, "kind": "create",
        "key": key, "fault": null, "sent": "whole"})
}

/// The later effect of a create.
fn apply(at_ms: u64, key: &str) -> Value {
    let mut entry = create(at_ms, "applied", key);
    entry["kind"] = json!("apply");
    entry["of_kind"] = json!("create");
    entry
}

fn order(key: &str, quantity: &str) -> Value {
    let quantity: Value = serde_json::from_str(quantity).expect("a number");
    json!({"PO List Number": key, "Supplier Number": "S", "PO List Order Date": null,
        "details": [
            {"Item Number": "A", "PO Details Quantity": quantity},
            {"Item Number": "B", "PO Details Quantity": 1}]})
}

/// What the double shows of an order: more fields, other lines first.
fn held(key: &str, quantity: &str) -> Value {
    let mut record = order(key, quantity);
    record["id"] = json!(7);
    record["PO List Order Date"] = json!("2026-01-01");
    if let Some(lines) = record["details"].as_array_mut() {
        lines.reverse();
    }
    record
}

struct Case<'a> {
    journal: Vec<Value>,
    state: Value,
    claims: &'a [(&'a str, Option<Claim>)],
}

fn audit(case: Case<'_>) -> Audit {
    let mut auditor = Auditor::new(&resource());
    let entries: Vec<Entry> = case
        .journal
        .into_iter()
        .map(|entry| serde_json::from_value(entry).expect("an entry"))
        .collect();
    for page in entries.chunks(2) {
        auditor.journal(page);
    }
    auditor.state(&case.state, |key| Some(order(key, "2.50").to_string().into_bytes()));
    auditor.finish(case.claims.iter().copied())
}

fn counts(doubled: usize, lost: usize, false_claims: usize, early: usize) -> Counts {
    Counts { doubled, lost, false_claims, early }
}

#[test]
fn an_honest_delivery_is_clean() {
    use Claim::{Applied, Confirmed, Existing, Held, Queued, Rejected, Unknown};
    let case = Case {
        journal: vec![
            create(1, "applied", "A"),
            create(2, "queued", "C"),
            apply(30, "C"),
            create(4, "queued", "Q"),
            create(5, "queued", "D"),
            create(6, "none", "R"),
            create(7, "applied", "U"),
        ],
        state: json!({"locked": true, "order_count": 4,
            "orders": [held("A", "2.5"), held("C", "2.500"), held("E", "2.50"), held("U", "2.5")],
            "queue": [{"n": 4, "method": "POST", "path": "/api/purchase-order", "key": "Q"}],
            "failed": [{"n": 5, "method": "POST", "path": "/api/purchase-order", "key": "D"}],
            "users": [{"id": 1}]}),
        claims: &[
            ("A", Some(Applied)),
            ("C", Some(Confirmed)),
            ("E", Some(Existing)),
            ("Q", Some(Queued)),
            ("D", Some(Queued)),
            ("R", Some(Rejected)),
            ("H", Some(Held)),
            ("U", Some(Unknown)),
        ],
    };
    let audit = audit(case);
    assert!(audit.is_clean(), "{audit:?}");
}

#[test]
fn two_effects_of_one_write_are_doubled() {
    let two = held("A", "2.5");
    let case = Case {
        journal: vec![
            create(1, "applied", "A"),
            create(2, "applied", "A"),
            create(3, "queued", "B"),
            create(4, "applied", "B"),
            apply(5, "B"),
        ],
        state: json!({"orders": [two.clone(), two, held("B", "2.5"), held("B", "2.5")]}),
        claims: &[("A", Some(Claim::Applied)), ("B", Some(Claim::Applied))],
    };
    let audit = audit(case);
    assert_eq!(audit.counts(), counts(2, 0, 0, 0), "{audit:?}");
    assert_eq!(audit.doubled[0].text, "A: took effect 2 times, and the double holds 2 of it");
}

#[test]
fn a_write_made_again_after_a_delete_is_not_doubled() {
    let mut delete = create(2, "applied", "A");
    delete["method"] = json!("DELETE");
    delete["path"] = json!("/api/purchase-order/42");
    let case = Case {
        journal: vec![create(1, "applied", "A"), delete, create(3, "applied", "A")],
        state: json!({"orders": [held("A", "2.5")]}),
        claims: &[("A", Some(Claim::Applied))],
    };
    assert!(audit(case).is_clean());
}

#[test]
fn a_write_that_is_nowhere_and_has_no_end_is_lost() {
    let case = Case {
        journal: vec![create(1, "none", "A"), create(2, "applied", "B"), create(3, "queued", "C")],
        state: json!({"orders": [held("B", "2.5")],
            "queue": [{"method": "POST", "path": "/api/purchase-order", "key": "C"}]}),
        claims: &[("A", Some(Claim::Open)), ("B", Some(Claim::Open)), ("C", None), ("D", None)],
    };
    let audit = audit(case);
    assert_eq!(audit.counts(), counts(0, 2, 0, 0), "{audit:?}");
    let keys: Vec<_> = audit.lost.iter().filter_map(|f| f.natural_key.as_deref()).collect();
    assert_eq!(keys, ["A", "D"]);
}

#[test]
fn claims_that_the_double_contradicts_are_false() {
    use Claim::{Applied, Cancelled, Confirmed, Existing, Held, Queued, Rejected};
    let cases: &[(Claim, Vec<Value>, Value, &str)] = &[
        (Applied, vec![create(1, "none", "K")], json!({"orders": []}), "does not hold it"),
        (Applied, vec![], json!({"orders": [held("K", "2.5")]}), "had it before"),
        (
            Applied,
            vec![create(1, "applied", "K")],
            json!({"orders": [held("K", "2.51")]}),
            "lacks our entry 1",
        ),
        (Confirmed, vec![create(1, "queued", "K")], json!({}), "does not hold it"),
        (Existing, vec![], json!({"orders": [held("J", "2.5")]}), "does not hold it"),
        (Existing, vec![], json!({"orders": [held("K", "3")]}), "lacks our entry 1"),
        (
            Queued,
            vec![create(1, "queued", "K")],
            json!({"queue": []}),
            "neither in the double's queue",
        ),
        (
            Rejected,
            vec![create(1, "applied", "K")],
            json!({"orders": [held("K", "2.5")]}),
            "took effect",
        ),
        (Held, vec![create(1, "queued", "K"), apply(2, "K")], json!({}), "took effect"),
        (
            Cancelled,
            vec![create(1, "queued", "K")],
            json!({"queue": [{"method": "POST", "path": "/api/purchase-order", "key": "K"}]}),
            "waits in the double's queue",
        ),
    ];
    for (claim, journal, state, reason) in cases {
        let case =
            Case { journal: journal.clone(), state: state.clone(), claims: &[("K", Some(*claim))] };
        let audit = audit(case);
        assert_eq!(audit.counts(), counts(0, 0, 1, 0), "{claim} {journal:?}");
        let text = &audit.false_claims[0].text;
        assert!(text.contains(reason) && text.contains(&claim.to_string()), "{text}");
    }
}

#[test]
fn more_or_other_content_is_a_difference() {
    let changes: &[(&str, Value, &str)] = &[
        ("/Supplier Number", json!("T"), "Supplier Number is \"T\""),
        ("/details/0/Item Number", json!("X"), "lacks our entry 2"),
        ("/details", json!([]), "lacks our entry 1"),
    ];
    for (at, value, reason) in changes {
        let mut record = held("K", "2.5");
        *record.pointer_mut(at).expect("there") = value.clone();
        let case = Case {
            journal: vec![create(1, "applied", "K")],
            state: json!({"orders": [record]}),
            claims: &[("K", Some(Claim::Applied))],
        };
        let text = audit(case).false_claims.pop().expect(reason).text;
        assert!(text.contains(reason), "{text}");
    }
    let mut record = held("K", "2.5");
    record["details"].as_array_mut().expect("lines").push(json!({"Item Number": "C"}));
    let case = Case {
        journal: vec![create(1, "applied", "K")],
        state: json!({"orders": [record]}),
        claims: &[("K", Some(Claim::Applied))],
    };
    assert_eq!(audit(case).counts().false_claims, 1);
}

#[test]
fn hazard_66_dates_are_judged_as_instants_and_other_text_as_text() {
    let thredfi = Dialect::built_in("thredfi").expect("ships with the crate");
    let invoice = &thredfi.resource["invoice"];
    let sent = |at: &str| json!({ "memo": "2026-03-01", "sent_at": at });
    for (ours, theirs, same) in [
        ("2026-03-01T00:00:00.000Z", "2026-03-01T01:00:00+01:00", true),
        ("2026-03-01T00:00:00.000Z", "2026-03-01", true),
        ("2026-03-01T08:00:00.000Z", "2026-03-01", false),
        ("2026-03-01T00:00:00.000Z", "2026-03-01T00:00:00", false),
    ] {
        let found = super::content::difference(&sent(ours), &sent(theirs), invoice);
        assert_eq!(found.is_none(), same, "{ours} {theirs}: {found:?}");
    }
    let theirs = json!({ "memo": "2026-03-01T00:00:00Z", "sent_at": "2026-03-01T00:00:00Z" });
    let found = super::content::difference(&sent("2026-03-01"), &theirs, invoice).expect("memo");
    assert!(found.starts_with("memo is "), "{found}");
}

#[test]
fn an_attempt_before_its_own_hint_is_early() {
    let hinted = |at_ms: u64, key: &str| {
        let mut entry = create(at_ms, "none", key);
        entry["hint_until_ms"] = json!(at_ms + 1000);
        entry
    };
    let mut other_path = create(60, "none", "A");
    other_path["path"] = json!("/api/item-master");
    let mut read = create(70, "none", "A");
    read["method"] = json!("GET");
    let case = Case {
        journal: vec![
            hinted(10, "A"),
            create(50, "none", "B"), // another operation
            other_path,
            read,
            apply(80, "A"), // not an attempt
            create(11, "none", "Z"),
            create(500, "none", "A"), // early
            create(600, "none", "A"), // early still
            hinted(700, "C"),
            hinted(1699, "C"),         // early, with a hint of its own
            create(2700, "none", "C"), // in time
            hinted(3000, "D"),
            create(2999, "none", "D"), // on its way before the hint was given
        ],
        state: json!({"orders": []}),
        claims: &[],
    };
    let mut audit = audit(case);
    audit.doubled.clear();
    assert_eq!(audit.counts(), counts(0, 0, 0, 3), "{audit:?}");
    assert!(audit.early[0].text.contains("entry 500 came 510 ms before"), "{:?}", audit.early);
}

#[test]
fn counts_are_written_as_the_command_promises() {
    let text = serde_json::to_string(&counts(1, 2, 3, 4)).expect("JSON");
    assert_eq!(text, r#"{"doubled":1,"lost":2,"false":3,"early":4}"#);
    for state in [
        "staged",
        "waiting",
        "sending",
        "applied",
        "queued",
        "confirmed",
        "existing",
        "rejected",
        "unknown",
        "held",
        "cancelled",
    ] {
        assert!(state.parse::<Claim>().is_ok(), "{state}");
    }
    assert!("gone".parse::<Claim>().is_err());
}
