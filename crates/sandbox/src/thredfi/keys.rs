//! Replies kept under their idempotency keys.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

/// How long a reply is kept.
const KEPT_MS: u64 = 24 * 3600 * 1000;

/// A request that succeeded, and what it was answered.
#[derive(Debug)]
struct Kept {
    request: String,
    reply: String,
    until_ms: u64,
}

/// The replies of one business.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    kept: HashMap<String, Kept>,
    /// In the order in which they run out.
    ending: VecDeque<(u64, String)>,
}

/// What a key is known for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    No,
    /// This request has been answered so.
    Answered(&'a str),
    /// It belongs to another request.
    Other,
}

impl Keys {
    pub(crate) fn look_up(&self, key: &str, request: &str, now_ms: u64) -> Known<'_> {
        match self.kept.get(key) {
            Some(kept) if kept.until_ms <= now_ms => Known::No,
            Some(kept) if kept.request == request => Known::Answered(&kept.reply),
            Some(_) => Known::Other,
            None => Known::No,
        }
    }

    pub(crate) fn keep(&mut self, key: &str, request: String, reply: String, now_ms: u64) {
        while self.ending.front().is_some_and(|(until_ms, _)| *until_ms <= now_ms) {
            if let Some((until_ms, old)) = self.ending.pop_front()
                && self.kept.get(&old).is_some_and(|kept| kept.until_ms == until_ms)
            {
                self.kept.remove(&old);
            }
        }
        let until_ms = now_ms + KEPT_MS;
        self.ending.push_back((until_ms, key.to_owned()));
        self.kept.insert(key.to_owned(), Kept { request, reply, until_ms });
    }
}

/// A request in one form, however its body was written.
pub(crate) fn fingerprint(path: &str, body: &Map<String, Value>) -> String {
    let mut text = format!("{path}\n");
    write_object(body, &mut text);
    text
}

fn write_object(object: &Map<String, Value>, text: &mut String) {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (name, value) in members {
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        write(value, text);
        text.push(',');
    }
    text.push('}');
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => write_object(object, text),
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write(value, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_answers_its_own_request_for_a_day() {
        let body = |value: Value| value.as_object().cloned().unwrap_or_default();
        let one = fingerprint("/p/", &body(json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] })));
        let same = fingerprint("/p/", &body(json!({ "b": [{ "d": 3, "c": 2 }], "a": 1 })));
        let other = fingerprint("/q/", &body(json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] })));
        let mut keys = Keys::default();
        keys.keep("k", one, "reply".to_owned(), 0);
        assert_eq!(keys.look_up("k", &same, KEPT_MS - 1), Known::Answered("reply"));
        assert_eq!(keys.look_up("k", &other, 1), Known::Other);
        assert_eq!(keys.look_up("k", &same, KEPT_MS), Known::No);
        keys.keep("l", same, "later".to_owned(), KEPT_MS);
        assert_eq!(keys.kept.len(), 1, "what has run out is thrown away");
    }
}
