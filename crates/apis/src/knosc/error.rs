use std::fmt;

use steadfast::{Effect, Kind, ListError};

use super::Code;
use super::log_in::LogInError;
use super::preflight::Missing;

/// How a call to Knosc ended that did not end well.
///
/// Its text is the API's own: `[Code] Message`, or `HTTP status` where the body says neither (K9).
/// Everything else that is known (status, raw body, every attempt with the rule that decided what
/// came next) stands in [`Error::call`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A call was refused, or did not come through.
    Call(steadfast::Error),
    /// A list could not be read to its end.
    List(ListError),
    /// A check before the write found that something is not there. Nothing was sent.
    Missing(Missing),
    /// There is no session to be had.
    LogIn(LogInError),
}

impl Error {
    /// The API's code, to be matched without strings (K10).
    ///
    /// ```
    /// use steadfast_apis::knosc::{Code, Error};
    ///
    /// fn advise(error: &Error) -> &'static str {
    ///     match error.code() {
    ///         Some(Code::ItemNotFound) => "create the item first",
    ///         Some(Code::NotPrivileged) => "ask an administrator",
    ///         Some(_) | None => "look into the log",
    ///     }
    /// }
    /// # let _ = advise;
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::LogIn(error) => error.code.clone(),
            _ => self.call()?.code().map(Code::from),
        }
    }

    /// The last status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::LogIn(error) => error.status,
            _ => self.call()?.status(),
        }
    }

    /// The call that ended so, with all that is known of it; none if it was not about a call.
    #[must_use]
    pub fn call(&self) -> Option<&steadfast::Error> {
        match self {
            Self::Call(error) | Self::List(ListError::Call { error, .. }) => Some(error),
            Self::List(_) | Self::Missing(_) | Self::LogIn(_) => None,
        }
    }

    /// What was done. `Unknown` asks for a look before anything is sent again.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::Call(error) => error.effect(),
            Self::List(_) | Self::Missing(_) | Self::LogIn(_) => Effect::None,
        }
    }

    /// What kind of end it is, for broad matching.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.call().map(steadfast::Error::kind)
    }

    /// What a person does about it, in the words of the contract: for a 401 that stays, what to
    /// check (K17), for a 403 whom to ask (K12).
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.call()?.details().action.as_deref()
    }

    /// What to tell a person: what happened, whether anything was done, and what to do.
    #[must_use]
    pub fn user_message(&self) -> String {
        match self {
            Self::Call(error) => error.user_message(),
            Self::List(_) => format!("A list could not be read: {self}."),
            Self::Missing(missing) => format!("Nothing was sent. {missing}."),
            Self::LogIn(error) => error.to_string(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => f.write_str(&error.summary()),
            Self::List(error) => error.fmt(f),
            Self::Missing(missing) => missing.fmt(f),
            Self::LogIn(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            Self::List(error) => Some(error),
            Self::Missing(_) | Self::LogIn(_) => None,
        }
    }
}

impl From<steadfast::Error> for Error {
    fn from(error: steadfast::Error) -> Self {
        Self::Call(error)
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        Self::List(error)
    }
}

impl From<Missing> for Error {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<LogInError> for Error {
    fn from(error: LogInError) -> Self {
        Self::LogIn(error)
    }
}
