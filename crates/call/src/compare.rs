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

use crate::dialect::{Field, FieldTable, Resource};
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
        let dated = fields.iter().filter(|(_, field)| field.kind.is_dated());
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
    let name = escape(shape.name);
    let places = matched(ours, theirs, shape);
    for (index, (line, place)) in ours.iter().zip(&places).enumerate() {
        let at = format!("/{name}/{index}");
        match place {
            Some(place) => fields(line, &theirs[*place], &at, None, &shape.shape, found),
            None => {
                found.push(Difference { at, ours: line.to_string(), theirs: "absent".to_owned() })
            }
        }
    }
    let is_taken = |place: &usize| places.contains(&Some(*place));
    for (place, line) in theirs.iter().enumerate().filter(|(place, _)| !is_taken(place)) {
        found.push(Difference {
            at: format!("/{name}/{place}"),
            ours: "absent".to_owned(),
            theirs: line.to_string(),
        });
    }
}

/// Which line of theirs each line of ours is: one that equals it, or else one with its key.
fn matched(ours: &[Value], theirs: &[Value], lines: &Lines<'_>) -> Vec<Option<usize>> {
    let mut places = vec![None; ours.len()];
    let mut taken = vec![false; theirs.len()];
    for whole in [true, false] {
        for (line, matched) in ours.iter().zip(&mut places).filter(|(_, place)| place.is_none()) {
            let is_it = |place: &usize| {
                let mut found = Vec::new();
                if whole {
                    fields(line, &theirs[*place], "", None, &lines.shape, &mut found);
                }
                has_key(line, &theirs[*place], lines) && found.is_empty()
            };
            *matched = (0..theirs.len()).filter(|place| !taken[*place]).find(is_it);
            if let Some(place) = matched {
                taken[*place] = true;
            }
        }
    }
    places
}

fn has_key(ours: &Value, theirs: &Value, lines: &Lines<'_>) -> bool {
    lines.key.iter().all(|name| {
        let line = ours.get(name).unwrap_or(&Value::Null);
        match shown(lines.shape.fields.get(name), name, theirs) {
            Shown::One(there) => {
                same(line, there, &format!("/{}", escape(name)), &lines.shape.dated)
            }
            Shown::Not | Shown::Each(_) => true,
        }
    })
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
mod tests;
