//! What the answer to a renewal holds, and where the dialect says that renewals are made.

use std::time::Duration;

use serde_json::Value;

use crate::dialect::{Auth, Csrf, TokenRoute};
use crate::reply::Reply;
use crate::session::Renewed;
use crate::time::Time;

use super::{Authentication, Exchange};

/// A lifetime beyond this is as good as none.
const LIVES_FOR_MAX: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A token as it was given.
#[derive(Clone, Copy)]
pub struct Token<'r> {
    value: &'r str,
    lives_for: Option<Duration>,
    ahead: Duration,
}

/// The value is a secret.
impl std::fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("lives_for", &self.lives_for).finish_non_exhaustive()
    }
}

impl<'r> Token<'r> {
    /// The token itself, a secret.
    #[must_use]
    pub fn value(&self) -> &'r str {
        self.value
    }

    /// When to renew it, if it was got now and the answer says how long it lives.
    #[must_use]
    pub fn renew_at(&self, now: Time) -> Option<Time> {
        self.lives_for.map(|lives_for| Renewed::renew_at(now, lives_for, self.ahead))
    }
}

/// The token in the answer to a request for one.
#[must_use]
pub fn token<'r>(auth: &Auth, exchange: Exchange, reply: &'r Reply) -> Option<Token<'r>> {
    let (at, expires_in, renew_before_ms) = match (auth, exchange) {
        (Auth::TokenExchange { owner, .. }, Exchange::OwnerToken) => {
            (&owner.token, &owner.expires_in, owner.renew_before_ms)
        }
        _ => {
            let TokenRoute { token, expires_in, renew_before_ms, .. } = auth.token_route()?;
            (token, expires_in, *renew_before_ms)
        }
    };
    let body = reply.json()?;
    let value = body.pointer(at)?.as_str().filter(|value| is_sendable(value))?;
    let lives_for = expires_in.as_deref().and_then(|at| body.pointer(at)).and_then(seconds);
    Some(Token { value, lives_for, ahead: Duration::from_millis(renew_before_ms) })
}

/// The CSRF token in the answer to a request for one. A refusal carries a word such as
/// `Required` in its place.
#[must_use]
pub fn csrf_token<'r>(csrf: &Csrf, reply: &'r Reply) -> Option<&'r str> {
    let Csrf::Fetch { header, ask, .. } = csrf else { return None };
    let value = reply.headers.get(header)?.to_str().ok()?;
    let is_word = |word: &str| value.eq_ignore_ascii_case(word);
    (is_sendable(value) && !is_word("Required") && !is_word(ask)).then_some(value)
}

/// What is put into a header has to fit there.
fn is_sendable(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A number of seconds, also as text. What is none, or not more than nothing, tells nothing.
fn seconds(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    let duration = Duration::try_from_secs_f64(number).ok().filter(|d| !d.is_zero())?;
    Some(duration.min(LIVES_FOR_MAX))
}

impl Authentication<'_> {
    /// The paths of the exchange that is due, in the order in which they are tried.
    pub(super) fn paths(&self) -> Vec<String> {
        let one = |path: &str| vec![path.to_owned()];
        match (&self.dialect.auth, self.exchange) {
            (_, Some(Exchange::CsrfFetch)) => match &self.dialect.csrf {
                Some(Csrf::Fetch { path, .. }) => one(path),
                _ => Vec::new(),
            },
            (Auth::CookieSession { login, .. }, Some(Exchange::LogIn)) => login.paths.clone(),
            (Auth::CookieSession { refresh: Some(refresh), .. }, Some(Exchange::Refresh)) => {
                refresh.paths.clone()
            }
            (Auth::TokenExchange { owner, .. }, Some(Exchange::OwnerToken)) => {
                one(&owner.path.replace("{owner}", self.wanted.principal.owner().unwrap_or("")))
            }
            (auth, Some(Exchange::Token)) => auth
                .token_route()
                .map(|route| one(route.url.as_deref().or(route.path.as_deref()).unwrap_or("/")))
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}
