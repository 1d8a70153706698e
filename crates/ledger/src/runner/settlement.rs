//! What the end of a call means for its delivery.

use std::time::Duration;

use steadfast::{Class, Effect, Error, Kind, Outcome, Stop, Success};

use crate::{Delivery, Reason, Settlement};

/// What to do with a write whose effect cannot be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnknown {
    /// A person decides.
    #[default]
    Hold,
    /// It was decided beforehand to send it again, at the risk of doing it twice.
    Resend,
}

/// The first wait before a call that came to nothing is made again; it doubles.
const AGAIN_FIRST: Duration = Duration::from_secs(2);
const AGAIN_LAST: Duration = Duration::from_secs(30);

/// What the ledger does about the end of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Settle the delivery.
    Settle(Settlement),
    /// Send it again after that time, with its key: it may be in effect, and twice has the effect of once.
    AgainInDoubt(Duration),
    /// Leave it in doubt: the next run finds out what became of it.
    LeaveInDoubt,
}

/// Reads the end of a call. `rounds`: how many calls were made for this delivery before. `remembered`: the API
/// still knows its idempotency key.
pub(super) fn verdict(
    result: &Result<Outcome, Error>,
    delivery: &Delivery,
    (rounds, remembered): (u32, bool),
    on_unknown: OnUnknown,
    now_ms: i64,
) -> Verdict {
    match result {
        Ok(outcome) => Verdict::Settle(success(outcome)),
        Err(error) => failure(error, delivery, (rounds, remembered), on_unknown, now_ms),
    }
}

fn success(outcome: &Outcome) -> Settlement {
    let status = |success: &Success| success.reply.as_ref().map(|reply| reply.status.as_u16());
    match outcome {
        Outcome::Applied(done) => {
            Settlement::Applied { status: status(done), resource_id: done.resource_id.clone() }
        }
        Outcome::Queued(done) => Settlement::Queued {
            status: status(done),
            reason: Some(Reason::new("accepted by the API, and visible when its run ends")),
        },
        Outcome::Existing(done) => Settlement::Existing {
            status: status(done),
            resource_id: done.resource_id.clone(),
            reason: Some(Reason::new(done.rule.clone())),
        },
    }
}

fn failure(
    error: &Error,
    delivery: &Delivery,
    (rounds, remembered): (u32, bool),
    on_unknown: OnUnknown,
    now_ms: i64,
) -> Verdict {
    match error.kind() {
        Kind::Credentials(_) => Verdict::Settle(Settlement::Held(reason(error))),
        Kind::Cancelled if error.effect() == Effect::Unknown => Verdict::LeaveInDoubt,
        Kind::Unknown if on_unknown == OnUnknown::Resend => {
            Verdict::Settle(Settlement::Waiting { due_at_ms: now_ms, reason: Some(reason(error)) })
        }
        Kind::Unknown => match in_doubt_again(error, delivery, rounds, now_ms) {
            Some(wait) if remembered => Verdict::AgainInDoubt(wait),
            _ => Verdict::Settle(Settlement::Unknown(unknown(error, delivery))),
        },
        Kind::Differs => Verdict::Settle(Settlement::Held(reason(error))),
        // Some of it is done. A person sends what is not.
        Kind::Partial => Verdict::Settle(Settlement::Held(reason(error))),
        _ if error.may_succeed_later() => Verdict::Settle(later(error, delivery, rounds, now_ms)),
        Kind::Refused(_) => Verdict::Settle(Settlement::Rejected(reason(error))),
        Kind::Protocol | Kind::Unsendable | Kind::Unreached(_) | Kind::Cancelled => {
            Verdict::Settle(Settlement::Held(reason(error)))
        }
    }
}

/// Nothing took effect and it may go better later: wait, never less than the server asked, and
/// not past the deadline.
fn later(error: &Error, delivery: &Delivery, rounds: u32, now_ms: i64) -> Settlement {
    let wait = match error.kind() {
        Kind::Cancelled => Duration::ZERO,
        _ => pause(error, rounds),
    };
    let due_at_ms = at(now_ms, wait);
    let mut reason = reason(error);
    if is_over(delivery, due_at_ms)
        || (error.details().stop == Stop::Deadline && error.kind() != Kind::Cancelled)
    {
        reason.text = format!("given up at its deadline; last: {}", reason.text);
        reason.action = Some("deliver the file again when the API is back".to_owned());
        return Settlement::Held(reason);
    }
    Settlement::Waiting { due_at_ms, reason: Some(reason) }
}

/// How long to wait before it is sent again though it may be in effect; none if a call ended for another
/// reason than that it had its attempts, or its time is over.
fn in_doubt_again(
    error: &Error,
    delivery: &Delivery,
    rounds: u32,
    now_ms: i64,
) -> Option<Duration> {
    let wait = pause(error, rounds);
    let may = matches!(error.details().stop, Stop::Attempts | Stop::HintTooLong);
    (may && !is_over(delivery, at(now_ms, wait))).then_some(wait)
}

/// Never less than the server asked.
fn pause(error: &Error, rounds: u32) -> Duration {
    let own = AGAIN_FIRST.saturating_mul(1 << rounds.min(8)).min(AGAIN_LAST);
    own.max(error.details().retry_after.unwrap_or_default())
}

fn at(now_ms: i64, wait: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

fn is_over(delivery: &Delivery, due_at_ms: i64) -> bool {
    delivery.deadline_at_ms.is_some_and(|deadline| due_at_ms >= deadline)
}

pub(super) fn reason(error: &Error) -> Reason {
    let details = error.details();
    let text = match error.kind() {
        Kind::Credentials(kind) => match &details.message {
            Some(message) if message != kind.as_str() => format!("{} {message}", kind.as_str()),
            Some(_) | None => kind.as_str().to_owned(),
        },
        Kind::Refused(Class::Duplicate) => {
            let there = "there is one with this key already";
            match details.differences.is_empty() {
                true => format!("{there} ({})", error.summary()),
                false => format!("{there}, with other content"),
            }
        }
        Kind::Refused(_) => details.message.clone().unwrap_or_else(|| error.summary()),
        Kind::Differs => "there is one with this key, with other content than ours".to_owned(),
        Kind::Partial => error.user_message(),
        Kind::Unknown
        | Kind::Unreached(_)
        | Kind::Protocol
        | Kind::Unsendable
        | Kind::Cancelled => details.message.clone().unwrap_or_else(|| details.rule.clone()),
    };
    Reason {
        code: details.code.clone(),
        status: details.status,
        text,
        action: details.action.clone(),
        differences: details.differences.iter().map(ToString::to_string).collect(),
    }
}

/// What was sent, and how to check it.
fn unknown(error: &Error, delivery: &Delivery) -> Reason {
    let what = delivery.natural_key.as_deref().unwrap_or(&delivery.identity);
    let mut reason = reason(error);
    reason.text = format!(
        "{} {} was sent, and the answer does not tell whether it was done: {}; {}",
        delivery.method,
        delivery.path,
        reason.text,
        error.details().rule
    );
    reason.action = Some(format!(
        "look whether {what} is there, and no run of the API can be hiding it; then say so: \
         steadfast ledger resolve {id} --applied (or --not-applied)",
        id = delivery.id
    ));
    reason
}
