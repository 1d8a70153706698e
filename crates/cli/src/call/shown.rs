//! How a call ended: for a person, and for a machine.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast::{Attempt, Effect, Error, Outcome};

use crate::explain::ending;
use crate::layout::plain;

/// An error keeps this much of a body.
const ERROR_BODY_BYTES_MAX: usize = 4_096;

/// The body of the reply as it came, and a line end behind it where a person reads it. A record
/// that a look-up found is written as JSON.
pub(super) fn body_to_show(result: &Result<Outcome, Error>) -> Vec<u8> {
    let mut body = body(result);
    if std::io::stdout().is_terminal() && !body.is_empty() && !body.ends_with(b"\n") {
        body.push(b'\n');
    }
    body
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

pub(super) fn text(result: &Result<Outcome, Error>, is_write: bool, quiet: bool) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    let attempts = match result {
        Ok(outcome) => {
            let success = outcome.success();
            if quiet {
                return String::new();
            }
            // What a read brought is an answer; nothing was applied.
            let outcome = if is_write { ending(result) } else { "answered" };
            lines.push(("outcome", outcome.to_owned()));
            lines.push(("rule", success.rule.clone()));
            if success.may_be_ours {
                lines.push(("author", "it may be the work of an attempt of ours".to_owned()));
            }
            lines.extend(success.resource_id.clone().map(|id| ("id", id)));
            if success.reply.is_none() && success.record.is_some() {
                lines.push(("body", "the record as the look-up found it".to_owned()));
            }
            &success.attempts
        }
        Err(error) => {
            let message = error.user_message();
            if quiet {
                return format!("{}: {}\n", ending(result), plain(&message));
            }
            let details = error.details();
            lines.push(("outcome", ending(result).to_owned()));
            lines.push(("means", message));
            lines.push(("effect", effect(details.effect).to_owned()));
            lines.push(("rule", details.rule.clone()));
            for difference in &details.differences {
                lines.push(("differs", difference.to_string()));
            }
            if let Some(hint) = details.retry_after {
                lines.push(("hint", format!("it asks to wait {} s", hint.as_secs_f64())));
            }
            if details.body.len() == ERROR_BODY_BYTES_MAX {
                lines.push(("body", format!("its first {ERROR_BODY_BYTES_MAX} bytes")));
            }
            &details.attempts
        }
    };
    lines.push(("attempts", attempts.len().to_string()));
    if let [_, _, ..] = attempts.as_slice() {
        lines.extend(attempts.iter().map(|attempt| ("", attempt_text(attempt))));
    }
    let mut text = String::new();
    for (name, said) in lines {
        let _ = writeln!(text, "{name:<9}{}", plain(&said));
    }
    text
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::None => "none: nothing was done",
        Effect::Applied => "applied: it is in effect",
        Effect::Unknown => "unknown: it may have been done",
    }
}

fn attempt_text(attempt: &Attempt) -> String {
    let status = attempt.status.map(|status| format!("{status} ")).unwrap_or_default();
    format!("{}. {status}{}: {}", attempt.number, attempt.class, attempt.rule)
}

pub(super) fn json(result: &Result<Outcome, Error>, is_write: bool) -> Value {
    let body = String::from_utf8_lossy(&body(result)).into_owned();
    let body = match body.is_empty() {
        true => Value::Null,
        // What is not JSON is given as text.
        false => serde_json::from_str(&body).unwrap_or(Value::String(body)),
    };
    let outcome = ending(result);
    match result {
        Ok(ended) => {
            let success = ended.success();
            json!({
                "outcome": outcome,
                "effect": match ended {
                    Outcome::Applied(_) | Outcome::Queued(_) if is_write => Effect::Applied.as_str(),
                    _ => Effect::None.as_str(),
                },
                "status": success.reply.as_ref().map(|reply| reply.status.as_u16()),
                "body": body,
                "resource_id": success.resource_id,
                "may_be_ours": success.may_be_ours,
                "rule": success.rule,
                "attempts": attempts_json(&success.attempts),
            })
        }
        Err(error) => {
            let details = error.details();
            json!({
                "outcome": outcome,
                "effect": details.effect.as_str(),
                "status": details.status,
                "body": body,
                "code": details.code,
                "message": details.message,
                "request_id": details.request_id,
                "hint_ms": details.retry_after.map(millis),
                "differences": details.differences,
                "action": details.action,
                "user_message": error.user_message(),
                "rule": details.rule,
                "attempts": attempts_json(&details.attempts),
            })
        }
    }
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
