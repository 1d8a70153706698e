use serde::Deserialize;

use super::Extract;

/// The two policies that a dialect carries (DESIGN §7).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// What we advise, and the default.
    pub recommended: Policy,
    /// The letter of the API's guide.
    pub documented: Policy,
}

/// Which of the two policies to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicyName {
    /// What we advise.
    #[default]
    Recommended,
    /// The letter of the API's guide.
    Documented,
}

impl PolicyName {
    /// The name as settings and commands write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::Documented => "documented",
        }
    }
}

impl std::str::FromStr for PolicyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "recommended" => Ok(Self::Recommended),
            "documented" => Ok(Self::Documented),
            other => Err(format!("\"{other}\" is no policy: say recommended or documented")),
        }
    }
}

/// Counts and waits. Every duration is in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How often a call is sent at the most, the first time included.
    pub attempts: u32,
    /// The longest one attempt may take, from the first byte sent to the last byte read.
    pub attempt_timeout_ms: u64,
    /// The longest that making a connection may take.
    pub connect_timeout_ms: u64,
    /// The first wait after a fault; it doubles with each further one.
    pub fault_base_ms: u64,
    /// The first wait after being told to slow down; it doubles with each further one.
    pub throttle_base_ms: u64,
    /// No wait of our own is longer.
    pub wait_cap_ms: u64,
    /// A hint longer than this ends the call, which then carries the hint.
    pub hint_cap_ms: u64,
    /// Whether chance shortens the waits.
    pub jitter: Jitter,
    /// What a 429 says of the write.
    pub rate_limited: RateLimited,
}

/// Whether chance shortens the waits, so that many callers do not come back at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// The wait is exactly the backoff.
    None,
    /// The wait is anything between nothing and the backoff.
    Full,
}

/// What a 429 means for sending again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimited {
    /// It was not processed: wait for the hint and send again.
    NotProcessed,
    /// It is returned to the caller.
    Never,
}

/// One place where a wait may be hinted at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// The place.
    pub at: Extract,
    /// How its text is meant.
    #[serde(rename = "as")]
    pub form: HintForm,
}

/// How the text of a hint is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HintForm {
    /// RFC 9110 §10.2.3, with fractions tolerated: seconds, or an HTTP-date.
    SecondsOrDate,
    /// Seconds, with fractions.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds since 1970, read against the reply's own `Date`.
    EpochSeconds,
}
