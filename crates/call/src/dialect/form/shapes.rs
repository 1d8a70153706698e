//! Texts that have a shape: pointers, paths, methods, header names.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use serde_json::{Value, json};

use super::scalars::named;
use super::{Form, Given, Reader, Schemas};

/// A JSON pointer (RFC 6901).
pub(in crate::dialect) struct Pointer;

fn pointer_mistake(text: &str) -> Option<(String, String)> {
    if text.is_empty() || text.starts_with('/') {
        return None;
    }
    let remedy = format!("write \"/{text}\", with \"/\" before every step");
    Some((format!("\"{text}\" is no JSON pointer"), remedy))
}

impl Form for Pointer {
    type Value = String;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text("a JSON pointer, such as \"/data/rows\"", given)?;
        match pointer_mistake(&text) {
            Some((what, remedy)) => {
                reader.wrong(what, remedy);
                None
            }
            None => Some(text),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "pattern": "^(/.*)?$" })
    }
}

/// JSON pointers, and what they lead to.
impl<F: Form> Form for BTreeMap<Pointer, F> {
    type Value = BTreeMap<String, F::Value>;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let name = |text: &str, reader: &mut Reader<'_>| match pointer_mistake(text) {
            Some((what, remedy)) => {
                reader.wrong(what, remedy);
                false
            }
            None => true,
        };
        named(given, reader, name, F::read)
    }

    fn if_absent() -> Option<Self::Value> {
        Some(BTreeMap::new())
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({
            "type": "object",
            "propertyNames": { "pattern": "^(/.*)?$" },
            "additionalProperties": F::schema(schemas),
        })
    }
}

/// Headers, and what is said of each.
impl<F: Form> Form for BTreeMap<HeaderText, F> {
    type Value = BTreeMap<String, F::Value>;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let name = |text: &str, reader: &mut Reader<'_>| match HeaderName::try_from(text) {
            Ok(_) => true,
            Err(_) => {
                reader.wrong(NO_HEADER, HEADER_REMEDY);
                false
            }
        };
        named(given, reader, name, F::read)
    }

    fn if_absent() -> Option<Self::Value> {
        Some(BTreeMap::new())
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({
            "type": "object",
            "propertyNames": { "pattern": HEADER_PATTERN },
            "additionalProperties": F::schema(schemas),
        })
    }
}

const NO_HEADER: &str = "this is no name of a header";
const HEADER_REMEDY: &str = "write letters, digits and hyphens, such as \"Retry-After\"";
/// RFC 9110 §5.6.2, `token`.
const HEADER_PATTERN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/// The shapes that are a matter of one condition.
macro_rules! shapes {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $wanted:literal, $pattern:expr, $fits:expr, $what:expr, $remedy:expr;
    )*) => { $(
        $(#[doc = $doc])*
        pub(in crate::dialect) struct $name;

        impl Form for $name {
            type Value = String;

            fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<String> {
                let text = reader.text($wanted, given)?;
                let fits: fn(&str) -> bool = $fits;
                if fits(&text) {
                    return Some(text);
                }
                reader.wrong(format!("\"{text}\": {}", $what), $remedy);
                None
            }

            fn schema(_: &mut Schemas) -> Value {
                json!({ "type": "string", "pattern": $pattern })
            }
        }
    )* };
}

shapes! {
    /// A path below the base URL.
    PathText: "a path, such as \"/orders\"", "^/",
        |text| text.starts_with('/'),
        "a path starts with \"/\"", "write the path below the base URL, such as \"/orders\"";
    /// The path of one record.
    RecordPath: "a path, such as \"/orders/{id}\"", "^/.*\\{id\\}",
        |text| text.starts_with('/') && text.contains("{id}"),
        "it names no record", "write {id} where the id of the record belongs, such as \"/orders/{id}\"";
    /// A glob over paths.
    PathGlob: "a glob over paths, such as \"/orders*\"", "^[/*]",
        |text| text.starts_with(['/', '*']),
        "a path starts with \"/\"", "write a glob over the path below the base URL, such as \"/orders*\"";
    /// A glob, which may not be empty.
    Glob: "a glob, such as \"*.NotFound\"", ".",
        |text| !text.is_empty(),
        "an empty glob fits nothing", "write a text, with * for any run of characters";
    /// An HTTP method.
    MethodText: "a method, such as \"POST\"", "^[A-Za-z][A-Za-z-]*$",
        |text| Method::from_bytes(text.as_bytes()).is_ok()
            && text.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
            && text.starts_with(|c: char| c.is_ascii_alphabetic()),
        "this is no method", "write a method of HTTP, such as \"POST\"";
    /// The name of a header.
    HeaderText: "the name of a header, such as \"Retry-After\"", HEADER_PATTERN,
        |text| HeaderName::try_from(text).is_ok(),
        NO_HEADER, HEADER_REMEDY;
}
