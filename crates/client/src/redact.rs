//! What must not be shown in a log line or an error (K14, I7).
//!
//! Secrets are taken out by what they are called (members of a payload), by what they are (the
//! password, and every cookie that we hold, wherever a server may have quoted them back at us)
//! and by how they look (a JWT).

mod looks;
mod names;

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;
use steadfast_call::dialect::Dialect;
use steadfast_call::{AuthFailure, Error, Request};
use url::form_urlencoded;

use names::Names;

/// How many characters a snippet has at the most.
const SNIPPET_CHARS_MAX: usize = 500;
/// Cookies shorter than this are settings, such as a language, and occur in any text.
const COOKIE_CHARS_MIN: usize = 8;
/// A password shorter than this cannot be told from ordinary text.
const PASSWORD_CHARS_MIN: usize = 4;
const REDACTED: &str = "[redacted]";

/// The first 500 characters of a payload, with secrets taken out before the cut. Never fails:
/// what is not JSON is not shown at all, since nothing in it can be told apart.
///
/// ```
/// let snippet = steadfast::payload_snippet(br#"{"username":"ada","password":"hunter2"}"#);
/// assert_eq!(snippet, r#"{"username":"ada","password":"[redacted]"}"#);
/// ```
#[must_use]
pub fn payload_snippet(body: &[u8]) -> String {
    Secrets::default().payload_snippet(body)
}

/// A whole payload as JSON, with secrets taken out; `None` for what is not JSON.
///
/// ```
/// let shown = steadfast::redacted_payload(br#"{"key":"PO-1","api_token":"t0"}"#);
/// assert_eq!(shown.unwrap().to_string(), r#"{"key":"PO-1","api_token":"[redacted]"}"#);
/// ```
#[must_use]
pub fn redacted_payload(body: &[u8]) -> Option<Value> {
    let mut value = serde_json::from_slice(body).ok()?;
    Names::default().redact(&mut value, REDACTED);
    scrub_texts(&mut value);
    Some(value)
}

/// Takes what looks like a secret out of every text.
fn scrub_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(scrubbed) = Secrets::default().scrub(text) {
                *text = scrubbed;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(scrub_texts),
        Value::Object(members) => members.values_mut().for_each(scrub_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The secrets of a client, as they are at one time.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    values: Vec<String>,
    names: Names,
}

impl Secrets {
    /// `credentials`: what was given to us. `session`: what the API gave us.
    pub(crate) fn new<'v>(
        credentials: impl Iterator<Item = &'v str>,
        session: impl Iterator<Item = &'v str>,
    ) -> Self {
        let mut values: Vec<String> =
            session.filter(|value| value.len() >= COOKIE_CHARS_MIN).map(str::to_owned).collect();
        for password in credentials.filter(|text| text.len() >= PASSWORD_CHARS_MIN) {
            // As a raw body would quote it, too.
            let quoted = Value::from(password).to_string();
            values.push(quoted.trim_matches('"').to_owned());
            values.push(password.to_owned());
        }
        Self { values, names: Names::default() }.sorted()
    }

    /// These, and what the dialect calls secret.
    pub(crate) fn named_by(mut self, dialect: &Arc<Dialect>) -> Self {
        self.names = Names::of(dialect);
        self
    }

    fn sorted(mut self) -> Self {
        self.values.retain(|value| value.len() >= PASSWORD_CHARS_MIN);
        // The longer first, so that none is left in part because another is a piece of it.
        self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self
    }

    /// These, and whatever else a reply showed.
    pub(crate) fn and(mut self, values: impl IntoIterator<Item = String>) -> Self {
        self.values.extend(values);
        self.sorted()
    }

    /// These, and the values of headers that are secret by their name.
    pub(crate) fn and_of_headers(mut self, headers: &HeaderMap) -> Self {
        for (_, value) in headers.iter().filter(|(name, _)| self.names.header(name.as_str())) {
            if let Ok(text) = value.to_str() {
                self.values.push(text.to_owned());
                // Without its scheme: "Bearer".
                self.values.extend(text.split_once(' ').map(|(_, token)| token.to_owned()));
            }
        }
        self.sorted()
    }

    /// These, and what of a request is secret by its name: a server may quote it.
    pub(crate) fn and_of_request(mut self, request: &Request) -> Self {
        self = self.and_of_headers(&request.headers);
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if self.names.parameter(&name) {
                let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                self.values.extend([value.into_owned(), encoded]);
            }
        }
        self.and_of(request.body.as_deref())
    }

    /// These, and what stands in a payload under a name of a secret: a server may quote it.
    pub(crate) fn and_of(mut self, payload: Option<&[u8]>) -> Self {
        let Some(payload) = payload.filter(|payload| !payload.is_empty()) else { return self };
        match serde_json::from_slice::<Value>(payload) {
            Ok(value) => {
                // A raw body quotes what is in quotation marks in its own way.
                let mut values = Vec::new();
                self.names.collect(value, &mut values);
                let quoted = |text: &String| Value::from(text.as_str()).to_string();
                let inside = |text: String| text.trim_matches('"').to_owned();
                self.values.extend(values.iter().map(|text| inside(quoted(text))));
                self.values.extend(values);
            }
            Err(_) => {
                looks::named_values(&String::from_utf8_lossy(payload), &mut self.values);
            }
        }
        self.sorted()
    }

    /// The text without secrets.
    pub(crate) fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.values {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), REDACTED));
            }
        }
        while let Some((from, to)) = looks::find(&text) {
            text.to_mut().replace_range(from..to, REDACTED);
        }
        text
    }

    /// The error without secrets that the server quoted.
    pub(crate) fn scrub_error(&self, error: Error) -> Error {
        let mut details = error.into_details();
        // What the answer itself calls a secret is one, wherever else it stands.
        let secrets = self.clone().and_of(Some(&details.body));
        let mut scrub = |text: &mut String| {
            if let Cow::Owned(scrubbed) = secrets.scrub(text) {
                *text = scrubbed;
            }
        };
        details.code.iter_mut().for_each(&mut scrub);
        details.message.iter_mut().for_each(&mut scrub);
        details.request_id.iter_mut().for_each(&mut scrub);
        details.for_people.iter_mut().for_each(&mut scrub);
        for fault in &mut details.field_errors {
            scrub(&mut fault.name);
            scrub(&mut fault.message);
        }
        for item in &mut details.items {
            item.id.iter_mut().for_each(&mut scrub);
            item.code.iter_mut().for_each(&mut scrub);
            item.message.iter_mut().for_each(&mut scrub);
        }
        scrub(&mut details.rule);
        for attempt in &mut details.attempts {
            attempt.code.iter_mut().for_each(&mut scrub);
            attempt.request_id.iter_mut().for_each(&mut scrub);
            scrub(&mut attempt.rule);
        }
        let body = String::from_utf8_lossy(&details.body);
        if let Cow::Owned(scrubbed) = secrets.scrub(&body) {
            details.body = scrubbed.into();
        }
        Error::new(details)
    }

    pub(crate) fn scrub_auth_failure(&self, mut failure: AuthFailure) -> AuthFailure {
        let (AuthFailure::Closed { text, .. }
        | AuthFailure::Unreached { text }
        | AuthFailure::Failed { text, .. }) = &mut failure;
        if let Cow::Owned(scrubbed) = self.scrub(text) {
            *text = scrubbed;
        }
        failure
    }

    /// As [`payload_snippet`], without our own secrets in any place.
    pub(crate) fn payload_snippet(&self, body: &[u8]) -> String {
        if body.is_empty() {
            return String::new();
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                self.names.redact(&mut value, REDACTED);
                self.scrub(&value.to_string()).chars().take(SNIPPET_CHARS_MAX).collect()
            }
            Err(_) => format!("({} bytes that are not JSON)", body.len()),
        }
    }
}

/// Headers in one line, without the values of those that are secret: by their mark, or by their
/// name (N11).
pub(crate) fn headers(headers: &HeaderMap, dialect: &Arc<Dialect>) -> String {
    let names = Names::of(dialect);
    let shown = headers.iter().map(|(name, value)| {
        let secret = value.is_sensitive() || names.header(name.as_str());
        let hidden = dialect.log.redacted.as_deref().unwrap_or(REDACTED);
        let value = if secret { hidden.into() } else { String::from_utf8_lossy(value.as_bytes()) };
        format!("{name}: {value}")
    });
    shown.collect::<Vec<String>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_12_secrets_are_taken_out_before_the_cut() {
        let body = br#"{"username":"ada","Password":"p4","Api Key":"k1","nested":[{"refresh_token":"t0"}]}"#;
        let snippet = payload_snippet(body);
        assert!(!["p4", "t0", "k1"].iter().any(|s| snippet.contains(s)), "{snippet}");
        assert!(snippet.contains("ada"));
    }

    #[test]
    fn a_whole_payload_has_no_secrets_and_keeps_its_digits() {
        let body =
            br#"{"n":0.10000000000000000001,"a":[{"Password":"p4"},"eyJhbGciOi.eyJzdWIi.c2ln"]}"#;
        let shown = redacted_payload(body).map(|value| value.to_string());
        assert_eq!(
            shown.as_deref(),
            Some(r#"{"n":0.10000000000000000001,"a":[{"Password":"[redacted]"},"[redacted]"]}"#)
        );
        assert_eq!(redacted_payload(b"<html>"), None);
    }

    #[test]
    fn hazard_71_the_cut_is_between_characters() {
        let body = serde_json::json!({ "name": "é".repeat(900) }).to_string();
        assert_eq!(payload_snippet(body.as_bytes()).chars().count(), 500);
        assert_eq!(payload_snippet(b"\xff\xfe"), "(2 bytes that are not JSON)");
    }

    #[test]
    fn what_a_server_quotes_back_is_taken_out() {
        let secrets =
            Secrets::new(["pass\"word"].into_iter(), ["cookie-value-1", "en"].into_iter());
        for text in ["wrong: pass\"word", r#"{"m":"pass\"word"}"#, "c=cookie-value-1; x"] {
            let shown = secrets.scrub(text);
            assert!(!shown.contains("word") && !shown.contains("value-1"), "{shown}");
        }
        assert_eq!(secrets.scrub("when in den"), "when in den");
    }

    #[test]
    fn what_looks_like_a_jwt_is_taken_out_and_nothing_else() {
        let secrets = Secrets::default();
        assert_eq!(
            secrets.scrub("Token eyJhbGciOi.eyJzdWIi.c2ln-_x is void, eyJa.b.c too"),
            "Token [redacted] is void, [redacted] too"
        );
        assert_eq!(secrets.scrub("eyJust a word. and. more"), "eyJust a word. and. more");
        assert_eq!(secrets.scrub("ünï eyJé.."), "ünï eyJé..");
    }
}
