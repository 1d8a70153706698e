//! What may be shown of a payload in a log line (K14).

use serde_json::Value;

/// Parts of member names whose values are never shown.
const SECRET_NAMES: [&str; 12] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "csrf",
    "xsrf",
    "totp",
    "credential",
];
/// How many characters a snippet has at the most.
const SNIPPET_CHARS_MAX: usize = 500;

/// The first 500 characters of a payload, with secrets taken out before the cut. Never fails:
/// what is not JSON is not shown at all, since nothing in it can be told apart.
#[must_use]
pub fn payload_snippet(body: &[u8]) -> String {
    if body.is_empty() {
        return String::new();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            redact(&mut value);
            value.to_string().chars().take(SNIPPET_CHARS_MAX).collect()
        }
        Err(_) => format!("({} bytes that are not JSON)", body.len()),
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                if is_secret(name) {
                    *value = Value::String("[redacted]".to_owned());
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_12_secrets_are_taken_out_before_the_cut() {
        let body = br#"{"username":"ada","Password":"p4","nested":[{"refresh_token":"t0"}]}"#;
        let snippet = payload_snippet(body);
        assert!(!snippet.contains("p4") && !snippet.contains("t0"), "{snippet}");
        assert!(snippet.contains("ada"));
    }

    #[test]
    fn hazard_71_the_cut_is_between_characters() {
        let body = serde_json::json!({ "name": "é".repeat(900) }).to_string();
        assert_eq!(payload_snippet(body.as_bytes()).chars().count(), 500);
        assert_eq!(payload_snippet(b"\xff\xfe"), "(2 bytes that are not JSON)");
    }
}
