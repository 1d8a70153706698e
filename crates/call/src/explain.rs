//! What a reply means and what comes of it, told ahead.
//!
//! Nothing is decided here. A call of its own is made in an account of its own that has a
//! session, and is stepped with the reply; what it then does is the explanation. It is done
//! twice, with the least and the greatest draw, so that a wait that chance shortens is told as
//! the span that it is.

mod action;

use std::sync::Arc;
use std::time::Duration;

use crate::account::{Account, Why};
use crate::backoff::Draw;
use crate::call::{Call, Event, Step};
use crate::class::Class;
use crate::classify::{Circumstances, classify_under};
use crate::dialect::{Dialect, PolicyName};
use crate::effect::Effect;
use crate::error::Error;
use crate::field_error::{self, FieldError};
use crate::hint::{self, Limit};
use crate::items::{self, Item};
use crate::key;
use crate::outcome::{Attempt, Outcome};
use crate::principal::Principal;
use crate::reply::Reply;
use crate::request::{Nature, Options, Request};
use crate::time::Time;

/// A call without a deadline of its own is not ended by one.
const NO_DEADLINE: Duration = Duration::from_secs(10 * 365 * 86_400);
/// No more repeats than this are told.
const AGAIN_MAX: usize = 16;
/// No more steps than this are taken between two answers.
const STEPS_MAX: usize = 1_000;

/// What a reply to the first attempt of a call means, and what the engine does about it.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The status.
    pub status: u16,
    /// What the reply means.
    pub class: Class,
    /// What may be said of sending the request twice.
    pub nature: Nature,
    /// What the server did, as far as the reply tells.
    pub effect: Effect,
    /// The rule that decided, in words.
    pub rule: String,
    /// The API's code.
    pub code: Option<String>,
    /// The API's message.
    pub message: Option<String>,
    /// The server's name for the exchange.
    pub request_id: Option<String>,
    /// What the server asked us to wait.
    pub hint: Option<Duration>,
    /// Why hints were set aside, one sentence each.
    pub hints_ignored: Vec<String>,
    /// What the server told of its limit.
    pub limit: Option<Limit>,
    /// The server's own word on sending again, where it gives one.
    pub verdict: Option<bool>,
    /// True if the request was sent with an idempotency key.
    pub key_sent: bool,
    /// Why sending it again cannot do it twice, where it may have taken effect and is sent again.
    pub harmless: Option<&'static str>,
    /// What became of single items, where the reply tells.
    pub items: Vec<Item>,
    /// What is wrong with single fields, as JSON pointers into what was sent.
    pub field_errors: Vec<FieldError>,
    /// What is done next.
    pub next: Next,
    /// When it is sent again each time that the same reply comes back, counted from that reply.
    /// Empty if it is not sent again, or only after a look-up. Of very many the first are told.
    pub again: Vec<Waits>,
    /// How the call ends: now, or after all repeats if the same reply comes back each time. None
    /// if a look-up comes first, since nobody knows what that will find.
    pub end: Option<Box<Result<Outcome, Error>>>,
    /// After all repeats it is looked up: it may have taken effect.
    pub looked_up_at_last: bool,
    /// What a person does about it.
    pub action: String,
}

/// What is done after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is sent again.
    SendAgain(Waits),
    /// The session is renewed, and then it is sent again.
    Authenticate(Waits),
    /// It is looked for that long after the reply. It is sent again only if it is proven not to
    /// be there, and not before the waits have passed.
    LookUp {
        /// How long after the reply.
        after: Duration,
        /// When it may be sent again at the soonest.
        again: Waits,
    },
    /// What is there already is read and compared with what was sent.
    Compare,
    /// Nothing: the call has ended.
    End,
}

/// A wait, counted from the reply; chance picks it from a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// The shortest.
    pub earliest: Duration,
    /// The longest.
    pub latest: Duration,
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (earliest, latest) = (self.earliest.as_secs_f64(), self.latest.as_secs_f64());
        match (self.earliest == self.latest, self.latest.is_zero()) {
            (true, true) => f.write_str("at once"),
            (true, false) => write!(f, "after {latest} s"),
            (false, _) => write!(f, "after {earliest} to {latest} s"),
        }
    }
}

/// Says what a reply to a request means, and what the engine would do about it.
///
/// The options say what the caller would have said of the call: with a resource and its natural
/// key an unanswered write can be looked up. A deadline counts from the reply on; without one
/// none ends the call. That an earlier process may have sent it is left out of account.
///
/// ```
/// use std::sync::Arc;
/// use http::{HeaderMap, Method, StatusCode};
/// use steadfast_call::dialect::{Dialect, PolicyName};
/// use steadfast_call::{Class, Effect, Next, Options, Reply, Request, explain};
///
/// let knosc = Arc::new(Dialect::built_in("knosc").unwrap());
/// let reply = Reply::new(StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), "".into());
/// let read = Request::new(Method::GET, "/purchase-order");
/// let told = explain(&knosc, PolicyName::Recommended, read, Options::default(), &reply);
/// assert_eq!(told.class, Class::Unavailable);
/// assert!(matches!(told.next, Next::SendAgain(_)));
/// assert_eq!(told.again.len(), 3);
///
/// // A write that nobody can look up is not sent again: it may have taken effect.
/// let write = Request::new(Method::POST, "/purchase-order").json("{}");
/// let told = explain(&knosc, PolicyName::Recommended, write, Options::default(), &reply);
/// assert_eq!((told.effect, told.next), (Effect::Unknown, Next::End));
/// ```
#[must_use]
pub fn explain(
    dialect: &Arc<Dialect>,
    policy: PolicyName,
    request: Request,
    options: Options,
    reply: &Reply,
) -> Explanation {
    let options = Options { in_doubt: false, tried_before: false, ..options };
    let key_sent = key::bind(dialect, &request, options.idempotency_key.as_ref(), Time::default())
        .is_ok_and(|key| key.is_some());
    let circumstances = Circumstances { policy, key_sent };
    let reading = classify_under(dialect, &request, reply, circumstances);
    let (hinted, limit) =
        hint::read_all(dialect, dialect.policy(policy), &request, reply, circumstances);
    let items = items::read(&dialect.reply.items, reply);
    let nature = Nature::of(dialect, &request);
    let tell = |draw| Told::of(dialect, policy, &request, &options, reply, Draw::new(draw));
    let (least, most) = (tell(0.0), tell(1.0));
    let waits = |least: Duration, most: Duration| Waits { earliest: least, latest: most };
    let again: Vec<Waits> =
        least.again.iter().zip(&most.again).map(|(least, most)| waits(*least, *most)).collect();
    let held = waits(least.wait, most.wait);
    let sent_again = again.first().copied().unwrap_or(held);
    let next = match most.turn {
        Turn::Send => Next::SendAgain(sent_again),
        Turn::Authenticate => Next::Authenticate(sent_again),
        Turn::LookUp(_) if most.effect != Effect::Unknown => Next::Compare,
        Turn::LookUp(after) => Next::LookUp { after, again: held },
        Turn::End => Next::End,
    };
    // A rule that tells the wait would tell one draw's.
    let rule = match least.rule == most.rule {
        true => most.rule,
        false => reading.rule,
    };
    let known = reading.code.as_deref().and_then(|code| dialect.action(code));
    let after = action::After {
        class: reading.class,
        effect: if nature.is_write() { most.effect } else { Effect::None },
        next,
        hint: hinted.wait,
    };
    let action = action::of(known, &after);
    let field_errors = match reply.status.is_success() {
        true => Vec::new(),
        false => field_error::read(&dialect.reply.field_error, reply),
    };
    Explanation {
        status: reply.status.as_u16(),
        class: reading.class,
        nature,
        effect: most.effect,
        rule,
        code: reading.code,
        message: reading.message.or_else(|| field_error::summary(&field_errors)),
        request_id: reading.request_id,
        hint: hinted.wait,
        hints_ignored: hinted.ignored,
        limit,
        verdict: dialect.reply.verdict.as_ref().and_then(|verdict| verdict.read(reply)),
        key_sent,
        harmless: most.harmless,
        items,
        field_errors,
        next,
        again,
        end: most.end.map(Box::new),
        looked_up_at_last: most.looked_up,
        action,
    }
}

/// What the machine did.
struct Told {
    /// What its first attempt did.
    effect: Effect,
    /// How long nothing was to be sent after that.
    wait: Duration,
    /// The rule that decided after that.
    rule: String,
    harmless: Option<&'static str>,
    turn: Turn,
    again: Vec<Duration>,
    end: Option<Result<Outcome, Error>>,
    looked_up: bool,
}

/// What it did first after the first reply.
#[derive(Clone, Copy)]
enum Turn {
    Send,
    Authenticate,
    LookUp(Duration),
    End,
}

impl Told {
    /// Steps a call through the same reply again and again, until it ends or has to look.
    fn of(
        dialect: &Arc<Dialect>,
        policy: PolicyName,
        request: &Request,
        options: &Options,
        reply: &Reply,
        draw: Draw,
    ) -> Self {
        let mut now = Time::default();
        let mut account = Account::new(dialect, None, now);
        account.session_of(&Principal::of(dialect, request)).renewed();
        let deadline = options.deadline.unwrap_or(NO_DEADLINE);
        let (dialect, request) = (Arc::clone(dialect), request.clone());
        let mut call =
            Call::new(dialect, policy, request, options.clone(), deadline, now, &mut account);
        let _ = call.step(Event::Started, now, draw, &mut account);
        let mut told = Self {
            effect: Effect::Unknown,
            wait: Duration::ZERO,
            rule: String::new(),
            harmless: None,
            turn: Turn::End,
            again: Vec::new(),
            end: None,
            looked_up: false,
        };
        let mut turn = None;
        let mut answered_at = now;
        // A call among others may wait for the pace, too. What that comes to is theirs to tell.
        let mut paced = Duration::ZERO;
        let mut event = Event::Replied(reply.clone());
        let mut steps = 0;
        while steps < STEPS_MAX {
            steps += 1;
            let step = call.step(event, now, draw, &mut account);
            told.note(call.attempts());
            event = match step {
                Step::WaitUntil { until, why } => {
                    if why == Why::Pace {
                        paced += until - now;
                    }
                    now = until;
                    Event::Woke
                }
                Step::Send { .. } => {
                    turn.get_or_insert(Turn::Send);
                    if told.effect == Effect::Unknown {
                        told.harmless = told.harmless.or(call.harmless(now));
                    }
                    told.again.push((now - answered_at).saturating_sub(paced));
                    paced = Duration::ZERO;
                    if told.again.len() >= AGAIN_MAX {
                        break;
                    }
                    (answered_at, steps) = (now, 0);
                    Event::Replied(reply.clone())
                }
                Step::Authenticate { .. } => {
                    turn.get_or_insert(Turn::Authenticate);
                    account.session_of(call.principal()).renewed();
                    Event::Authenticated
                }
                Step::LookUp => {
                    turn.get_or_insert(Turn::LookUp(now - answered_at));
                    told.looked_up = true;
                    break;
                }
                Step::Done(result) => {
                    told.end_with(*result);
                    break;
                }
            };
        }
        told.turn = turn.unwrap_or(Turn::End);
        told
    }

    fn note(&mut self, attempts: &[Attempt]) {
        let Some(first) = attempts.first() else { return };
        (self.effect, self.wait) = (first.effect, first.wait);
        self.rule.clone_from(&first.rule);
    }

    /// The end takes the attempts along.
    fn end_with(&mut self, result: Result<Outcome, Error>) {
        self.note(match &result {
            Ok(outcome) => &outcome.success().attempts,
            Err(error) => &error.details().attempts,
        });
        self.end = Some(result);
    }
}
