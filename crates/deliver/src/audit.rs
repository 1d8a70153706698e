//! Judges a delivery by what the double saw and holds, not by what the client believes.
//!
//! Feed it the double's journal page by page and then its state page by page; hand over what was
//! claimed of each write at the end. Nothing is kept but a few counters for each key.

mod content;
mod journal;
mod on_records;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;
use steadfast_call::dialect::{Act, Resource, value_text};

pub use journal::Entry;

use crate::input::named;
use journal::Hints;

/// What was claimed of a write in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is not finished.
    Open,
    /// It is in effect, by our doing.
    Applied,
    /// The API accepted it and will apply it later.
    Queued,
    /// It was queued, and has been seen since.
    Confirmed,
    /// It was there already, with the same content.
    Existing,
    /// It was refused.
    Rejected,
    /// Nobody can tell. This claims nothing.
    Unknown,
    /// It is not in effect and not being tried.
    Held,
    /// It was withdrawn before it took effect.
    Cancelled,
}

impl FromStr for Claim {
    type Err = String;

    /// Reads the name of a state, such as `applied` or `waiting`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "staged" | "waiting" | "sending" => Ok(Self::Open),
            "applied" => Ok(Self::Applied),
            "queued" => Ok(Self::Queued),
            "confirmed" => Ok(Self::Confirmed),
            "existing" => Ok(Self::Existing),
            "rejected" => Ok(Self::Rejected),
            "unknown" => Ok(Self::Unknown),
            "held" => Ok(Self::Held),
            "cancelled" => Ok(Self::Cancelled),
            other => Err(format!("\"{other}\" is no state of a delivery")),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "unfinished",
            Self::Applied => "applied",
            Self::Queued => "queued",
            Self::Confirmed => "confirmed",
            Self::Existing => "existing",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        })
    }
}

/// One thing that went wrong, with the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The write, if one is concerned.
    pub natural_key: Option<String>,
    /// What was seen, in words.
    pub text: String,
}

/// What a delivery did wrong. Everything empty is what is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Writes that took effect more than once.
    pub doubled: Vec<Finding>,
    /// Accepted writes with neither an effect nor an end that says so.
    pub lost: Vec<Finding>,
    /// Claims that the double contradicts.
    #[serde(rename = "false")]
    pub false_claims: Vec<Finding>,
    /// Attempts made before the server's own hint allowed them.
    pub early: Vec<Finding>,
}

/// How many findings there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Writes that took effect more than once.
    pub doubled: usize,
    /// Accepted writes with neither an effect nor an end that says so.
    pub lost: usize,
    /// Claims that the double contradicts.
    #[serde(rename = "false")]
    pub false_claims: usize,
    /// Attempts made before the server's own hint allowed them.
    pub early: usize,
}

impl Audit {
    /// How many findings there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            doubled: self.doubled.len(),
            lost: self.lost.len(),
            false_claims: self.false_claims.len(),
            early: self.early.len(),
        }
    }

    /// True if nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.counts() == Counts::default()
    }
}

/// What is known of one key.
#[derive(Debug, Default)]
struct Seen {
    /// Creates in effect that were not deleted since, and the most there were at once.
    copies: u32,
    most_copies: u32,
    /// Creates that took effect at any time.
    effects: u32,
    /// Records with this key in the double's state.
    here: u32,
    /// A create of it waits in the double's queue.
    in_queue: bool,
    /// A queued create of it was dropped by the double.
    dropped: bool,
    /// Where what is there is not what we wrote.
    difference: Option<String>,
}

/// Collects the evidence.
#[derive(Debug)]
pub struct Auditor {
    resource: Resource,
    seen: HashMap<String, Seen>,
    hints: Hints,
    early: Vec<Finding>,
}

impl Auditor {
    /// For writes that create a resource.
    #[must_use]
    pub fn new(resource: &Resource) -> Self {
        Self {
            resource: resource.clone(),
            seen: HashMap::new(),
            hints: Hints::default(),
            early: Vec::new(),
        }
    }

    /// Takes a stretch of the double's journal. Stretches have to come in order.
    pub fn journal(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.early.extend(self.hints.observe(entry));
            let Some(key) = &entry.key else { continue };
            if !entry.took_effect() {
                continue;
            }
            if let Some(names) = entry.is_of(&self.resource.create) {
                let seen = self.seen_of(names, key);
                seen.effects += 1;
                seen.copies += 1;
                seen.most_copies = seen.most_copies.max(seen.copies);
            } else if let Some(names) = entry.deletes(&self.resource.create) {
                let seen = self.seen_of(names, key);
                seen.copies = seen.copies.saturating_sub(1);
            }
        }
    }

    fn seen_of(&mut self, names: BTreeMap<String, String>, key: &str) -> &mut Seen {
        self.seen.entry(within(&self.resource, names, key)).or_default()
    }

    /// Takes a page of the double's state: lists of records under any name, what still waits
    /// under `queue`, and what was dropped from it under `failed`. `body_of` gives the body that
    /// was written under a key ([`key_of`]), if there is one.
    pub fn state(&mut self, page: &Value, mut body_of: impl FnMut(&str) -> Option<Vec<u8>>) {
        let Some(page) = page.as_object() else { return };
        // Records of other kinds may be known by the same words.
        let list = self.resource.lookup.as_ref().map_or("", |lookup| &lookup.list);
        let own = list.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let is_named = page.contains_key(&own);
        for (name, rows) in page {
            if is_named && *name != own && name != "queue" && name != "failed" {
                continue;
            }
            for row in rows.as_array().into_iter().flatten() {
                match name.as_str() {
                    "queue" => {
                        if let Some(seen) = self.waiting(row) {
                            seen.in_queue = true;
                        }
                    }
                    "failed" => {
                        if let Some(seen) = self.waiting(row) {
                            seen.dropped = true;
                        }
                    }
                    _ => self.record(row, &mut body_of),
                }
            }
        }
    }

    /// The key that a row of the queue is about, if it creates something.
    fn waiting(&mut self, row: &Value) -> Option<&mut Seen> {
        if row["method"] != self.resource.create.method.as_str() {
            return None;
        }
        let names = journal::names_in(row["path"].as_str()?, &self.resource.create)?;
        Some(self.seen_of(names, row["key"].as_str()?))
    }

    fn record(&mut self, record: &Value, body_of: &mut impl FnMut(&str) -> Option<Vec<u8>>) {
        let lookup = self.resource.lookup.as_ref();
        let key = match lookup {
            Some(lookup) => lookup.key_of(record),
            None => self.resource.key_in(record).and_then(value_text),
        };
        let Some(key) = key else { return };
        // Whose it is stands in the record under the name of the column.
        let owners = self.resource.path.iter().filter_map(|(name, value)| {
            Some((name.clone(), record.get(value.name()).and_then(value_text)?))
        });
        let key = within(&self.resource, owners.collect(), &key);
        let ours = body_of(&key).and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        let difference = ours.and_then(|ours| content::difference(&ours, record, &self.resource));
        let seen = self.seen.entry(key).or_default();
        seen.here += 1;
        // With two records of one key, one that is ours is enough.
        seen.difference =
            if seen.here == 1 { difference } else { seen.difference.take().and(difference) };
    }

    /// The judgement. `claims` has every write that was accepted, once, by its [`key_of`], and
    /// what was claimed of it; nothing claimed at all counts as unfinished.
    #[must_use]
    pub fn finish<'k>(
        mut self,
        claims: impl IntoIterator<Item = (&'k str, Option<Claim>)>,
    ) -> Audit {
        let mut audit = Audit { early: std::mem::take(&mut self.early), ..Audit::default() };
        let nothing = Seen::default();
        for (key, claim) in claims {
            let seen = self.seen.get(key).unwrap_or(&nothing);
            let claim = claim.unwrap_or(Claim::Open);
            let finding = |text: String| Finding { natural_key: Some(key.to_owned()), text };
            if claim == Claim::Open && seen.effects == 0 && !seen.in_queue {
                let text =
                    format!("{key}: accepted, {claim}, and the double never had an effect of it");
                audit.lost.push(finding(text));
            }
            let what = match self.resource.act {
                Act::Create => contradiction(claim, seen),
                act => on_records::contradiction(act, claim, seen),
            };
            if let Some(what) = what {
                let text = format!("{key}: claimed {claim}, but {what}");
                audit.false_claims.push(finding(text));
            }
        }
        // A replace that took effect twice has left what one leaves. A second delete is of another record.
        let is_counted = self.resource.act != Act::Replace;
        let mut doubled: Vec<(&String, &Seen)> =
            self.seen.iter().filter(|(_, seen)| is_counted && seen.most_copies > 1).collect();
        doubled.sort_unstable_by_key(|(key, _)| *key);
        for (key, seen) in doubled {
            let text = format!(
                "{key}: took effect {} times, and the double holds {} of it",
                seen.most_copies, seen.here
            );
            audit.doubled.push(Finding { natural_key: Some(key.clone()), text });
        }
        audit
    }
}

/// By what the audit knows a write: its natural key, within what its path says.
#[must_use]
pub fn key_of(resource: &Resource, path: &str, natural_key: &str) -> String {
    within(resource, resource.create.names_in(path).unwrap_or_default(), natural_key)
}

fn within(resource: &Resource, mut names: BTreeMap<String, String>, key: &str) -> String {
    if resource.act != Act::Create {
        // The record's own id says nothing of whose it is.
        names.remove("id");
    }
    named(names.values().cloned(), key)
}

/// How the double contradicts a claim, if it does.
fn contradiction(claim: Claim, seen: &Seen) -> Option<String> {
    Some(match claim {
        Claim::Open | Claim::Unknown => return None,
        Claim::Applied | Claim::Confirmed | Claim::Existing if seen.here == 0 => {
            "the double does not hold it".to_owned()
        }
        Claim::Applied | Claim::Confirmed if seen.effects == 0 => {
            "the double had it before, and no create of ours took effect".to_owned()
        }
        Claim::Applied | Claim::Confirmed | Claim::Existing => {
            let difference = seen.difference.as_ref()?;
            format!("the double holds other content: {difference}")
        }
        Claim::Queued if seen.in_queue || seen.here > 0 || seen.dropped => return None,
        Claim::Queued => {
            "it is neither in the double's queue, nor in effect, nor among what the queue dropped"
                .to_owned()
        }
        Claim::Rejected | Claim::Held | Claim::Cancelled if seen.copies > 0 => {
            "a create of ours took effect".to_owned()
        }
        Claim::Rejected | Claim::Held | Claim::Cancelled if seen.in_queue => {
            "a create of ours waits in the double's queue".to_owned()
        }
        Claim::Rejected | Claim::Held | Claim::Cancelled => return None,
    })
}

#[cfg(test)]
mod tests;
