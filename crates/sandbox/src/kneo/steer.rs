//! The control routes below `kneo/`: what only operators, time and other people bring about.

use http::Method;
use serde_json::{Map, Value, json};

use crate::kneo::Kneo;
use crate::kneo::run::Status;
use crate::kneo::show::{run_status, task_row};
use crate::service::{Now, Steer};

/// How the platform is faring.
#[derive(Debug)]
pub(crate) struct Steering {
    pub(crate) store_down: bool,
    pub(crate) not_ready: bool,
    /// How many runs there may be that have not ended.
    pub(crate) backlog: Option<u64>,
    /// The hint that a full queue gives.
    pub(crate) backlog_wait_s: u64,
}

impl Default for Steering {
    fn default() -> Self {
        Steering { store_down: false, not_ready: false, backlog: None, backlog_wait_s: 4 }
    }
}

type Turned = Result<Value, String>;

fn flag(body: &Map<String, Value>, name: &str) -> Result<bool, String> {
    let given = body.get(name).and_then(Value::as_bool);
    given.ok_or_else(|| format!("give `{name}`, true or false"))
}

impl Kneo {
    pub(crate) fn turn(&mut self, steer: &Steer<'_>, now: Now) -> Option<Turned> {
        if *steer.method != Method::POST {
            return None;
        }
        let body = steer.body;
        Some(match steer.path {
            "store" => flag(body, "down").map(|down| {
                self.steering.store_down = down;
                json!({ "down": down })
            }),
            "readiness" => flag(body, "ready").map(|ready| {
                self.steering.not_ready = !ready;
                json!({ "ready": ready })
            }),
            "backlog" => self.turn_backlog(body),
            "rate" => self.turn_rate(body),
            "run-status" => self.turn_run(body, now.ms),
            "task" => self.turn_task(body),
            _ => return None,
        })
    }

    fn turn_backlog(&mut self, body: &Map<String, Value>) -> Turned {
        self.steering.backlog = match body.get("limit") {
            Some(Value::Null) => None,
            Some(value) if value.is_u64() => value.as_u64(),
            _ => return Err("give the `limit` of runs at a time, or null for none".to_owned()),
        };
        if let Some(wait_s) = body.get("retry_after").and_then(Value::as_u64) {
            self.steering.backlog_wait_s = wait_s;
        }
        Ok(json!({ "limit": self.steering.backlog, "retry_after": self.steering.backlog_wait_s }))
    }

    fn turn_rate(&mut self, body: &Map<String, Value>) -> Turned {
        let rate = body.get("per_second").and_then(Value::as_f64);
        let rate = rate.filter(|rate| *rate > 0.0 && rate.is_finite());
        let rate = rate.ok_or("give the requests `per_second` that a key may make, above 0")?;
        self.access.per_second = rate;
        Ok(json!({ "per_second": rate }))
    }

    fn turn_run(&mut self, body: &Map<String, Value>, now_ms: u64) -> Turned {
        let id = body.get("run_id").and_then(Value::as_str).unwrap_or_default();
        let position = self.book.position(id).ok_or("give the `run_id` of a run that exists")?;
        let present = self.book.runs.get(position).map(|run| run.status);
        if present.is_some_and(Status::is_terminal) {
            return Err(format!("{id} has ended, and no state comes after that"));
        }
        match body.get("status").and_then(Value::as_str) {
            Some("timed_out") => self.book.change(position, |run| run.time_out(now_ms)),
            Some("cancelled") => self.book.change(position, |run| run.cancel(now_ms)),
            _ => return Err("give the `status`, timed_out or cancelled".to_owned()),
        }
        let run = self.book.runs.get(position);
        Ok(run.map(|run| run_status(run, self.rules.reference)).map_or(Value::Null, Value::Object))
    }

    fn turn_task(&mut self, body: &Map<String, Value>) -> Turned {
        let id = body.get("continuation_id").and_then(Value::as_str).unwrap_or_default();
        let found = self.book.task(id).map(|(position, _, _)| position);
        let position = found.ok_or("give the `continuation_id` of a task that exists")?;
        let set = |name: &str| body.get(name).and_then(Value::as_bool);
        let (locked, escalated) = (set("locked"), set("escalated"));
        if locked.is_none() && escalated.is_none() {
            return Err("give `locked` or `escalated`, true or false".to_owned());
        }
        self.book.change(position, |run| {
            if let Some(task) = &mut run.task {
                task.locked = locked.unwrap_or(task.locked);
                task.escalated = escalated.unwrap_or(task.escalated);
            }
        });
        let found = self.book.task(id);
        Ok(found.map_or(Value::Null, |(_, run, task)| task_row(task, run)))
    }
}
