use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::extract::{pointer_table, pointers};
use crate::class::Class;

/// One rule over replies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule in words, as decisions quote it.
    pub name: String,
    /// What has to hold; everything that is said has to.
    pub when: When,
    /// What the reply then means.
    pub class: Class,
    /// Whether to send again, where this differs from what the class says.
    #[serde(default)]
    pub again: Option<SendAgain>,
}

/// Whether a call may be sent again after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendAgain {
    /// Not by machine.
    Never,
    /// If the call is safe, or the write's effect is known to be none.
    IfSafe,
    /// Yes: the server says that it did not process the call.
    NotProcessed,
}

/// Conditions over a reply and its call.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Status patterns, such as `429` or `5xx`.
    #[serde(default)]
    pub status: Vec<StatusPattern>,
    /// Globs over the code.
    #[serde(default)]
    pub code: Vec<String>,
    /// True if there must be no code.
    #[serde(default)]
    pub code_absent: bool,
    /// JSON pointers and the values that they must lead to.
    #[serde(default, deserialize_with = "pointer_table")]
    pub json: BTreeMap<String, Value>,
    /// JSON pointers that must lead to some value other than null.
    #[serde(default, deserialize_with = "pointers")]
    pub json_there: Vec<String>,
    /// Header names and globs over their values.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// A glob over the content type.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Texts of which one must occur in the body. The last resort (hazard 50).
    #[serde(default)]
    pub text: Vec<String>,
    /// What shape the body must have.
    #[serde(default)]
    pub body: Option<BodyShape>,
    /// True for writes only, false for reads only.
    #[serde(default)]
    pub write: Option<bool>,
    /// The call's methods.
    #[serde(default)]
    pub method: Vec<String>,
    /// A glob over the call's path, without the query.
    #[serde(default)]
    pub path: Option<String>,
}

/// The shape of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyShape {
    /// No bytes.
    Empty,
    /// A JSON value.
    Json,
    /// Bytes that are not JSON.
    Other,
}

/// A status, or a class of them: `429`, `5xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StatusPattern {
    from: u16,
    to: u16,
}

impl StatusPattern {
    /// True if the status fits.
    #[must_use]
    pub fn matches(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.from == self.to {
            true => write!(f, "{}", self.from),
            false => write!(f, "{}xx", self.from / 100),
        }
    }
}

impl TryFrom<String> for StatusPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no status; write \"429\" or \"5xx\"");
        if let Some(hundreds) = text.strip_suffix("xx") {
            let hundreds: u16 = hundreds.parse().map_err(|_| wrong())?;
            if !(1..=5).contains(&hundreds) {
                return Err(wrong());
            }
            return Ok(Self { from: hundreds * 100, to: hundreds * 100 + 99 });
        }
        let status: u16 = text.parse().map_err(|_| wrong())?;
        if !(100..=599).contains(&status) {
            return Err(wrong());
        }
        Ok(Self { from: status, to: status })
    }
}

/// What may be said of an operation beyond its method.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The method.
    pub method: String,
    /// A glob over the path below the base URL, without the query.
    pub path: String,
    /// True if sending it twice has the effect of sending it once.
    pub idempotent: bool,
    /// True if "not found" after an unanswered attempt is the state that was wished for.
    #[serde(default)]
    pub gone_is_done: bool,
}
