//! What can be judged from the server's side alone, kept up entry by entry.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::journal::{Effect, Entry};

/// The judgement so far.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// How many creates of a key have taken effect and were not deleted since.
    copies: HashMap<Copied, u32>,
    doubled: BTreeMap<Copied, u32>,
    /// Until when an operation must not be repeated, and the entry that said so.
    hints: HashMap<(String, String, String), (u64, u64)>,
    early: Vec<Value>,
    refused_refreshes: HashSet<String>,
    refresh_reuse: Vec<Value>,
}

/// A resource, what its key is unique within, and the key.
type Copied = (&'static str, Option<String>, String);

impl Audit {
    /// Takes note of an entry; `refresh_id` is the refresh token's identifier where one was sent to refresh.
    pub(crate) fn observe(&mut self, entry: &Entry, refresh_id: Option<&str>) {
        self.count_copies(entry);
        self.check_hint(entry);
        if let Some(id) = refresh_id {
            self.check_refresh(entry, id);
        }
    }

    fn count_copies(&mut self, entry: &Entry) {
        let (Effect::Applied, Some(resource), Some(key)) =
            (entry.effect, entry.resource, &entry.key)
        else {
            return;
        };
        let id = (resource, entry.scope.clone(), key.clone());
        match entry.deed() {
            "create" => {
                let copies = self.copies.entry(id.clone()).or_insert(0);
                *copies += 1;
                if *copies > 1 {
                    self.doubled.insert(id, *copies);
                }
            }
            "delete" => {
                let id = entry
                    .gone_with
                    .map_or(id, |resource| (resource, entry.scope.clone(), key.clone()));
                if let Some(copies) = self.copies.get_mut(&id) {
                    *copies = copies.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    /// Reads are left out: two reads of one address need not be the same operation.
    fn check_hint(&mut self, entry: &Entry) {
        if matches!(entry.kind, "read" | "apply" | "unknown") {
            return;
        }
        if self.hints.is_empty() && entry.hint_until_ms.is_none() {
            return;
        }
        let key = entry.key.clone().unwrap_or_default();
        let operation = (entry.method.clone(), entry.path.clone(), key);
        if let Some((until_ms, hinted_by)) = self.hints.get(&operation)
            && entry.at_ms < *until_ms
        {
            self.early.push(json!({
                "n": entry.n, "method": entry.method, "path": entry.path, "key": entry.key,
                "at_ms": entry.at_ms, "hint_until_ms": until_ms, "hinted_by": hinted_by,
            }));
        }
        match entry.hint_until_ms {
            Some(until_ms) => {
                self.hints.insert(operation, (until_ms, entry.n));
            }
            None => {
                self.hints.remove(&operation);
            }
        }
    }

    /// A refresh token that has been refused must not be tried again.
    fn check_refresh(&mut self, entry: &Entry, id: &str) {
        if self.refused_refreshes.contains(id) {
            self.refresh_reuse
                .push(json!({ "n": entry.n, "user": entry.key, "at_ms": entry.at_ms }));
        }
        if entry.fault.is_none() && entry.status == Some(401) {
            self.refused_refreshes.insert(id.to_owned());
        }
    }

    pub(crate) fn to_map(&self, faults_unmet: Vec<Value>) -> Map<String, Value> {
        let shown = |((resource, scope, key), copies): (&Copied, &u32)| {
            let mut shown = json!({ "resource": resource, "key": key, "effects": copies });
            if let (Some(scope), Some(shown)) = (scope, shown.as_object_mut()) {
                shown.insert("scope".to_owned(), json!(scope));
            }
            shown
        };
        let doubled: Vec<Value> = self.doubled.iter().map(shown).collect();
        let findings = [
            ("doubled", doubled),
            ("early", self.early.clone()),
            ("refresh_reuse", self.refresh_reuse.clone()),
            ("faults_unmet", faults_unmet),
        ];
        findings.into_iter().map(|(name, found)| (name.to_owned(), Value::Array(found))).collect()
    }
}
