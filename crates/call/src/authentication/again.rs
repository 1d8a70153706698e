//! Whether an exchange that brought nothing is sent again, and when.

use std::time::Duration;

use crate::backoff::{Cause, Draw, wait};
use crate::classify::{Reading, said};
use crate::dialect::LogInFailed;
use crate::hint;
use crate::reply::Reply;
use crate::time::Time;

use super::{AuthFailure, AuthStep, Authentication, Exchange};

impl Authentication<'_> {
    /// The answer is a failure which may pass. Whether it is waited for is the policy's: the guide
    /// of an API may want it told at once (Knosc, K1).
    pub(super) fn failed(
        &mut self,
        reading: &Reading,
        reply: &Reply,
        now: Time,
        draw: Draw,
    ) -> AuthStep {
        let status = reply.status.as_u16();
        let text = said(reading, status);
        let hinted = hint::read(&self.dialect.hints.wait, reply).wait;
        let is_log_in = self.exchange.is_some_and(Exchange::is_log_in);
        if is_log_in && self.policy.log_in_failed == LogInFailed::Ends {
            self.hold_for(hinted, now);
            return AuthStep::Failed(AuthFailure::Failed { status, text });
        }
        self.again(text, hinted, now, draw)
    }

    /// Waits and sends it again, unless that was done as often as the policy allows.
    pub(super) fn again(
        &mut self,
        text: String,
        hinted: Option<Duration>,
        now: Time,
        draw: Draw,
    ) -> AuthStep {
        self.retries += 1;
        let cap = Duration::from_millis(self.policy.hint_cap_ms);
        self.hold_for(hinted, now);
        if self.retries >= self.policy.attempts || hinted.is_some_and(|hint| hint > cap) {
            return AuthStep::Failed(AuthFailure::Unreached { text });
        }
        let own = wait(self.policy, Cause::Fault, self.retries, draw);
        AuthStep::WaitUntil(now + own.max(hinted.unwrap_or_default()))
    }

    fn hold_for(&mut self, hinted: Option<Duration>, now: Time) {
        self.hold_until = self.hold_until.max(hinted.map(|hint| now + hint));
    }
}
