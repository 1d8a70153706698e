//! Users: who may do what, and who is locked out.

use std::collections::BTreeMap;

use serde::Deserialize;
use totp_rs::{Builder, Secret, Totp};

/// What a privilege lets its holder do; `Edit` implies `View`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Access {
    View,
    Edit,
}

/// A privilege, as the API writes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Privilege {
    #[serde(rename = "type")]
    pub(crate) category: String,
    pub(crate) access: Access,
}

/// A user as the fixtures describe it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserFixture {
    #[serde(rename = "Username")]
    pub(crate) username: String,
    #[serde(rename = "User Email")]
    pub(crate) email: String,
    pub(crate) password: String,
    #[serde(rename = "Role Name", default)]
    pub(crate) role: String,
    #[serde(rename = "Privileges", default)]
    pub(crate) privileges: Vec<Privilege>,
    #[serde(default)]
    pub(crate) totp_secret: Option<String>,
    #[serde(default)]
    pub(crate) first_signin: bool,
}

/// A user and what has happened to the account.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) fixture: UserFixture,
    /// Tokens made before this instant are revoked.
    pub(crate) last_modified_ms: u64,
    /// Bad passwords in a row.
    pub(crate) failures: u32,
    pub(crate) locked_until_ms: u64,
    /// Until when a second factor is awaited.
    pub(crate) totp_until_ms: u64,
    /// What `/first-signin` has to present.
    pub(crate) session_token: Option<String>,
}

/// How long a second factor may follow the password.
pub(crate) const TOTP_WINDOW_MS: u64 = 5 * 60 * 1000;
const FIRST_LOCK_MS: u64 = 30_000;
const LONGEST_LOCK_MS: u64 = 3_600_000;
const FAILURES_BEFORE_LOCK: u32 = 3;

impl User {
    fn new(fixture: UserFixture) -> Self {
        User {
            fixture,
            last_modified_ms: 0,
            failures: 0,
            locked_until_ms: 0,
            totp_until_ms: 0,
            session_token: None,
        }
    }

    pub(crate) fn may(&self, category: &str, access: Access) -> bool {
        self.fixture
            .privileges
            .iter()
            .any(|held| held.category == category && held.access >= access)
    }

    /// Counts a bad password: the third in a row locks for 30 s, each further one for twice as long.
    pub(crate) fn count_failure(&mut self, now_ms: u64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(doublings) = self.failures.checked_sub(FAILURES_BEFORE_LOCK) {
            let lock_ms = FIRST_LOCK_MS.saturating_mul(1 << doublings.min(20)).min(LONGEST_LOCK_MS);
            self.locked_until_ms = now_ms + lock_ms;
        }
    }

    /// Makes every token of this user invalid, as a change of role or password does.
    pub(crate) fn revoke(&mut self, now_ms: u64) {
        self.last_modified_ms = (self.last_modified_ms + 1).max(now_ms);
    }

    /// Whether the six digits are right, by the double's clock or by the real one: a client that
    /// computes a code cannot know that `POST clock` has been used.
    pub(crate) fn totp_matches(&self, code: &str, now_ms: u64, real_ms: u64) -> bool {
        let Some(totp) = self.fixture.totp_secret.as_deref().and_then(totp) else {
            return false;
        };
        totp.check(code, now_ms / 1000).is_some() || totp.check(code, real_ms / 1000).is_some()
    }
}

fn totp(secret: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(secret).ok()?;
    // The documented secret has 80 bits, fewer than the RFC asks for.
    Some(Builder::new().with_secret(secret).build_noncompliant())
}

/// All users, by the number that stands in a token's `sub`.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_id: BTreeMap<u64, User>,
}

impl Users {
    pub(crate) fn new(fixtures: Vec<UserFixture>) -> Self {
        Users { by_id: (1..).zip(fixtures.into_iter().map(User::new)).collect() }
    }

    /// The user of this name or e-mail address.
    pub(crate) fn find(&mut self, login: &str) -> Option<(u64, &mut User)> {
        self.by_id
            .iter_mut()
            .find(|(_, user)| user.fixture.username == login || user.fixture.email == login)
            .map(|(id, user)| (*id, user))
    }

    pub(crate) fn get(&self, sub: &str) -> Option<&User> {
        self.by_id.get(&sub.parse().ok()?)
    }

    pub(crate) fn get_mut(&mut self, sub: &str) -> Option<&mut User> {
        self.by_id.get_mut(&sub.parse().ok()?)
    }

    pub(crate) fn by_session_token(&mut self, token: &str) -> Option<&mut User> {
        self.by_id.values_mut().find(|user| user.session_token.as_deref() == Some(token))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &User)> {
        self.by_id.iter().map(|(id, user)| (*id, user))
    }
}
