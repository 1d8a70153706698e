//! The double's journal, as drills read it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request, or (`kind` = `apply`) the later effect of one. The double's documentation says what each field means.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Entry {
    /// Counts from 1.
    pub n: u64,
    /// When the request arrived, in milliseconds since 1970.
    pub at_ms: u64,
    /// When its reply was ready.
    pub done_ms: u64,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query.
    #[serde(default)]
    pub query: Option<String>,
    /// The status that was sent, if one was.
    pub status: Option<u16>,
    /// What became of the data: `none`, `applied` or `queued`.
    pub effect: String,
    /// The operation in a word.
    pub kind: String,
    /// The list it belongs to.
    #[serde(default)]
    pub resource: Option<String>,
    /// The natural key, or the idempotency key of a write without one.
    pub key: Option<String>,
    /// A digest of the JSON body.
    #[serde(default)]
    pub content: Option<String>,
    /// The fault that it met.
    pub fault: Option<String>,
    /// `whole`, `cut`, `malformed` or `nothing`.
    pub sent: String,
    /// The code of a refusal.
    #[serde(default)]
    pub code: Option<String>,
    /// Before this instant the reply forbade a repeat.
    #[serde(default)]
    pub hint_until_ms: Option<u64>,
    /// Of an `apply`: the entry of the request.
    #[serde(default)]
    pub of: Option<u64>,
}

/// The entries of `GET journal`.
pub(crate) fn read(journal: &Value) -> Vec<Entry> {
    let entries = journal["entries"].as_array();
    let read = |entry: &Value| Entry::deserialize(entry).ok();
    entries.map(|entries| entries.iter().filter_map(read).collect()).unwrap_or_default()
}

impl Entry {
    /// An entry for what happened to an earlier request, not for a request.
    pub(crate) fn is_apply(&self) -> bool {
        self.of.is_some()
    }

    pub(crate) fn is_applied(&self) -> bool {
        self.effect == "applied"
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.effect == "queued"
    }

    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET"
    }

    /// The answer says that it is done or accepted, and has arrived as far as the double can tell.
    pub(crate) fn was_answered_as_done(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
            && self.sent == "whole"
            && (self.is_applied() || self.is_queued())
            && !matches!(self.fault.as_deref(), Some("delay" | "dribble" | "commit_then_status"))
    }

    /// Nobody who got this answer, or none, can know whether the request was carried out.
    pub(crate) fn is_ambiguous(&self) -> bool {
        match self.status {
            None => true,
            Some(408 | 500..) => true,
            Some(200..300) => self.sent != "whole" || self.fault.as_deref() == Some("status"),
            Some(_) => false,
        }
    }

    /// The same request, as far as the API is concerned.
    pub(crate) fn is_same_as(&self, other: &Entry) -> bool {
        self.method == other.method
            && self.path == other.path
            && self.query == other.query
            && self.content == other.content
    }
}
