//! Times, attempts and acts in words.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use steadfast_ledger::{Act, ActRow, AttemptRow};

use crate::layout::plain;

/// An instant by the user's clock, to the second.
pub(super) fn moment(at_ms: i64) -> String {
    local(at_ms).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// An instant by the user's clock, to the millisecond.
pub(super) fn precise(at_ms: i64) -> String {
    local(at_ms).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

/// How far the user's clock is from UTC, such as `+02:00`.
pub(super) fn offset(at_ms: i64) -> String {
    local(at_ms).map_or_else(String::new, |at| at.strftime("%:z").to_string())
}

fn local(at_ms: i64) -> Option<Zoned> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_zoned(TimeZone::system()))
}

/// A length of time.
pub(super) fn length(ms: u64) -> String {
    let seconds = ms / 1_000;
    match ms {
        0 => "less than 1 ms".to_owned(),
        1..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", seconds, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// What an attempt met.
pub(super) fn attempt(attempt: &AttemptRow) -> String {
    let mut text = format!("attempt {}: ", attempt.n);
    if let Some(status) = attempt.status {
        text.push_str(&format!("HTTP {status}, "));
    }
    text.push_str(class(&attempt.class).unwrap_or(&attempt.class));
    if let Some(code) = &attempt.code {
        text.push_str(&format!(" ({})", plain(code)));
    }
    text.push_str(&format!(", after {}; {}", length(attempt.elapsed_ms), effect(&attempt.effect)));
    if let Some(id) = &attempt.request_id {
        text.push_str(&format!("; the API calls it {}", plain(id)));
    }
    text
}

/// Why it went on as it did after an attempt.
pub(super) fn after(attempt: &AttemptRow) -> Option<String> {
    let waited = attempt.wait_ms.map(|ms| format!("waited {}", length(ms)));
    let rule = attempt.rule.as_deref().map(|rule| plain(rule).into_owned());
    match (waited, rule) {
        (Some(waited), Some(rule)) => Some(format!("{rule}; {waited}")),
        (waited, rule) => waited.or(rule),
    }
}

fn class(name: &str) -> Option<&'static str> {
    Some(match name {
        "ok" => "done",
        "queued" => "accepted for later",
        "duplicate" => "there is one already",
        "partial" => "done in part",
        "validation" => "refused for its content",
        "not_found" => "refused: something it names is not there",
        "conflict" => "refused: it does not fit what is there",
        "idempotency_mismatch" => "refused: its idempotency key was used for something else",
        "in_progress" => "refused: the same write is being worked on",
        "unauthenticated" => "the session was not accepted",
        "credentials_rejected" => "the login was refused",
        "csrf" => "the CSRF token was not accepted",
        "forbidden" => "not allowed",
        "rate_limited" => "too many requests",
        "quota_exhausted" => "the quota is used up",
        "declined" => "declined",
        "unavailable" => "the service was not there",
        "server_error" => "the service failed",
        "network" => "no whole answer",
        "unmodelled" => "an answer that nothing here understands",
        _ => return None,
    })
}

fn effect(name: &str) -> &'static str {
    match name {
        "none" => "it took no effect",
        "applied" => "it took effect",
        _ => "nobody can say whether it took effect",
    }
}

/// What a person did.
pub(super) fn act(act: &ActRow) -> String {
    let what = match act.act {
        Act::Applied => "said to be in effect",
        Act::NotApplied => "said not to be in effect",
        Act::Retry => "told to try again",
        Act::Cancel => "withdrawn",
    };
    let by = act.hand.by.as_deref().map_or("by hand".into(), |by| format!("by {}", plain(by)));
    match &act.hand.note {
        Some(note) => format!("{what} {by}: {}", plain(note)),
        None => format!("{what} {by}"),
    }
}

/// What a person had before them.
pub(super) fn before(act: &ActRow) -> String {
    match &act.reason {
        Some(reason) => format!("it was {}: {}", act.was, plain(&reason.text)),
        None => format!("it was {}", act.was),
    }
}
