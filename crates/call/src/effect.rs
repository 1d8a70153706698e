//! What the server did, as far as evidence goes, and how the evidence of attempts adds up.

use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::failure::Reach;

/// What the server did with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: it was not sent, or it was refused.
    #[default]
    None,
    /// It took effect, or was accepted for it.
    Applied,
    /// Nobody can say.
    Unknown,
}

impl Effect {
    /// The effect of one answered attempt of a write (DESIGN §3.2).
    ///
    /// `status` decides only for [`Class::Unmodelled`]: an answer that nothing understands has
    /// no effect if its status is one of the API's own refusals, and an unknown one otherwise.
    #[must_use]
    pub fn of_reply(class: Class, status: u16) -> Self {
        match class {
            Class::Ok | Class::Queued | Class::Partial => Self::Applied,
            Class::Duplicate
            | Class::Validation
            | Class::NotFound
            | Class::Conflict
            | Class::IdempotencyMismatch
            | Class::InProgress
            | Class::Unauthenticated
            | Class::CredentialsRejected
            | Class::Csrf
            | Class::Forbidden
            | Class::RateLimited
            | Class::QuotaExhausted
            | Class::Declined => Self::None,
            Class::Unavailable | Class::ServerError | Class::Network => Self::Unknown,
            Class::Unmodelled if (400..500).contains(&status) => Self::None,
            Class::Unmodelled => Self::Unknown,
        }
    }

    /// The effect of one unanswered attempt of a write.
    #[must_use]
    pub fn of_failure(reach: Reach) -> Self {
        match reach {
            Reach::NotSent => Self::None,
            Reach::MaybeSent => Self::Unknown,
            // A refusal is a refusal, however little of its body arrived.
            Reach::ReplyBroken { status } if (400..500).contains(&status) && status != 408 => {
                Self::None
            }
            Reach::ReplyBroken { .. } => Self::Unknown,
        }
    }

    /// The effect of two attempts together. Once unknown, a later refusal does not clear it;
    /// an answer that says it took effect does.
    #[must_use]
    pub fn join(self, later: Self) -> Self {
        match (self, later) {
            (Self::Applied, _) | (_, Self::Applied) => Self::Applied,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::None, Self::None) => Self::None,
        }
    }

    /// The name as logs and ledgers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Applied => "applied",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Effect::{Applied, None, Unknown};
    use super::*;

    #[test]
    fn an_unknown_effect_survives_a_later_refusal() {
        assert_eq!(Unknown.join(Effect::of_reply(Class::Forbidden, 403)), Unknown);
        assert_eq!(Unknown.join(Effect::of_reply(Class::RateLimited, 429)), Unknown);
        assert_eq!(Unknown.join(Effect::of_failure(Reach::NotSent)), Unknown);
        assert_eq!(Unknown.join(Effect::of_reply(Class::Ok, 200)), Applied);
    }

    #[test]
    fn a_broken_success_is_unknown_and_a_broken_refusal_is_not() {
        assert_eq!(Effect::of_failure(Reach::ReplyBroken { status: 200 }), Unknown);
        assert_eq!(Effect::of_failure(Reach::ReplyBroken { status: 408 }), Unknown);
        assert_eq!(Effect::of_failure(Reach::ReplyBroken { status: 403 }), None);
    }

    #[test]
    fn only_a_readable_success_is_applied() {
        assert_eq!(Effect::of_reply(Class::Unmodelled, 200), Unknown);
        assert_eq!(Effect::of_reply(Class::Unmodelled, 302), Unknown);
        assert_eq!(Effect::of_reply(Class::Unmodelled, 418), None);
    }
}
