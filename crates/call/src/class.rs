use serde::{Deserialize, Serialize};

/// What an attempt means, whatever API gave the answer.
///
/// The dialect's rules give the class of a reply; what no rule names is read by its status.
/// What the server did with a write is another question, answered by
/// [`Effect::of_reply`](crate::Effect::of_reply).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Done, and the answer says so.
    Ok,
    /// Accepted, and applied by the API later.
    Queued,
    /// What we wanted to create is there already.
    Duplicate,
    /// A success in which single items failed.
    Partial,
    /// The request is wrong, or breaks a rule of the business.
    Validation,
    /// What the request is about does not exist.
    NotFound,
    /// The state of the resource forbids it.
    Conflict,
    /// The idempotency key was used for another payload.
    IdempotencyMismatch,
    /// The same idempotency key is being worked on.
    InProgress,
    /// The credentials of this attempt are missing, expired or void.
    Unauthenticated,
    /// The log-in itself was refused.
    CredentialsRejected,
    /// The CSRF token was missing or stale.
    Csrf,
    /// The account lacks the right.
    Forbidden,
    /// Too many requests; this one was not processed.
    RateLimited,
    /// A quota is used up; waiting a little does not help.
    QuotaExhausted,
    /// Refused by a decision of the other side, such as a bank's.
    Declined,
    /// 502, 503 or 504: the service, or something before it, is not there.
    Unavailable,
    /// 500 and every other 5xx.
    ServerError,
    /// No answer, or only a part of one.
    Network,
    /// An answer that nothing here understands.
    Unmodelled,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Ok,
        Self::Queued,
        Self::Duplicate,
        Self::Partial,
        Self::Validation,
        Self::NotFound,
        Self::Conflict,
        Self::IdempotencyMismatch,
        Self::InProgress,
        Self::Unauthenticated,
        Self::CredentialsRejected,
        Self::Csrf,
        Self::Forbidden,
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::Declined,
        Self::Unavailable,
        Self::ServerError,
        Self::Network,
        Self::Unmodelled,
    ];

    /// The name as dialects, logs and tables write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Queued => "queued",
            Self::Duplicate => "duplicate",
            Self::Partial => "partial",
            Self::Validation => "validation",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::InProgress => "in_progress",
            Self::Unauthenticated => "unauthenticated",
            Self::CredentialsRejected => "credentials_rejected",
            Self::Csrf => "csrf",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Declined => "declined",
            Self::Unavailable => "unavailable",
            Self::ServerError => "server_error",
            Self::Network => "network",
            Self::Unmodelled => "unmodelled",
        }
    }

    /// What it means, in a few words for a person.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done, and the answer says so",
            Self::Queued => "accepted, and applied by the API later",
            Self::Duplicate => "what was to be created is there already",
            Self::Partial => "a success in which single items failed",
            Self::Validation => "the request is wrong, or breaks a rule of the business",
            Self::NotFound => "what the request is about does not exist",
            Self::Conflict => "the state of the resource forbids it",
            Self::IdempotencyMismatch => "the idempotency key was used for another payload",
            Self::InProgress => "the same idempotency key is being worked on",
            Self::Unauthenticated => "the credentials are missing, expired or void",
            Self::CredentialsRejected => "the log-in itself was refused",
            Self::Csrf => "the CSRF token was missing or stale",
            Self::Forbidden => "the account lacks the right",
            Self::RateLimited => "too many requests; this one was not processed",
            Self::QuotaExhausted => "a quota is used up; waiting a little does not help",
            Self::Declined => "refused by a decision of the other side",
            Self::Unavailable => "the service, or something before it, is not there",
            Self::ServerError => "the service failed while working on it",
            Self::Network => "no answer, or only a part of one",
            Self::Unmodelled => "an answer that nothing here understands",
        }
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
