//! Whether a record holds what was written. Written anew and not taken from the engine, whose
//! own comparison is among what an audit judges.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use steadfast_call::dialect::{FieldTable, FieldType, Resource};

/// The first place where a record is not what we wrote. What we left open is not compared.
pub(super) fn difference(ours: &Value, theirs: &Value, resource: &Resource) -> Option<String> {
    let lines = resource.lines.as_deref();
    for (name, value) in ours.as_object()? {
        if lines == Some(name) {
            continue;
        }
        if !field_fits(name, value, &theirs[name], &resource.fields) {
            return Some(format!("{name} is {}, and we wrote {value}", theirs[name]));
        }
    }
    let name = lines?;
    let empty = Vec::new();
    let ours = ours[name].as_array().unwrap_or(&empty);
    let mut left: Vec<&Value> = theirs[name].as_array().unwrap_or(&empty).iter().collect();
    for (index, line) in ours.iter().enumerate() {
        match left.iter().position(|there| line_fits(line, there, &resource.line_fields)) {
            Some(at) => drop(left.swap_remove(at)),
            None => return Some(format!("it lacks our entry {} of {name}: {line}", index + 1)),
        }
    }
    (!left.is_empty()).then(|| format!("it has {} more of {name} than we wrote", left.len()))
}

fn line_fits(ours: &Value, theirs: &Value, fields: &FieldTable) -> bool {
    match ours.as_object() {
        Some(members) if theirs.is_object() => {
            members.iter().all(|(name, value)| field_fits(name, value, &theirs[name], fields))
        }
        _ => fits(ours, theirs),
    }
}

fn field_fits(name: &str, ours: &Value, theirs: &Value, fields: &FieldTable) -> bool {
    let kind = fields.get(name).map(|field| field.kind);
    let dated = matches!(kind, Some(FieldType::Date | FieldType::DateTime));
    let instants = dated.then(|| Some((instant(ours.as_str()?)?, instant(theirs.as_str()?)?)));
    match instants.flatten() {
        Some((ours, theirs)) => ours == theirs,
        None => fits(ours, theirs),
    }
}

/// A day counts as its midnight in UTC.
fn instant(text: &str) -> Option<Timestamp> {
    match text.len() {
        10 => Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()),
        _ => text.parse().ok(),
    }
}

/// True if `theirs` says everything that `ours` says.
fn fits(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Null, _) => true,
        (Value::Number(a), Value::Number(b)) => plain(&a.to_string()) == plain(&b.to_string()),
        (Value::Object(a), Value::Object(_)) => {
            a.iter().all(|(name, value)| fits(value, &theirs[name]))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fits(a, b))
        }
        _ => ours == theirs,
    }
}

/// A number in digits, without zeros that say nothing. An exponent is left as it stands.
fn plain(number: &str) -> String {
    if number.contains(['e', 'E']) || !number.contains('.') {
        return number.to_owned();
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}
