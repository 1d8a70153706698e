//! How a write ended well, and what is needed to see a queued one through.

use serde_json::Value;
use steadfast::{Outcome, Success, Time};

/// How a write ended well (K8).
#[derive(Debug, Clone)]
#[must_use = "a write that was queued is not done yet"]
pub enum Written {
    /// It is done.
    Applied(Done),
    /// It was accepted, and is done when the integration run ends. Never send it again, also not
    /// after a crash: both would be applied. [`Knosc::confirm`](super::Knosc::confirm) waits until
    /// it shows.
    Queued(Queued),
    /// It was there already, with the same content.
    Existing(Done),
}

/// A write that is done.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Done {
    /// The id of what was written, if the API told it.
    pub id: Option<u64>,
    /// The API's own words, for display only.
    pub message: Option<String>,
    /// Everything that is known: the answer, every attempt, the rule that decided.
    pub success: Success,
}

/// A write that was queued.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Queued {
    /// The API's own words, for display only.
    pub message: Option<String>,
    /// Everything that is known.
    pub success: Success,
    pub(super) change: Option<Change>,
}

/// What will be visible when a write has been done.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A record with this key reads as `body`. `made`: there was none before.
    There { resource: String, key: String, body: Vec<u8>, made: bool },
    /// There is no record at this path any more.
    Gone { path: String },
    /// These lines are on that order.
    Moved { lines: Vec<u64>, to: super::MoveTarget },
}

impl Written {
    pub(super) fn new(outcome: Outcome, change: Option<Change>) -> Self {
        let message = message(outcome.success());
        let done = |success: Success, message| {
            let told = || success.json()?.get("id")?.as_u64();
            let id = success.resource_id.as_deref().and_then(|id| id.parse().ok()).or_else(told);
            Done { id, message, success }
        };
        match outcome {
            Outcome::Applied(success) => Self::Applied(done(success, message)),
            Outcome::Existing(success) => Self::Existing(done(success, message)),
            Outcome::Queued(success) => Self::Queued(Queued { message, success, change }),
        }
    }

    /// True if it is done, false if it was queued: the guide's own yes or no (K20).
    #[must_use]
    pub fn is_done(&self) -> bool {
        !matches!(self, Self::Queued(_))
    }

    /// The id of what was written. A queued write has none yet.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Applied(done) | Self::Existing(done) => done.id,
            Self::Queued(_) => None,
        }
    }

    /// The API's own words, for display only.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Applied(done) | Self::Existing(done) => done.message.as_deref(),
            Self::Queued(queued) => queued.message.as_deref(),
        }
    }

    /// Everything that is known.
    #[must_use]
    pub fn success(&self) -> &Success {
        match self {
            Self::Applied(done) | Self::Existing(done) => &done.success,
            Self::Queued(queued) => &queued.success,
        }
    }
}

impl Queued {
    /// When it was first sent, on the client's clock.
    pub(super) fn first_sent_at(&self) -> Option<Time> {
        self.success.attempts.first().map(|attempt| attempt.sent_at)
    }
}

fn message(success: &Success) -> Option<String> {
    let message = success.json()?.get("message").and_then(Value::as_str)?;
    Some(message.to_owned())
}
