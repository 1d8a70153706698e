//! Faults on demand: which requests meet one, and which.

mod canned;
mod engine;
mod preset;
mod read;
mod rule;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub(crate) use canned::Canned;
pub(crate) use engine::{Chosen, Engine, Probe};
pub use preset::Preset;
pub(crate) use rule::{Act, Need, OwnFault, Rule};

/// A list of faults and the requests that meet them. The grammar is described in
/// [`docs`](crate::docs); read one with [`FaultPlan::from_json`] or through serde.
#[derive(Debug, Clone)]
pub struct FaultPlan {
    /// Seeds the draws; without it the seed of the double does.
    seed: Option<u64>,
    /// How many chance faults in a row one operation may meet.
    max_in_a_row: Option<u32>,
    rules: Vec<Rule>,
    /// The plan as it was written.
    source: Value,
}

/// What is wrong with a fault plan, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault plan, {at}: {problem}; {remedy}")]
pub struct PlanError {
    at: String,
    problem: String,
    remedy: String,
}

impl PlanError {
    fn new(at: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        PlanError { at: at.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

impl FaultPlan {
    /// A plan without faults.
    pub fn none() -> Self {
        FaultPlan {
            seed: None,
            max_in_a_row: None,
            rules: Vec::new(),
            source: serde_json::json!({ "faults": [] }),
        }
    }

    /// Reads a plan from JSON text.
    pub fn from_json(text: &str) -> Result<Self, PlanError> {
        let value = serde_json::from_str(text).map_err(|source| {
            PlanError::new(
                "the text",
                format!("no JSON ({source})"),
                "write an object with a list `faults`",
            )
        })?;
        Self::from_value(value)
    }

    /// Reads a plan from a JSON value.
    pub fn from_value(value: Value) -> Result<Self, PlanError> {
        read::plan(value)
    }

    /// Refuses a plan with a fault that this API cannot have; `own` are those it can have beside the general ones.
    pub(crate) fn check(&self, api: &str, own: &[&str]) -> Result<(), PlanError> {
        let foreign =
            |rule: &Rule| matches!(rule.act, Act::Own(_)) && !own.contains(&rule.act.kind());
        let Some(position) = self.rules.iter().position(foreign) else { return Ok(()) };
        let kind = self.rules.get(position).map_or("", |rule| rule.act.kind());
        let has = if own.is_empty() { "none".to_owned() } else { own.join(", ") };
        Err(PlanError::new(
            format!("faults[{position}].do.kind"),
            format!("`{kind}` cannot happen to {api}"),
            format!("of the kinds that not every API has it knows {has}"),
        ))
    }

    /// The same plan with another seed for its draws.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        if let Some(object) = self.source.as_object_mut() {
            object.insert("seed".to_owned(), Value::from(seed));
        }
        self
    }
}

impl Default for FaultPlan {
    fn default() -> Self {
        FaultPlan::none()
    }
}

impl<'de> Deserialize<'de> for FaultPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        FaultPlan::from_value(value).map_err(serde::de::Error::custom)
    }
}

impl Serialize for FaultPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(serializer)
    }
}
