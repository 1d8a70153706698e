//! Engines that are wrong on purpose, to show that the checker can fail.
//!
//! The machines are the real ones. What is wrong stands in a [`Machine`] that distorts what goes
//! into a call or comes out of it, or in the driver around it; nothing in `call` knows of it.
//! Without a flaw the same driver keeps every invariant, which a test shows too.

mod driver;
mod session;

use std::time::Duration;

use http::header::RETRY_AFTER;
use steadfast::{Effect, Error, Failure, Kind, LookUp, Outcome, Reach, Reply, Success, Time};
use steadfast_call::{Account, Call, Draw, Event, Step};

pub(crate) use driver::Direct;

/// What is wrong with an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A write of unknown effect is sent again.
    ResendsUnknown,
    /// A write of unknown effect is looked up at once, and not finding it is taken for proof.
    TrustsAbsence,
    /// A refusal is taken for the end of the matter, whatever went before.
    ForgetsEffect,
    /// A 200 is taken for done, however little of it arrived.
    TrustsCutSuccess,
    /// Everybody renews the session for himself.
    Stampedes,
    /// A refusal of an old session throws the newest one away.
    WipesSession,
    /// What could not be reached is called again, without bound.
    NeverStops,
    /// Waits and attempts go on past the deadline.
    Oversleeps,
    /// What the API asks to wait is not heard.
    IgnoresHints,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 9] = [
        Self::ResendsUnknown,
        Self::TrustsAbsence,
        Self::ForgetsEffect,
        Self::TrustsCutSuccess,
        Self::Stampedes,
        Self::WipesSession,
        Self::NeverStops,
        Self::Oversleeps,
        Self::IgnoresHints,
    ];

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResendsUnknown => "resends-unknown",
            Self::TrustsAbsence => "trusts-absence",
            Self::ForgetsEffect => "forgets-effect",
            Self::TrustsCutSuccess => "trusts-cut-success",
            Self::Stampedes => "stampedes",
            Self::WipesSession => "wipes-session",
            Self::NeverStops => "never-stops",
            Self::Oversleeps => "oversleeps",
            Self::IgnoresHints => "ignores-hints",
        }
    }
}

/// A call, and what is wrong with it.
pub(crate) struct Machine {
    pub(crate) call: Call,
    pub(crate) flaw: Option<Flaw>,
    /// The reply of an attempt that is being looked into too early.
    doubted: Option<Event>,
}

/// What the driver does next: what the engine says, or what the flaw does.
pub(crate) enum Next {
    Step(Step),
    /// Look it up at once.
    LookUp,
}

impl Machine {
    pub(crate) fn new(call: Call, flaw: Option<Flaw>) -> Self {
        Self { call, flaw, doubted: None }
    }

    pub(crate) fn step(
        &mut self,
        event: Event,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Next {
        if let Some(doubted) = self.doubted.take() {
            let event = match event {
                // Not found, so it was not done: that is what the flaw makes of it.
                Event::LookedUp(LookUp::Absent) => {
                    Event::Failed(Failure::new(Reach::NotSent, "it is not there"))
                }
                _ => doubted,
            };
            return Next::Step(self.call.step(event, now, draw, account));
        }
        let mut event = event;
        match self.flaw {
            Some(Flaw::ResendsUnknown) if is_doubtful(&event) => {
                event = Event::Failed(Failure::new(Reach::NotSent, "no answer"));
            }
            Some(Flaw::TrustsAbsence)
                if is_doubtful(&event) && self.call.options().natural_key.is_some() =>
            {
                self.doubted = Some(event);
                return Next::LookUp;
            }
            Some(Flaw::TrustsCutSuccess) if is_cut_success(&event) => {
                let done = Outcome::Applied(Success::default());
                self.call.step(Event::Cancelled, now, draw, account);
                return Next::Step(Step::Done(Box::new(Ok(done))));
            }
            Some(Flaw::IgnoresHints) => {
                if let Event::Replied(reply) = &mut event {
                    reply.headers.remove(RETRY_AFTER);
                }
            }
            Some(Flaw::WipesSession) => {
                if matches!(&event, Event::Replied(reply) if reply.status.as_u16() == 401) {
                    let newest = account.session.current();
                    account.session.refused(newest);
                }
            }
            _ => {}
        }
        Next::Step(match self.call.step(event, now, draw, account) {
            Step::Done(result) if self.flaw == Some(Flaw::ForgetsEffect) => {
                Step::Done(Box::new(result.map_err(forget)))
            }
            step => step,
        })
    }

    /// How long the engine is told that the call may take.
    pub(crate) fn deadline(flaw: Option<Flaw>, wanted: Duration) -> Duration {
        match flaw {
            Some(Flaw::Oversleeps) => wanted * 4,
            _ => wanted,
        }
    }
}

/// True if nobody can say what the attempt did.
fn is_doubtful(event: &Event) -> bool {
    match event {
        Event::Failed(failure) => failure.reach != Reach::NotSent,
        Event::Replied(reply) => reply.status.as_u16() >= 500,
        _ => false,
    }
}

fn is_cut_success(event: &Event) -> bool {
    let success = |reply: &Reply| reply.status.is_success();
    match event {
        Event::Failed(failure) => failure.reply.as_deref().is_some_and(success),
        _ => false,
    }
}

/// Judges a call by its last attempt.
fn forget(error: Error) -> Error {
    let mut details = error.into_details();
    if let Some(last) = details.attempts.last()
        && last.effect == Effect::None
        && details.effect == Effect::Unknown
    {
        details.effect = Effect::None;
        details.kind = Kind::Refused(last.class);
    }
    Error::new(details)
}
