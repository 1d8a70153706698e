//! Waiting: never past the deadline, and never less than the server asked for.

use std::time::Duration;

use crate::account::{Account, Why};
use crate::backoff::Draw;
use crate::error::Stop;
use crate::failure::{Failure, Reach};
use crate::time::Time;

use super::decide::Pause;
use super::{Call, State, Step, Then};

/// Before when nothing of this call may be sent, whatever happens in between: a look-up, a
/// renewed session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    until: Time,
    why: Why,
    /// The server asked for a longer wait than the policy allows.
    too_long: Option<Duration>,
}

impl Call {
    /// Sends nothing before the pause is over.
    pub(super) fn hold(&mut self, pause: Pause, now: Time) {
        let Pause { after, why, too_long } = pause;
        self.hold = Some(Hold { until: now + after, why, too_long });
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.wait = after;
        }
    }

    /// The step that keeps the hold, if there is one still.
    pub(super) fn held(&mut self, now: Time) -> Option<Step> {
        let hold = self.hold.filter(|hold| now < hold.until)?;
        if let Some(hint) = hold.too_long {
            let rule = format!("it asks to wait {} s, longer than we may", hint.as_secs());
            return Some(self.end_unreached(Stop::HintTooLong, &rule));
        }
        if hold.until >= self.deadline {
            return Some(
                self.end_unreached(Stop::Deadline, "the next try would be past the deadline"),
            );
        }
        Some(self.wait(hold.until, Then::Send, hold.why))
    }

    /// Waits, and not past the deadline.
    pub(super) fn wait(&mut self, until: Time, then: Then, why: Why) -> Step {
        let until = until.min(self.deadline);
        self.state = State::Waiting { until, then, why };
        Step::WaitUntil { until, why }
    }

    /// An event that does not fit: say again what is being waited for.
    pub(super) fn repeat(&mut self, state: State, now: Time, account: &mut Account) -> Step {
        match state {
            State::Waiting { until, why, .. } => Step::WaitUntil { until, why },
            State::LookingUp { .. } => Step::LookUp,
            State::Authenticating { stale } => Step::Authenticate { stale },
            State::Ready => self.start(now, account),
            // Saying "send" again would send twice. The driver has lost the answer.
            State::Sending { generation, sent_at } => {
                let text = "the driver reported something else than the end of the attempt";
                let failure = Failure::new(Reach::MaybeSent, text);
                self.failed(failure, generation, sent_at, now, Draw::new(0.5), account)
            }
            State::Done => self.end_cancelled(),
        }
    }
}
