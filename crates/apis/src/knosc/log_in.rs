//! Getting in: what a log-in can come to (K1, K16).

use std::fmt;
use std::time::Duration;

use steadfast::{AuthFailure, CredentialsKind, Secret};

use super::{Code, Knosc};

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
    /// A second factor or a first password is asked for.
    Incomplete,
    /// The service could not be asked, or did not answer. It may be tried again later.
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
    /// this client.
    ///
    /// # Errors
    /// [`LogInError`], which says what kind of refusal it is.
    pub async fn log_in(&self) -> Result<LogIn, LogInError> {
        let failure = match self.client.log_in().await {
            Ok(()) => return Ok(LogIn::LoggedIn),
            Err(failure) => failure,
        };
        let unreached = |text| LogInError {
            kind: LogInFailure::Unreached,
            status: None,
            code: None,
            retry_after: None,
            text,
        };
        match failure {
            AuthFailure::Closed { kind: CredentialsKind::SecondFactorRequired, .. } => {
                Ok(LogIn::SecondFactorRequired)
            }
            AuthFailure::Closed { kind: CredentialsKind::FirstSignIn, .. } => {
                Ok(LogIn::FirstSignIn { session_token: None })
            }
            AuthFailure::Closed { kind, text } => {
                let kind = match kind {
                    CredentialsKind::SessionNotTaken => LogInFailure::NotTaken,
                    _ => LogInFailure::Refused,
                };
                Err(LogInError { kind, ..unreached(text) })
            }
            AuthFailure::Unreached { text } => Err(unreached(text)),
        }
    }
}
