//! Whether an exchange that brought nothing is sent again, and when.

use std::time::Duration;

use crate::backoff::{Cause, Draw, wait};
use crate::time::Time;

use super::{AuthFailure, AuthStep, Authentication};

impl Authentication<'_> {
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
        self.hold_until = self.hold_until.max(hinted.map(|hint| now + hint));
        if self.retries >= self.policy.attempts || hinted.is_some_and(|hint| hint > cap) {
            return AuthStep::Failed(AuthFailure::Unreached { text });
        }
        let own = wait(self.policy, Cause::Fault, self.retries, draw);
        AuthStep::WaitUntil(now + own.max(hinted.unwrap_or_default()))
    }
}
