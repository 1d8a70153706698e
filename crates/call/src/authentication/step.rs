//! What goes into a renewal, and what comes out of it.

use crate::error::CredentialsKind;
use crate::failure::Failure;
use crate::principal::Principal;
use crate::reply::Reply;
use crate::session::{Generation, Renewed};
use crate::time::Time;

/// Which exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A refresh, with the cookies of the current generation.
    Refresh,
    /// A log-in, without any cookie.
    LogIn,
    /// A token for the account, against its credentials.
    Token,
    /// A token for a resource owner, against the account's own token.
    OwnerToken,
    /// A CSRF token, with the current generation.
    CsrfFetch,
}

/// What is wanted of a renewal.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose session.
    pub principal: Principal,
    /// There are cookies that a refresh could renew.
    pub refreshable: bool,
    /// Which of the dialect's paths worked before.
    pub route: usize,
}

/// What happened.
#[derive(Debug)]
pub enum AuthEvent<'r> {
    /// The renewal begins, or a wait is over.
    Go,
    /// The exchange was answered. `session`: the session cookie is there now.
    Replied {
        /// The answer.
        reply: &'r Reply,
        /// Whether it has set the cookie that makes a session.
        session: bool,
    },
    /// The exchange was not answered.
    Failed(&'r Failure),
    /// The renewal of the account's own session ended.
    Parent(Result<(), AuthFailure>),
}

/// What the driver does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthStep {
    /// Make this exchange over this path. The driver fills in credentials and cookies.
    Send {
        /// Which exchange.
        exchange: Exchange,
        /// The path below the base URL.
        path: String,
        /// The generation that goes along: of the account's own session for an owner's token,
        /// else of the session that is renewed.
        bound: Generation,
    },
    /// First get a session of the account itself that is newer than this one.
    Parent {
        /// The one that is of no use.
        stale: Generation,
    },
    /// Wait.
    WaitUntil(Time),
    /// Adopt what the last answer brought.
    Done {
        /// Which of the dialect's paths worked, to be remembered.
        route: usize,
        /// What is known of the new session.
        renewed: Renewed,
    },
    /// There is none.
    Failed(AuthFailure),
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthFailure {
    /// The credentials do not let us in; nobody tries again.
    Closed {
        /// Why.
        kind: CredentialsKind,
        /// What the API said, in words.
        text: String,
    },
    /// The service could not be asked. Another call may try later.
    Unreached {
        /// What happened, in words.
        text: String,
    },
    /// The service answered with a failure which may pass, and the policy has it told at once
    /// (`log_in_failed`). Another call may try later.
    Failed {
        /// The status of the answer.
        status: u16,
        /// What the API said, in words.
        text: String,
    },
}

impl Exchange {
    /// True if it is what makes a session out of credentials.
    pub(super) fn is_log_in(self) -> bool {
        matches!(self, Self::LogIn | Self::Token | Self::OwnerToken)
    }

    /// As the subject of a sentence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Refresh => "the refresh",
            Self::LogIn => "the log-in",
            Self::Token => "the request for a token",
            Self::OwnerToken => "the request for the owner's token",
            Self::CsrfFetch => "the request for a CSRF token",
        }
    }

    /// What is looked for at its path.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::LogIn => "log-in",
            Self::Token => "token route",
            Self::OwnerToken => "token route of that owner",
            Self::CsrfFetch => "CSRF token",
        }
    }
}
