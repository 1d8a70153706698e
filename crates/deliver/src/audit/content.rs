//! Whether a record holds what was written. Written anew and not taken from the engine, whose
//! own comparison is among what an audit judges.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use steadfast_call::dialect::{FieldTable, Resource};

/// The first place where a record is not what we wrote. What we left open is not compared.
pub(super) fn difference(ours: &Value, theirs: &Value, resource: &Resource) -> Option<String> {
    let lines = resource.lines.as_deref();
    for (name, value) in ours.as_object()? {
        if lines == Some(name) {
            continue;
        }
        if !field_fits(name, value, theirs, &resource.fields) {
            let shown = shown(name, theirs, &resource.fields).unwrap_or_default();
            return Some(format!("{name} is {shown}, and we wrote {value}"));
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
            members.iter().all(|(name, value)| field_fits(name, value, theirs, fields))
        }
        _ => fits(ours, theirs),
    }
}

/// `record`: what is to show the field, be it of the whole or of a line.
fn field_fits(name: &str, ours: &Value, record: &Value, fields: &FieldTable) -> bool {
    let Some(theirs) = shown(name, record, fields) else { return true };
    let theirs = &theirs;
    let field = fields.get(name);
    if let (Value::Array(ours), Value::Array(theirs), Some(true)) =
        (ours, theirs, field.map(|field| is_of_elements(field.shown.as_deref())))
    {
        let has = |among: &[Value], one: &Value| among.iter().any(|other| fits(one, other));
        let more = field.is_some_and(|field| field.added_to);
        return ours.iter().all(|one| has(theirs, one))
            && (more || theirs.iter().all(|one| has(ours, one)));
    }
    let dated = field.is_some_and(|field| field.kind.is_dated());
    let instants = dated.then(|| Some((instant(ours.as_str()?)?, instant(theirs.as_str()?)?)));
    match instants.flatten() {
        Some((ours, theirs)) => ours == theirs,
        None => fits(ours, theirs),
    }
}

fn is_of_elements(shown: Option<&str>) -> bool {
    shown.is_some_and(|pointer| pointer.split('/').any(|step| step == "*"))
}

/// What a record shows of a field: null if it lacks it, nothing if records do not show it.
fn shown(name: &str, record: &Value, fields: &FieldTable) -> Option<Value> {
    match fields.get(name).and_then(|field| field.shown.as_deref()) {
        None => Some(record[name].clone()),
        Some("") => None,
        Some(pointer) if !is_of_elements(Some(pointer)) => {
            Some(record.pointer(pointer).cloned().unwrap_or_default())
        }
        Some(pointer) => {
            let mut places = vec![record];
            for step in pointer.split('/').skip(1) {
                let step = step.replace("~1", "/").replace("~0", "~");
                places = places
                    .into_iter()
                    .flat_map(|place| match (step.as_str(), place) {
                        ("*", Value::Array(all)) => all.iter().collect(),
                        (step, place) => place.get(step).into_iter().collect::<Vec<_>>(),
                    })
                    .collect();
            }
            Some(places.into_iter().cloned().collect())
        }
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
