//! Scenarios: what goes wrong, what is asked of the client, and what a sound one makes of it. All of them are
//! data, in `scenarios/`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use steadfast_sandbox::{Api, Profile, Quirk};

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, unique within an API.
    pub name: String,
    /// What goes wrong, in a few words.
    pub title: String,
    /// What a sound client does about it.
    pub sound: String,
    #[serde(default = "every", deserialize_with = "names")]
    pub(crate) apis: Vec<Api>,
    #[serde(default, deserialize_with = "names")]
    pub(crate) quirks: Vec<Quirk>,
    /// The profiles in which it can be met; all if none is named.
    #[serde(default, deserialize_with = "names")]
    pub(crate) profiles: Vec<Profile>,
    pub(crate) steps: Vec<StepForm>,
    /// Faults in the grammar of the doubles' plans. `nth = "any"` is a number drawn from the seed.
    #[serde(default)]
    pub(crate) faults: Vec<Value>,
    /// Credentials other than the usual ones.
    #[serde(default)]
    pub(crate) credentials: BTreeMap<String, String>,
    /// How many steps may be on their way at the same time.
    #[serde(default = "three")]
    pub(crate) at_once: u32,
    /// After so many seconds the command is ended.
    #[serde(default = "deadline")]
    pub deadline_s: u64,
    /// How long a client should wait for one answer.
    #[serde(default = "ten")]
    pub(crate) timeout_s: u64,
    /// How often a session ends in the course of it.
    #[serde(default)]
    pub(crate) expiries: u32,
    /// How often one step may be sent.
    #[serde(default = "six")]
    pub(crate) sends_max: u64,
    /// How often one page of a list may be asked for that cannot be had.
    #[serde(default = "six")]
    pub(crate) read_sends_max: u64,
    /// How many requests of any kind a step may cost, on average.
    #[serde(default = "eight")]
    pub(crate) requests_max: f64,
    /// Statuses that have to be met.
    #[serde(default)]
    pub(crate) answers: Vec<u16>,
    /// How long the access tokens last, where the API leaves that to its operator.
    #[serde(default)]
    pub(crate) token_ttl_s: Option<u64>,
}

fn every() -> Vec<Api> {
    Api::ALL.to_vec()
}

fn three() -> u32 {
    3
}

fn six() -> u64 {
    6
}

fn eight() -> f64 {
    8.0
}

fn ten() -> u64 {
    10
}

fn deadline() -> u64 {
    90
}

/// A list of names of one of the double's enumerations.
fn names<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(serde::de::Error::custom)).collect()
}

/// One or several steps of one kind: a write or a read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepForm {
    /// The name of a write in the API's contract.
    pub(crate) write: Option<String>,
    /// The name of a list there.
    pub(crate) read: Option<String>,
    #[serde(default = "one")]
    pub(crate) count: u64,
    /// Members of the body that are other than usual, by JSON pointer; `"none"` takes one away.
    #[serde(default)]
    pub(crate) set: BTreeMap<String, Value>,
    /// Another path than the usual one.
    #[serde(default)]
    pub(crate) path: Option<String>,
    /// The identifier to use, in place of a new one.
    #[serde(default)]
    pub(crate) natural_key: Option<String>,
    /// The idempotency key that the client is told to send. Steps with the same name share it.
    #[serde(default)]
    pub(crate) idempotency_key: Option<String>,
    #[serde(default)]
    pub(crate) ends: Ends,
    /// The code of the refusal.
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// How many rows a read finds, where that is not what the contract says.
    #[serde(default)]
    pub(crate) rows: Option<u64>,
}

fn one() -> u64 {
    1
}

/// How a step ends with a sound client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ends {
    /// A write is in effect, once; a read has brought every row.
    #[default]
    Lands,
    /// The API refuses it, and the client says so.
    Refused,
    /// It is there already, the same.
    Existing,
    /// Either is right, as long as what the client says of it is true.
    Told,
}

const FILES: [(&str, &str); 2] = [
    ("shared", include_str!("../scenarios/shared.toml")),
    ("own", include_str!("../scenarios/own.toml")),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scenario: Vec<Scenario>,
}

impl Scenario {
    /// The scenarios of an API, in the order in which they are listed.
    ///
    /// # Errors
    /// If one cannot be read, which a test of this crate rules out.
    pub fn all(api: Api) -> Result<Vec<Scenario>, String> {
        let mut found = Vec::new();
        for (name, text) in FILES {
            let file: File =
                toml::from_str(text).map_err(|error| format!("scenarios/{name}.toml: {error}"))?;
            found.extend(file.scenario.into_iter().filter(|one| one.apis.contains(&api)));
        }
        Ok(found)
    }

    /// Whether it can be met in this profile of the double.
    #[must_use]
    pub fn fits(&self, profile: Profile) -> bool {
        self.profiles.is_empty() || self.profiles.contains(&profile)
    }
}

impl Scenario {
    /// Whether a fault points to another origin.
    pub(crate) fn leads_elsewhere(&self) -> bool {
        self.faults.iter().any(|fault| fault.to_string().contains("{elsewhere}"))
    }
}
