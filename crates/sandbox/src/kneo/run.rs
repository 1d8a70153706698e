//! A run: its states, and what it leaves behind on its way through them.

use serde_json::{Map, Value, json};

use crate::kneo::spec::Spec;

/// After so long without a sign of life a worker has lost its run, and another may go on with it.
pub(crate) const LEASE_MS: u64 = 60_000;

/// How long a person has to answer, unless the run says otherwise.
const TASK_MS: u64 = 3_600_000;

/// The longest that a run may be told to take.
const LONGEST_MS: u64 = 24 * 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    Running,
    Paused,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    Expired,
}

impl Status {
    /// The platform has two names for the pause.
    pub(crate) fn name(self, reference: bool) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Paused if reference => "blocked",
            Status::Paused => "paused_human_review",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::TimedOut => "timed_out",
            Status::Expired => "expired",
        }
    }

    pub(crate) fn is_terminal(self) -> bool {
        !matches!(self, Status::Queued | Status::Running | Status::Paused)
    }
}

/// How a run ends, as its metadata wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Completed,
    Failed,
    Human,
    Hang,
    /// The person said no.
    Rejected,
}

/// What `metadata.sandbox` says.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    duration_ms: u64,
    outcome: Outcome,
    task_ms: u64,
    pub(crate) no_budget: bool,
}

impl Script {
    pub(crate) fn read(metadata: &Map<String, Value>) -> Result<Self, String> {
        let script = metadata.get("sandbox").and_then(Value::as_object);
        let whole = |name: &str| match script.and_then(|script| script.get(name)) {
            None => Ok(None),
            Some(value) => {
                let whole = value.as_u64().filter(|ms| *ms <= LONGEST_MS).map(Some);
                whole.ok_or_else(|| {
                    format!("metadata.sandbox.{name} must be a whole number up to {LONGEST_MS}")
                })
            }
        };
        let outcome = match script.and_then(|script| script.get("outcome")) {
            None => Outcome::Completed,
            Some(Value::String(name)) if name == "completed" => Outcome::Completed,
            Some(Value::String(name)) if name == "failed" => Outcome::Failed,
            Some(Value::String(name)) if name == "human" => Outcome::Human,
            Some(Value::String(name)) if name == "hang" => Outcome::Hang,
            Some(_) => {
                let text = "metadata.sandbox.outcome must be completed, failed, human or hang";
                return Err(text.to_owned());
            }
        };
        Ok(Script {
            duration_ms: whole("duration_ms")?.unwrap_or(0),
            outcome,
            task_ms: whole("task_timeout_ms")?.unwrap_or(TASK_MS),
            no_budget: whole("token_budget")? == Some(0),
        })
    }
}

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) at_ms: u64,
    pub(crate) payload: Value,
}

/// What a run was like at some point.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) kind: &'static str,
    pub(crate) at_ms: u64,
    pub(crate) state: Map<String, Value>,
}

/// A question to a person.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) continuation_id: String,
    pub(crate) request_id: String,
    pub(crate) asked_ms: Option<u64>,
    pub(crate) expires_ms: u64,
    pub(crate) escalated: bool,
    /// Somebody else is answering it.
    pub(crate) locked: bool,
    pub(crate) decision: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) request: Map<String, Value>,
    pub(crate) spec: Spec,
    pub(crate) script: Script,
    pub(crate) status: Status,
    /// How many steps are done.
    pub(crate) done: usize,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: u64,
    /// When the present leg began, and with which step.
    leg: (u64, usize),
    /// When something happens by itself.
    pub(crate) due_ms: Option<u64>,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<Value>,
    pub(crate) task: Option<Task>,
    pub(crate) trace: Vec<Event>,
    pub(crate) checkpoints: Vec<Checkpoint>,
}

impl Run {
    pub(crate) fn new(
        number: usize,
        task_number: usize,
        request: Map<String, Value>,
        spec: Spec,
        script: Script,
        now_ms: u64,
    ) -> Self {
        let task = (script.outcome == Outcome::Human).then(|| Task {
            continuation_id: format!("c{task_number}"),
            request_id: format!("req_{task_number}"),
            asked_ms: None,
            expires_ms: 0,
            escalated: false,
            locked: false,
            decision: None,
        });
        let mut run = Run {
            id: format!("run_{number}"),
            request,
            spec,
            script,
            status: Status::Queued,
            done: 0,
            created_ms: now_ms,
            updated_ms: now_ms,
            leg: (now_ms, 0),
            due_ms: Some(now_ms),
            output: None,
            error: None,
            task,
            trace: Vec::new(),
            checkpoints: Vec::new(),
        };
        run.note("run.created", now_ms, json!({}));
        run
    }

    pub(crate) fn input(&self) -> &str {
        self.request.get("input").and_then(Value::as_str).unwrap_or_default()
    }

    fn note(&mut self, kind: &'static str, at_ms: u64, payload: Value) {
        self.updated_ms = at_ms;
        self.trace.push(Event { kind, at_ms, payload });
    }

    fn keep(&mut self, kind: &'static str, at_ms: u64) {
        let mut state = Map::new();
        state.insert("completed_steps".to_owned(), json!(self.visited()));
        state.insert("input_text".to_owned(), json!(self.input()));
        if let Some(step) = self.spec.steps.get(self.done) {
            state.insert("next_step".to_owned(), json!(step));
        }
        if let Some(output) = &self.output {
            state.insert("output_text".to_owned(), json!(output));
        }
        if let Some(error) = &self.error {
            state.insert("error".to_owned(), error.clone());
        }
        self.checkpoints.push(Checkpoint { kind, at_ms, state });
    }

    pub(crate) fn visited(&self) -> Vec<&str> {
        self.spec.steps.iter().take(self.done).map(String::as_str).collect()
    }

    fn step(&self) -> Value {
        json!({ "step": self.spec.steps.get(self.done) })
    }

    /// Starts a leg: the steps from the present one on, which take the run's time together.
    fn set_off(&mut self, at_ms: u64) {
        self.status = Status::Running;
        self.leg = (at_ms, self.done);
        let step = self.step();
        self.note("step.started", at_ms, step);
        self.due_ms = self.boundary();
    }

    /// When the present step ends; nothing for the last one of a run that hangs.
    fn boundary(&self) -> Option<u64> {
        let last = self.done + 1 >= self.spec.steps.len();
        if last && self.script.outcome == Outcome::Hang {
            return None;
        }
        let (from_ms, first) = self.leg;
        let steps = self.spec.steps.len().saturating_sub(first).max(1) as u64;
        let reached = (self.done + 1 - first) as u64;
        Some(from_ms + self.script.duration_ms * reached / steps)
    }

    /// Does what is due.
    pub(crate) fn advance(&mut self) {
        let Some(at_ms) = self.due_ms.take() else { return };
        match self.status {
            Status::Queued => {
                self.note("run.started", at_ms, json!({}));
                self.set_off(at_ms);
            }
            Status::Running => self.end_step(at_ms),
            Status::Paused => {
                self.note("human.expired", at_ms, json!({}));
                self.end(Status::Expired, "run.expired", at_ms);
            }
            _ => {}
        }
    }

    fn end_step(&mut self, at_ms: u64) {
        let last = self.done + 1 >= self.spec.steps.len();
        let step = self.step();
        match self.script.outcome {
            Outcome::Failed | Outcome::Rejected if last => {
                let (code, text) = match self.script.outcome {
                    Outcome::Rejected => ("human_rejected", "The request was rejected"),
                    _ => ("step_failed", "The step failed"),
                };
                self.error = Some(json!({ "error": code, "message": text }));
                self.note("step.failed", at_ms, step);
                self.end(Status::Failed, "run.failed", at_ms);
            }
            Outcome::Human if last => {
                let expires_ms = at_ms + self.script.task_ms;
                let mut asked = json!({});
                if let Some(task) = &mut self.task {
                    task.asked_ms = Some(at_ms);
                    task.expires_ms = expires_ms;
                    asked = json!({ "continuation_id": task.continuation_id });
                }
                self.status = Status::Paused;
                self.due_ms = Some(expires_ms);
                self.note("human.requested", at_ms, asked);
                self.keep("human_request", at_ms);
            }
            _ => {
                self.note("step.completed", at_ms, step);
                self.done += 1;
                if last {
                    self.output = Some(format!("Done: {}", self.input()));
                    self.end(Status::Completed, "run.completed", at_ms);
                    return;
                }
                self.keep("step", at_ms);
                let next = self.step();
                self.note("step.started", at_ms, next);
                self.due_ms = self.boundary();
            }
        }
    }

    fn end(&mut self, status: Status, kind: &'static str, at_ms: u64) {
        self.status = status;
        self.due_ms = None;
        self.note(kind, at_ms, json!({}));
        self.keep("final", at_ms);
    }

    /// Nothing more happens by itself before somebody does something, but for a deadline.
    fn is_settled(&self) -> bool {
        self.status == Status::Paused || self.due_ms.is_none()
    }

    /// What it will be like once it rests, and when; never, if it hangs.
    pub(crate) fn foreseen(&self) -> (Run, Option<u64>) {
        let mut run = self.clone();
        while !run.is_settled() {
            run.advance();
        }
        let hangs = run.status == Status::Running;
        let at_ms = (!hangs).then_some(run.updated_ms);
        (run, at_ms)
    }

    pub(crate) fn cancel(&mut self, at_ms: u64) {
        self.end(Status::Cancelled, "run.cancelled", at_ms);
    }

    /// Gives it a state that only time would bring.
    pub(crate) fn time_out(&mut self, at_ms: u64) {
        self.end(Status::TimedOut, "run.timed_out", at_ms);
    }

    /// Whether a run in this state can be gone on with: why not, if not.
    pub(crate) fn may_continue(&self, now_ms: u64) -> Result<(), &'static str> {
        if self.spec.kind != Some("sequential") {
            return Err("only sequential workflows can be continued");
        }
        match self.status {
            Status::Failed => Ok(()),
            Status::Running if now_ms >= self.updated_ms + LEASE_MS => Ok(()),
            Status::Running => Err("its worker still holds the lease"),
            _ => Err("only a failed run can be continued"),
        }
    }

    /// Goes on after a failure or with another worker; this time it succeeds.
    pub(crate) fn go_on(&mut self, at_ms: u64) {
        self.script.outcome = Outcome::Completed;
        self.error = None;
        self.note("run.continued", at_ms, json!({}));
        self.set_off(at_ms);
    }

    /// Goes on with a person's answer.
    pub(crate) fn resume(&mut self, decision: &str, content: Option<&str>, at_ms: u64) {
        let rejected = decision == "rejected";
        self.script.outcome = if rejected { Outcome::Rejected } else { Outcome::Completed };
        if let Some(task) = &mut self.task {
            task.decision = Some(decision.to_owned());
        }
        let payload = json!({ "decision": decision, "content": content });
        self.note("human.resolved", at_ms, payload);
        self.set_off(at_ms);
    }
}
