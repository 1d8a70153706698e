//! The rules for fields, as tables, and how a body is read by them.

use serde_json::{Map, Value};

use crate::thredfi::fail::{Details, add};
use crate::thredfi::stamp;

const REQUIRED: &str = "This field is required.";

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Text of at most so many characters.
    Text(usize),
    Email,
    Int {
        min: i64,
    },
    Flag,
    Choice(&'static [&'static str]),
    Date,
    /// An instant; a date will do.
    Moment,
    List,
    Any,
}

/// A field of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    rule: Rule,
    required: bool,
    /// What stands in the record when the body does not say, as JSON.
    default: &'static str,
}

/// A field that has to be there.
pub(crate) const fn must(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: true, default: "null" }
}

/// A field that may be left out.
pub(crate) const fn may(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false, default: "null" }
}

impl Field {
    /// With something else than null in its absence.
    pub(crate) const fn or(self, default: &'static str) -> Self {
        Field { default, ..self }
    }
}

/// Which bodies are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All of a record.
    Whole,
    /// The fields that are to change.
    Part,
}

/// Reads the fields of a table from a body; what is wrong is added to `details` under `prefix`. Unknown fields
/// are passed over, as the framework does.
pub(crate) fn read(
    fields: &[Field],
    body: &Map<String, Value>,
    mode: Mode,
    prefix: &str,
    details: &mut Details,
) -> Map<String, Value> {
    let mut record = Map::new();
    for field in fields {
        let read = match body.get(field.name) {
            None if mode == Mode::Part => continue,
            None if field.required => Err(REQUIRED.to_owned()),
            None => Ok(serde_json::from_str(field.default).unwrap_or_default()),
            Some(Value::Null) if field.required => Err("This field may not be null.".to_owned()),
            Some(Value::Null) => Ok(Value::Null),
            Some(value) => field.rule.read(value, field.required),
        };
        match read {
            Ok(value) => {
                record.insert(field.name.to_owned(), value);
            }
            Err(text) => add(details, &format!("{prefix}{}", field.name), text),
        }
    }
    record
}

impl Rule {
    fn read(self, value: &Value, required: bool) -> Result<Value, String> {
        match self {
            Rule::Text(longest) => text(value, longest, required).map(Value::String),
            Rule::Email => {
                let text = text(value, 254, required)?;
                let good = is_email(&text) || text.is_empty();
                if good {
                    Ok(Value::String(text))
                } else {
                    Err("Enter a valid email address.".to_owned())
                }
            }
            Rule::Int { min } => int(value, min).map(Value::from),
            Rule::Flag => flag(value).map(Value::Bool),
            Rule::Choice(known) => match value.as_str() {
                Some(name) if known.contains(&name) => Ok(value.clone()),
                _ => Err(format!("\"{}\" is not a valid choice.", shown(value))),
            },
            Rule::Date => stamp::date(&shown(value)).map(Value::String).map_err(str::to_owned),
            Rule::Moment => stamp::moment(&shown(value)).map(Value::String).map_err(str::to_owned),
            Rule::List => match value {
                Value::Array(_) => Ok(value.clone()),
                other => Err(not_a_list(other)),
            },
            Rule::Any => Ok(value.clone()),
        }
    }
}

/// A value inside a message: text as it stands.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The framework takes numbers for text, and trims.
fn text(value: &Value, longest: usize, required: bool) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err("Not a valid string.".to_owned()),
    };
    if required && text.is_empty() {
        return Err("This field may not be blank.".to_owned());
    }
    if text.chars().count() > longest {
        return Err(format!("Ensure this field has no more than {longest} characters."));
    }
    Ok(text)
}

/// A whole number, or text that is one.
pub(crate) fn int(value: &Value, min: i64) -> Result<i64, String> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    // Sums of a few thousand such amounts stay in range.
    const LARGEST: i64 = 1_000_000_000_000;
    match number {
        None => Err("A valid integer is required.".to_owned()),
        Some(number) if number < min => {
            Err(format!("Ensure this value is greater than or equal to {min}."))
        }
        Some(number) if number > LARGEST => {
            Err(format!("Ensure this value is less than or equal to {LARGEST}."))
        }
        Some(number) => Ok(number),
    }
}

fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) => as_flag(text),
        _ => Err("Must be a valid boolean.".to_owned()),
    }
}

/// A truth value as text, in a body or a query.
pub(crate) fn as_flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "t" | "y" | "yes" | "on" => Ok(true),
        "false" | "0" | "f" | "n" | "no" | "off" => Ok(false),
        _ => Err("Must be a valid boolean.".to_owned()),
    }
}

pub(crate) fn not_a_list(value: &Value) -> String {
    let kind = match value {
        Value::Object(_) => "dict",
        Value::String(_) => "str",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.as_i64().is_none() => "float",
        _ => "int",
    };
    format!("Expected a list of items but got type \"{kind}\".")
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |text: &str| !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !local.is_empty() && plain(local) && domain.contains('.') && domain.split('.').all(label)
}

/// The text of a field in a record, if it has one.
pub(crate) fn text_of<'a>(record: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The amount in a field of a record; nothing counts as 0.
pub(crate) fn cents_of(record: &Map<String, Value>, name: &str) -> i64 {
    record.get(name).and_then(Value::as_i64).unwrap_or(0)
}
