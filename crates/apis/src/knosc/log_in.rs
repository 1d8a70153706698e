//! Getting in: what a log-in can come to (K1, K16).

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast::dialect::PolicyName;
use steadfast::{AuthFailure, CredentialsKind, Kind, Options, Reply, Request, Secret, explain};

use super::{Code, Knosc, Write};

/// What a log-in that was not refused came to (K16). Only the first of these is a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "not every log-in that is not refused is a session"]
pub enum LogIn {
    /// There is a session.
    LoggedIn,
    /// The account asks for a second factor.
    SecondFactorRequired,
    /// The account has to set its first password.
    FirstSignIn {
        /// What has to be presented with the new password; none if the API gave none.
        session_token: Option<Secret>,
    },
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogInError {
    /// What kind of refusal it is.
    pub kind: LogInFailure,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The API's code.
    pub code: Option<Code>,
    /// How long the API asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// What happened, in words.
    pub text: String,
}

/// What kind of refusal a log-in met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogInFailure {
    /// User name or password is wrong. It is not tried again by this client: a few wrong passwords
    /// lock the account.
    Refused,
    /// The account is locked for a while.
    Locked,
    /// The log-in was answered with a success, and no session came of it.
    NotTaken,
    /// The service could not be asked, did not answer, or failed. It may be tried again later.
    Unreached,
}

impl fmt::Display for LogInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for LogInError {}

impl Knosc {
    /// Gets a session, if there is none yet. No call needs it, since the first one does it; it
    /// tells early whether the credentials are right, and what else is asked for.
    ///
    /// However many ask at a time, one log-in is sent. One that was refused is never repeated by
    /// this client (K1, K5); under `policy = "documented"` one that was answered with a 5xx is told
    /// at once, too.
    ///
    /// # Errors
    /// [`LogInError`], which says what kind of refusal it is.
    pub async fn log_in(&self) -> Result<LogIn, LogInError> {
        let (kind, text) = match self.client.log_in().await {
            Ok(()) => return Ok(LogIn::LoggedIn),
            Err(AuthFailure::Unreached { text }) => return Err(LogInError::unreached(None, text)),
            Err(AuthFailure::Failed { status, text }) => {
                return Err(LogInError::unreached(Some(status), text));
            }
            Err(AuthFailure::Closed { kind, text }) => (kind, text),
        };
        let answer = self.client.refused_with();
        match kind {
            CredentialsKind::SecondFactorRequired => Ok(LogIn::SecondFactorRequired),
            CredentialsKind::FirstSignIn => {
                let body = answer.as_ref().and_then(Reply::json);
                let token = body.and_then(|body| body.get("session_token")).and_then(Value::as_str);
                Ok(LogIn::FirstSignIn { session_token: token.map(Secret::new) })
            }
            kind => Err(self.refused(kind, text, answer.as_ref())),
        }
    }

    /// Renews the session, or gets one. No call needs it: an expired session is renewed by itself,
    /// once for all calls that met the expiry (K2, K4).
    ///
    /// # Errors
    /// As [`Knosc::log_in`].
    pub async fn refresh(&self) -> Result<LogIn, LogInError> {
        match self.client.renew().await {
            Ok(()) => Ok(LogIn::LoggedIn),
            Err(_) => self.log_in().await,
        }
    }

    /// Gives the code of the second factor, six digits, after [`LogIn::SecondFactorRequired`]. It is
    /// sent once; a wrong code may be followed by another one.
    ///
    /// # Errors
    /// [`LogInError`] with [`Code::InvalidSecondFactor`] if the code is wrong or old.
    pub async fn verify_second_factor(
        &self,
        username: &str,
        totp_code: &str,
    ) -> Result<LogIn, LogInError> {
        let body = json!({ "username": username, "totp_code": totp_code });
        let call = self.client.post("/verify-2fa").json(&body).without_session();
        match call.send().await {
            Ok(_) => self.log_in().await,
            Err(error) => Err(LogInError::of_call(&error)),
        }
    }

    /// Sets the first password, after [`LogIn::FirstSignIn`], eight characters at least. This client
    /// still has the old one: make another with the new password, and log in with that.
    ///
    /// # Errors
    /// [`LogInError`] if the token or the password is not taken.
    pub async fn set_first_password(
        &self,
        session_token: &Secret,
        password: &Secret,
    ) -> Result<(), LogInError> {
        let (session_token, password) = (session_token.reveal(), password.reveal());
        let body = json!({ "session_token": session_token, "password": password });
        let call = self.client.post("/first-signin").json(&body).without_session();
        call.send().await.map(drop).map_err(|error| LogInError::of_call(&error))
    }

    /// Ends the session. A later call logs in again.
    pub fn log_out(&self) -> Write {
        Write::new(self, self.client.post("/logout").json(&json!({})), None)
    }

    fn refused(&self, kind: CredentialsKind, text: String, answer: Option<&Reply>) -> LogInError {
        let said = answer.map(|answer| {
            let request = Request::new(http::Method::POST, "/login").json("{}");
            let dialect = self.client.dialect();
            explain(dialect, PolicyName::Recommended, request, Options::default(), answer)
        });
        let code = said.as_ref().and_then(|said| said.code.as_deref()).map(Code::from);
        LogInError {
            kind: match (kind, &code) {
                (_, Some(Code::UserLocked)) => LogInFailure::Locked,
                (CredentialsKind::SessionNotTaken, _) => LogInFailure::NotTaken,
                _ => LogInFailure::Refused,
            },
            status: said.as_ref().map(|said| said.status),
            code,
            retry_after: said.and_then(|said| said.hint),
            text,
        }
    }
}

impl LogInError {
    fn unreached(status: Option<u16>, text: String) -> Self {
        let kind = LogInFailure::Unreached;
        Self { kind, status, code: None, retry_after: None, text }
    }

    fn of_call(error: &steadfast::Error) -> Self {
        let kind = match error.kind() {
            Kind::Refused(_) | Kind::Credentials(_) => LogInFailure::Refused,
            _ => LogInFailure::Unreached,
        };
        Self {
            kind,
            status: error.status(),
            code: error.code().map(Code::from),
            retry_after: error.retry_after(),
            text: error.summary(),
        }
    }
}
