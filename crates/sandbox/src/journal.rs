//! What the double saw and did, entry by entry.

mod spill;

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::service::Id;

use spill::Spill;

/// What a request did to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// Nothing, or nothing yet.
    None,
    /// It was applied.
    Applied,
    /// It waits, and will be applied later.
    Queued,
}

/// How much of a reply was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sent {
    Whole,
    /// A part of the body.
    Cut,
    /// All of it, but no JSON.
    Malformed,
    /// The connection was reset instead.
    Nothing,
}

/// One request, or (`kind` = `apply`) the later effect of one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// Counts from 1 without gaps.
    pub(crate) n: u64,
    /// When the request's head had arrived, or when the late effect took place.
    pub(crate) at_ms: u64,
    /// When the reply was ready.
    pub(crate) done_ms: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    /// The status that was sent, if one was.
    pub(crate) status: Option<u16>,
    pub(crate) effect: Effect,
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<&'static str>,
    pub(crate) key: Option<String>,
    /// What the body said, if it was a JSON object: equal for equal bodies, however they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    /// Within what the key is unique, if that is not the whole API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    pub(crate) fault: Option<&'static str>,
    /// The rule of the plan that the fault came from, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<usize>,
    pub(crate) sent: Sent,
    /// The code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The id of what was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Id>,
    /// The resource of which the record with the same key was deleted, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gone_with: Option<&'static str>,
    /// Whose credentials it carried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Before this instant the reply's `Retry-After` forbade a repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint_until_ms: Option<u64>,
    /// Of an `apply`: the entry of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<u64>,
    /// Of an `apply`: the kind of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of_kind: Option<&'static str>,
}

impl Entry {
    /// An entry about which nothing more is known yet.
    pub(crate) fn new(n: u64, method: String, path: String, at_ms: u64) -> Self {
        Entry {
            n,
            at_ms,
            done_ms: at_ms,
            method,
            path,
            query: None,
            status: None,
            effect: Effect::None,
            kind: "unknown",
            resource: None,
            key: None,
            content: None,
            scope: None,
            fault: None,
            rule: None,
            sent: Sent::Nothing,
            code: None,
            id: None,
            gone_with: None,
            user: None,
            hint_until_ms: None,
            of: None,
            of_kind: None,
        }
    }

    /// What was done, for an `apply` that of the request.
    pub(crate) fn deed(&self) -> &'static str {
        self.of_kind.unwrap_or(self.kind)
    }
}

/// How many entries stay in memory before the oldest go to a file.
const KEPT: usize = 200_000;

/// All entries: the newest in memory, older ones in a temporary file.
#[derive(Debug)]
pub(crate) struct Journal {
    newest: VecDeque<Entry>,
    spilled: Option<Spill>,
    last_n: u64,
    kept: usize,
}

/// A stretch of the journal.
#[derive(Debug)]
pub(crate) struct Page {
    /// Each entry as JSON.
    pub(crate) entries: Vec<String>,
    /// The `n` of the last entry in it, from which to go on.
    pub(crate) next: u64,
    pub(crate) more: bool,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self::keeping(KEPT)
    }

    fn keeping(kept: usize) -> Self {
        Journal { newest: VecDeque::new(), spilled: None, last_n: 0, kept }
    }

    /// The number that the next entry gets.
    pub(crate) fn next_n(&self) -> u64 {
        self.last_n + 1
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.last_n = entry.n;
        self.newest.push_back(entry);
        if self.newest.len() > self.kept {
            let older: Vec<Entry> = self.newest.drain(..self.kept.div_ceil(16)).collect();
            self.spilled.get_or_insert_with(Spill::new).append(&older);
        }
    }

    /// How many entries have left memory.
    pub(crate) fn spilled(&self) -> u64 {
        self.last_n - self.newest.len() as u64
    }

    /// A page, and how many entries have left memory.
    pub(crate) fn page_and_spilled(&mut self, since: Option<u64>, limit: usize) -> (Page, u64) {
        let page = self.page(since, limit);
        (page, self.spilled())
    }

    /// The entries after `since`, those in the file included; without it those in memory.
    pub(crate) fn page(&mut self, since: Option<u64>, limit: usize) -> Page {
        let in_file = self.spilled();
        let since = since.unwrap_or(in_file).min(self.last_n);
        let mut entries = Vec::new();
        if since < in_file
            && let Some(spill) = &mut self.spilled
        {
            entries = spill.read(since, limit.min((in_file - since) as usize));
        }
        let skip = since.saturating_sub(in_file) as usize;
        let room = limit.saturating_sub(entries.len());
        let from_memory = self.newest.iter().skip(skip).take(room);
        entries.extend(from_memory.map(|entry| serde_json::to_string(entry).unwrap_or_default()));
        let next = since + entries.len() as u64;
        Page { entries, next, more: next < self.last_n }
    }
}

impl Page {
    pub(crate) fn to_json(&self, spilled: u64) -> String {
        let entries = self.entries.join(",");
        let (next, more) = (self.next, self.more);
        format!(r#"{{"entries":[{entries}],"next":{next},"more":{more},"spilled":{spilled}}}"#)
    }

    pub(crate) fn to_value(&self, spilled: u64) -> Value {
        serde_json::from_str(&self.to_json(spilled)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64) -> Entry {
        Entry::new(n, "GET".to_owned(), "/api/purchase-order".to_owned(), n)
    }

    #[test]
    fn spilled_entries_stay_readable_in_order() {
        let mut journal = Journal::keeping(10);
        (1..=57).for_each(|n| journal.push(entry(n)));
        assert!(journal.spilled() > 0);
        let mut seen = Vec::new();
        let mut since = 0;
        loop {
            let page = journal.page(Some(since), 7);
            let value = page.to_value(0);
            let entries = value["entries"].as_array().cloned().unwrap_or_default();
            seen.extend(entries.iter().filter_map(|entry| entry["n"].as_u64()));
            since = page.next;
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, (1..=57).collect::<Vec<_>>());
        assert_eq!(journal.page(None, usize::MAX).entries.len(), 57 - journal.spilled() as usize);
    }
}
