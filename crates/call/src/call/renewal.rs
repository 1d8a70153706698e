//! What a call does about its session: give it up, wait for a newer one, or end.

use crate::account::{Account, Why};
use crate::authentication::AuthFailure;
use crate::backoff::{self, Cause, Draw};
use crate::classify::Reading;
use crate::dialect::SendAgain;
use crate::error::Stop;
use crate::session::{Entry, Generation};
use crate::time::Time;

use super::{Call, Step, Then};

impl Call {
    /// True if the call is itself a log-in or a refresh. A 401 to it is final (K5).
    pub(super) fn is_about_the_session(&self) -> bool {
        self.options.without_session || self.dialect.auth.is_asked_by(&self.request)
    }

    /// True if a refused session is the reason of the answer, so that a newer one may be let in.
    pub(super) fn renewal_may_help(&self, reading: &Reading) -> bool {
        reading.again != Some(SendAgain::Never) && !self.is_about_the_session()
    }

    /// The session that the attempt was bound with is of no use any more. On the first 401 an
    /// owner's token is renewed; on the second, the parent's that it was got with, too (T7).
    pub(super) fn give_up_session(&mut self, csrf: bool, bound: Generation, account: &mut Account) {
        let session = account.session_of(&self.principal);
        if csrf {
            self.csrf_cured = true;
            match self.csrf {
                true => session.csrf_refused(bound),
                false => session.refused(bound),
            }
            return;
        }
        self.replays_after_401 += 1;
        let parent = (bound == session.current()).then(|| session.parent());
        session.refused(bound);
        match (self.parent_refused, parent) {
            (None, _) => self.parent_refused = Some(session.parent()),
            (Some(_), Some(parent)) if self.principal.owner().is_some() => {
                account.session.refused(parent);
            }
            (Some(_), _) => {}
        }
    }

    pub(super) fn authenticated(
        &mut self,
        stale: Generation,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Step {
        let session = account.session_of(&self.principal);
        let entry = if self.csrf { session.entry_with_csrf() } else { session.entry() };
        if entry == Entry::Authenticate(stale) {
            // Asking again at once would go round for ever.
            let text = "the renewal brought no newer session".to_owned();
            return self.auth_failed(AuthFailure::Unreached { text }, now, draw);
        }
        self.send(now, account)
    }

    pub(super) fn auth_failed(&mut self, failure: AuthFailure, now: Time, draw: Draw) -> Step {
        match failure {
            AuthFailure::Closed { kind, text } => self.end_credentials(kind, text),
            AuthFailure::Failed { text, .. } => self.end_without_session(&text),
            AuthFailure::Unreached { text } => {
                self.auth_failures += 1;
                if self.auth_failures >= self.attempts_max() {
                    return self.end_without_session(&text);
                }
                let own = backoff::wait(self.policy(), Cause::Fault, self.auth_failures, draw);
                self.wait(now + own, Then::Send, Why::Backoff)
            }
        }
    }

    fn end_without_session(&mut self, text: &str) -> Step {
        self.end_unreached(Stop::Attempts, &format!("no session could be had: {text}"))
    }
}
