//! Several attempts, look-ups and renewals, played in virtual time.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{
    Account, AuthFailure, Call, Class, CredentialsKind, Draw, Effect, Error, Event, Failure,
    LookUp, Outcome, Principal, Reach, Step, Time,
};

use super::answer::{Asked, Headers, reply};
use super::vector::{Wrong, end};
use crate::scenario::{cannot_tell, millis, other, same, twice};

/// No more steps than this are taken.
const STEPS_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    pub(super) id: String,
    #[serde(default, rename = "what")]
    _what: String,
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default)]
    policy: Option<String>,
    #[serde(default = "longest")]
    draw: f64,
    #[serde(default = "ten_minutes")]
    deadline_ms: u64,
    #[serde(default)]
    known_absent: bool,
    #[serde(default = "yes")]
    session: bool,
    request: Asked,
    steps: Vec<Happening>,
    expect: End,
}

fn longest() -> f64 {
    1.0
}

fn ten_minutes() -> u64 {
    600_000
}

fn yes() -> bool {
    true
}

/// What happens next.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Happening {
    Reply {
        status: u16,
        #[serde(default)]
        headers: Headers,
        #[serde(default)]
        body: String,
    },
    Fail {
        fail: String,
    },
    Look {
        look: String,
    },
    Renew {
        renew: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: String,
    #[serde(default)]
    class: Option<Class>,
    #[serde(default)]
    effect: Option<Effect>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    retry_after_ms: Option<u64>,
    #[serde(default)]
    sent_ms: Option<Vec<u64>>,
    #[serde(default)]
    user_message: Option<String>,
}

impl Sequence {
    /// Everything that does not go as expected, one sentence each.
    pub(super) fn wrong(&self, dialect: &Arc<Dialect>) -> Vec<String> {
        let mut wrong = Wrong { id: &self.id, found: Vec::new() };
        match self.play(dialect) {
            Ok(played) => self.expect.compare(&played, &mut wrong),
            Err(what) => wrong.found.push(format!("{}: {what}", self.id)),
        }
        wrong.found
    }

    fn play(&self, dialect: &Arc<Dialect>) -> Result<Played, String> {
        let mut now = Time::from_millis(0);
        let mut account = Account::new(dialect, None, now);
        let principal = Principal::of(dialect, &self.request.request());
        if self.session {
            account.session_of(&principal).renewed();
        }
        let policy: PolicyName = self.policy.as_deref().unwrap_or("recommended").parse()?;
        let mut options = self.request.options(dialect);
        options.known_absent = self.known_absent;
        let (draw, deadline) = (Draw::new(self.draw), Duration::from_millis(self.deadline_ms));
        let request = self.request.request();
        let mut call =
            Call::new(Arc::clone(dialect), policy, request, options, deadline, now, &mut account);
        let mut script = self.steps.iter();
        let mut sent_ms = Vec::new();
        let mut event = Event::Started;
        for _ in 0..STEPS_MAX {
            let step = call.step(event, now, draw, &mut account);
            event = match step {
                Step::Done(result) => {
                    let left = script.len();
                    return match left {
                        0 => Ok(Played { result: *result, sent_ms }),
                        _ => Err(format!("it ended ({result:?}), and {left} steps are left")),
                    };
                }
                Step::WaitUntil { until, .. } => {
                    now = until;
                    Event::Woke
                }
                step => {
                    if matches!(step, Step::Send { .. }) {
                        sent_ms.push(millis(now));
                    }
                    let next = script.next();
                    happen(&step, next, &principal, &mut account)
                        .ok_or_else(|| format!("it asks for {step:?}, and next is {next:?}"))?
                }
            };
        }
        Err("it goes round for ever".to_owned())
    }
}

/// What a step comes to, if what is next in the script is an answer to it.
fn happen(
    step: &Step,
    next: Option<&Happening>,
    principal: &Principal,
    account: &mut Account,
) -> Option<Event> {
    Some(match (step, next?) {
        (Step::Send { .. }, Happening::Reply { status, headers, body }) => {
            Event::Replied(reply(*status, headers, body))
        }
        (Step::Send { .. }, Happening::Fail { fail }) => {
            Event::Failed(Failure::new(reach(fail)?, "the connection broke"))
        }
        (Step::LookUp, Happening::Look { look }) => Event::LookedUp(look_up(look)?),
        (Step::Authenticate { .. }, Happening::Renew { renew }) => {
            renewal(renew, principal, account)?
        }
        _ => return None,
    })
}

fn reach(name: &str) -> Option<Reach> {
    Some(match name {
        "not_sent" => Reach::NotSent,
        "maybe_sent" => Reach::MaybeSent,
        "reply_broken" => Reach::ReplyBroken { status: 200 },
        _ => return None,
    })
}

fn look_up(name: &str) -> Option<LookUp> {
    Some(match name {
        "absent" => LookUp::Absent,
        "same" => same(),
        "other" => other(),
        "twice" => twice(),
        "cannot_tell" => cannot_tell(),
        _ => return None,
    })
}

fn renewal(name: &str, principal: &Principal, account: &mut Account) -> Option<Event> {
    let text = "as the script has it".to_owned();
    Some(match name {
        "ok" => {
            account.session_of(principal).renewed();
            Event::Authenticated
        }
        "refused" => {
            Event::AuthFailed(AuthFailure::Closed { kind: CredentialsKind::Refused, text })
        }
        "unreached" => Event::AuthFailed(AuthFailure::Unreached { text }),
        _ => return None,
    })
}

struct Played {
    result: Result<Outcome, Error>,
    sent_ms: Vec<u64>,
}

impl End {
    fn compare(&self, played: &Played, wrong: &mut Wrong<'_>) {
        wrong.is("end", end(&played.result), &self.end);
        if let Some(sent_ms) = &self.sent_ms {
            wrong.is("sent_ms", &played.sent_ms, sent_ms);
        }
        let attempts = match &played.result {
            Ok(outcome) => &outcome.success().attempts,
            Err(error) => &error.details().attempts,
        };
        if self.class.is_some() {
            wrong.is("class", &attempts.last().map(|attempt| attempt.class), &self.class);
        }
        let details = played.result.as_ref().err().map(Error::details);
        if self.effect.is_some() {
            wrong.is("effect", &details.map(|details| details.effect), &self.effect);
        }
        if self.code.is_some() {
            wrong.is("code", &details.and_then(|details| details.code.clone()), &self.code);
        }
        if self.status.is_some() {
            wrong.is("status", &details.and_then(|details| details.status), &self.status);
        }
        if self.user_message.is_some() {
            let said = played.result.as_ref().err().map(Error::user_message);
            wrong.is("user_message", &said, &self.user_message);
        }
        if self.retry_after_ms.is_some() {
            let hint = details.and_then(|details| details.retry_after);
            let hint_ms = hint.map(|hint| hint.as_millis() as u64);
            wrong.is("retry_after_ms", &hint_ms, &self.retry_after_ms);
        }
    }
}
