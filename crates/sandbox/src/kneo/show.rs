//! How runs, tasks and what they leave behind are written.

use serde_json::{Map, Value, json};

use crate::kneo::query::written;
use crate::kneo::run::{Checkpoint, Event, Run, Status, Task};
use crate::kneo::schema::{object, text};

/// The reply to a request that starts or continues a run.
pub(crate) fn run_reply(run: &Run, reference: bool) -> Value {
    let paused = run.status == Status::Paused;
    json!({
        "run_id": run.id,
        "status": run.status.name(reference),
        "output_text": run.output,
        "human_intervention_required": paused,
        "continuation_id": continuation(run),
        "metadata": object(&run.request, "metadata"),
    })
}

fn continuation(run: &Run) -> Option<&str> {
    let task = run.task.as_ref().filter(|_| run.status == Status::Paused)?;
    Some(&task.continuation_id)
}

pub(crate) fn run_status(run: &Run, reference: bool) -> Map<String, Value> {
    let spec = &run.spec;
    let workflow = spec.kind.map(|_| spec.name.as_str());
    let agent = if spec.kind.is_none() { Some(spec.name.as_str()) } else { None };
    let graph = spec.kind == Some("graph");
    let visited = run.visited();
    let steps: &[&str] = if graph { &[] } else { &visited };
    let nodes: &[&str] = if graph { &visited } else { &[] };
    let present = spec.steps.get(run.done).filter(|_| graph);
    let pending = run.task.as_ref().filter(|_| run.status == Status::Paused);
    let mut shown = Map::new();
    let fields = [
        ("run_id", json!(run.id)),
        ("status", json!(run.status.name(reference))),
        ("agent_name", json!(agent)),
        ("workflow_name", json!(workflow)),
        ("workflow_kind", json!(spec.kind)),
        ("current_step_index", json!((!graph).then_some(run.done))),
        ("current_node_id", json!(present)),
        ("visited_steps", json!(steps)),
        ("visited_nodes", json!(nodes)),
        ("trace_event_count", json!(run.trace.len())),
        ("input_text", json!(run.input())),
        ("output_text", json!(run.output)),
        ("error", run.error.clone().unwrap_or_default()),
        ("continuation_id", json!(continuation(run))),
        ("pending_human_request", pending.map(|task| task_request(task, run)).unwrap_or_default()),
        ("metadata", Value::Object(object(&run.request, "metadata"))),
    ];
    shown.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    if reference {
        let words = |text: &str| text.split_whitespace().count();
        let input = words(run.input());
        let output = run.output.as_deref().map_or(0, words);
        let usage = json!({
            "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
        });
        shown.insert("session_id".to_owned(), json!(text(&run.request, "session_id")));
        shown.insert("usage".to_owned(), usage);
    }
    shown
}

pub(crate) fn task_request(task: &Task, run: &Run) -> Value {
    json!({
        "request_id": task.request_id,
        "kind": "approval",
        "prompt": format!("May this be done: {}", run.input()),
        "options": ["approved", "rejected"],
        "expires_at": written(task.expires_ms),
    })
}

pub(crate) fn task_status(task: &Task) -> &'static str {
    if task.escalated { "escalated" } else { "pending" }
}

/// A task in a list.
pub(crate) fn task_row(task: &Task, run: &Run) -> Value {
    json!({
        "id": task.continuation_id,
        "continuation_id": task.continuation_id,
        "run_id": run.id,
        "workflow_name": run.spec.kind.map(|_| run.spec.name.as_str()),
        "workflow_kind": run.spec.kind,
        "status": task_status(task),
        "request": task_request(task, run),
        "created_at": task.asked_ms.map(written),
        "expires_at": written(task.expires_ms),
    })
}

/// A task by itself.
pub(crate) fn task_alone(task: &Task, run: &Run) -> Value {
    json!({
        "continuation_id": task.continuation_id,
        "request": task_request(task, run),
        "messages": [{ "role": "user", "content": run.input() }],
    })
}

/// An event of a trace; its number counts from 1.
pub(crate) fn event(number: usize, event: &Event) -> Value {
    json!({
        "sequence": number,
        "event_type": event.kind,
        "timestamp": written(event.at_ms),
        "payload": event.payload,
    })
}

pub(crate) fn checkpoint(number: usize, checkpoint: &Checkpoint) -> Value {
    json!({
        "sequence": number,
        "type": checkpoint.kind,
        "created_at": written(checkpoint.at_ms),
        "state": checkpoint.state,
    })
}

/// What is different between two checkpoints.
pub(crate) fn diff(run: &Run, from: usize, to: usize) -> Option<Value> {
    let at = |number: usize| run.checkpoints.get(number.checked_sub(1)?);
    let (before, after) = (at(from)?, at(to)?);
    let entry = |name: &String, from: Option<&Value>, to: Option<&Value>| {
        let mut entry = Map::new();
        entry.insert("path".to_owned(), json!(name));
        entry.extend(from.map(|value| ("from".to_owned(), value.clone())));
        entry.extend(to.map(|value| ("to".to_owned(), value.clone())));
        Value::Object(entry)
    };
    let new = after.state.iter().filter(|(name, _)| !before.state.contains_key(*name));
    let added: Vec<Value> = new.map(|(name, value)| entry(name, None, Some(value))).collect();
    let gone = before.state.iter().filter(|(name, _)| !after.state.contains_key(*name));
    let removed: Vec<Value> = gone.map(|(name, value)| entry(name, Some(value), None)).collect();
    let both = before.state.iter().filter_map(|(name, value)| {
        let other = after.state.get(name).filter(|other| *other != value)?;
        Some(entry(name, Some(value), Some(other)))
    });
    let changed: Vec<Value> = both.collect();
    Some(json!({
        "run_id": run.id,
        "from_checkpoint": checkpoint(from, before),
        "to_checkpoint": checkpoint(to, after),
        "change_count": added.len() + changed.len() + removed.len(),
        "added": added,
        "changed": changed,
        "removed": removed,
        "truncated": false,
    }))
}

/// Whether and from where a run can be gone on with.
pub(crate) fn replay_context(run: &Run, now_ms: u64) -> Value {
    let verdict = run.may_continue(now_ms);
    json!({
        "can_continue": verdict.is_ok(),
        "reason": verdict.err(),
        "next_step_index": run.done,
        "latest_checkpoint": run.checkpoints.len(),
    })
}
