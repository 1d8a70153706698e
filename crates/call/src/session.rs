//! The session of an account, as generations.
//!
//! A generation is one immutable snapshot of bearer, cookies and CSRF. Every attempt remembers
//! the one that it was bound with, so a 401 says something of that one only, and a late failure
//! never discards newer credentials (DESIGN §3.9). The values live with the driver; here is
//! only which one is current and whether it still holds.

use crate::error::CredentialsKind;
use crate::time::Time;

/// Which snapshot of the credentials: a number that only grows. Zero is "none yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u64);

/// How many sessions in a row may be refused without one request let in before no more are made.
const NEVER_LET_IN_MAX: u32 = 5;

/// The session of an account.
#[derive(Debug, Clone, Default)]
pub struct Session {
    current: Generation,
    /// The current generation was refused, or none was made yet.
    stale: bool,
    needed: bool,
    closed: Option<(CredentialsKind, String)>,
    /// The current generation was let in at least once.
    let_in: bool,
    /// How many generations in a row were refused without having been let in.
    never_let_in: u32,
    /// The API asked not to be asked for a session before then.
    held_until: Option<Time>,
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

    /// What to bind the next attempt with.
    #[must_use]
    pub fn entry(&self) -> Entry {
        match &self.closed {
            Some((kind, text)) => Entry::Closed(*kind, text.clone()),
            None if self.needed && self.stale => Entry::Authenticate(self.current),
            None => Entry::Bind(self.current),
        }
    }

    /// The newest generation.
    #[must_use]
    pub fn current(&self) -> Generation {
        self.current
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
        if bound != self.current || self.stale {
            return;
        }
        self.stale = true;
        if self.let_in {
            return;
        }
        self.never_let_in += 1;
        if self.never_let_in >= NEVER_LET_IN_MAX {
            let kind = CredentialsKind::SessionNotTaken;
            self.close(kind, kind.as_str());
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

    /// The instant before which no session may be asked for, if one is needed now.
    #[must_use]
    pub fn held_until(&self) -> Option<Time> {
        self.held_until.filter(|_| self.needed && self.stale)
    }

    /// New credentials were obtained; gives their generation.
    pub fn renewed(&mut self) -> Generation {
        self.current = Generation(self.current.0 + 1);
        self.stale = false;
        self.let_in = false;
        self.held_until = None;
        self.current
    }

    /// A reply to an attempt bound with that generation changed a cookie. Gives the generation
    /// of the merged snapshot, or none if the reply is of an old one and has to be dropped.
    pub fn rotated(&mut self, bound: Generation) -> Option<Generation> {
        if bound != self.current || self.stale {
            return None;
        }
        let let_in = self.let_in;
        let merged = self.renewed();
        self.let_in = let_in;
        Some(merged)
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
