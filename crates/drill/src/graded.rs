//! A scenario that has been run, and what it came to.

use serde::Serialize;
use serde_json::Value;

use crate::elsewhere::Seen;
use crate::grade::Mark;
use crate::journal::Entry;
use crate::results::Claim;

/// What a scenario came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything was met, and nothing speaks against the client.
    Passed,
    /// At least one grade was failed.
    Failed,
    /// The client did not meet what the scenario is about, so it has shown nothing.
    NotGraded,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::NotGraded => "not graded",
        }
    }
}

/// A scenario that has been run.
#[derive(Debug, Clone, Serialize)]
pub struct Graded {
    /// The API.
    pub api: &'static str,
    /// The profile of its double.
    pub profile: &'static str,
    /// The scenario's name.
    pub scenario: String,
    /// What goes wrong in it.
    pub title: String,
    /// What a sound client does about it.
    pub sound: String,
    /// The seed that makes the same job and the same faults again.
    pub seed: u64,
    /// What it came to.
    pub verdict: Verdict,
    /// Every grade that had something to judge.
    pub marks: Vec<Mark>,
    /// What the client did not meet, in words.
    pub unmet: Vec<String>,
    /// How long the command ran.
    pub elapsed_ms: u64,
    /// How the command ended, in words.
    pub command: String,
    /// When the scenario began, in milliseconds since 1970.
    pub began_ms: u64,
    /// What became of each step.
    pub steps: Vec<StepGraded>,
    /// The requests, and the effects that came later, in order.
    pub requests: Vec<Entry>,
    /// What came to another origin.
    pub elsewhere: Vec<Seen>,
    /// The fault plan.
    pub faults: Value,
    /// The end of what the command printed.
    pub output: String,
}

/// What became of a step.
#[derive(Debug, Clone, Serialize)]
pub struct StepGraded {
    /// Its name in the job.
    pub id: String,
    /// What was to be done.
    pub operation: String,
    /// The caller's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub natural_key: Option<String>,
    /// Numbers of its requests.
    pub requests: Vec<u64>,
    /// How often it took effect.
    pub effects: usize,
    /// What the client says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

impl Graded {
    /// From when on times are counted: the first request, in milliseconds since 1970.
    pub(crate) fn zero_ms(&self) -> u64 {
        self.requests.first().map_or(self.began_ms, |entry| entry.at_ms)
    }

    /// The grades that were failed.
    pub fn failed(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| !mark.passed)
    }
}
