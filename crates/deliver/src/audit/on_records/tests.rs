use serde_json::{Value, json};
use steadfast_call::dialect::Dialect;

use crate::audit::{Audit, Auditor, Claim, Counts, Entry};

/// A write to the record of a key, at an instant.
fn write(method: &str, at_ms: u64, effect: &str, key: &str) -> Value {
    json!({"n": at_ms, "at_ms": at_ms, "done_ms": at_ms + 1, "method": method, "key": key,
        "path": format!("/api/purchase-order/{at_ms}"), "effect": effect, "kind": "write"})
}

fn order(key: &str, supplier: &str) -> Value {
    json!({"PO List Number": key, "Supplier Number": supplier, "details": []})
}

fn audit(act: &str, journal: Vec<Value>, state: &Value, claims: &[(&str, Claim)]) -> Audit {
    let knosc = Dialect::built_in("knosc").expect("ships with the crate");
    let mut auditor = Auditor::new(&knosc.resource[&format!("purchase-order-{act}")]);
    let entries: Result<Vec<Entry>, _> = journal.into_iter().map(serde_json::from_value).collect();
    auditor.journal(&entries.expect("entries"));
    let ours = |key: &str| match act {
        "delete" => json!({ "PO List Number": key }),
        _ => order(key, "NEW"),
    };
    auditor.state(state, |key| Some(ours(key).to_string().into_bytes()));
    auditor.finish(claims.iter().map(|(key, claim)| (*key, Some(*claim))))
}

fn false_claims(audit: &Audit) -> Vec<&str> {
    audit.false_claims.iter().map(|finding| finding.text.as_str()).collect()
}

#[test]
fn a_replace_that_took_effect_twice_is_none_too_many() {
    let journal = vec![
        write("PUT", 1, "applied", "A"),
        write("PUT", 2, "applied", "A"),
        write("PUT", 3, "queued", "Q"),
        write("PUT", 4, "applied", "C"),
    ];
    let state = json!({"orders": [order("A", "NEW"), order("C", "NEW"), order("R", "OLD")],
        "queue": [{"n": 3, "method": "PUT", "path": "/api/purchase-order/3", "key": "Q"}]});
    let claims = [
        ("A", Claim::Applied),
        ("Q", Claim::Queued),
        ("C", Claim::Confirmed),
        ("R", Claim::Rejected),
    ];
    let audit = audit("replace", journal, &state, &claims);
    assert!(audit.is_clean(), "{audit:?}");
}

#[test]
fn claims_of_replaces_that_the_double_contradicts() {
    let journal = vec![
        write("PUT", 1, "applied", "OTHER"),
        write("PUT", 2, "applied", "GONE"),
        write("PUT", 3, "applied", "HELD"),
    ];
    let state =
        json!({"orders": [order("OTHER", "OLD"), order("NEVER", "NEW"), order("HELD", "NEW")]});
    let claims = [
        ("OTHER", Claim::Applied),
        ("GONE", Claim::Confirmed),
        ("NEVER", Claim::Applied),
        ("HELD", Claim::Held),
        ("QUEUED", Claim::Queued),
        ("LOST", Claim::Open),
    ];
    let audit = audit("replace", journal, &state, &claims);
    let counts = Counts { lost: 1, false_claims: 5, ..Counts::default() };
    assert_eq!(audit.counts(), counts, "{audit:?}");
    let said = false_claims(&audit).join("\n");
    for text in [
        "OTHER: claimed applied, but the double holds other content",
        "GONE: claimed confirmed, but the double does not hold it",
        "NEVER: claimed applied, but no replace of ours took effect",
        "HELD: claimed held, but a replace of ours took effect",
        "QUEUED: claimed queued, but it is neither",
    ] {
        assert!(said.contains(text), "{text}\n{said}");
    }
}

#[test]
fn what_was_to_be_deleted_is_not_there() {
    let journal = vec![write("DELETE", 1, "applied", "A"), write("DELETE", 2, "none", "STAYS")];
    let state = json!({"orders": [order("STAYS", "OLD")]});
    let claims = [("A", Claim::Applied), ("B", Claim::Existing), ("STAYS", Claim::Rejected)];
    let honest = audit("delete", journal.clone(), &state, &claims);
    assert!(honest.is_clean(), "{honest:?}");

    let claims = [("A", Claim::Rejected), ("B", Claim::Applied), ("STAYS", Claim::Existing)];
    let wrong = audit("delete", journal, &state, &claims);
    assert_eq!(
        false_claims(&wrong),
        [
            "A: claimed rejected, but a delete of ours took effect",
            "B: claimed applied, but no delete of ours took effect",
            "STAYS: claimed existing, but the double holds it",
        ]
    );
}

#[test]
fn a_second_delete_is_of_another_record() {
    let journal = vec![write("DELETE", 1, "applied", "A"), write("DELETE", 2, "applied", "A")];
    let audit = audit("delete", journal, &json!({"orders": []}), &[("A", Claim::Applied)]);
    assert_eq!(audit.counts(), Counts { doubled: 1, ..Counts::default() }, "{audit:?}");
}
