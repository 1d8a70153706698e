//! Replies kept under their idempotency keys.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use http::StatusCode;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How long a reply is kept.
const KEPT_MS: u64 = 24 * 3600 * 1000;

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

#[derive(Debug)]
struct Kept {
    request: String,
    answered: Answered,
    /// When the work is done and the reply goes out.
    ready_ms: u64,
    until_ms: u64,
}

/// The replies of an API by what it knows a key by: the key, or whose it is and the key.
#[derive(Debug)]
pub(crate) struct Keys<N> {
    kept: HashMap<N, Kept>,
    /// In the order in which they run out.
    ending: VecDeque<(u64, N)>,
}

impl<N> Default for Keys<N> {
    fn default() -> Self {
        Self { kept: HashMap::new(), ending: VecDeque::new() }
    }
}

/// What a key is known for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    No,
    /// This request has been answered so, or will be in so many milliseconds.
    Answered {
        answered: &'a Answered,
        in_ms: u64,
    },
    /// It belongs to another request.
    Other,
}

impl<N: Hash + Eq + Clone> Keys<N> {
    pub(crate) fn look_up<Q>(&self, name: &Q, request: &str, now_ms: u64) -> Known<'_>
    where
        N: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        match self.kept.get(name).filter(|kept| kept.until_ms > now_ms) {
            Some(kept) if kept.request == request => Known::Answered {
                answered: &kept.answered,
                in_ms: kept.ready_ms.saturating_sub(now_ms),
            },
            Some(_) => Known::Other,
            None => Known::No,
        }
    }

    pub(crate) fn keep(
        &mut self,
        name: N,
        request: String,
        answered: Answered,
        ready_ms: u64,
        now_ms: u64,
    ) {
        while self.ending.front().is_some_and(|(until_ms, _)| *until_ms <= now_ms) {
            if let Some((until_ms, old)) = self.ending.pop_front()
                && self.kept.get(&old).is_some_and(|kept| kept.until_ms == until_ms)
            {
                self.kept.remove(&old);
            }
        }
        let until_ms = now_ms + KEPT_MS;
        self.ending.push_back((until_ms, name.clone()));
        self.kept.insert(name, Kept { request, answered, ready_ms, until_ms });
    }

    /// The request is still being worked on for so long.
    pub(crate) fn hold(&mut self, name: &N, until_ms: u64) {
        if let Some(kept) = self.kept.get_mut(name) {
            kept.ready_ms = kept.ready_ms.max(until_ms);
        }
    }
}

/// A request in one form, however its body was written.
pub(crate) fn fingerprint(method: &str, path: &str, body: &Map<String, Value>) -> String {
    let mut text = format!("{method} {path}\n");
    write_object(body, &mut text);
    text
}

/// A short name for what a JSON object says, in whatever order and with whatever blanks it is written.
pub(crate) fn content(body: &Map<String, Value>) -> String {
    let digest = Sha256::digest(fingerprint("", "", body).as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
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
        let one = fingerprint("POST", "/p", &body(json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] })));
        let same = fingerprint("POST", "/p", &body(json!({ "b": [{ "d": 3, "c": 2 }], "a": 1 })));
        let other = fingerprint("POST", "/q", &body(json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] })));
        let answered = Answered { status: StatusCode::OK, body: "reply".to_owned() };
        let name = |caller: &str| (caller.to_owned(), "k".to_owned());
        let mut keys = Keys::default();
        keys.keep(name("ada"), one, answered.clone(), 50, 0);
        let known = |in_ms| Known::Answered { answered: &answered, in_ms };
        assert_eq!(keys.look_up(&name("ada"), &same, 20), known(30));
        assert_eq!(keys.look_up(&name("ada"), &same, KEPT_MS - 1), known(0));
        assert_eq!(keys.look_up(&name("ada"), &other, 1), Known::Other);
        assert_eq!(keys.look_up(&name("bob"), &same, 1), Known::No);
        assert_eq!(keys.look_up(&name("ada"), &same, KEPT_MS), Known::No);
        keys.keep(name("bob"), same, answered.clone(), KEPT_MS, KEPT_MS);
        assert_eq!(keys.kept.len(), 1, "what has run out is thrown away");
    }
}
