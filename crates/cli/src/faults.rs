//! What is wrong with single fields and single items, for a person and for a machine.

use serde_json::{Value, json};
use steadfast::{FieldError, Item};

/// No more than this are told to a person; a machine gets all.
const TOLD_MAX: usize = 10;

/// A line for each field, with what the API says about it.
pub(crate) fn field_lines(faults: &[FieldError]) -> Vec<(&'static str, String)> {
    some(faults.iter().map(|fault| ("field", fault.to_string())).collect(), "fields")
}

pub(crate) fn fields_json(faults: &[FieldError]) -> Vec<Value> {
    let one = |fault: &FieldError| json!({ "at": fault.at, "name": fault.name, "message": fault.message });
    faults.iter().map(one).collect()
}

/// How many items failed, and a line for each of these.
pub(crate) fn item_lines(items: &[Item]) -> Vec<(&'static str, String)> {
    let failed: Vec<&Item> = items.iter().filter(|item| item.failed).collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let others = if failed.len() < items.len() { "; the others were done" } else { "" };
    let count = format!("{} of {} failed{others}", failed.len(), items.len());
    let lines = failed.into_iter().map(|item| ("item", item_text(item))).collect();
    [("items", count)].into_iter().chain(some(lines, "items")).collect()
}

fn item_text(item: &Item) -> String {
    let id = item.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let said = match (&item.code, &item.message) {
        (Some(code), Some(message)) => format!(": [{code}] {message}"),
        (Some(code), None) => format!(": [{code}]"),
        (None, Some(message)) => format!(": {message}"),
        (None, None) => String::new(),
    };
    format!("number {}{id}{said}", item.index + 1)
}

pub(crate) fn items_json(items: &[Item]) -> Vec<Value> {
    let one = |item: &Item| {
        json!({
            "index": item.index,
            "failed": item.failed,
            "id": item.id,
            "code": item.code,
            "message": item.message,
        })
    };
    items.iter().map(one).collect()
}

fn some(mut lines: Vec<(&'static str, String)>, of: &str) -> Vec<(&'static str, String)> {
    if lines.len() > TOLD_MAX {
        let more = lines.len() - TOLD_MAX;
        lines.truncate(TOLD_MAX);
        lines.push(("", format!("and {more} more {of}; --json tells all")));
    }
    lines
}
