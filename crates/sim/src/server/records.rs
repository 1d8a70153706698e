use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde_json::{Value, json};

/// The ids of records that callers make begin here; those that are there before lie below.
const FIRST_ID: u64 = 1_000_000;

/// The records of the API.
#[derive(Debug, Default)]
pub(super) struct Records {
    by_id: BTreeMap<u64, Record>,
    ids_by_key: HashMap<String, Vec<u64>>,
    made: u64,
}

#[derive(Debug)]
struct Record {
    /// As lists and reads show it, made once.
    row: String,
    key: Option<String>,
    listed: bool,
    /// Whose content it has.
    content_of: Option<u32>,
}

impl Records {
    /// The id of the record that is there for a call before it begins.
    pub(super) fn prepared_id(op: u32) -> u64 {
        u64::from(op) + 1
    }

    pub(super) fn prepare(&mut self, op: u32) {
        let key = format!("PRE-{op}");
        let body = json!({"PO List Number": key, "PO List Document Status": "Open"});
        self.put(Self::prepared_id(op), Some(key), body, None);
    }

    pub(super) fn add(&mut self, key: Option<String>, body: Value, of: Option<u32>) -> u64 {
        self.made += 1;
        let id = FIRST_ID + self.made;
        self.put(id, key, body, of);
        id
    }

    fn put(&mut self, id: u64, key: Option<String>, mut body: Value, content_of: Option<u32>) {
        body["id"] = json!(id);
        if let Some(lines) = body.get_mut("details").and_then(Value::as_array_mut) {
            for (number, line) in lines.iter_mut().enumerate() {
                let line_id = json!(id * 10 + number as u64);
                line["PO Details Id"] = line_id.clone();
                line["id"] = line_id;
            }
        }
        let state = body.get("PO List Document Status").and_then(Value::as_str);
        let listed = !matches!(state, Some("Received" | "Closed"));
        if let Some(key) = &key {
            let ids = self.ids_by_key.entry(key.clone()).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.by_id.insert(id, Record { row: body.to_string(), key, listed, content_of });
    }

    /// False if there is none with that id.
    pub(super) fn replace(&mut self, id: u64, body: Value, of: Option<u32>) -> bool {
        let Some(old) = self.by_id.get(&id) else { return false };
        // A write that nobody's call asks for is a witness: it changes nothing.
        let content_of = of.or(old.content_of);
        let key = old.key.clone();
        self.put(id, key, body, content_of);
        true
    }

    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(gone) = self.by_id.remove(&id) else { return false };
        if let Some(ids) = gone.key.and_then(|key| self.ids_by_key.get_mut(&key)) {
            ids.retain(|other| *other != id);
        }
        true
    }

    pub(super) fn row(&self, id: u64) -> Option<&str> {
        self.by_id.get(&id).map(|record| record.row.as_str())
    }

    pub(super) fn has_key(&self, key: &str) -> bool {
        self.ids_by_key.get(key).is_some_and(|ids| !ids.is_empty())
    }

    pub(super) fn has_content_of(&self, op: u32) -> bool {
        self.by_id.values().any(|record| record.content_of == Some(op))
    }

    /// A page of the list, or of what the filter admits. Lists are in order of id.
    pub(super) fn page(&self, filter: Option<&[String]>, page: u64, size: u64) -> String {
        let mut text = String::from("{\"data\":{\"rows\":[");
        let skip = usize::try_from(page.saturating_mul(size)).unwrap_or(usize::MAX);
        let take = usize::try_from(size).unwrap_or(usize::MAX);
        let mut first = true;
        let mut show = |record: &Record| {
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            let _ = write!(text, "{comma}{}", record.row);
        };
        match filter {
            None => {
                let listed = self.by_id.values().filter(|record| record.listed);
                listed.skip(skip).take(take).for_each(&mut show);
            }
            Some(keys) => {
                let mut ids: Vec<u64> = keys
                    .iter()
                    .filter_map(|key| self.ids_by_key.get(key))
                    .flatten()
                    .copied()
                    .collect();
                ids.sort_unstable();
                ids.dedup();
                let found = ids.iter().filter_map(|id| self.by_id.get(id));
                found.filter(|record| record.listed).skip(skip).take(take).for_each(&mut show);
            }
        }
        text.push_str("]}}");
        text
    }
}
