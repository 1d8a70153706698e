use serde_json::{Value, json};
use toml::de::DeValue;

use http::HeaderName;

use super::form::{Form, Given, Reader, Schemas, Table};
use crate::reply::Reply;

/// A body read as text is cut to this many characters.
const TEXT_CHARS_MAX: usize = 500;

/// Where to find a value in a reply: a place, and which part of its text counts.
///
/// In a file it is a text, `"json:/pointer/with/*"`, `"header:name"`, `"text:"` or `"text:REGEX"`,
/// or a table that takes a part of what stands there: `{ at = "json:/type", match = "([^#]+)$" }`.
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use steadfast_call::Reply;
/// use steadfast_call::dialect::Extract;
///
/// let body = r#"{"errors":[{"code":"A"},{"code":"B"}]}"#;
/// let reply = Reply::new(StatusCode::BAD_REQUEST, HeaderMap::new(), body.into());
/// let code = Extract::json("/errors/*/code");
/// assert_eq!(code.text(&reply).as_deref(), Some("A"));
/// assert_eq!(code.texts(&reply), ["A", "B"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// The place.
    pub place: Place,
    /// The part of its text that counts; none: all of it.
    pub pattern: Option<Pattern>,
}

/// A place in a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An RFC 6901 pointer into the JSON body; a step `*` means every element.
    Json(String),
    /// A header.
    Header(String),
    /// The whole body as text: the last resort. Without a pattern, only of what is no JSON.
    Text,
}

/// A regular expression with a group: the part of a text that the group covers.
#[derive(Debug, Clone)]
pub struct Pattern(regex_lite::Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let regex = regex_lite::Regex::new(text).map_err(|error| error.to_string())?;
        match regex.captures_len() {
            0 | 1 => Err("it has no group".to_owned()),
            _ => Ok(Self(regex)),
        }
    }

    /// The regular expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What the first group covers, if anything.
    #[must_use]
    pub fn part<'t>(&self, text: &'t str) -> Option<&'t str> {
        let part = self.0.captures(text)?.get(1)?.as_str();
        (!part.is_empty()).then_some(part)
    }
}

impl std::fmt::Display for Extract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.place, &self.pattern) {
            (Place::Text, Some(pattern)) => return write!(f, "text:{}", pattern.as_str()),
            (Place::Text, None) => f.write_str("text:")?,
            (Place::Json(pointer), _) => write!(f, "json:{pointer}")?,
            (Place::Header(name), _) => write!(f, "header:{name}")?,
        }
        match &self.pattern {
            Some(pattern) => write!(f, " by {}", pattern.as_str()),
            None => Ok(()),
        }
    }
}

impl Extract {
    /// The value at a pointer into the JSON body.
    #[must_use]
    pub fn json(pointer: &str) -> Self {
        Self { place: Place::Json(pointer.to_owned()), pattern: None }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(name: &str) -> Self {
        Self { place: Place::Header(name.to_owned()), pattern: None }
    }

    /// The first value as text, if one is there and is a string, number or boolean.
    #[must_use]
    pub fn text(&self, reply: &Reply) -> Option<String> {
        let mut first = None;
        self.each(reply, &mut |text| {
            first = Some(text);
            false
        });
        first
    }

    /// All values as texts: of every element that a `*` leads to, of every header of the name.
    #[must_use]
    pub fn texts(&self, reply: &Reply) -> Vec<String> {
        let mut texts = Vec::new();
        self.each(reply, &mut |text| {
            texts.push(text);
            true
        });
        texts
    }

    /// Hands each value over until the other side has enough.
    fn each(&self, reply: &Reply, take: &mut dyn FnMut(String) -> bool) {
        let mut taken = |text: &str| {
            let part = match &self.pattern {
                Some(pattern) => pattern.part(text),
                None => Some(text),
            };
            part.is_none_or(|part| take(part.to_owned()))
        };
        match &self.place {
            Place::Json(pointer) => {
                let Some(body) = reply.json() else { return };
                walk(body, pointer, &mut |value| {
                    let text = value_text(value).filter(|text| !text.is_empty());
                    text.is_none_or(|text| taken(&text))
                });
            }
            Place::Header(name) => {
                for value in reply.headers.get_all(name) {
                    let text = String::from_utf8_lossy(value.as_bytes());
                    let text = text.trim();
                    if !text.is_empty() && !taken(text) {
                        return;
                    }
                }
            }
            Place::Text if self.pattern.is_some() => {
                taken(&String::from_utf8_lossy(&reply.body));
            }
            // Of a JSON value the whole text is no word for a person.
            Place::Text if reply.json().is_some() => {}
            Place::Text => {
                let body = String::from_utf8_lossy(&reply.body);
                let text: String = body.trim().chars().take(TEXT_CHARS_MAX).collect();
                if !text.is_empty() {
                    taken(&text);
                }
            }
        }
    }

    fn parse(text: &str) -> Result<Self, (String, String)> {
        let place = |place| Ok(Self { place, pattern: None });
        match text.split_once(':') {
            Some(("json", pointer)) if pointer.is_empty() || pointer.starts_with('/') => {
                place(Place::Json(pointer.to_owned()))
            }
            Some(("header", name)) if HeaderName::try_from(name).is_ok() => {
                place(Place::Header(name.to_owned()))
            }
            Some(("text", "")) => place(Place::Text),
            Some(("text", regex)) => {
                let pattern = Pattern::new(regex).map_err(pattern_mistake)?;
                Ok(Self { place: Place::Text, pattern: Some(pattern) })
            }
            _ => Err((
                format!("\"{text}\" names no place"),
                "write \"json:/Pointer/to/value\", \"header:name\" or \"text:REGEX\"".to_owned(),
            )),
        }
    }
}

fn pattern_mistake(what: String) -> (String, String) {
    let remedy =
        "write a regular expression with the wanted part in brackets, such as \"code=(\\\\w+)\"";
    (format!("this is no pattern that can be used: {what}"), remedy.to_owned())
}

impl Form for Extract {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if let DeValue::Table(_) = given.get_ref() {
            let mut table = Table::open(given, reader)?;
            let at = table.take::<PlaceText>("at");
            let pattern = table.take::<Pattern>("match");
            table.end();
            let (extract, pattern) = (at?, pattern?);
            if extract.pattern.is_some() {
                reader.wrong("it has two patterns", "write at = \"text:\" beside `match`");
                return None;
            }
            return Some(Self { place: extract.place, pattern: Some(pattern) });
        }
        PlaceText::read(given, reader)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.refer("Place", |schemas| {
            let at = PlaceText::schema(schemas);
            json!({
                "description": "A place in a reply; `match` takes the first group of a regular expression over its text.",
                "anyOf": [
                    at,
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["at", "match"],
                        "properties": { "at": at, "match": { "type": "string", "pattern": "\\(" } },
                    },
                ],
            })
        })
    }
}

/// A place as one text.
struct PlaceText;

impl Form for PlaceText {
    type Value = Extract;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Extract> {
        let text =
            reader.text("a place, such as \"json:/code\" or \"header:retry-after\"", given)?;
        match Extract::parse(&text) {
            Ok(extract) => Some(extract),
            Err((what, remedy)) => {
                reader.wrong(what, remedy);
                None
            }
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        let pattern = "^(json:(/.*)?|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|text:(.*\\(.*)?)$";
        json!({ "type": "string", "pattern": pattern })
    }
}

impl Form for Pattern {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text("a regular expression with a group", given)?;
        match Self::new(&text).map_err(pattern_mistake) {
            Ok(pattern) => Some(pattern),
            Err((what, remedy)) => {
                reader.wrong(what, remedy);
                None
            }
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "pattern": "\\(" })
    }
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
    let mut first = None;
    walk(value, pointer, &mut |value| {
        first = Some(value);
        false
    });
    first
}

/// Follows a pointer whose steps may be `*` to every value that it leads to, until `take` has
/// enough. True: it had not.
pub(crate) fn walk<'v>(
    value: &'v Value,
    pointer: &str,
    take: &mut dyn FnMut(&'v Value) -> bool,
) -> bool {
    // A step is a `*` only if nothing else stands in it.
    let star = pointer.match_indices("/*").find(|(at, _)| {
        let after = &pointer[at + 2..];
        after.is_empty() || after.starts_with('/')
    });
    let Some((at, _)) = star else {
        return value.pointer(pointer).is_none_or(take);
    };
    let (before, after) = (&pointer[..at], &pointer[at + 2..]);
    match value.pointer(before) {
        Some(Value::Array(elements)) => elements.iter().all(|element| walk(element, after, take)),
        Some(Value::Object(members)) => members.values().all(|member| walk(member, after, take)),
        _ => true,
    }
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
