use std::collections::HashMap;

use serde_json::{Map, Value};
use steadfast_call::dialect::{FieldTable, Resource, value_text};

use super::{KEY_REPEATED, VALUES_CONFLICT};
use crate::input::{RowFault, VALUE_INVALID};

/// Rows of a table: what belongs to the whole is merged, the rest makes one line for each row.
pub(super) fn rows(
    resource: &Resource,
    rows: Vec<(u64, Map<String, Value>)>,
    faults: &mut Vec<RowFault>,
) -> Map<String, Value> {
    let mut body: Map<String, Value> = Map::new();
    let mut said: HashMap<String, u64> = HashMap::new();
    let mut lines = Vec::new();
    let first_line = rows.first().map_or(0, |(line, _)| *line);
    for (line, fields) in rows {
        let mut own = Map::new();
        for (name, value) in fields {
            if !resource.fields.contains_key(&name) {
                own.insert(name, value);
                continue;
            }
            let so_far = body.entry(name.clone()).or_insert(Value::Null);
            if value.is_null() || *so_far == value {
                continue;
            }
            if so_far.is_null() {
                *so_far = value;
                said.insert(name, line);
                continue;
            }
            let before = said.get(&name).copied().unwrap_or(first_line);
            faults.push(conflict(resource, &name, (before, so_far), (line, &value)));
        }
        lines.push(Value::Object(own));
    }
    if first_line == 0 {
        return body; // no row could be read
    }
    lacking(resource, first_line, &body, faults);
    if let Some(name) = &resource.lines {
        body.insert(name.clone(), Value::Array(lines));
    }
    body
}

/// What every write needs and this one lacks. A value whose cells could not be read has its own
/// fault already.
fn lacking(resource: &Resource, line: u64, body: &Map<String, Value>, faults: &mut Vec<RowFault>) {
    for (name, field) in &resource.fields {
        let blamed = faults.iter().any(|fault| fault.column.as_deref() == Some(name));
        if !field.required || blamed || body.get(name).is_some_and(|value| !value.is_null()) {
            continue;
        }
        faults.push(RowFault {
            line,
            column: Some(name.clone()),
            code: resource.missing_code().to_owned(),
            text: format!(
                "line {line}, column \"{name}\": the cell is empty on every row of the {}; fill \
                 it in on one of them",
                resource.title
            ),
        });
    }
}

fn conflict(
    resource: &Resource,
    name: &str,
    before: (u64, &Value),
    now: (u64, &Value),
) -> RowFault {
    RowFault {
        line: now.0,
        column: Some(name.to_owned()),
        code: VALUES_CONFLICT.to_owned(),
        text: format!(
            "line {}, column \"{name}\": it says {}, and line {} says {}; a {} has one \"{name}\": \
             make them the same, or give the rows different keys",
            now.0, now.1, before.0, before.1, resource.title
        ),
    }
}

/// Rows of a resource without lines: each is a write of its own.
pub(super) fn flat(
    resource: &Resource,
    rows: Vec<(u64, Map<String, Value>)>,
    repeats: &mut Vec<u64>,
    faults: &mut Vec<RowFault>,
) -> Map<String, Value> {
    let first_line = rows.first().map_or(0, |(line, _)| *line);
    let body = objects(rows, repeats, faults);
    if first_line > 0 {
        lacking(resource, first_line, &body, faults);
    }
    body
}

/// Objects with one key: the same again is left out, anything else is a conflict.
pub(super) fn objects(
    objects: Vec<(u64, Map<String, Value>)>,
    repeats: &mut Vec<u64>,
    faults: &mut Vec<RowFault>,
) -> Map<String, Value> {
    let mut objects = objects.into_iter();
    let Some((first_line, first)) = objects.next() else { return Map::new() };
    for (line, object) in objects {
        if object == first {
            repeats.push(line);
            continue;
        }
        faults.push(RowFault {
            line,
            column: None,
            code: KEY_REPEATED.to_owned(),
            text: format!(
                "line {line}: line {first_line} has the same key and other content; delete one, \
                 or give it another key"
            ),
        });
    }
    first
}

/// Puts what stands elsewhere than under its own name where the API has it.
pub(super) fn place(
    resource: &Resource,
    body: &mut Map<String, Value>,
    line: u64,
    faults: &mut Vec<RowFault>,
) {
    for (name, field) in &resource.fields {
        let Some(at) = &field.at else { continue };
        let Some(value) = body.shift_remove(name).filter(|value| !value.is_null()) else {
            continue;
        };
        if let Err(there) = put(body, at, &value) {
            faults.push(RowFault {
                line,
                column: Some(name.clone()),
                code: VALUE_INVALID.to_owned(),
                text: format!(
                    "line {line}, field \"{name}\": it belongs at {at}, where {there} stands; take one of \
                     them away"
                ),
            });
        }
    }
}

/// Puts a value at a JSON pointer, making the objects on the way; gives what stands in its way.
fn put(body: &mut Map<String, Value>, at: &str, value: &Value) -> Result<(), Value> {
    let steps: Vec<String> =
        at.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, before)) = steps.split_last() else { return Ok(()) };
    let mut place = body;
    for step in before {
        let inner = place.entry(step.clone()).or_insert(Value::Null);
        if inner.is_null() {
            *inner = Value::Object(Map::new());
        }
        match inner {
            Value::Object(inner) => place = inner,
            other => return Err(other.clone()),
        }
    }
    match place.insert(last.clone(), value.clone()) {
        Some(before) if !before.is_null() && before != *value => Err(before),
        _ => Ok(()),
    }
}

/// What a write refers to: name of the list, and value. Each once, in the order of the body.
pub(super) fn references(resource: &Resource, body: &Map<String, Value>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    refer(&resource.fields, body, &mut found);
    let lines = resource.lines.as_ref().and_then(|name| body.get(name)).and_then(Value::as_array);
    for line in lines.into_iter().flatten().filter_map(Value::as_object) {
        refer(&resource.line_fields, line, &mut found);
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|reference| seen.insert(reference.clone()));
    found
}

fn refer(fields: &FieldTable, object: &Map<String, Value>, found: &mut Vec<(String, String)>) {
    for (name, value) in object {
        let list = fields.get(name).and_then(|field| field.list.as_ref());
        let Some(list) = list else { continue };
        let named = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        found.extend(named.iter().filter_map(value_text).map(|key| (list.clone(), key)));
    }
}
