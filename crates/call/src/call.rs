//! One call as a state machine.
//!
//! ```text
//!            ┌────────────── Wait ◄──────────────┐
//!            ▼                                   │ after a wait
//! start ─► Ready ─► Sending ─► (decide) ─► send again / authenticate
//!            ▲         │            │
//!            │   Authenticating     └─► LookingUp ─► found ─► Done
//!            └── absent, and proven so ◄────┘
//! ```
//!
//! The driver hands in what happened ([`Event`]), what time it is and a random draw, and does
//! what it is told ([`Step`]). [`Call::step`] is the one function that changes the state. Why a
//! step is taken is decided in `decide`, which is a pure function over what is known.

mod again;
mod attempt;
mod decide;
mod details;
mod end;
mod look;
mod outgoing;
mod renewal;
mod step;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use crate::account::{Account, Gate, Ticket, Why};
use crate::authentication::needs_csrf_fetched;
use crate::backoff::Draw;
use crate::classify::Reading;
use crate::dialect::{Dialect, LookupRoute, Policy, PolicyName, Resource};
use crate::effect::Effect;
use crate::error::{Kind, Stop};
use crate::failure::Failure;
use crate::key::Key;
use crate::outcome::Attempt;
use crate::principal::Principal;
use crate::reply::Reply;
use crate::request::{Nature, Options, Request};
use crate::session::Generation;
use crate::time::Time;

use decide::Decision;
pub use step::{Event, Step};
use wait::Hold;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Waiting { until: Time, then: Then, why: Why },
    Sending { generation: Generation, sent_at: Time },
    Authenticating { stale: Generation },
    LookingUp { proof: bool, purpose: Purpose },
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Send,
    LookUp { settled_at: Time, look_at: Time },
    Compare,
}

/// What a look-up is to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Whether an unanswered write took effect; it had settled at that instant.
    Settle { settled_at: Time },
    /// Whether the duplicate is what we wanted to write.
    Compare,
}

/// One call: everything that is known of it, and what it does next.
#[derive(Debug)]
pub struct Call {
    dialect: Arc<Dialect>,
    policy: PolicyName,
    request: Request,
    /// The request as it is sent, where it carries a key or an id of the call.
    outgoing: Option<Box<Request>>,
    key: Option<Key>,
    /// Why it can never be sent.
    unsendable: Option<String>,
    options: Options,
    nature: Nature,
    principal: Principal,
    /// It needs a CSRF token that is fetched.
    csrf: bool,
    state: State,
    deadline: Time,
    number: u64,
    ticket: Ticket,
    effect: Effect,
    /// It was seen to be absent before the attempt whose effect is unknown.
    known_absent: bool,
    /// A look-up has proven, after an attempt of unknown effect, that it was not there.
    proven_absent: bool,
    first_sent_at: Option<Time>,
    attempts: Vec<Attempt>,
    replays_after_401: u32,
    /// The account's own session, with which the owner's was got that was refused first.
    parent_refused: Option<Generation>,
    csrf_cured: bool,
    auth_failures: u32,
    look_ups_in_vain: u32,
    hold: Option<Hold>,
    last: Option<Last>,
}

/// The last answer or failure, for the error that may come of it.
#[derive(Debug, Clone)]
enum Last {
    Reply { reply: Box<Reply>, reading: Reading, hint: Option<Duration> },
    Failure(Failure),
}

impl Call {
    /// A call that has to end within `deadline` from now, at an account of this dialect.
    #[must_use]
    pub fn new(
        dialect: Arc<Dialect>,
        policy: PolicyName,
        request: Request,
        options: Options,
        deadline: Duration,
        now: Time,
        account: &mut Account,
    ) -> Self {
        let nature = Nature::of(&dialect, &request);
        let bound = outgoing::bind(&dialect, &request, &options, now);
        let (key, outgoing, unsendable) = match bound {
            Ok((key, outgoing)) => (key, outgoing.map(Box::new), None),
            Err(text) => (None, None, Some(text)),
        };
        Self {
            nature,
            key,
            outgoing,
            unsendable,
            principal: Principal::of(&dialect, &request),
            csrf: needs_csrf_fetched(&dialect, &request),
            deadline: now + deadline,
            number: account.number_call(),
            effect: match options.in_doubt && nature.is_write() {
                true => Effect::Unknown,
                false => Effect::None,
            },
            known_absent: options.known_absent,
            proven_absent: false,
            state: State::Ready,
            // What an earlier process may have sent is sent again: a retry, and paid for.
            ticket: Ticket {
                unpaid: options.in_doubt || options.tried_before,
                ..Ticket::default()
            },
            first_sent_at: None,
            attempts: Vec::new(),
            replays_after_401: 0,
            parent_refused: None,
            csrf_cured: false,
            auth_failures: 0,
            look_ups_in_vain: 0,
            hold: None,
            last: None,
            dialect,
            policy,
            request,
            options,
        }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The request as every attempt sends it: with the idempotency key and the id of the call,
    /// where it has them. Credentials are still to be bound.
    #[must_use]
    pub fn outgoing(&self) -> &Request {
        self.outgoing.as_deref().unwrap_or(&self.request)
    }

    /// The idempotency key that it is sent with, if it has one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.value.as_str())
    }

    /// What the caller said beside it.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// When it has to have ended: attempts, waits, renewals and look-ups together.
    #[must_use]
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// The attempts so far.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Whose session its attempts are bound with.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// True if its attempts need a CSRF token that is fetched.
    #[must_use]
    pub fn needs_csrf_fetched(&self) -> bool {
        self.csrf
    }

    /// True if sending it twice may do something twice.
    #[must_use]
    pub fn nature(&self) -> Nature {
        self.nature
    }

    /// When the first attempt was sent.
    #[must_use]
    pub fn first_sent_at(&self) -> Option<Time> {
        self.first_sent_at
    }

    /// Takes what happened and says what comes next. The same events at the same times with the
    /// same draws give the same steps (I8). An event that does not fit the state is answered
    /// with the step that the state still waits for.
    pub fn step(&mut self, event: Event, now: Time, draw: Draw, account: &mut Account) -> Step {
        match (self.state, event) {
            (State::Done, _) => self.end_again(),
            (_, Event::Cancelled) => self.cancel(now, account),
            (State::Ready | State::Sending { .. }, Event::Unsendable(text)) => {
                self.end_unsendable(text, now, account)
            }
            (State::Ready, Event::Started) => self.start(now, account),
            (State::Sending { generation, sent_at }, Event::Replied(reply)) => {
                self.replied(reply, generation, sent_at, now, draw, account)
            }
            (State::Sending { generation, sent_at }, Event::Failed(failure)) => {
                self.failed(failure, generation, sent_at, now, draw, account)
            }
            (State::Authenticating { stale }, Event::Authenticated) => {
                self.authenticated(stale, now, draw, account)
            }
            (State::Authenticating { .. }, Event::AuthFailed(failure)) => {
                self.auth_failed(failure, now, draw)
            }
            (State::LookingUp { proof, purpose }, Event::LookedUp(found)) => {
                self.looked_up(found, proof, purpose, now, draw, account)
            }
            (State::Waiting { until, why, .. }, Event::Woke) if now < until => {
                Step::WaitUntil { until, why }
            }
            (State::Waiting { then, .. }, Event::Woke) => match then {
                Then::Send => self.send(now, account),
                Then::LookUp { settled_at, look_at } => {
                    self.look_up_or_wait(settled_at, look_at, now, account)
                }
                Then::Compare => self.look_up(Purpose::Compare, false),
            },
            (state, _) => self.repeat(state, now, account),
        }
    }

    fn policy(&self) -> &Policy {
        self.dialect.policy(self.policy)
    }

    fn resource(&self) -> Option<&Resource> {
        self.dialect.resource.get(self.options.resource.as_ref()?)
    }

    /// The look-up that can tell whether this write took effect, if there is one.
    fn lookup(&self) -> Option<&LookupRoute> {
        self.options.natural_key.as_ref()?;
        self.resource()?.shows_effect()
    }

    /// How often it was sent, but for the cures of a stale session: the documents count tries,
    /// and a try that is repeated after a refresh is one (K2, K6).
    fn tries(&self) -> u32 {
        let cures = self.replays_after_401 + u32::from(self.csrf_cured);
        (self.attempts.len() as u32).saturating_sub(cures)
    }

    fn start(&mut self, now: Time, account: &mut Account) -> Step {
        if let Some(text) = self.unsendable.take() {
            return self.end_unsendable(text, now, account);
        }
        match self.may_repeat(now) {
            true => self.send(now, account),
            // In doubt from an earlier process: its last attempt may have ended only just now.
            false => self.resolve(now, account),
        }
    }

    /// It may have taken effect, and sending it again might do it twice: find out first.
    fn resolve(&mut self, now: Time, account: &mut Account) -> Step {
        match self.lookup() {
            Some(lookup) => {
                let settled_at = now + Duration::from_millis(lookup.settle_ms);
                self.wait_for_look_up(settled_at, now, account)
            }
            None => {
                let rule = format!("it may have taken effect, and {}", self.in_doubt_because());
                self.end(Kind::Unknown, Stop::Final, rule)
            }
        }
    }

    fn send(&mut self, now: Time, account: &mut Account) -> Step {
        if now >= self.deadline {
            account.give_back(&mut self.ticket, now);
            return self.end_unreached(Stop::Deadline, "the deadline has passed");
        }
        // The only door to an attempt, so the only place that has to hold for I1: what may be
        // done twice is not sent while nobody can say whether it was done.
        if !self.may_repeat(now) {
            return self.resolve(now, account);
        }
        if self.options.one_shot && !self.attempts.is_empty() {
            account.give_back(&mut self.ticket, now);
            return self.end_unreached(Stop::Final, "its body can be sent once only");
        }
        if let Some(step) = self.held(now) {
            return step;
        }
        let gate = match self.options.without_session {
            true => account.gate_without_session(now, &mut self.ticket),
            false => account.gate(now, &mut self.ticket, &self.principal, self.csrf),
        };
        match gate {
            Gate::Closed(kind, text) => {
                account.give_back(&mut self.ticket, now);
                self.end_credentials(kind, text)
            }
            Gate::Authenticate(stale) => {
                self.state = State::Authenticating { stale };
                Step::Authenticate { stale }
            }
            Gate::Wait(until, Why::Hint) if until >= self.deadline => {
                let rule = "no session may be asked for before the deadline";
                self.end_unreached(Stop::HintTooLong, rule)
            }
            Gate::Wait(until, why) => self.wait(until, Then::Send, why),
            Gate::Go(generation) => {
                self.state = State::Sending { generation, sent_at: now };
                self.first_sent_at.get_or_insert(now);
                let timeout = Duration::from_millis(self.policy().attempt_timeout_ms);
                Step::Send {
                    generation,
                    timeout: timeout.min(self.deadline - now),
                    attempt: self.attempts.len() as u32 + 1,
                }
            }
        }
    }

    fn carry_out(
        &mut self,
        decision: Decision,
        bound: Generation,
        now: Time,
        account: &mut Account,
    ) -> Step {
        match decision {
            Decision::Succeed { queued, rule } => self.end_answered(queued, rule),
            Decision::Gone { rule } => self.end_gone(rule),
            Decision::Fail { kind, stop, rule } => self.end(kind, stop, rule),
            Decision::SendAgain { pause, .. } => {
                self.ticket.unpaid = true;
                self.hold(pause, now);
                self.send(now, account)
            }
            Decision::Authenticate { csrf, pause, .. } => {
                self.give_up_session(csrf, bound, account);
                self.ticket.unpaid = true;
                self.hold(pause, now);
                self.send(now, account)
            }
            Decision::LookUp { settled_at, pause, .. } => {
                self.hold(pause, now);
                self.wait_for_look_up(settled_at, now, account)
            }
            Decision::Compare { .. } => self.look_up(Purpose::Compare, false),
        }
    }
}
