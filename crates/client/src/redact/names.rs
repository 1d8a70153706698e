//! What is secret by what it is called: always, and by the dialect's `[redact]`.

use std::sync::Arc;

use serde_json::Value;
use steadfast_call::dialect::{Dialect, glob_matches};

/// Parts of names whose values are never shown (K14, N11).
const SECRET_NAMES: [&str; 15] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "x_auth",
    "cookie",
    "csrf",
    "xsrf",
    "totp",
    "jwt",
    "credential",
    "private_key",
];

/// The names of a dialect beside those that are always secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Option<Arc<Dialect>>);

impl Names {
    pub(super) fn of(dialect: &Arc<Dialect>) -> Self {
        Self(Some(Arc::clone(dialect)))
    }

    /// True if a JSON member is secret. `pointer`: where it stands. A number of tokens is none.
    fn member(&self, name: &str, pointer: &str, value: &Value) -> bool {
        let counts = value.is_number() && plain(name).contains("tokens");
        (is_secret(name) && !counts)
            || self.0.iter().flat_map(|dialect| &dialect.redact.json).any(|pattern| {
                match pattern.starts_with('/') {
                    true => glob_matches(pattern, pointer),
                    false => fits(pattern, name),
                }
            })
    }

    pub(super) fn header(&self, name: &str) -> bool {
        is_secret(name) || self.any(name, |dialect| &dialect.redact.headers)
    }

    pub(super) fn parameter(&self, name: &str) -> bool {
        is_secret(name) || self.any(name, |dialect| &dialect.redact.query)
    }

    fn any(&self, name: &str, patterns: impl Fn(&Dialect) -> &Vec<String>) -> bool {
        self.0.as_ref().is_some_and(|d| patterns(d).iter().any(|pattern| fits(pattern, name)))
    }

    /// Replaces what is secret in a value.
    pub(super) fn redact(&self, value: &mut Value, with: &str) {
        self.walk(value, &mut String::new(), &mut |value| *value = Value::String(with.to_owned()));
    }

    /// Collects the texts of what is secret in a value.
    pub(super) fn collect(&self, mut value: Value, values: &mut Vec<String>) {
        self.walk(&mut value, &mut String::new(), &mut |secret| texts(secret, values));
    }

    fn walk(&self, value: &mut Value, pointer: &mut String, found: &mut impl FnMut(&mut Value)) {
        let here = pointer.len();
        match value {
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    pointer.push('/');
                    pointer.push_str(name);
                    match self.member(name, pointer, value) {
                        true => found(value),
                        false => self.walk(value, pointer, found),
                    }
                    pointer.truncate(here);
                }
            }
            Value::Array(elements) => {
                for (at, element) in elements.iter_mut().enumerate() {
                    pointer.push_str(&format!("/{at}"));
                    self.walk(element, pointer, found);
                    pointer.truncate(here);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn texts(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::String(text) => values.push(text.clone()),
        Value::Number(number) => values.push(number.to_string()),
        Value::Object(members) => members.values().for_each(|value| texts(value, values)),
        Value::Array(elements) => elements.iter().for_each(|value| texts(value, values)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', ' '], "_")
}

fn fits(pattern: &str, name: &str) -> bool {
    glob_matches(&plain(pattern), &plain(name))
}

pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_names_more() {
        let mut dialect = Dialect::built_in("knosc").unwrap();
        dialect.redact.headers = vec!["X-Signature*".into()];
        dialect.redact.query = vec!["sig".into()];
        dialect.redact.json = vec!["/bank/*/iban".into(), "*note".into()];
        let names = Names::of(&Arc::new(dialect));
        assert!(names.header("x-signature-256") && names.header("Authorization"));
        assert!(!names.header("x-other") && names.parameter("SIG") && names.parameter("api-key"));
        let mut value = serde_json::json!({
            "bank": [{ "iban": "DE1", "bic": "B" }], "iban": "DE2", "Foot Note": ["n"],
            "max_tokens": 4096,
        });
        let mut values = Vec::new();
        names.collect(value.clone(), &mut values);
        assert_eq!(values, ["DE1", "n"]);
        names.redact(&mut value, "-");
        assert_eq!(
            value,
            serde_json::json!({
                "bank": [{ "iban": "-", "bic": "B" }], "iban": "DE2", "Foot Note": "-",
                "max_tokens": 4096,
            })
        );
        assert!(!Names::default().header("x-signature-256"));
    }
}
