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

mod attempt;
mod decide;
mod end;
mod look;

use std::sync::Arc;
use std::time::Duration;

use crate::account::{Account, Gate, Ticket, Why};
use crate::authentication::AuthFailure;
use crate::backoff::Draw;
use crate::class::Class;
use crate::classify::Reading;
use crate::dialect::{Dialect, LookupRoute, Policy, PolicyName, Resource};
use crate::effect::Effect;
use crate::error::{Error, Kind, Stop};
use crate::failure::Failure;
use crate::outcome::{Attempt, LookUp, Outcome};
use crate::reply::Reply;
use crate::request::{Nature, Options, Request};
use crate::session::Generation;
use crate::time::Time;

use decide::{Decision, Situation, decide};

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The call begins.
    Started,
    /// The attempt was answered.
    Replied(Reply),
    /// The attempt was not answered.
    Failed(Failure),
    /// There is a newer session.
    Authenticated,
    /// There is none to be had.
    AuthFailed(AuthFailure),
    /// The look-up ended.
    LookedUp(LookUp),
    /// The wait is over.
    Woke,
    /// The caller calls it off.
    Cancelled,
}

/// What the driver does next.
#[derive(Debug)]
pub enum Step {
    /// Send the request, bound with the credentials of this generation, and give up after
    /// `timeout`.
    Send {
        /// The generation to bind with.
        generation: Generation,
        /// The longest that this attempt may take.
        timeout: Duration,
        /// The attempt's number, counted from 1.
        attempt: u32,
    },
    /// Renew the session, unless it is newer than `stale` already.
    Authenticate {
        /// The generation that is of no use.
        stale: Generation,
    },
    /// Look for the resource that the call is about.
    LookUp,
    /// Wait.
    WaitUntil {
        /// Until when.
        until: Time,
        /// For what.
        why: Why,
    },
    /// The call has ended.
    Done(Box<Result<Outcome, Error>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Waiting { until: Time, then: Then, why: Why },
    Sending { generation: Generation, sent_at: Time },
    Authenticating,
    LookingUp { proof: bool, purpose: Purpose },
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Send,
    LookUp { settled_at: Time, look_at: Time },
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
    options: Options,
    nature: Nature,
    state: State,
    deadline: Time,
    number: u64,
    ticket: Ticket,
    effect: Effect,
    known_absent: bool,
    first_sent_at: Option<Time>,
    attempts: Vec<Attempt>,
    replays_after_401: u32,
    csrf_cured: bool,
    auth_failures: u32,
    look_ups_in_vain: u32,
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
        Self {
            nature,
            deadline: now + deadline,
            number: account.number_call(),
            effect: if options.in_doubt { Effect::Unknown } else { Effect::None },
            known_absent: options.known_absent,
            state: State::Ready,
            ticket: Ticket::default(),
            first_sent_at: None,
            attempts: Vec::new(),
            replays_after_401: 0,
            csrf_cured: false,
            auth_failures: 0,
            look_ups_in_vain: 0,
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

    /// What the caller said beside it.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The attempts so far.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
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
            (State::Done, _) => self.end_cancelled(now),
            (_, Event::Cancelled) => self.cancel(now),
            (State::Ready, Event::Started) => self.start(now, account),
            (State::Sending { generation, sent_at }, Event::Replied(reply)) => {
                self.replied(reply, generation, sent_at, now, draw, account)
            }
            (State::Sending { generation, sent_at }, Event::Failed(failure)) => {
                self.failed(failure, generation, sent_at, now, draw, account)
            }
            (State::Authenticating, Event::Authenticated) => self.send(now, account),
            (State::Authenticating, Event::AuthFailed(failure)) => {
                self.auth_failed(failure, now, draw)
            }
            (State::LookingUp { proof, purpose }, Event::LookedUp(found)) => {
                self.looked_up(found, proof, purpose, now, account)
            }
            (State::Waiting { until, why, .. }, Event::Woke) if now < until => {
                self.wait_step(until, why)
            }
            (State::Waiting { then: Then::Send, .. }, Event::Woke) => self.send(now, account),
            (State::Waiting { then: Then::LookUp { settled_at, look_at }, .. }, Event::Woke) => {
                self.look_up_or_wait(settled_at, look_at, now, account)
            }
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
        self.resource()?.lookup.as_ref()
    }

    fn start(&mut self, now: Time, account: &mut Account) -> Step {
        if self.effect != Effect::Unknown {
            return self.send(now, account);
        }
        // In doubt from an earlier process: its last attempt may have ended only just now.
        match (self.nature, self.lookup()) {
            (Nature::Once, Some(lookup)) => {
                let settled_at = now + Duration::from_millis(lookup.settle_ms);
                self.wait_for_look_up(settled_at)
            }
            (Nature::Once, None) => {
                self.end_unknown("it may have been sent before, and nothing can look it up", now)
            }
            (Nature::Safe | Nature::Idempotent { .. }, _) => self.send(now, account),
        }
    }

    fn send(&mut self, now: Time, account: &mut Account) -> Step {
        if now >= self.deadline {
            return self.end_unreached(Stop::Deadline, "the deadline has passed");
        }
        match account.gate(now, &mut self.ticket) {
            Gate::Closed(kind, text) => self.end_credentials(kind, text),
            Gate::Authenticate(stale) => {
                self.state = State::Authenticating;
                Step::Authenticate { stale }
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

    /// After an attempt: decide, and do it.
    fn proceed(&mut self, bound: Generation, now: Time, draw: Draw, account: &mut Account) -> Step {
        let before = self.effect;
        let this = self.attempts.last().map_or(Effect::None, |attempt| attempt.effect);
        self.effect = before.join(this);
        let decision = decide(&Situation {
            call: self,
            effect_before: before,
            renewed: account.session.is_newer_than(bound),
            now,
            draw,
        });
        if let Some(attempt) = self.attempts.last_mut() {
            decision.rule().clone_into(&mut attempt.rule);
        }
        self.carry_out(decision, bound, now, account)
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
            Decision::Fail { kind, stop, rule } => {
                if matches!(kind, Kind::Refused(Class::Unauthenticated)) {
                    account.session.refused_after_renewal();
                }
                if let Kind::Credentials(kind) = kind {
                    account.session.close(kind, self.last_said());
                }
                self.end(kind, stop, rule)
            }
            Decision::SendAgain { after, why, free, .. } => {
                self.ticket.unpaid = !free;
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.wait = after;
                }
                if after.is_zero() {
                    return self.send(now, account);
                }
                self.wait(now + after, Then::Send, why)
            }
            Decision::Authenticate { csrf, .. } => {
                if csrf {
                    self.csrf_cured = true;
                    account.session.refused(bound);
                } else {
                    self.replays_after_401 += 1;
                }
                self.ticket.unpaid = false;
                self.send(now, account)
            }
            Decision::LookUp { settled_at, .. } => self.wait_for_look_up(settled_at),
            Decision::Compare { .. } => self.look_up(Purpose::Compare, false),
        }
    }

    fn auth_failed(&mut self, failure: AuthFailure, now: Time, draw: Draw) -> Step {
        match failure {
            AuthFailure::Closed { kind, text } => self.end_credentials(kind, text),
            AuthFailure::Unreached { text } => {
                self.auth_failures += 1;
                if self.auth_failures >= self.policy().attempts {
                    let rule = format!("no session could be had: {text}");
                    return self.end_unreached(Stop::Attempts, &rule);
                }
                let cause = crate::backoff::Cause::Fault;
                let own = crate::backoff::wait(self.policy(), cause, self.auth_failures, draw);
                self.wait(now + own, Then::Send, Why::Backoff)
            }
        }
    }

    // ── waiting ─────────────────────────────────────────────────────────────────────────────

    /// Waits, and not past the deadline.
    fn wait(&mut self, until: Time, then: Then, why: Why) -> Step {
        let until = until.min(self.deadline);
        self.state = State::Waiting { until, then, why };
        self.wait_step(until, why)
    }

    fn wait_step(&self, until: Time, why: Why) -> Step {
        Step::WaitUntil { until, why }
    }

    /// An event that does not fit: say again what is being waited for.
    fn repeat(&mut self, state: State, now: Time, account: &mut Account) -> Step {
        match state {
            State::Waiting { until, why, .. } => self.wait_step(until, why),
            State::LookingUp { .. } => Step::LookUp,
            State::Authenticating => Step::Authenticate { stale: account.session.current() },
            State::Ready => self.start(now, account),
            // Saying "send" again would send twice. The driver has lost the answer.
            State::Sending { generation, sent_at } => {
                let failure = Failure::new(
                    crate::failure::Reach::MaybeSent,
                    "the driver reported something else than the end of the attempt",
                );
                self.failed(failure, generation, sent_at, now, Draw::new(0.5), account)
            }
            State::Done => self.end_cancelled(now),
        }
    }
}
