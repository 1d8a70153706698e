//! What the world holds at the start.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::kneo::Kneo;
use crate::kneo::access::{Access, ApiKey};
use crate::kneo::book::{Actor, Book, Policy};
use crate::kneo::fail::Fail;
use crate::kneo::route::{Op, Route, route};
use crate::options::{Fixtures, StartError};

const DEFAULT: &str = include_str!("../../fixtures/kneo-default.json");
const VECTORS: &str = include_str!("../../fixtures/kneo-vectors.json");
const VECTORS_EMPTY: &str = include_str!("../../fixtures/kneo-vectors-empty.json");

/// A file of fixtures: API keys, policies by environment, and runs as the API takes them, in their order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixtureFile {
    /// `name:key:role_or_scope[,…]`.
    keys: Vec<String>,
    #[serde(default = "fifty")]
    per_second: f64,
    #[serde(default)]
    policies: Map<String, Value>,
    #[serde(default)]
    runs: Vec<Map<String, Value>>,
}

fn fifty() -> f64 {
    50.0
}

impl FixtureFile {
    pub(crate) fn load(fixtures: &Fixtures) -> Result<Self, StartError> {
        let wrong = |source: serde_json::Error| StartError::Fixtures(source.to_string());
        let file: FixtureFile = match fixtures {
            Fixtures::Default => serde_json::from_str(DEFAULT).map_err(wrong)?,
            Fixtures::Vectors => serde_json::from_str(VECTORS).map_err(wrong)?,
            Fixtures::VectorsEmpty => serde_json::from_str(VECTORS_EMPTY).map_err(wrong)?,
            Fixtures::File(path) => {
                let unreadable =
                    |source| StartError::FixturesUnreadable { path: path.clone(), source };
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                serde_json::from_str(&text).map_err(|source| {
                    StartError::Fixtures(format!("{}: {source}", path.display()))
                })?
            }
        };
        if file.keys.is_empty() {
            return Err(StartError::Fixtures("keys: give one or more".to_owned()));
        }
        if !(file.per_second > 0.0 && file.per_second.is_finite()) {
            return Err(StartError::Fixtures("per_second: give more than 0".to_owned()));
        }
        Ok(file)
    }
}

impl Kneo {
    /// Fills the world; what the API itself would refuse is an error.
    pub(crate) fn fill(&mut self, now_ms: u64) -> Result<(), StartError> {
        let file = self.fixtures.clone();
        let keys = file.keys.iter().enumerate().map(|(position, entry)| {
            ApiKey::read(entry, file.per_second).map_err(|text| wrong("keys", position, &text))
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        self.access = Access { keys, per_second: file.per_second };
        self.book = Book::default();
        for (environment, policy) in &file.policies {
            let body = Ok(policy.as_object().cloned().unwrap_or_default());
            let read = self.shape(Op::PutPolicy, &body);
            let read =
                read.map_err(|fail| refused(&format!("policies.{environment}"), fail, self))?;
            let present = Policy::of(&read);
            self.book.policies.insert(environment.clone(), Policy { present, previous: None });
        }
        let name = self.access.name(0);
        let actor = Actor { name: &name, request_id: "" };
        let Route::Place(place) = route("/v1/runs", true) else { return Ok(()) };
        for (position, run) in file.runs.iter().enumerate() {
            let place_in_file = format!("runs[{position}]");
            let body = self.shape(Op::CreateRun, &Ok(run.clone()));
            let decided = body.and_then(|body| {
                self.decide(Op::CreateRun, &place, &body, now_ms).map(|change| (change, body))
            });
            let (change, body) = decided.map_err(|fail| refused(&place_in_file, fail, self))?;
            self.apply(change, &place, &body, actor, now_ms);
        }
        Ok(())
    }
}

fn wrong(list: &str, position: usize, text: &str) -> StartError {
    StartError::Fixtures(format!("{list}[{position}]: {text}"))
}

fn refused(place: &str, fail: Fail, kneo: &Kneo) -> StartError {
    let body = fail.reply(&kneo.rules).body;
    StartError::Fixtures(format!("{place}: {}", String::from_utf8_lossy(&body)))
}
