use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use steadfast_call::dialect::Create;

use super::Finding;

/// One line of the double's journal: a request, or the later effect of one. What is not needed
/// here is not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Its number; journals count from 1.
    pub n: u64,
    /// When the request arrived, on the double's clock.
    pub at_ms: u64,
    /// When it was answered.
    #[serde(default)]
    pub done_ms: Option<u64>,
    /// The method.
    #[serde(default)]
    pub method: String,
    /// The path, without the query.
    #[serde(default)]
    pub path: String,
    /// `none`, `applied` or `queued`.
    #[serde(default)]
    pub effect: String,
    /// What it was; `apply` for the later effect of an earlier request.
    #[serde(default)]
    pub kind: String,
    /// The natural key of what it is about.
    #[serde(default)]
    pub key: Option<String>,
    /// The reply forbade a repeat before this instant.
    #[serde(default)]
    pub hint_until_ms: Option<u64>,
}

impl Entry {
    pub(super) fn took_effect(&self) -> bool {
        self.effect == "applied"
    }

    /// What stands in its path where the path of a write has names, if it is such a write.
    pub(super) fn is_of(&self, create: &Create) -> Option<BTreeMap<String, String>> {
        (self.method == create.method).then(|| names_in(&self.path, create)).flatten()
    }

    pub(super) fn deletes(&self, create: &Create) -> Option<BTreeMap<String, String>> {
        let (parent, _) = self.path.trim_end_matches('/').rsplit_once('/')?;
        (self.method == "DELETE").then(|| names_in(parent, create)).flatten()
    }

    /// Reads are left out: two reads of one address need not be the same operation.
    fn is_attempt(&self) -> bool {
        self.kind != "apply" && !matches!(self.method.as_str(), "GET" | "HEAD" | "")
    }
}

/// What stands in a path where that of a create has names, whatever the base URL before it; none
/// if it is no such path.
pub(super) fn names_in(path: &str, create: &Create) -> Option<BTreeMap<String, String>> {
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let own = create.path.trim_matches('/').split('/').count();
    let from = steps.len().checked_sub(own)?;
    create.names_in(&format!("/{}", steps[from..].join("/")))
}

/// Hints that are still to be kept, by operation.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pending: HashMap<(String, String, String), Hint>,
}

#[derive(Debug)]
struct Hint {
    given_ms: u64,
    until_ms: u64,
    by: u64,
}

impl Hints {
    /// Takes note of an entry, and says if it came too early.
    pub(super) fn observe(&mut self, entry: &Entry) -> Option<Finding> {
        let unhinted = self.pending.is_empty() && entry.hint_until_ms.is_none();
        if unhinted || !entry.is_attempt() {
            return None;
        }
        let key = entry.key.clone().unwrap_or_default();
        let operation = (entry.method.clone(), entry.path.clone(), key);
        let before = self.pending.remove(&operation).filter(|hint| entry.at_ms < hint.until_ms);
        let finding = before.as_ref().and_then(|hint| early(entry, hint));
        let now = entry.hint_until_ms.map(|until_ms| Hint {
            given_ms: entry.done_ms.unwrap_or(entry.at_ms),
            until_ms,
            by: entry.n,
        });
        if let Some(hint) = now.or(before) {
            self.pending.insert(operation, hint);
        }
        finding
    }
}

fn early(entry: &Entry, hint: &Hint) -> Option<Finding> {
    // One that was under way when the hint was given could not know of it.
    if entry.at_ms < hint.given_ms {
        return None;
    }
    Some(Finding {
        natural_key: entry.key.clone(),
        text: format!(
            "{} {} {}: entry {} came {} ms before the instant that entry {} had asked for",
            entry.method,
            entry.path,
            entry.key.as_deref().unwrap_or_default(),
            entry.n,
            hint.until_ms - entry.at_ms,
            hint.by
        ),
    })
}
