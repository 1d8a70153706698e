//! The session of an account, as generations.
//!
//! A generation is one immutable snapshot of bearer, cookies and CSRF. Every attempt remembers
//! the one that it was bound with, so a 401 says something of that one only, and a late failure
//! never discards newer credentials (DESIGN §3.9). The values live with the driver; here is
//! only which one is current and whether it still holds.

use crate::error::CredentialsKind;

/// Which snapshot of the credentials: a number that only grows. Zero is "none yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u64);

/// How often a session that was just made may be refused before we stop making new ones.
const REFUSED_IN_A_ROW_MAX: u32 = 5;

/// The session of an account.
#[derive(Debug, Clone, Default)]
pub struct Session {
    current: Generation,
    /// The current generation was refused, or none was made yet.
    stale: bool,
    needed: bool,
    closed: Option<(CredentialsKind, String)>,
    refused_in_a_row: u32,
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

    /// An attempt bound with that generation was answered "unauthenticated".
    pub fn refused(&mut self, bound: Generation) {
        if bound == self.current {
            self.stale = true;
        }
    }

    /// A call was refused again right after its session had been renewed. When that happens to
    /// call after call, log-ins work and sessions do not, and making more of them helps nobody.
    pub fn refused_after_renewal(&mut self) {
        self.refused_in_a_row += 1;
        if self.refused_in_a_row >= REFUSED_IN_A_ROW_MAX {
            let kind = CredentialsKind::SessionNotTaken;
            self.closed = Some((kind, kind.as_str().to_owned()));
        }
    }

    /// An attempt was let in.
    pub fn accepted(&mut self) {
        self.refused_in_a_row = 0;
    }

    /// New credentials were obtained; gives their generation.
    pub fn renewed(&mut self) -> Generation {
        self.current = Generation(self.current.0 + 1);
        self.stale = false;
        self.current
    }

    /// A reply to an attempt bound with that generation changed a cookie. Gives the generation
    /// of the merged snapshot, or none if the reply is of an old one and has to be dropped.
    pub fn rotated(&mut self, bound: Generation) -> Option<Generation> {
        if bound != self.current || self.stale {
            return None;
        }
        Some(self.renewed())
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
        session.renewed();
        for _ in 0..REFUSED_IN_A_ROW_MAX {
            session.refused_after_renewal();
        }
        assert!(matches!(session.entry(), Entry::Closed(CredentialsKind::SessionNotTaken, _)));
    }
}
