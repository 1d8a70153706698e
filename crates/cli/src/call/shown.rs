//! How a call ended: for a person, and for a machine.

use std::io::IsTerminal;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast::{Attempt, Difference, Effect, Error, Kind, Outcome, Success};

use crate::explain::{asked_to_wait, ending};
use crate::faults::{field_lines, fields_json, item_lines, items_json};
use crate::layout::{named, plain};

/// How wide the names of the lines are.
const NAME_WIDTH: usize = 9;

/// An error keeps this much of a body.
const ERROR_BODY_BYTES_MAX: usize = 4_096;

/// How a call ended, and what is known of it beside.
pub(super) struct Ended<'e> {
    pub(super) result: &'e Result<Outcome, Error>,
    pub(super) is_write: bool,
    /// The idempotency key that it was sent with.
    pub(super) key: Option<&'e str>,
}

type Line = (&'static str, String);

impl Ended<'_> {
    /// The body of the reply as it came, and a line end behind it where a person reads it. A
    /// record that a look-up found is written as JSON.
    pub(super) fn body_to_show(&self) -> Vec<u8> {
        let mut body = body(self.result);
        if std::io::stdout().is_terminal() && !body.is_empty() && !body.ends_with(b"\n") {
            body.push(b'\n');
        }
        body
    }

    pub(super) fn to_text(&self, quiet: bool) -> String {
        let (mut lines, attempts) = match self.result {
            Ok(_) if quiet => return String::new(),
            Err(error) if quiet => {
                return format!("{}: {}\n", ending(self.result), plain(&error.user_message()));
            }
            Ok(outcome) => (self.success_lines(outcome.success()), &outcome.success().attempts),
            Err(error) => (error_lines(error, ending(self.result)), &error.details().attempts),
        };
        lines.extend(self.key.map(|key| ("key", key.to_owned())));
        lines.push(("attempts", attempts.len().to_string()));
        if let [_, _, ..] = attempts.as_slice() {
            lines.extend(attempts.iter().map(|attempt| ("", attempt_text(attempt))));
        }
        lines.iter().map(|(name, said)| named(name, NAME_WIDTH, said)).collect()
    }

    fn success_lines(&self, success: &Success) -> Vec<Line> {
        // What a read brought is an answer; nothing was applied.
        let outcome = if self.is_write { ending(self.result) } else { "answered" };
        let mut lines = vec![("outcome", outcome.to_owned()), ("rule", success.rule.clone())];
        if success.may_be_ours {
            lines.push(("author", "it may be the work of an attempt of ours".to_owned()));
        }
        lines.extend(success.resource_id.clone().map(|id| ("id", id)));
        if success.reply.is_none() && success.record.is_some() {
            lines.push(("body", "the record as the look-up found it".to_owned()));
        }
        lines
    }
}

fn error_lines(error: &Error, outcome: &str) -> Vec<Line> {
    let details = error.details();
    let mut lines = vec![
        ("outcome", outcome.to_owned()),
        ("means", error.user_message()),
        ("effect", effect(details.effect, outcome).to_owned()),
        ("rule", details.rule.clone()),
    ];
    lines.extend(field_lines(&details.field_errors));
    lines.extend(item_lines(&details.items));
    let differs = |difference: &Difference| ("differs", difference.to_string());
    lines.extend(details.differences.iter().map(differs));
    lines.extend(details.retry_after.map(|hint| ("hint", asked_to_wait(hint))));
    lines.extend(details.request_id.clone().map(|id| ("request", id)));
    if details.body.len() == ERROR_BODY_BYTES_MAX {
        lines.push(("body", format!("its first {ERROR_BODY_BYTES_MAX} bytes")));
    }
    lines
}

fn body(result: &Result<Outcome, Error>) -> Vec<u8> {
    match result {
        Ok(outcome) => {
            let success = outcome.success();
            match (&success.reply, &success.record) {
                (Some(reply), _) => reply.body.to_vec(),
                (None, Some(record)) => format!("{record}\n").into_bytes(),
                (None, None) => Vec::new(),
            }
        }
        Err(error) => error.details().body.to_vec(),
    }
}

fn effect(effect: Effect, outcome: &str) -> &'static str {
    match effect {
        Effect::None => "none: nothing was done",
        Effect::Applied if outcome == Kind::Partial.as_str() => {
            "applied: a part of it is in effect"
        }
        Effect::Applied => "applied: it is in effect",
        Effect::Unknown => "unknown: it may have been done",
    }
}

fn attempt_text(attempt: &Attempt) -> String {
    let status = attempt.status.map(|status| format!("{status} ")).unwrap_or_default();
    format!("{}. {status}{}: {}", attempt.number, attempt.class, attempt.rule)
}

impl Ended<'_> {
    pub(super) fn to_json(&self) -> Value {
        let body = String::from_utf8_lossy(&body(self.result)).into_owned();
        let body = match body.is_empty() {
            true => Value::Null,
            // What is not JSON is given as text.
            false => serde_json::from_str(&body).unwrap_or(Value::String(body)),
        };
        let mut object = match self.result {
            Ok(ended) => self.success_json(ended),
            Err(error) => error_json(error),
        };
        object["outcome"] = json!(ending(self.result));
        object["body"] = body;
        object["idempotency_key"] = json!(self.key);
        object
    }

    fn success_json(&self, ended: &Outcome) -> Value {
        let success = ended.success();
        json!({
            "effect": match ended {
                Outcome::Applied(_) | Outcome::Queued(_) if self.is_write => Effect::Applied.as_str(),
                _ => Effect::None.as_str(),
            },
            "status": success.reply.as_ref().map(|reply| reply.status.as_u16()),
            "resource_id": success.resource_id,
            "may_be_ours": success.may_be_ours,
            "rule": success.rule,
            "attempts": attempts_json(&success.attempts),
        })
    }
}

fn error_json(error: &Error) -> Value {
    let details = error.details();
    json!({
        "effect": details.effect.as_str(),
        "status": details.status,
        "code": details.code,
        "message": details.message,
        "field_errors": fields_json(&details.field_errors),
        "items": items_json(&details.items),
        "request_id": details.request_id,
        "hint_ms": details.retry_after.map(millis),
        "differences": details.differences,
        "action": details.action,
        "user_message": error.user_message(),
        "rule": details.rule,
        "attempts": attempts_json(&details.attempts),
    })
}

fn attempts_json(attempts: &[Attempt]) -> Vec<Value> {
    let each = attempts.iter().map(|attempt| {
        json!({
            "number": attempt.number,
            "status": attempt.status,
            "class": attempt.class.as_str(),
            "code": attempt.code,
            "effect": attempt.effect.as_str(),
            "hint_ms": attempt.hint.map(millis),
            "wait_ms": millis(attempt.wait),
            "elapsed_ms": millis(attempt.elapsed),
            "rule": attempt.rule,
            "request_id": attempt.request_id,
        })
    });
    each.collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
