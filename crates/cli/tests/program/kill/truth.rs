//! What the double saw, and whether a ledger agrees with it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steadfast_ledger::{Delivery, State};

use crate::double::Double;

/// What a ledger says of one key.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) key: String,
    pub(super) state: State,
    /// The record's id at the API.
    pub(super) id: Option<String>,
}

impl Claim {
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self {
            key: delivery.natural_key.clone().unwrap_or_default(),
            state: delivery.state,
            id: delivery.resource_id.clone(),
        }
    }
}

/// What became of one key, by the double's journal.
#[derive(Debug, Default)]
struct Seen {
    /// Creates that took effect, now or later, with the ids they were given.
    effects: u32,
    ids: Vec<String>,
    /// Creates that were put into the queue.
    queued: u32,
}

/// The creates of a double so far, read on from where the last look ended.
#[derive(Default)]
pub(super) struct Truth {
    /// What is asked of the journal: creates of this resource; empty: of any.
    resource: &'static str,
    /// Keys that were there before anything was sent.
    there_before: Vec<String>,
    read_to: u64,
    /// Requests that were creates.
    creates: u64,
    seen: BTreeMap<String, Seen>,
}

impl Truth {
    pub(super) fn of(resource: &'static str, there_before: Vec<String>) -> Self {
        Self { resource, there_before, ..Self::default() }
    }

    /// Reads what the journal has got since.
    pub(super) fn look(&mut self, double: &Double) {
        let page = double.get(&format!("journal?since={}", self.read_to));
        self.note(page["entries"].as_array().expect("entries"));
    }

    fn note(&mut self, entries: &[Value]) {
        for entry in entries {
            self.read_to = entry["n"].as_u64().expect("a number");
            let create = entry["kind"] == "create" || entry["of_kind"] == "create";
            let ours = self.resource.is_empty() || entry["resource"] == self.resource;
            if !ours {
                continue;
            }
            self.creates += u64::from(entry["kind"] == "create");
            let Some(key) = entry["key"].as_str().filter(|_| create) else { continue };
            let seen = self.seen.entry(key.to_owned()).or_default();
            match entry["effect"].as_str() {
                Some("applied") => {
                    seen.effects += 1;
                    seen.ids.extend(text(&entry["id"]));
                }
                Some("queued") => seen.queued += 1,
                _ => {}
            }
        }
    }

    /// How many creates have come.
    pub(super) fn creates(&self) -> u64 {
        self.creates
    }

    /// What is wrong with what a ledger says, at a moment when nobody works on it. The double was
    /// looked at after the ledger, and may know more.
    pub(super) fn contradicts(&self, claims: &[Claim]) -> Vec<String> {
        let claimed: BTreeMap<&str, &Claim> =
            claims.iter().map(|claim| (claim.key.as_str(), claim)).collect();
        let mut wrong = Vec::new();
        for (key, seen) in &self.seen {
            match claimed.get(key.as_str()) {
                None => wrong.push(format!("{key} was sent, and the ledger does not have it")),
                Some(_) if self.there_before.contains(key) => {}
                Some(claim) => wrong.extend(seen.contradicts(claim)),
            }
            if seen.effects > 1 {
                wrong.push(format!("{key} took effect {} times", seen.effects));
            }
        }
        for (key, claim) in claimed {
            let there_before = self.there_before.iter().any(|before| before == key);
            if claims_effect(claim.state) && !there_before && !self.seen.contains_key(key) {
                wrong.push(format!("{key} is {} and was never sent", claim.state));
            }
        }
        wrong
    }

    /// What is wrong at the end, when everything has to be there exactly once.
    pub(super) fn wrong_at_the_end(&self, keys: &[String]) -> Vec<String> {
        let effects = |key: &String| self.seen.get(key).map_or(0, |seen| seen.effects);
        let wanted = |key: &String| u32::from(!self.there_before.contains(key));
        let odd = keys.iter().filter(|key| effects(key) != wanted(key));
        let mut wrong: Vec<String> =
            odd.map(|key| format!("{key} took effect {} times", effects(key))).collect();
        let strange = self.seen.keys().filter(|key| !keys.contains(key));
        wrong.extend(strange.map(|key| format!("{key} was never asked for")));
        wrong
    }
}

impl Seen {
    fn contradicts(&self, claim: &Claim) -> Option<String> {
        let (id, state) = (claim.id.as_ref(), claim.state);
        let there = self.effects > 0;
        let true_so_far = match state {
            State::Applied | State::Confirmed | State::Existing => there,
            State::Queued => there || self.queued > 0,
            // It was sent, and nobody claims to know more.
            State::Sending | State::Unknown => true,
            State::Staged | State::Waiting | State::Rejected | State::Held | State::Cancelled => {
                !there && self.queued == 0
            }
        };
        let right_id = id.is_none_or(|id| self.ids.is_empty() || self.ids.contains(id));
        (!true_so_far || !right_id).then(|| {
            format!("{} is {state} with id {id:?}, and the double has {self:?}", claim.key)
        })
    }
}

fn claims_effect(state: State) -> bool {
    matches!(state, State::Applied | State::Queued | State::Confirmed | State::Existing)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn truth(effects: &[&str]) -> Truth {
    let mut truth = Truth::default();
    let entry = |(n, effect): (usize, &&str)| json!({"n": n + 1, "kind": "create", "key": "K-1", "effect": effect, "id": n + 40});
    truth.note(&effects.iter().enumerate().map(entry).collect::<Vec<_>>());
    truth
}

#[test]
fn a_false_claim_is_found() {
    use State::{Applied, Cancelled, Confirmed, Existing, Held, Queued, Sending, Unknown, Waiting};
    let is_wrong = |effects: &[&str], state, id: Option<&str>| {
        let claim = Claim { key: "K-1".to_owned(), state, id: id.map(str::to_owned) };
        !truth(effects).contradicts(&[claim]).is_empty()
    };
    for state in [Applied, Confirmed, Existing] {
        assert!(is_wrong(&["none"], state, None), "{state}: it had no effect");
        assert!(is_wrong(&[], state, None), "{state}: it was never sent");
        assert!(is_wrong(&["queued"], state, None), "{state}: it waits");
        assert!(is_wrong(&["applied"], state, Some("7")), "{state}: that is another record");
        assert!(!is_wrong(&["none", "applied"], state, Some("41")), "{state}: so it is");
    }
    for state in [Waiting, Held, Cancelled] {
        assert!(is_wrong(&["applied"], state, None), "{state}: it is there");
        assert!(is_wrong(&["queued"], state, None), "{state}: it will be there");
        assert!(!is_wrong(&["none"], state, None), "{state}: so it is");
    }
    assert!(is_wrong(&["none"], Queued, None) && !is_wrong(&["queued"], Queued, None));
    for state in [Sending, Unknown] {
        assert!(!is_wrong(&["applied"], state, None) && !is_wrong(&["none"], state, None));
        assert!(is_wrong(&["applied", "applied"], state, None), "{state}: it is there twice");
    }
}

#[test]
fn what_is_lost_is_found() {
    assert_eq!(
        truth(&["none"]).contradicts(&[]).len(),
        1,
        "it was sent before it was written down"
    );
    let keys = ["K-1".to_owned()];
    assert_eq!(truth(&["applied"]).wrong_at_the_end(&keys), Vec::<String>::new());
    for effects in [&[][..], &["none"], &["queued"], &["applied", "applied"]] {
        assert_eq!(truth(effects).wrong_at_the_end(&keys).len(), 1, "{effects:?}");
    }
    assert_eq!(truth(&["applied"]).wrong_at_the_end(&[]).len(), 1, "nobody asked for it");
}
