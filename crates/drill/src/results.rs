//! What the client believes: the file that `STEADFAST_RESULTS` names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a client says of one step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Claim {
    /// How it ended.
    pub state: State,
    /// The API's code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many rows a read has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// How a step ended, in the client's belief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is in effect.
    Applied,
    /// The API has accepted it and will apply it later.
    Queued,
    /// It was there already, with the same content.
    Existing,
    /// The API refused it; it is not in effect.
    Rejected,
    /// It is not in effect, for another reason.
    Failed,
    /// It was sent, and may or may not be in effect.
    Unknown,
    /// A read: every page was read.
    Read,
}

impl State {
    /// The word in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Queued => "queued",
            State::Existing => "existing",
            State::Rejected => "rejected",
            State::Failed => "failed",
            State::Unknown => "unknown",
            State::Read => "read",
        }
    }
}

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(flatten)]
    claim: Claim,
}

/// All claims, by the steps' ids, and what is wrong with lines that cannot be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims {
    pub(crate) by_step: BTreeMap<String, Claim>,
    pub(crate) unreadable: Vec<String>,
}

impl Claims {
    /// Reads the lines; of two for one step the later counts.
    pub(crate) fn read(text: &str) -> Claims {
        let mut claims = Claims::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str::<Line>(line) {
                Ok(Line { id, claim }) => {
                    claims.by_step.insert(id, claim);
                }
                Err(error) => {
                    let number = index + 1;
                    claims.unreadable.push(format!(
                        "line {number} of the results cannot be read: {error}; write {{\"id\": \"w1\", \"state\": \"applied\"}}"
                    ));
                }
            }
        }
        claims
    }

    /// Whether the client has said anything at all.
    pub(crate) fn speaks(&self) -> bool {
        !self.by_step.is_empty() || !self.unreadable.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_line_counts_and_a_wrong_one_is_told() {
        let claims = Claims::read(
            "{\"id\":\"w1\",\"state\":\"unknown\"}\n\n{\"id\":\"w1\",\"state\":\"applied\"}\n{\"id\":\"w2\",\"state\":\"done\"}\n",
        );
        assert_eq!(claims.by_step["w1"].state, State::Applied);
        assert_eq!(claims.by_step.len(), 1);
        assert!(claims.unreadable[0].starts_with("line 4 "), "{:?}", claims.unreadable);
    }
}
