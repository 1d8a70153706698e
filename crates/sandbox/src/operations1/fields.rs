//! How the fields of a body are read: strictly by type, null as if it were not there.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::operations1::fail::Fail;
use crate::operations1::stamp;

/// A JSON object, and where it stands in the body.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    body: &'a Map<String, Value>,
    place: String,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(body: &'a Map<String, Value>) -> Self {
        Fields { body, place: String::new() }
    }

    /// One of a list of objects.
    pub(crate) fn inner(body: &'a Map<String, Value>, list: &str, at: usize) -> Self {
        Fields { body, place: format!("{list}[{at}].") }
    }

    /// The refusal of a field.
    pub(crate) fn wrong(&self, name: &str) -> Fail {
        Fail::parameter(&format!("{}{name}", self.place))
    }

    /// Whether it is there, if only as null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.body.contains_key(name)
    }

    /// A field that may be left out.
    pub(crate) fn may<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Fail> {
        let value = self.body.get(name).filter(|value| !value.is_null());
        value.map(|value| read(value).ok_or_else(|| self.wrong(name))).transpose()
    }

    /// A field that has to be there.
    pub(crate) fn must<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, Fail> {
        self.may(name, read)?.ok_or_else(|| self.wrong(name))
    }

    /// Ids that may be left out, each of which has to be known.
    pub(crate) fn ids(&self, name: &str, known: impl Fn(u64) -> bool) -> Result<Vec<u64>, Fail> {
        let ids = self.may(name, ids)?.unwrap_or_default();
        if ids.iter().all(|id| known(*id)) { Ok(ids) } else { Err(self.wrong(name)) }
    }
}

pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Text of one character or more.
pub(crate) fn filled(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.is_empty())
}

pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    stamp::moment(value.as_str()?)
}

pub(crate) fn id(value: &Value) -> Option<u64> {
    value.as_u64().filter(|id| *id >= 1)
}

fn ids(value: &Value) -> Option<Vec<u64>> {
    let mut ids: Vec<u64> = Vec::new();
    for value in value.as_array()? {
        let id = id(value)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids)
}

/// From 1, very low, to 10, very high.
pub(crate) fn priority(value: &Value) -> Option<u64> {
    value.as_u64().filter(|priority| (1..=10).contains(priority))
}

/// Text or null by name.
pub(crate) fn variables(value: &Value) -> Option<Map<String, Value>> {
    let map = value.as_object()?;
    map.values().all(|value| value.is_string() || value.is_null()).then(|| map.clone())
}

/// One of these words.
pub(crate) fn choice(known: &'static [&'static str]) -> impl Fn(&Value) -> Option<&'static str> {
    move |value| {
        let text = value.as_str()?;
        known.iter().copied().find(|word| *word == text)
    }
}
