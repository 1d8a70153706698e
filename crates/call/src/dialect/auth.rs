use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::extract::pointer_table;

/// How to log in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "AuthForm")]
pub enum Auth {
    /// Nothing is asked for.
    #[default]
    None,
    /// A log-in sets cookies, and a refresh renews them.
    CookieSession {
        /// The cookie that has to be there for a session to exist.
        session_cookie: String,
        /// How often a call is sent again after a 401 (DESIGN §3.9).
        replays_after_401: u32,
        /// The route of the log-in.
        login: LoginRoute,
        /// The route of the refresh, if there is one.
        refresh: Option<RefreshRoute>,
    },
}

/// The table as it is written. An enum with a tag would be read from a copy that has forgotten
/// the lines, and an error could not name the key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthForm {
    kind: AuthKind,
    session_cookie: Option<String>,
    replays_after_401: Option<u32>,
    login: Option<LoginRoute>,
    refresh: Option<RefreshRoute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuthKind {
    None,
    CookieSession,
}

impl TryFrom<AuthForm> for Auth {
    type Error = String;

    fn try_from(form: AuthForm) -> Result<Self, String> {
        let needs =
            |key: &str| format!("kind = \"cookie_session\" needs `{key}`; add it to [auth]");
        match form.kind {
            AuthKind::None => Ok(Self::None),
            AuthKind::CookieSession => Ok(Self::CookieSession {
                session_cookie: form.session_cookie.ok_or_else(|| needs("session_cookie"))?,
                replays_after_401: form
                    .replays_after_401
                    .ok_or_else(|| needs("replays_after_401"))?,
                login: form.login.ok_or_else(|| needs("login"))?,
                refresh: form.refresh,
            }),
        }
    }
}

/// The route of a log-in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRoute {
    /// The method.
    pub method: String,
    /// Paths to try; a 404 on one leads to the next, and what worked is remembered.
    pub paths: Vec<String>,
    /// The JSON body; `{username}` and `{password}` are filled in.
    pub body: BTreeMap<String, String>,
    /// Answers of status 200 that are not a session.
    #[serde(default)]
    pub answer: Vec<LoginAnswer>,
}

/// An answer to a log-in that is neither a session nor an error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginAnswer {
    /// JSON pointers and the values that they lead to.
    #[serde(deserialize_with = "pointer_table")]
    pub json: BTreeMap<String, Value>,
    /// What it asks for.
    pub means: LoginMeaning,
}

/// What an answer to a log-in asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginMeaning {
    /// A second factor has to be given.
    SecondFactorRequired,
    /// A first password has to be set.
    FirstSignIn,
}

/// The route of a refresh.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRoute {
    /// The method.
    pub method: String,
    /// Paths to try, in the same order as those of the log-in.
    pub paths: Vec<String>,
    /// The cookie whose value goes into the CSRF header of the refresh, when the jar has it.
    #[serde(default)]
    pub csrf_cookie: Option<String>,
}

/// How a write proves that it was not forged by another site.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "CsrfForm")]
pub enum Csrf {
    /// The value of a cookie goes into a header, read anew for every attempt.
    CookieToHeader {
        /// The cookie.
        cookie: String,
        /// The header.
        header: String,
        /// The methods that need it.
        methods: Vec<String>,
    },
}

/// See [`AuthForm`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CsrfForm {
    #[serde(rename = "kind")]
    _kind: CsrfKind,
    cookie: String,
    header: String,
    methods: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CsrfKind {
    CookieToHeader,
}

impl From<CsrfForm> for Csrf {
    fn from(CsrfForm { cookie, header, methods, .. }: CsrfForm) -> Self {
        Self::CookieToHeader { cookie, header, methods }
    }
}
