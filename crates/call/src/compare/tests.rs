use super::*;
use crate::dialect::Dialect;
use serde_json::json;

fn compared(ours: &Value, theirs: &Value) -> Vec<Difference> {
    let knosc = Dialect::built_in("knosc").unwrap();
    differences(&knosc.resource["purchase-order"], ours, theirs)
}

#[test]
fn decimals_are_compared_by_value() {
    for (a, b) in [("12.50", "12.5"), ("1.25e1", "12.5"), ("0", "-0.0"), ("100", "1E2")] {
        assert!(same_number(a, b), "{a} {b}");
    }
    for (a, b) in [("12.5", "12.51"), ("1", "-1"), ("9007199254740993", "9007199254740992")] {
        assert!(!same_number(a, b), "{a} {b}");
    }
}

#[test]
fn what_we_left_open_and_what_the_server_adds_is_no_difference() {
    let ours = json!({"PO List Number": "P", "PO List Order Date": null,
        "details": [{"Item Number": "I", "PO Details Quantity": 5}]});
    let theirs = json!({"id": 1, "PO List Number": "P", "PO List Order Date": "2026-01-01",
        "details": [{"id": 9, "Item Number": "I", "Sub Item Number": null, "PO Details Quantity": 5.0}]});
    assert_eq!(compared(&ours, &theirs), []);
}

#[test]
fn lines_are_matched_whatever_their_order() {
    let line = |item: &str, n: u32| json!({"Item Number": item, "PO Details Quantity": n});
    let ours = json!({"details": [line("A", 1), line("B", 2)]});
    assert_eq!(compared(&ours, &json!({"details": [line("B", 2), line("A", 1)]})), []);
    let other = compared(&ours, &json!({"details": [line("B", 3), line("A", 1), line("C", 1)]}));
    let places: Vec<&str> = other.iter().map(|d| d.at.as_str()).collect();
    assert_eq!(places, ["/details/1/PO Details Quantity", "/details/2"]);
}

#[test]
fn hazard_66_dates_are_compared_as_instants_where_the_dialect_says_that_they_are_dates() {
    let thredfi = Dialect::built_in("thredfi").unwrap();
    let invoice = &thredfi.resource["invoice"];
    let sent = |at: &str| json!({ "external_id": "2026-03-01", "sent_at": at });
    let same = |a: &str, b: &str| differences(invoice, &sent(a), &sent(b)).is_empty();
    assert!(same("2026-03-01T00:00:00.000Z", "2026-03-01T01:00:00+01:00"));
    assert!(same("2026-03-01", "2026-03-01T00:00:00Z"));
    assert!(!same("2026-03-01T08:00:00Z", "2026-03-01T00:00:00Z"), "cut to the day");
    assert!(!same("2026-03-01T00:00:00", "2026-03-01T00:00:00Z"), "nobody knows where");
    let other = json!({ "external_id": "2026-03-01T00:00:00Z",
        "sent_at": "2026-03-01T00:00:00Z" });
    let found = differences(invoice, &sent("2026-03-01"), &other);
    assert_eq!(found.len(), 1, "a key that looks like a date is text: {found:?}");
    assert_eq!(found[0].at, "/external_id");
}

#[test]
fn dates_of_lines_and_of_inner_objects_are_dates_too() {
    let thredfi = Dialect::built_in("thredfi").unwrap();
    let mut invoice = thredfi.resource["invoice"].clone();
    let mut date = invoice.fields["due_at"].clone();
    invoice.lines = Some("lines".to_owned());
    invoice.lookup.as_mut().unwrap().line_key = vec!["day".to_owned()];
    invoice.line_fields.insert("day".to_owned(), date.clone());
    date.at = Some("/period/until".to_owned());
    invoice.fields.insert("until".to_owned(), date);
    let ours = json!({ "period": { "until": "2026-03-01" }, "lines": [{ "day": "2026-03-02" }] });
    let theirs = json!({ "period": { "until": "2026-03-01T00:00:00Z" },
        "lines": [{ "day": "2026-03-02T01:00:00+01:00" }] });
    assert_eq!(differences(&invoice, &ours, &theirs), []);
}

#[test]
fn lines_that_share_their_key_are_told_apart_by_the_rest() {
    let line = |price: u32| json!({"Item Number": "A", "PO Details Price": price});
    let ours = json!({"details": [line(1), line(2)]});
    assert_eq!(compared(&ours, &json!({"details": [line(2), line(1)]})), []);
    let found = compared(&ours, &json!({"details": [line(2), line(3)]}));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn what_a_record_shows_elsewhere_is_compared_there() {
    let operations1 = Dialect::built_in("operations1").unwrap();
    let order = &operations1.resource["order"];
    let ours = json!({ "customOrderId": "WO-1", "assignedUserIds": [12, 11],
        "classCharacteristicIds": [2], "inheritDocumentsClassCharacteristics": true,
        "orderDocumentAssignments": [{ "documentId": 4, "assignedGroupIds": [1] }] });
    let mut theirs = json!({ "customId": "WO-1", "assignedUsers": [{ "id": 11 }, { "id": 12 }],
        "classCharacteristics": [{ "id": 1 }, { "id": 2 }],
        "orderDocumentAssignments": [{ "documentId": 4, "assignedGroups": [{ "id": 1 }] }] });
    assert_eq!(differences(order, &ours, &theirs), []);
    theirs["assignedUsers"][0]["id"] = json!(13);
    theirs["classCharacteristics"] = json!([{ "id": 1 }]);
    theirs["customId"] = json!("WO-2");
    theirs["orderDocumentAssignments"][0]["assignedGroups"] = json!([{ "id": 1 }, { "id": 2 }]);
    let found = differences(order, &ours, &theirs);
    let mut places: Vec<String> = found.iter().map(ToString::to_string).collect();
    places.sort();
    assert_eq!(
        places,
        [
            "/assignedUserIds: ours [12,11], there [13,12]",
            "/classCharacteristicIds: ours [2], there [1]",
            "/customOrderId: ours \"WO-1\", there \"WO-2\"",
            "/orderDocumentAssignments/0/assignedGroupIds: ours [1], there [1,2]",
        ]
    );
}

#[test]
fn keys_are_compared_exactly() {
    let found =
        compared(&json!({"Supplier Number": "sup-1"}), &json!({"Supplier Number": "SUP-1"}));
    assert_eq!(found.len(), 1, "case counts (hazard 54)");
}
