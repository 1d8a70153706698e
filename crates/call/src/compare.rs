//! Whether a record that was found is what we wrote.
//!
//! Only what we wrote is compared: what the server adds, and what we left open (null or left
//! out), is its own business. Lines are matched by the fields that the dialect names, so their
//! order does not matter. Numbers are compared as decimals, digit by digit, and what the dialect
//! calls a date or an instant as instants, whatever offset they are written with. A field that
//! records show under another name is looked for there, and one that they do not show is left out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dialect::{Field, FieldTable, FieldType, Resource};
use crate::instant::same_instant;

/// A place where a record is not what we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// JSON pointer to the place in our body.
    pub at: String,
    /// What we wrote, as JSON text.
    pub ours: String,
    /// What is there, as JSON text; `absent` if nothing is.
    pub theirs: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ours {}, there {}", self.at, self.ours, self.theirs)
    }
}

/// Where `theirs` is not what `ours` says.
#[must_use]
pub fn differences(resource: &Resource, ours: &Value, theirs: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let lines = resource.lines.as_deref();
    fields(ours, theirs, "", lines, &Shape::of(&resource.fields), &mut found);
    if let Some(lines) = lines {
        let key = resource.lookup.as_ref().map_or(&[][..], |lookup| &lookup.line_key);
        let shape = Lines { name: lines, key, shape: Shape::of(&resource.line_fields) };
        compare_lines(rows(ours, lines), rows(theirs, lines), &shape, &mut found);
    }
    found
}

/// What is known of the fields of a record or of a line.
struct Shape<'a> {
    fields: &'a FieldTable,
    dated: Dated,
}

impl<'a> Shape<'a> {
    fn of(fields: &'a FieldTable) -> Self {
        Self { fields, dated: Dated::of(fields) }
    }
}

/// The fields that hold dates and instants, by JSON pointer. Text elsewhere is compared as text,
/// even if it looks like one: an order number may.
struct Dated(BTreeSet<String>);

impl Dated {
    fn of(fields: &FieldTable) -> Self {
        let dated = fields
            .iter()
            .filter(|(_, field)| matches!(field.kind, FieldType::Date | FieldType::DateTime));
        let pointer = |name: &str| format!("/{}", escape(name));
        Self(dated.map(|(name, field)| field.at.clone().unwrap_or(pointer(name))).collect())
    }
}

/// The lines of a record.
struct Lines<'a> {
    name: &'a str,
    key: &'a [String],
    shape: Shape<'a>,
}

fn rows<'v>(record: &'v Value, lines: &str) -> &'v [Value] {
    record.get(lines).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn fields(
    ours: &Value,
    theirs: &Value,
    at: &str,
    skip: Option<&str>,
    shape: &Shape<'_>,
    found: &mut Vec<Difference>,
) {
    let Some(ours) = ours.as_object() else { return };
    for (name, value) in ours {
        if value.is_null() || skip == Some(name) {
            continue;
        }
        let place = format!("/{}", escape(name));
        let field = shape.fields.get(name);
        let there = match shown(field, name, theirs) {
            Shown::Not => continue,
            Shown::One(there) if same(value, there, &place, &shape.dated) => continue,
            Shown::Each(all) if has_each(value, &all, field) => continue,
            Shown::One(there) if there.is_null() => "absent".to_owned(),
            Shown::One(there) => there.to_string(),
            Shown::Each(all) => Value::from_iter(all.into_iter().cloned()).to_string(),
        };
        found.push(Difference {
            at: format!("{at}{place}"),
            ours: value.to_string(),
            theirs: there,
        });
    }
}

/// What a record shows of a field.
enum Shown<'v> {
    Not,
    One(&'v Value),
    /// One value of each element of an array.
    Each(Vec<&'v Value>),
}

fn shown<'v>(field: Option<&Field>, name: &str, record: &'v Value) -> Shown<'v> {
    match field.and_then(|field| field.shown.as_deref()) {
        None => Shown::One(record.get(name).unwrap_or(&Value::Null)),
        Some("") => Shown::Not,
        Some(pointer) => match pointer.split_once("/*") {
            None => Shown::One(record.pointer(pointer).unwrap_or(&Value::Null)),
            Some((array, rest)) => {
                let all = record.pointer(array).and_then(Value::as_array);
                let all = all.into_iter().flatten().filter_map(|one| one.pointer(rest));
                Shown::Each(all.collect())
            }
        },
    }
}

/// True if a list of ours and what is shown hold the same, in whatever order; where the API adds
/// to the list, there may be more.
fn has_each(ours: &Value, shown: &[&Value], field: Option<&Field>) -> bool {
    let ours = ours.as_array().map_or(std::slice::from_ref(ours), Vec::as_slice);
    let known = |value: &Value| shown.iter().any(|there| same_plain(value, there));
    let wanted = |there: &&Value| ours.iter().any(|value| same_plain(value, there));
    let may_be_more = field.is_some_and(|field| field.added_to);
    ours.iter().all(known) && (may_be_more || shown.iter().all(wanted))
}

fn compare_lines(ours: &[Value], theirs: &[Value], shape: &Lines<'_>, found: &mut Vec<Difference>) {
    let Lines { name, key, shape } = shape;
    let mut taken = vec![false; theirs.len()];
    for (index, line) in ours.iter().enumerate() {
        let at = format!("/{}/{index}", escape(name));
        let fits = |there: &Value| {
            key.iter().all(|field| {
                let line = line.get(field).unwrap_or(&Value::Null);
                let there = match shown(shape.fields.get(field), field, there) {
                    Shown::One(there) => there,
                    Shown::Not | Shown::Each(_) => return true,
                };
                same(line, there, &format!("/{}", escape(field)), &shape.dated)
            })
        };
        let place = (0..theirs.len()).find(|place| !taken[*place] && fits(&theirs[*place]));
        match place {
            Some(place) => {
                taken[place] = true;
                fields(line, &theirs[place], &at, None, shape, found);
            }
            None => {
                found.push(Difference { at, ours: line.to_string(), theirs: "absent".to_owned() })
            }
        }
    }
    for (place, line) in theirs.iter().enumerate().filter(|(place, _)| !taken[*place]) {
        found.push(Difference {
            at: format!("/{}/{place}", escape(name)),
            ours: "absent".to_owned(),
            theirs: line.to_string(),
        });
    }
}

/// RFC 6901 §3.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// `at`: where the two stand in the record or the line.
fn same(ours: &Value, theirs: &Value, at: &str, dated: &Dated) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => same_number(&a.to_string(), &b.to_string()),
        // Some servers give decimals back as strings (hazard 55).
        (Value::Number(a), Value::String(b)) => same_number(&a.to_string(), b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, at, dated))
        }
        (Value::Object(a), Value::Object(b)) => a.iter().all(|(name, value)| {
            let at = format!("{at}/{}", escape(name));
            same(value, b.get(name).unwrap_or(&Value::Null), &at, dated)
        }),
        (Value::String(a), Value::String(b)) if dated.0.contains(at) => same_instant(a, b),
        (ours, theirs) => ours == theirs,
    }
}

/// Two values of which neither is a date.
fn same_plain(ours: &Value, theirs: &Value) -> bool {
    same(ours, theirs, "", &Dated(BTreeSet::new()))
}

fn same_number(a: &str, b: &str) -> bool {
    match (Decimal::read(a), Decimal::read(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A decimal in one form: sign, digits without zeros at either end, and the power of ten of
/// the last digit. `12.50`, `12.5` and `1.25e1` are the same.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) {
            return None;
        }
        let power = power.checked_sub(i64::try_from(part.len()).ok()?)?;
        let digits = format!("{whole}{part}");
        let digits = digits.trim_start_matches('0');
        let short = digits.trim_end_matches('0');
        if short.is_empty() {
            return Some(Self { negative: false, digits: String::new(), power: 0 });
        }
        let dropped = i64::try_from(digits.len() - short.len()).ok()?;
        Some(Self { negative, digits: short.to_owned(), power: power.checked_add(dropped)? })
    }
}

#[cfg(test)]
mod tests {
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
        let other =
            compared(&ours, &json!({"details": [line("B", 3), line("A", 1), line("C", 1)]}));
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
        let ours =
            json!({ "period": { "until": "2026-03-01" }, "lines": [{ "day": "2026-03-02" }] });
        let theirs = json!({ "period": { "until": "2026-03-01T00:00:00Z" },
            "lines": [{ "day": "2026-03-02T01:00:00+01:00" }] });
        assert_eq!(differences(&invoice, &ours, &theirs), []);
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
}
