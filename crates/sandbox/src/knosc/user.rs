//! Users: who may do what, and who is locked out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use totp_rs::{Builder, Secret, Totp};

/// What a privilege lets its holder do; `Edit` implies `View`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Access {
    View,
    Edit,
}

/// A privilege, as the API writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Privilege {
    #[serde(rename = "type")]
    pub(crate) category: String,
    pub(crate) access: Access,
}

/// What a user may be, and with that do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    #[serde(rename = "Role Name")]
    pub(crate) name: String,
    #[serde(rename = "Role Description", default)]
    pub(crate) description: String,
    #[serde(rename = "Privileges", default)]
    pub(crate) privileges: Vec<Privilege>,
}

impl Role {
    /// The role as the API shows it.
    pub(crate) fn show(&self, id: u64) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(id));
        row.insert("Role Name".to_owned(), json!(self.name));
        row.insert("Role Description".to_owned(), json!(self.description));
        row.insert("Privileges".to_owned(), json!(self.privileges));
        row
    }
}

/// A user as the fixtures describe it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserFixture {
    #[serde(rename = "Username")]
    pub(crate) username: String,
    #[serde(rename = "User Email")]
    pub(crate) email: String,
    #[serde(rename = "User Fullname", default)]
    pub(crate) full_name: Option<String>,
    #[serde(rename = "User Phone", default)]
    pub(crate) phone: Option<String>,
    #[serde(rename = "User Status", default)]
    pub(crate) status: UserStatus,
    #[serde(rename = "Password Expiration", default)]
    pub(crate) password_expiration: Option<String>,
    pub(crate) password: String,
    #[serde(rename = "Role Name", default)]
    pub(crate) role: String,
    /// Other privileges than those of the role.
    #[serde(rename = "Privileges", default)]
    pub(crate) privileges: Option<Vec<Privilege>>,
    #[serde(default)]
    pub(crate) totp_secret: Option<String>,
    #[serde(default)]
    pub(crate) first_signin: bool,
}

/// Whether a user may log in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UserStatus {
    #[default]
    Active,
    Inactive,
}

impl UserStatus {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
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
    /// The secret of a second factor that is not activated yet.
    pub(crate) offered_secret: Option<String>,
}

/// How long a second factor may follow the password.
pub(crate) const TOTP_WINDOW_MS: u64 = 5 * 60 * 1000;
const FIRST_LOCK_MS: u64 = 30_000;
const LONGEST_LOCK_MS: u64 = 3_600_000;
const FAILURES_BEFORE_LOCK: u32 = 3;

impl User {
    pub(crate) fn new(fixture: UserFixture) -> Self {
        User {
            fixture,
            last_modified_ms: 0,
            failures: 0,
            locked_until_ms: 0,
            totp_until_ms: 0,
            session_token: None,
            offered_secret: None,
        }
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
        let secret = self.fixture.totp_secret.as_deref();
        secret.is_some_and(|secret| totp_fits(secret, code, now_ms, real_ms))
    }
}

/// Whether the six digits are right for this secret.
pub(crate) fn totp_fits(secret: &str, code: &str, now_ms: u64, real_ms: u64) -> bool {
    totp(secret).is_some_and(|totp| {
        totp.check(code, now_ms / 1000).is_some() || totp.check(code, real_ms / 1000).is_some()
    })
}

fn totp(secret: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(secret).ok()?;
    // The documented secret has 80 bits, fewer than the RFC asks for.
    Some(Builder::new().with_secret(secret).build_noncompliant())
}

/// All users, by the number that stands in a token's `sub`, and their roles.
#[derive(Debug, Default)]
pub(crate) struct Users {
    by_id: BTreeMap<u64, User>,
    /// In the order of their ids, which start at 1.
    roles: Vec<Role>,
}

impl Users {
    /// A role that is not listed is made of the first user who has it.
    pub(crate) fn new(fixtures: Vec<UserFixture>, mut roles: Vec<Role>) -> Self {
        for user in &fixtures {
            if !user.role.is_empty() && roles.iter().all(|role| role.name != user.role) {
                let privileges = user.privileges.clone().unwrap_or_default();
                let name = user.role.clone();
                roles.push(Role { name, description: String::new(), privileges });
            }
        }
        Users { by_id: (1..).zip(fixtures.into_iter().map(User::new)).collect(), roles }
    }

    /// The user of this name or e-mail address.
    pub(crate) fn find(&mut self, login: &str) -> Option<(u64, &mut User)> {
        self.by_id
            .iter_mut()
            .find(|(_, user)| user.fixture.username == login || user.fixture.email == login)
            .map(|(id, user)| (*id, user))
    }

    pub(crate) fn get(&self, sub: &str) -> Option<&User> {
        self.by_id(sub.parse().ok()?)
    }

    pub(crate) fn get_mut(&mut self, sub: &str) -> Option<&mut User> {
        self.by_id_mut(sub.parse().ok()?)
    }

    pub(crate) fn by_id(&self, id: u64) -> Option<&User> {
        self.by_id.get(&id)
    }

    pub(crate) fn by_id_mut(&mut self, id: u64) -> Option<&mut User> {
        self.by_id.get_mut(&id)
    }

    pub(crate) fn by_session_token(&mut self, token: &str) -> Option<&mut User> {
        self.by_id.values_mut().find(|user| user.session_token.as_deref() == Some(token))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &User)> {
        self.by_id.iter().map(|(id, user)| (*id, user))
    }

    pub(crate) fn add(&mut self, user: User) -> u64 {
        let id = self.by_id.last_key_value().map_or(0, |(id, _)| *id) + 1;
        self.by_id.insert(id, user);
        id
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = (u64, &Role)> {
        (1..).zip(&self.roles)
    }

    fn role_of(&self, user: &User) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == user.fixture.role)
    }

    fn privileges<'a>(&'a self, user: &'a User) -> &'a [Privilege] {
        let own = user.fixture.privileges.as_deref();
        own.or_else(|| self.role_of(user).map(|role| &*role.privileges)).unwrap_or_default()
    }

    pub(crate) fn may(&self, user: &User, category: &str, access: Access) -> bool {
        let mut held = self.privileges(user).iter();
        held.any(|held| held.category == category && held.access >= access)
    }

    /// A user as the API shows it.
    pub(crate) fn show(&self, id: u64, user: &User) -> Map<String, Value> {
        let fixture = &user.fixture;
        let role = self.role_of(user);
        let mut row = Map::new();
        let fields = [
            ("id", json!(id)),
            ("User Fullname", json!(fixture.full_name)),
            ("Username", json!(fixture.username)),
            ("User Email", json!(fixture.email)),
            ("User Phone", json!(fixture.phone)),
            ("First Signin", json!(fixture.first_signin)),
            ("Password Expiration", json!(fixture.password_expiration)),
            ("Role Name", json!(fixture.role)),
            ("Role Description", json!(role.map(|role| &role.description))),
            ("User Status", json!(fixture.status)),
            ("2FA Enabled", json!(fixture.totp_secret.is_some())),
            ("Privileges", json!(self.privileges(user))),
        ];
        row.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        row
    }
}
