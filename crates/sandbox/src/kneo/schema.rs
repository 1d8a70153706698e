//! The shapes of bodies, as tables, and what is said of a body that has another.

use http::header;
use serde_json::{Map, Value};

use crate::exchange::Request;
use crate::kneo::fail::{Fail, flaw};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Text of at most so many characters.
    Text(usize),
    Flag,
    Choice(&'static [&'static str]),
    /// An object of at most so many bytes.
    Object(usize),
    /// At most a hundred texts.
    Texts,
}

/// A field of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    rule: Rule,
    required: bool,
    /// Only the newer platform knows it.
    newer: bool,
}

const fn must(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: true, newer: false }
}

const fn may(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false, newer: false }
}

const fn newer(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false, newer: true }
}

const PATH: usize = 4096;
const SPEC: usize = 262_144;
const OVERRIDES: usize = 65_536;
const METADATA: usize = 32_768;
const LIST: usize = 100;

pub(crate) const RUN: [Field; 11] = [
    must("input", Rule::Text(20_000)),
    may("spec", Rule::Object(SPEC)),
    may("spec_path", Rule::Text(PATH)),
    may("target", Rule::Choice(&["workflow", "agent"])),
    may("environment", Rule::Text(PATH)),
    may("overlays", Rule::Texts),
    may("overrides", Rule::Object(OVERRIDES)),
    may("metadata", Rule::Object(METADATA)),
    may("async_mode", Rule::Flag),
    newer("session_id", Rule::Text(PATH)),
    newer("skills", Rule::Object(OVERRIDES)),
];

pub(crate) const SKILLS: [Field; 2] = [may("add", Rule::Texts), may("disable", Rule::Texts)];

pub(crate) const RESUME: [Field; 5] = [
    must("request_id", Rule::Text(PATH)),
    must("decision", Rule::Choice(&["approved", "rejected", "edited", "selected", "provided"])),
    may("content", Rule::Text(20_000)),
    may("selected_option", Rule::Text(PATH)),
    may("metadata", Rule::Object(METADATA)),
];

/// What explaining a spec takes in both versions, and the other spec routes beside it.
pub(crate) const SPEC_ONLY: [Field; 5] = [
    may("spec", Rule::Object(SPEC)),
    may("spec_path", Rule::Text(PATH)),
    newer("environment", Rule::Text(PATH)),
    newer("overlays", Rule::Texts),
    newer("overrides", Rule::Object(OVERRIDES)),
];

pub(crate) const ENVELOPE: [Field; 5] = [
    may("spec", Rule::Object(SPEC)),
    may("spec_path", Rule::Text(PATH)),
    may("environment", Rule::Text(PATH)),
    may("overlays", Rule::Texts),
    may("overrides", Rule::Object(OVERRIDES)),
];

pub(crate) const COMPILE: [Field; 6] = [
    may("spec", Rule::Object(SPEC)),
    may("spec_path", Rule::Text(PATH)),
    may("environment", Rule::Text(PATH)),
    may("overlays", Rule::Texts),
    may("overrides", Rule::Object(OVERRIDES)),
    may("strict", Rule::Flag),
];

pub(crate) const POLICY: [Field; 7] = [
    may("enabled", Rule::Flag),
    may("fail_on_warnings", Rule::Flag),
    may("require_human_review", Rule::Flag),
    may("require_tool_permissions", Rule::Flag),
    may("deny_unrestricted_tools", Rule::Flag),
    may("require_guardrails", Rule::Flag),
    may("blocked_diagnostic_codes", Rule::Texts),
];

/// The body of a request as a JSON object, whatever its fields.
pub(crate) fn parse(request: &Request) -> Result<Map<String, Value>, Fail> {
    let alone = |text: &str, kind: &str| Fail::list(vec![flaw(&["body"], text, kind)]);
    if request.body.is_empty() {
        return Err(alone("Field required", "missing"));
    }
    let no_object = || {
        alone(
            "Input should be a valid dictionary or object to extract fields from",
            "model_attributes_type",
        )
    };
    let given = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.map(|value| value.split(';').next().unwrap_or_default().trim());
    let is_json = essence.is_none_or(|essence| {
        let essence = essence.to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    });
    if !is_json {
        return Err(no_object());
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(no_object()),
        Err(_) => Err(alone("JSON decode error", "json_invalid")),
    }
}

/// Reads the fields of a table; an absent or null one that may be is left out of what comes back.
pub(crate) fn read(
    fields: &[Field],
    body: &Map<String, Value>,
    with_newer: bool,
    place: &[&str],
) -> Result<Map<String, Value>, Fail> {
    let mut flaws = Vec::new();
    let mut found = Map::new();
    let known: Vec<&Field> = fields.iter().filter(|field| with_newer || !field.newer).collect();
    for field in &known {
        match body.get(field.name) {
            None if field.required => {
                flaws.push(flaw(&[place, &[field.name]].concat(), "Field required", "missing"));
            }
            None => {}
            // Lists, flags and choices have defaults that are not null.
            Some(Value::Null) if !field.required && is_nullable(field.rule) => {}
            Some(value) => match field.rule.read(value) {
                Ok(value) => {
                    found.insert(field.name.to_owned(), value);
                }
                Err(Wrong { item, text, kind }) => {
                    let mut at = [place, &[field.name]].concat();
                    at.extend(item.as_deref());
                    flaws.push(flaw(&at, text, kind));
                }
            },
        }
    }
    for name in body.keys().filter(|name| !known.iter().any(|field| field.name == *name)) {
        let at = [place, &[name.as_str()]].concat();
        flaws.push(flaw(&at, "Extra inputs are not permitted", "extra_forbidden"));
    }
    if flaws.is_empty() { Ok(found) } else { Err(Fail::list(flaws)) }
}

fn is_nullable(rule: Rule) -> bool {
    matches!(rule, Rule::Text(_) | Rule::Object(_))
}

struct Wrong {
    /// The place within a list.
    item: Option<String>,
    text: String,
    kind: &'static str,
}

fn wrong<T>(text: impl Into<String>, kind: &'static str) -> Result<T, Wrong> {
    Err(Wrong { item: None, text: text.into(), kind })
}

impl Rule {
    fn read(self, value: &Value) -> Result<Value, Wrong> {
        match self {
            Rule::Text(longest) => match value.as_str() {
                None => wrong("Input should be a valid string", "string_type"),
                Some(text) if text.chars().count() > longest => wrong(
                    format!("String should have at most {longest} characters"),
                    "string_too_long",
                ),
                Some(_) => Ok(value.clone()),
            },
            Rule::Flag => flag(value),
            Rule::Choice(choices) => match value.as_str() {
                Some(text) if choices.contains(&text) => Ok(value.clone()),
                _ => wrong(format!("Input should be {}", either(choices)), "literal_error"),
            },
            Rule::Object(largest) => match value {
                Value::Object(_) if value.to_string().len() > largest => wrong(
                    format!("Value error, at most {largest} bytes are allowed"),
                    "value_error",
                ),
                Value::Object(_) => Ok(value.clone()),
                _ => wrong("Input should be a valid dictionary", "dict_type"),
            },
            Rule::Texts => texts(value),
        }
    }
}

fn texts(value: &Value) -> Result<Value, Wrong> {
    let Value::Array(items) = value else {
        return wrong("Input should be a valid list", "list_type");
    };
    if items.len() > LIST {
        let count = items.len();
        let text = format!("List should have at most {LIST} items after validation, not {count}");
        return wrong(text, "too_long");
    }
    match items.iter().position(|item| !item.is_string()) {
        None => Ok(value.clone()),
        Some(position) => Err(Wrong {
            item: Some(position.to_string()),
            text: "Input should be a valid string".to_owned(),
            kind: "string_type",
        }),
    }
}

fn flag(value: &Value) -> Result<Value, Wrong> {
    let text = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::String(text) => text.to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return wrong("Input should be a valid boolean", "bool_type"),
    };
    match truth(&text) {
        Some(truth) => Ok(Value::Bool(truth)),
        None => wrong("Input should be a valid boolean, unable to interpret input", "bool_parsing"),
    }
}

/// What the framework takes for true and for false.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

/// `'a', 'b' or 'c'`.
pub(crate) fn either(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

pub(crate) fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

pub(crate) fn is_set(body: &Map<String, Value>, name: &str) -> Option<bool> {
    body.get(name).and_then(Value::as_bool)
}

pub(crate) fn object(body: &Map<String, Value>, name: &str) -> Map<String, Value> {
    body.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}
