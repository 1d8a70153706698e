//! What a job may ask of an API, and what the API allows its clients: `apis/NAME.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use steadfast_sandbox::Api;

/// An API as drills know it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contract {
    /// How many log-ins a session takes.
    pub(crate) logins: u32,
    /// How many requests a new session takes after an expiry.
    pub(crate) renewal_requests: u32,
    /// How often one request may be sent that is answered 401 each time.
    pub(crate) sends_of_a_401: u32,
    pub(crate) write: BTreeMap<String, WriteForm>,
    pub(crate) read: BTreeMap<String, ReadForm>,
}

/// A write that steps are made of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteForm {
    pub(crate) operation: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// JSON pointer to the caller's own identifier in the body.
    #[serde(default)]
    pub(crate) natural_key: Option<String>,
    /// JSON pointer to a member that gets a text of its own, where no identifier tells the writes apart.
    #[serde(default)]
    pub(crate) marker: Option<String>,
    /// The API honours an idempotency key on this route.
    #[serde(default)]
    pub(crate) keyed: bool,
    pub(crate) again: Again,
    #[serde(default, deserialize_with = "some_json")]
    pub(crate) body: Option<Value>,
}

/// When the API's contract lets a client send such a write again after an attempt that may have worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Again {
    /// After a look that has shown it is not there.
    Look,
    /// At once: the API refuses a second copy, or recognises the repeat by its key.
    AtOnce,
    /// At once, with the same idempotency key.
    SameKey,
}

/// A list that steps read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadForm {
    pub(crate) operation: String,
    pub(crate) path: String,
    /// JSON pointer to the rows of a page.
    pub(crate) rows_at: String,
    /// How many rows the list has before anything is written.
    pub(crate) rows: u64,
    pub(crate) endless: Endless,
}

/// A page of a list that never ends: the same rows again and again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endless {
    /// The page without its rows.
    #[serde(deserialize_with = "json")]
    page: Value,
    #[serde(deserialize_with = "json")]
    row: Value,
    /// JSON pointer to what tells the rows of the page apart.
    id: String,
    /// As many as the largest page holds.
    count: u64,
}

impl ReadForm {
    /// The body of a page that comes back whatever page is asked for.
    pub(crate) fn endless_page(&self) -> Value {
        let Endless { page, row, id, count } = &self.endless;
        let rows = (1..=*count).map(|number| {
            let mut row = row.clone();
            if let Some(id) = row.pointer_mut(id) {
                *id = if id.is_string() {
                    Value::from(number.to_string())
                } else {
                    Value::from(number)
                };
            }
            row
        });
        let mut page = page.clone();
        if let Some(place) = page.pointer_mut(&self.rows_at) {
            *place = rows.collect();
        }
        page
    }
}

fn some_json<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    json(deserializer).map(Some)
}

fn json<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(serde::de::Error::custom)
}

/// The text of an API's contract; none for an API that has no drills.
fn text(api: Api) -> Option<&'static str> {
    Some(match api {
        Api::Knosc => include_str!("../apis/knosc.toml"),
        Api::Thredfi => include_str!("../apis/thredfi.toml"),
        Api::Operations1 => include_str!("../apis/operations1.toml"),
        Api::Kneo => include_str!("../apis/kneo.toml"),
        _ => return None,
    })
}

impl Contract {
    pub(crate) fn of(api: Api) -> Result<Contract, String> {
        let text = text(api).ok_or_else(|| format!("there are no drills for {api}"))?;
        toml::from_str(text).map_err(|error| format!("apis/{api}.toml: {error}"))
    }
}
