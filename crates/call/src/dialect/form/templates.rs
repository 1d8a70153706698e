//! Texts in which names in braces are filled in.

use serde_json::{Value, json};

use super::table::nearest;
use super::{Form, Given, Reader, Schemas};

/// The names in braces, in order; a name may be followed by a format, `{wait_s:.2}`.
///
/// # Errors
/// What is wrong with the braces.
pub(in crate::dialect) fn names_in(text: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{').ok_or("a } stands without its {")?;
        let until = inside.find(['{', '}']).ok_or("a { is never closed")?;
        let name = inside[..until].split(':').next().unwrap_or_default();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || !inside[until..].starts_with('}') {
            return Err(format!("{{{} is no name in braces", &inside[..until]));
        }
        names.push(name);
        rest = &inside[until + 1..];
    }
    Ok(names)
}

fn template(given: &Given<'_>, reader: &mut Reader<'_>, known: Option<&[&str]>) -> Option<String> {
    let text = reader.text("a text in quotation marks", given)?;
    let names = match names_in(&text) {
        Ok(names) => names,
        Err(what) => {
            reader.wrong(what, "write names in braces, such as {status}");
            return None;
        }
    };
    let Some(known) = known else { return Some(text) };
    let strangers: Vec<&str> = names.into_iter().filter(|name| !known.contains(name)).collect();
    for name in &strangers {
        let all = known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
        let meant =
            nearest(name, known).map(|near| format!("write {{{near}}}; ")).unwrap_or_default();
        reader.wrong(format!("nothing fills in {{{name}}}"), format!("{meant}there are {all}"));
    }
    strangers.is_empty().then_some(text)
}

macro_rules! templates {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident: $known:expr;
    )*) => { $(
        $(#[doc = $doc])*
        pub(in crate::dialect) struct $name;

        impl Form for $name {
            type Value = String;

            fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<String> {
                template(given, reader, $known)
            }

            fn schema(_: &mut Schemas) -> Value {
                match $known {
                    Some(known) => {
                        let known: &[&str] = known;
                        let names = known.join("|");
                        let pattern = format!("^([^{{}}]|\\{{({names})(:[^{{}}]*)?\\}})*$");
                        json!({ "type": "string", "pattern": pattern })
                    }
                    None => {
                        let pattern = "^([^{}]|\\{[A-Za-z0-9_]+(:[^{}]*)?\\})*$";
                        json!({ "type": "string", "pattern": pattern })
                    }
                }
            }
        }
    )* };
}

templates! {
    /// Named secrets of the account are filled in: `{api_key}`.
    CredentialText: None::<&[&str]>;
    /// A line of the log.
    LogText: Some(&[
        "method", "path", "url", "status", "code", "message", "attempt", "attempts", "retries",
        "wait_s", "cause", "request_id", "idempotency_key", "body", "operation", "headers",
    ]);
    /// What is said to a person.
    MessageText: Some(&[
        "status", "code", "message", "request_id", "retry_after_s", "attempts", "method", "path",
        "fields", "idempotency_key",
    ]);
}

/// The path of a token route: `{owner}` is filled in.
pub(in crate::dialect) struct OwnerPath;

impl Form for OwnerPath {
    type Value = String;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text("a path, such as \"/businesses/{owner}/token\"", given)?;
        if text.starts_with('/') && text.contains("{owner}") {
            return Some(text);
        }
        let remedy = "write {owner} where the owner's id stands, such as \"/businesses/{owner}*\"";
        reader.wrong(format!("\"{text}\" names no owner"), remedy);
        None
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "pattern": "^/.*\\{owner\\}" })
    }
}
