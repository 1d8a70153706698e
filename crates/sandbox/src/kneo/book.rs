//! What the platform keeps: runs with their tasks, policies, and the events of the audit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::keys::Keys;
use crate::kneo::query::written;
use crate::kneo::run::{Run, Status, Task};

/// An event of the audit.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) kind: &'static str,
    actor: String,
    pub(crate) run_id: Option<String>,
    continuation_id: Option<String>,
    metadata: Value,
    at_ms: u64,
    request_id: String,
}

/// Who did something, and in which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor<'a> {
    pub(crate) name: &'a str,
    pub(crate) request_id: &'a str,
}

/// A policy of an environment, and the one before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    pub(crate) present: Map<String, Value>,
    pub(crate) previous: Option<Map<String, Value>>,
}

/// Everything that the platform keeps.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) runs: Vec<Run>,
    by_id: HashMap<String, usize>,
    by_continuation: HashMap<String, usize>,
    pub(crate) tasks: usize,
    /// When something happens by itself, and to which run.
    due: BTreeSet<(u64, usize)>,
    pub(crate) policies: BTreeMap<String, Policy>,
    pub(crate) audit: Vec<Noted>,
    pub(crate) keys: Keys<(String, String)>,
}

impl Book {
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn run(&self, id: &str) -> Option<&Run> {
        self.runs.get(self.position(id)?)
    }

    /// The task with this continuation, once it has been asked.
    pub(crate) fn task(&self, continuation_id: &str) -> Option<(usize, &Run, &Task)> {
        let position = *self.by_continuation.get(continuation_id)?;
        let run = self.runs.get(position)?;
        let task = run.task.as_ref().filter(|task| task.asked_ms.is_some())?;
        Some((position, run, task))
    }

    pub(crate) fn insert(&mut self, run: Run) -> usize {
        let position = self.runs.len();
        self.by_id.insert(run.id.clone(), position);
        if let Some(task) = &run.task {
            self.tasks += 1;
            self.by_continuation.insert(task.continuation_id.clone(), position);
        }
        self.due.extend(run.due_ms.map(|due_ms| (due_ms, position)));
        self.runs.push(run);
        position
    }

    /// Changes a run and keeps account of when something happens to it next.
    pub(crate) fn change(&mut self, position: usize, change: impl FnOnce(&mut Run)) {
        let Some(run) = self.runs.get_mut(position) else { return };
        if let Some(due_ms) = run.due_ms {
            self.due.remove(&(due_ms, position));
        }
        change(run);
        self.due.extend(run.due_ms.map(|due_ms| (due_ms, position)));
    }

    /// Does everything that is due by now.
    pub(crate) fn settle(&mut self, now_ms: u64) {
        while let Some((due_ms, position)) = self.due.first().copied()
            && due_ms <= now_ms
        {
            self.due.remove(&(due_ms, position));
            self.change(position, Run::advance);
        }
    }

    /// Runs that take up a worker or wait for one.
    pub(crate) fn busy(&self) -> usize {
        let busy = |run: &&Run| matches!(run.status, Status::Queued | Status::Running);
        self.runs.iter().filter(busy).count()
    }

    pub(crate) fn note(
        &mut self,
        kind: &'static str,
        actor: Actor<'_>,
        about: (Option<&str>, Option<&str>),
        metadata: Value,
        at_ms: u64,
    ) {
        self.audit.push(Noted {
            kind,
            actor: actor.name.to_owned(),
            run_id: about.0.map(str::to_owned),
            continuation_id: about.1.map(str::to_owned),
            metadata,
            at_ms,
            request_id: actor.request_id.to_owned(),
        });
    }
}

impl Noted {
    /// As the API shows it; its number counts from 1.
    pub(crate) fn show(&self, number: usize) -> Value {
        json!({
            "id": format!("evt_{number}"),
            "event_type": self.kind,
            "actor": self.actor,
            "run_id": self.run_id,
            "continuation_id": self.continuation_id,
            "metadata": self.metadata,
            "created_at": written(self.at_ms),
            "request_id": self.request_id,
        })
    }
}

impl Policy {
    pub(crate) fn shown(&self, environment: &str) -> Value {
        json!({
            "environment": environment, "policy": self.present, "previous_policy": self.previous,
        })
    }

    /// A policy with what a checked body says, and the rest as it usually is.
    pub(crate) fn of(body: &Map<String, Value>) -> Map<String, Value> {
        let usual = json!({
            "enabled": true, "fail_on_warnings": false, "require_human_review": false,
            "require_tool_permissions": false, "deny_unrestricted_tools": false,
            "require_guardrails": false, "blocked_diagnostic_codes": [],
        });
        let mut policy = usual.as_object().cloned().unwrap_or_default();
        policy.extend(body.clone());
        policy
    }
}
