//! What people do to deliveries, and what is kept of it.

use std::fmt;

use crate::delivery::Reason;
use crate::state::State;

/// What a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Answered for an unknown delivery that it is in effect.
    Applied,
    /// Answered for an unknown delivery that it is not in effect.
    NotApplied,
    /// Told a delivery to try again.
    Retry,
    /// Withdrew a delivery.
    Cancel,
}

impl Act {
    const ALL: [Act; 4] = [Act::Applied, Act::NotApplied, Act::Retry, Act::Cancel];

    /// The word for it in the database and in what machines read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Act::Applied => "applied",
            Act::NotApplied => "not_applied",
            Act::Retry => "retry",
            Act::Cancel => "cancel",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Act> {
        Act::ALL.into_iter().find(|act| act.as_str() == word)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who does something by hand, and what there is to say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hand {
    /// The person; `None` when nobody said.
    pub by: Option<String>,
    /// The person's own words.
    pub note: Option<String>,
}

impl Hand {
    /// The person, for a sentence.
    pub(crate) fn name(&self) -> &str {
        self.by.as_deref().unwrap_or("a person")
    }
}

/// Something that a person did to a delivery, as the ledger remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActRow {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What.
    pub act: Act,
    /// Who, and why.
    pub hand: Hand,
    /// The state that was left.
    pub was: State,
    /// Why the delivery was in it.
    pub reason: Option<Reason>,
}
