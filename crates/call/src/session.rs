//! The session of an account, as generations.
//!
//! A generation is one immutable snapshot of bearer, cookies and CSRF. Every attempt remembers
//! the one that it was bound with, so a 401 says something of that one only, and a late failure
//! never discards newer credentials (DESIGN §3.9). The values live with the driver; here is
//! only which one is current and whether it still holds.

use std::time::Duration;

use crate::error::CredentialsKind;
use crate::time::Time;

/// Which snapshot of the credentials: a number that only grows. Zero is "none yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u64);

impl Generation {
    /// That of an attempt which is bound with no session. It is never the current one.
    pub(crate) const NONE: Self = Self(u64::MAX);
}

/// How many sessions in a row may be refused without one request let in before no more are made.
const NEVER_LET_IN_MAX: u32 = 5;
/// A session that ends sooner is used that long all the same, so that nobody renews without end.
const USED_FOR_MIN: Duration = Duration::from_secs(1);

/// A session: that of an account, or of one resource owner at it.
#[derive(Debug, Clone, Default)]
pub struct Session {
    current: Generation,
    /// The current generation was refused, has come to its end, or none was made yet.
    stale: bool,
    needed: bool,
    /// It is made of tokens, not of cookies.
    of_tokens: bool,
    /// The current generation holds a CSRF token that was fetched.
    has_csrf: bool,
    /// When to renew the current generation, which ends soon after.
    renew_at: Option<Time>,
    /// The generation of the account's own session with which the current one was got.
    parent: Generation,
    closed: Option<(CredentialsKind, String)>,
    /// The current generation was let in at least once.
    let_in: bool,
    /// How many generations in a row were refused without having been let in.
    never_let_in: u32,
    /// The API asked not to be asked for a session before then.
    held_until: Option<Time>,
}

/// What a renewal brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// When to renew it again; none if nobody said when it ends.
    pub renew_at: Option<Time>,
    /// It holds a CSRF token that was fetched, or the API needs none.
    pub csrf: bool,
    /// The generation of the account's own session with which it was got, where it is that of a
    /// resource owner.
    pub parent: Generation,
}

impl Default for Renewed {
    fn default() -> Self {
        Self { renew_at: None, csrf: true, parent: Generation::default() }
    }
}

impl Renewed {
    /// When to renew a token that was got now: so long ahead of its end, though never before
    /// half of its life is over.
    #[must_use]
    pub fn renew_at(now: Time, lives_for: Duration, ahead: Duration) -> Time {
        now + (lives_for - ahead.min(lives_for / 2)).max(USED_FOR_MIN)
    }
}

/// What a session says to a call that wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Bind the attempt with this generation.
    Bind(Generation),
    /// This generation is of no use: authenticate first.
    Authenticate(Generation),
    /// Nobody gets in.
    Closed(CredentialsKind, String),
}

impl Session {
    /// A session of an API that asks for one, or that does not.
    #[must_use]
    pub fn new(needed: bool) -> Self {
        Self { stale: needed, needed, ..Self::default() }
    }

    /// A session that is made of tokens which have to be got.
    #[must_use]
    pub fn of_tokens() -> Self {
        Self { of_tokens: true, ..Self::new(true) }
    }

    /// What to bind the next attempt with.
    #[must_use]
    pub fn entry(&self) -> Entry {
        match &self.closed {
            Some((kind, text)) => Entry::Closed(*kind, text.clone()),
            None if self.needed && self.stale => Entry::Authenticate(self.current),
            None => Entry::Bind(self.current),
        }
    }

    /// The same for a call that needs a CSRF token which is fetched.
    #[must_use]
    pub fn entry_with_csrf(&self) -> Entry {
        match self.entry() {
            Entry::Bind(current) if !self.has_csrf => Entry::Authenticate(current),
            entry => entry,
        }
    }

    /// Looks at the time: a generation that is about to end is renewed ahead of it, and nothing
    /// is held against it (hazard 11).
    pub fn lapse(&mut self, now: Time) {
        if self.needed && self.renew_at.is_some_and(|at| at <= now) {
            self.stale = true;
        }
    }

    /// The newest generation.
    #[must_use]
    pub fn current(&self) -> Generation {
        self.current
    }

    /// The generation of the account's own session with which the newest one was got.
    #[must_use]
    pub fn parent(&self) -> Generation {
        self.parent
    }

    /// True if a newer generation than that one holds.
    #[must_use]
    pub fn is_newer_than(&self, bound: Generation) -> bool {
        self.current > bound && !self.stale
    }

    /// An attempt bound with that generation was refused for its session. However many attempts
    /// of one generation are refused, that is one refusal: a burst of them says no more than the
    /// first. When generation after generation is refused that was never let in, log-ins work
    /// and sessions do not, and making more of them helps nobody.
    pub fn refused(&mut self, bound: Generation) {
        if bound != self.current || self.stale || !self.needed {
            return;
        }
        self.stale = true;
        if self.let_in {
            return;
        }
        self.never_let_in += 1;
        if self.never_let_in >= NEVER_LET_IN_MAX {
            let kind = match self.of_tokens {
                true => CredentialsKind::TokenNotTaken,
                false => CredentialsKind::SessionNotTaken,
            };
            self.close(kind, kind.as_str());
        }
    }

    /// The CSRF token of that generation was refused. What the session itself is worth is
    /// another matter.
    pub fn csrf_refused(&mut self, bound: Generation) {
        if bound == self.current {
            self.has_csrf = false;
        }
    }

    /// An attempt with credentials that never change was refused. What was never let in is wrong,
    /// and is not sent again (I6); what was let in before gets a few more chances.
    pub fn denied(&mut self, text: impl Into<String>) {
        self.never_let_in += 1;
        if !self.let_in || self.never_let_in >= NEVER_LET_IN_MAX {
            self.close(CredentialsKind::Refused, text);
        }
    }

    /// An attempt bound with that generation was let in.
    pub fn accepted(&mut self, bound: Generation) {
        if bound == self.current {
            self.let_in = true;
            self.never_let_in = 0;
        }
    }

    /// The API asked not to be asked for a session before that instant (I5).
    pub fn hold_until(&mut self, until: Time) {
        self.held_until = self.held_until.max(Some(until));
    }

    /// The instant before which no session may be asked for.
    #[must_use]
    pub fn held_until(&self) -> Option<Time> {
        self.held_until
    }

    /// New credentials were obtained; gives their generation.
    pub fn renewed(&mut self) -> Generation {
        self.renewed_with(Renewed::default())
    }

    /// The same, with what is known of them.
    pub fn renewed_with(&mut self, renewed: Renewed) -> Generation {
        self.let_in = false;
        self.stale = false;
        self.renew_at = renewed.renew_at;
        self.has_csrf = renewed.csrf;
        self.parent = renewed.parent;
        self.held_until = None;
        self.next()
    }

    /// Somebody got in by hand, such as with a second factor, whatever had shut the door before;
    /// gives the generation of the new credentials.
    pub fn opened(&mut self) -> Generation {
        self.closed = None;
        self.never_let_in = 0;
        self.renewed()
    }

    /// The current credentials are to be renewed, though nothing is held against them.
    pub fn outdated(&mut self) {
        self.stale |= self.needed;
    }

    /// A CSRF token was fetched with the current generation; gives the one that holds both.
    pub fn csrf_fetched(&mut self) -> Generation {
        self.has_csrf = true;
        self.held_until = None;
        self.next()
    }

    /// A reply to an attempt bound with that generation changed a cookie. Gives the generation
    /// of the merged snapshot, or none if the reply is of an old one and has to be dropped.
    pub fn rotated(&mut self, bound: Generation) -> Option<Generation> {
        (bound == self.current && !(self.needed && self.stale)).then(|| self.next())
    }

    fn next(&mut self) -> Generation {
        self.current = Generation(self.current.0 + 1);
        self.current
    }

    /// The credentials were refused; nobody gets in any more (I6).
    pub fn close(&mut self, kind: CredentialsKind, text: impl Into<String>) {
        if self.closed.is_none() {
            self.closed = Some((kind, text.into()));
        }
    }

    /// Why nobody gets in, if so.
    #[must_use]
    pub fn closed(&self) -> Option<(CredentialsKind, &str)> {
        self.closed.as_ref().map(|(kind, text)| (*kind, text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_401_does_not_discard_newer_credentials() {
        let mut session = Session::new(true);
        assert_eq!(session.entry(), Entry::Authenticate(Generation(0)));
        let first = session.renewed();
        session.refused(first);
        let second = session.renewed();
        session.refused(first);
        assert_eq!(session.entry(), Entry::Bind(second));
        assert!(session.is_newer_than(first));
    }

    #[test]
    fn cookies_of_an_old_generation_are_dropped() {
        let mut session = Session::new(true);
        let first = session.renewed();
        let second = session.renewed();
        assert_eq!(session.rotated(first), None);
        assert_eq!(session.rotated(second), Some(Generation(3)));
    }

    #[test]
    fn a_session_that_is_never_taken_is_given_up() {
        let mut session = Session::new(true);
        for _ in 0..NEVER_LET_IN_MAX {
            assert!(session.closed().is_none());
            let made = session.renewed();
            session.refused(made);
        }
        assert!(matches!(session.entry(), Entry::Closed(CredentialsKind::SessionNotTaken, _)));
    }

    #[test]
    fn who_gets_in_by_hand_opens_the_door_for_all() {
        let mut session = Session::new(true);
        session.close(CredentialsKind::SecondFactorRequired, "a code is asked for");
        assert!(matches!(session.entry(), Entry::Closed(..)));
        let opened = session.opened();
        assert_eq!((session.entry(), session.closed()), (Entry::Bind(opened), None));
        session.outdated();
        assert_eq!(session.entry(), Entry::Authenticate(opened));
    }

    /// Found wrong: every call that was refused counted, so twenty calls whose session expired
    /// together shut the account for good.
    #[test]
    fn a_burst_of_refusals_of_one_session_is_one_refusal() {
        let mut session = Session::new(true);
        let made = session.renewed();
        for _ in 0..20 {
            session.refused(made);
        }
        assert!(matches!(session.entry(), Entry::Authenticate(_)));
    }

    #[test]
    fn sessions_that_are_let_in_may_expire_as_often_as_they_like() {
        let mut session = Session::new(true);
        for _ in 0..20 {
            let made = session.renewed();
            session.accepted(made);
            session.refused(made);
        }
        assert!(matches!(session.entry(), Entry::Authenticate(_)));
    }
}
