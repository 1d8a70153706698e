//! One rule of a plan: on which requests, do what.

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use super::canned::{Canned, CannedBody};

/// A rule.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: Option<String>,
    pub(crate) on: On,
    pub(crate) act: Act,
}

/// Which requests a rule is for, and which of those meet its fault.
#[derive(Debug, Clone, Default)]
pub(crate) struct On {
    // Filters: empty means any.
    pub(crate) methods: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) kinds: Vec<String>,
    // Conditions on how many requests have passed the filters, this one included.
    pub(crate) nth: Vec<u64>,
    pub(crate) from: Option<u64>,
    pub(crate) to: Option<u64>,
    pub(crate) every: Option<u64>,
    // Chance.
    pub(crate) probability: Option<f64>,
    pub(crate) repeat: u64,
    /// How often the rule may fire in all.
    pub(crate) times: Option<u64>,
}

impl On {
    /// Whether the count of matching requests is one the rule is for.
    pub(crate) fn is_due(&self, count: u64) -> bool {
        let from = self.from.unwrap_or(1);
        (self.nth.is_empty() || self.nth.contains(&count))
            && count >= from
            && self.to.is_none_or(|to| count <= to)
            && self.every.is_none_or(|every| (count - from).is_multiple_of(every))
    }
}

/// What a request has to be like for a fault to make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A write that would take effect or be queued.
    Effect,
    /// A good access token.
    Session,
}

/// A fault.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    Status(Canned),
    Delay { ms: u64, after: bool },
    Dribble { over_ms: u64 },
    Refuse { for_ms: u64 },
    ResetBeforeRead,
    ResetBeforeCommit,
    CommitThenReset,
    CommitThenStatus(Canned),
    LateCommit { after_ms: u64, answer: Option<Canned> },
    TruncateBody,
    MalformedBody,
    RateLimit { limit: Option<Limit>, answer: Canned },
    Own(OwnFault),
}

/// A fault that only some APIs can have: each says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnFault {
    /// The access token presented is expired from now on.
    ExpireAccess,
    /// Every token of whoever presents one is revoked from now on.
    Revoke,
    /// The token's CSRF value is another from now on.
    RotateCsrf { silent: bool },
    /// Writes are queued, for so many requests (this one included) or so long.
    Lock { for_requests: Option<u64>, for_ms: Option<u64> },
    /// Writes are no longer queued.
    Unlock,
    /// The idempotency key of the request is still being worked on.
    InProgress,
}

impl OwnFault {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            OwnFault::ExpireAccess => "expire_access",
            OwnFault::Revoke => "revoke",
            OwnFault::RotateCsrf { .. } => "rotate_csrf",
            OwnFault::Lock { .. } => "lock",
            OwnFault::Unlock => "unlock",
            OwnFault::InProgress => "in_progress",
        }
    }
}

/// A limit on the rate of requests: a bucket of `burst` tokens, refilled at `per_second`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

impl Act {
    /// The names that a plan may use, in the order of the documentation.
    pub(crate) const KINDS: [&'static str; 18] = [
        "status",
        "delay",
        "dribble",
        "refuse",
        "reset_before_read",
        "reset_before_commit",
        "commit_then_reset",
        "commit_then_status",
        "late_commit",
        "truncate_body",
        "malformed_body",
        "expire_access",
        "revoke",
        "rotate_csrf",
        "rate_limit",
        "lock",
        "unlock",
        "in_progress",
    ];

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Act::Status(_) => "status",
            Act::Delay { .. } => "delay",
            Act::Dribble { .. } => "dribble",
            Act::Refuse { .. } => "refuse",
            Act::ResetBeforeRead => "reset_before_read",
            Act::ResetBeforeCommit => "reset_before_commit",
            Act::CommitThenReset => "commit_then_reset",
            Act::CommitThenStatus(_) => "commit_then_status",
            Act::LateCommit { .. } => "late_commit",
            Act::TruncateBody => "truncate_body",
            Act::MalformedBody => "malformed_body",
            Act::RateLimit { .. } => "rate_limit",
            Act::Own(fault) => fault.kind(),
        }
    }

    pub(crate) fn need(&self) -> Option<Need> {
        use OwnFault::{ExpireAccess, InProgress, Revoke, RotateCsrf};
        match self {
            Act::CommitThenReset
            | Act::CommitThenStatus(_)
            | Act::LateCommit { .. }
            | Act::Own(InProgress) => Some(Need::Effect),
            Act::Own(ExpireAccess | Revoke | RotateCsrf { .. }) => Some(Need::Session),
            _ => None,
        }
    }

    /// Whether the fault strikes this one request, so that it counts among those in a row.
    pub(crate) fn strikes(&self) -> bool {
        let beyond_it = matches!(
            self,
            Act::RateLimit { .. }
                | Act::Refuse { .. }
                | Act::Own(OwnFault::Lock { .. } | OwnFault::Unlock)
        );
        !beyond_it
    }
}

/// The reply of a rate limit: 429 with its hint.
pub(crate) fn too_many(retry_after: HeaderValue, body: CannedBody) -> Canned {
    Canned {
        status: StatusCode::TOO_MANY_REQUESTS,
        headers: vec![(RETRY_AFTER, retry_after)],
        body,
    }
}
