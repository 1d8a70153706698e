//! What a person does about a reply.

use std::time::Duration;

use crate::class::Class;
use crate::effect::Effect;

use super::Next;

/// What came of a reply.
pub(super) struct After {
    pub(super) class: Class,
    /// What a write did; a read does nothing.
    pub(super) effect: Effect,
    pub(super) next: Next,
    pub(super) hint: Option<Duration>,
}

const LOOK_FIRST: &str = "look whether it is there before sending it again";

/// What the dialect says about the code, and where it says nothing, what goes for every API.
pub(super) fn of(known: Option<&str>, after: &After) -> String {
    let class = after.class;
    let or = |general: &str| known.unwrap_or(general).to_owned();
    let in_doubt = || match known {
        Some(known) => format!("{LOOK_FIRST}; {known}"),
        None => LOOK_FIRST.to_owned(),
    };
    match after.next {
        Next::SendAgain(_) | Next::Authenticate(_) => {
            let then = match (class, after.effect) {
                // A request with the same key that is still running ends by itself.
                (Class::InProgress, _) => or(general(class)),
                (_, Effect::Unknown) => in_doubt(),
                (Class::Unavailable | Class::ServerError | Class::Network, _) => {
                    or("tell those who run the API")
                }
                _ => or(general(class)),
            };
            format!("nothing, unless it stays like this; then {then}")
        }
        Next::LookUp { .. } => "nothing, unless the look-up cannot tell; then look for it \
                                yourself before sending it again"
            .to_owned(),
        Next::Compare => {
            format!("nothing, if what is there is the same; else {}", or(general(class)))
        }
        Next::End if after.effect == Effect::Unknown => in_doubt(),
        Next::End => ended(known, after),
    }
}

fn ended(known: Option<&str>, after: &After) -> String {
    let said = known.unwrap_or(general(after.class));
    match (after.class, known, after.hint) {
        (Class::Partial, Some(known), _) => {
            format!("send only the items again that failed; of the first: {known}")
        }
        (Class::RateLimited | Class::Unavailable, _, Some(hint)) => {
            format!("{said}; wait at least {} s", hint.as_secs_f64().ceil())
        }
        _ => said.to_owned(),
    }
}

/// What a person does about a class, whatever the API.
fn general(class: Class) -> &'static str {
    match class {
        Class::Ok => "nothing",
        Class::Queued => "never send it again; look later whether it is in effect",
        Class::Partial => "read which items failed, correct these and send only them again",
        Class::Duplicate => "use the record that is there, or give this one another key",
        Class::Validation => "correct the request",
        Class::NotFound => "check the path, and whether the record is still there",
        Class::Conflict => "read the record as it is now, then decide",
        Class::IdempotencyMismatch => "use a fresh idempotency key for other content",
        Class::InProgress => "wait until the same request has ended",
        Class::Unauthenticated => "check that the credentials are sent and still valid",
        Class::CredentialsRejected => {
            "correct the credentials; repeated tries may lock the account"
        }
        Class::Csrf => "log in again; check that nothing strips the CSRF header",
        Class::Forbidden => "ask an administrator of the API for the right",
        Class::RateLimited => "send less at a time, and later",
        Class::QuotaExhausted => "wait for the next period, or buy more",
        Class::Declined => "ask the other side why",
        Class::Unavailable | Class::ServerError | Class::Network => {
            "try again later; tell those who run the API if it stays"
        }
        Class::Unmodelled => {
            "check the address and what stands in between; show the answer to those who run the API"
        }
    }
}
