use std::fmt;
use std::sync::Arc;

use steadfast::{Class, Effect, Kind, ListError, Stop};

use super::Code;

/// How a call to Operations1 ended that did not end well (O7).
///
/// Its text is `Failed after 5 attempts: {cause}` where it was sent as often as the policy allows
/// (O6), and else what the API said.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A call was refused, or did not come through.
    Call(Failed),
    /// What came is no list, or a row of it is none.
    List(ListError),
}

/// A call that failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failed {
    /// The tenant, as the address names it.
    pub tenant: Arc<str>,
    /// The method.
    pub method: String,
    /// The path below the tenant, without its query.
    pub path: String,
    /// Everything else that is known: raw body, every attempt, the rule that decided.
    pub error: steadfast::Error,
}

impl Error {
    /// The call that ended so; none if it was not about a call.
    #[must_use]
    pub fn call(&self) -> Option<&Failed> {
        match self {
            Self::Call(failed) => Some(failed),
            Self::List(_) => None,
        }
    }

    /// The API's code, if the answer had one.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.call()?.error.code().map(Code::from)
    }

    /// The last status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.call()?.error.status()
    }

    /// The API's message, for display only.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.call()?.error.details().message.as_deref()
    }

    /// What was done. `Unknown`: the outcome is not known, look before it is sent again.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.call().map_or(Effect::None, |failed| failed.error.effect())
    }

    /// What kind of end it is, for broad matching.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.call().map(|failed| failed.error.kind())
    }

    /// How often it was sent.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.call().map_or(0, |failed| failed.error.details().attempts.len())
    }

    /// What to tell a person. Where nobody was let in, it names the tenant and what to look for
    /// (O12).
    #[must_use]
    pub fn user_message(&self) -> String {
        match self {
            Self::Call(failed) => failed.user_message(),
            Self::List(error) => format!("A list could not be read: {error}."),
        }
    }
}

impl Failed {
    /// What happened, in the API's words.
    pub(super) fn cause(&self) -> String {
        let details = self.error.details();
        match (details.status, &details.message) {
            (None, Some(text)) => text.clone(),
            _ => self.error.summary(),
        }
    }

    fn user_message(&self) -> String {
        let (tenant, said) = (&self.tenant, self.cause());
        match self.error.class() {
            Some(Class::Unauthenticated | Class::CredentialsRejected) => format!(
                "Operations1 does not let the API user of the tenant \"{tenant}\" in ({said}). Please check the tenant and the token: tokens have an expiry date."
            ),
            Some(Class::Forbidden) => format!(
                "The API user of the tenant \"{tenant}\" lacks the permission for this ({said}). Please ask an administrator to give it."
            ),
            _ => self.error.user_message(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = self.error.details();
        let (attempts, cause) = (details.attempts.len(), self.cause());
        match details.stop {
            Stop::Attempts => write!(f, "Failed after {attempts} attempts: {cause}"),
            _ => f.write_str(&cause),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(failed) => failed.fmt(f),
            Self::List(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(failed) => Some(&failed.error),
            Self::List(error) => Some(error),
        }
    }
}
