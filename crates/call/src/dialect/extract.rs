use std::collections::BTreeMap;

use http::HeaderName;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::reply::Reply;

/// Where to find a value in a reply: `json:/pointer/with/*` or `header:name`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Extract {
    /// An RFC 6901 pointer into the JSON body; a step `*` means every element, the first that
    /// leads to a value wins.
    Json(String),
    /// A header's first value.
    Header(String),
}

impl TryFrom<String> for Extract {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("json", pointer)) if pointer.is_empty() || pointer.starts_with('/') => {
                Ok(Self::Json(pointer.to_owned()))
            }
            Some(("header", name)) if HeaderName::try_from(name).is_ok() => {
                Ok(Self::Header(name.to_owned()))
            }
            _ => Err(format!(
                "\"{text}\" names no place; write \"json:/Pointer/to/value\" or \"header:name\""
            )),
        }
    }
}

impl std::fmt::Display for Extract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

impl Extract {
    /// The value as text, if it is there and is a string, number or boolean.
    #[must_use]
    pub fn text(&self, reply: &Reply) -> Option<String> {
        match self {
            Self::Json(pointer) => find_value(reply.json()?, pointer).and_then(value_text),
            Self::Header(name) => {
                let value = reply.headers.get(name)?.to_str().ok()?.trim();
                (!value.is_empty()).then(|| value.to_owned())
            }
        }
    }
}

/// A JSON pointer (RFC 6901), as a key of the dialect holds it.
pub(super) fn pointer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    check_pointer(&text).map_err(D::Error::custom)?;
    Ok(text)
}

/// The same, where the key may be left out.
pub(super) fn pointer_if_any<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    pointer(deserializer).map(Some)
}

/// Several of them.
pub(super) fn pointers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().try_for_each(|text| check_pointer(text)).map_err(D::Error::custom)?;
    Ok(texts)
}

/// Pointers and the values that they must lead to.
pub(super) fn pointer_table<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    let table = BTreeMap::<String, Value>::deserialize(deserializer)?;
    table.keys().try_for_each(|text| check_pointer(text)).map_err(D::Error::custom)?;
    Ok(table)
}

fn check_pointer(text: &str) -> Result<(), String> {
    if text.is_empty() || text.starts_with('/') {
        return Ok(());
    }
    Err(format!("\"{text}\" is no JSON pointer; write \"/{text}\", with \"/\" before every step"))
}

/// A scalar as the text that a person would write for it; none for null, arrays and objects.
#[must_use]
pub fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Follows a pointer whose steps may be `*`, and gives the first value that it leads to.
pub(crate) fn find_value<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    let Some((before, after)) = pointer.split_once("/*") else {
        return value.pointer(pointer);
    };
    let inside = value.pointer(before)?;
    let mut elements: Box<dyn Iterator<Item = &'v Value>> = match inside {
        Value::Array(elements) => Box::new(elements.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => return None,
    };
    elements.find_map(|element| find_value(element, after))
}

/// Matches a name against a pattern in which `*` stands for any run of characters.
///
/// ```
/// use steadfast_call::dialect::glob_matches;
/// assert!(glob_matches("*.AlreadyExists", "ItemMaster.AlreadyExists"));
/// assert!(!glob_matches("CSRF.*", "Token.Expired"));
/// ```
#[must_use]
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(rest) = name.strip_prefix(before) else {
        return false;
    };
    if !after.contains('*') {
        return rest.len() >= after.len() && rest.ends_with(after);
    }
    (0..=rest.len())
        .filter(|at| rest.is_char_boundary(*at))
        .any(|at| glob_matches(after, &rest[at..]))
}
