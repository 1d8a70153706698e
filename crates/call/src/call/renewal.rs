//! What renewing the session is for, and what comes after it.

use crate::account::{Account, Why};
use crate::authentication::AuthFailure;
use crate::backoff::{self, Cause, Draw};
use crate::classify::Reading;
use crate::dialect::{Auth, SendAgain};
use crate::error::Stop;
use crate::session::{Entry, Generation};
use crate::time::Time;

use super::{Call, Step, Then};

impl Call {
    /// True if the call is itself a log-in or a refresh. A 401 to it is final (K5).
    pub(super) fn is_about_the_session(&self) -> bool {
        let Auth::CookieSession { login, refresh, .. } = &self.dialect.auth else { return false };
        let refresh = refresh.iter().flat_map(|refresh| &refresh.paths);
        login.paths.iter().chain(refresh).any(|path| path == self.request.route())
    }

    /// True if a refused session is the reason of the answer, so that a newer one may be let in.
    pub(super) fn renewal_may_help(&self, reading: &Reading) -> bool {
        reading.again != Some(SendAgain::Never) && !self.is_about_the_session()
    }

    pub(super) fn authenticated(
        &mut self,
        stale: Generation,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Step {
        if account.session.entry() == Entry::Authenticate(stale) {
            // Asking again at once would go round for ever.
            let text = "the renewal brought no newer session".to_owned();
            return self.auth_failed(AuthFailure::Unreached { text }, now, draw);
        }
        self.send(now, account)
    }

    pub(super) fn auth_failed(&mut self, failure: AuthFailure, now: Time, draw: Draw) -> Step {
        match failure {
            AuthFailure::Closed { kind, text } => self.end_credentials(kind, text),
            AuthFailure::Unreached { text } => {
                self.auth_failures += 1;
                if self.auth_failures >= self.attempts_max() {
                    let rule = format!("no session could be had: {text}");
                    return self.end_unreached(Stop::Attempts, &rule);
                }
                let own = backoff::wait(self.policy(), Cause::Fault, self.auth_failures, draw);
                self.wait(now + own, Then::Send, Why::Backoff)
            }
        }
    }
}
