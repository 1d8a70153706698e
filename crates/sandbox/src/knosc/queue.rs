//! The integration lock and the writes that wait for its end.

use serde_json::{Map, Value, json};
use std::collections::HashSet;

use crate::knosc::Rules;
use crate::knosc::resource::Resource;
use crate::knosc::route::Op;
use crate::knosc::store::Store;
use crate::service;

/// A write that was accepted but waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The journal entry of the request.
    pub(crate) n: u64,
    pub(crate) op: Op,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Option<Map<String, Value>>,
}

impl Waiting {
    /// The record that it creates or deletes, where the API itself would take a second copy of it.
    fn copied(&self) -> Option<(&'static str, String)> {
        match self.op {
            Op::Create(resource @ (Resource::Inventory | Resource::Forecasts))
            | Op::Delete(resource @ (Resource::Inventory | Resource::Forecasts), _) => {
                Some((resource.name(), self.key.clone()?))
            }
            _ => None,
        }
    }
}

/// What became of a waiting or late write.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) write: Waiting,
    /// The refusal's code and message where it no longer applies.
    pub(crate) result: Result<service::Done, (String, String)>,
}

impl From<Settled> for service::Settled {
    fn from(settled: Settled) -> Self {
        let Settled { write, result } = settled;
        service::Settled {
            n: write.n,
            method: write.method,
            path: write.path,
            kind: write.op.kind(),
            resource: Some(write.op.resource()),
            key: write.key,
            result: result.map_err(|(code, _)| code),
        }
    }
}

/// A held lock and when it ends by itself.
#[derive(Debug, Clone, Copy)]
struct Lock {
    requests_left: Option<u64>,
    until_ms: Option<u64>,
}

/// The lock, the queue, and what dropped out of it.
#[derive(Debug, Default)]
pub(crate) struct Integration {
    lock: Option<Lock>,
    waiting: Vec<Waiting>,
    failed: Vec<Value>,
}

impl Integration {
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// Starts a run, for so many requests (this one included) or so long, or until it is finished.
    pub(crate) fn start(&mut self, for_requests: Option<u64>, until_ms: Option<u64>) {
        self.lock = Some(Lock { requests_left: for_requests, until_ms });
    }

    /// Counts a request of the API. Returns whether the run is over with it.
    pub(crate) fn count_request(&mut self, now_ms: u64) -> bool {
        let Some(lock) = &mut self.lock else { return false };
        let used_up = lock.requests_left.as_mut().is_some_and(|left| {
            *left = left.saturating_sub(1);
            *left == 0
        });
        used_up || self.is_overdue(now_ms)
    }

    pub(crate) fn is_overdue(&self, now_ms: u64) -> bool {
        self.lock.and_then(|lock| lock.until_ms).is_some_and(|until_ms| until_ms <= now_ms)
    }

    pub(crate) fn enqueue(&mut self, write: Waiting) {
        self.waiting.push(write);
    }

    /// Ends the run: what waits is applied in order of arrival, as far as it still can be. The second copy of
    /// a create is dropped, even where it would be taken at other times.
    pub(crate) fn finish(&mut self, store: &mut Store, rules: &Rules) -> Vec<service::Settled> {
        self.lock = None;
        let mut made = HashSet::new();
        let settle = |write: Waiting| {
            let copied = write.copied().filter(|_| !rules.allow_duplicates);
            let creates = matches!(write.op, Op::Create(_));
            let second = creates && copied.as_ref().is_some_and(|copied| made.contains(copied));
            let settled = if second {
                Settled { result: Err(second_copy()), write }
            } else {
                settle(write, store, rules)
            };
            match (&settled.result, copied) {
                (Ok(_), Some(copied)) if creates => drop(made.insert(copied)),
                (Ok(_), Some(copied)) => drop(made.remove(&copied)),
                _ => {}
            }
            if let Err((code, message)) = &settled.result {
                let write = &settled.write;
                let entry = json!({
                    "n": write.n, "method": write.method, "path": write.path, "key": write.key,
                    "code": code, "message": message,
                });
                self.failed.push(entry);
            }
            settled.into()
        };
        std::mem::take(&mut self.waiting).into_iter().map(settle).collect()
    }

    pub(crate) fn queue(&self) -> Vec<Value> {
        let shown = |write: &Waiting| {
            json!({
                "n": write.n, "method": write.method, "path": write.path, "key": write.key,
                "body": write.body,
            })
        };
        self.waiting.iter().map(shown).collect()
    }

    pub(crate) fn failed(&self) -> &[Value] {
        &self.failed
    }
}

/// Why a second copy is dropped; no reply ever says so.
fn second_copy() -> (String, String) {
    ("Queue.SecondCopy".to_owned(), "The same create was waiting before it".to_owned())
}

/// Checks a write again, against the state of now, and applies it if it still passes.
pub(crate) fn settle(write: Waiting, store: &mut Store, rules: &Rules) -> Settled {
    let planned = store.plan(write.op, write.body.as_ref(), rules);
    let result = match planned {
        Ok(change) => Ok(store.apply(change).done()),
        Err(fail) => Err((fail.code.to_string(), fail.message.to_string())),
    };
    Settled { write, result }
}
