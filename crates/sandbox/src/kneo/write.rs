//! What changes something: whether it may, and what comes of it.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::kneo::Kneo;
use crate::kneo::book::{Actor, Policy};
use crate::kneo::fail::Fail;
use crate::kneo::route::{Op, Place};
use crate::kneo::run::{Run, Script, Status};
use crate::kneo::schema::{self, is_set, object, text};
use crate::kneo::show::{run_reply, run_status};
use crate::kneo::spec::Spec;
use crate::service::{Done, Id};

/// How long the reply to a run that hangs is held back: longer than any client waits.
const HANG_MS: u64 = 3_600_000;

/// A write that has passed every check.
#[derive(Debug)]
pub(crate) enum Change {
    CreateRun {
        spec: Box<Spec>,
        script: Script,
    },
    Cancel(usize),
    Continue(usize),
    Resume(usize),
    PutPolicy,
    /// It is as it is wanted already.
    None(usize),
}

/// What came of a write.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) status: StatusCode,
    /// Nothing where the reply has no body.
    pub(crate) body: Option<Value>,
    pub(crate) hold_ms: u64,
    pub(crate) done: Done,
}

impl Applied {
    fn ok(body: Value) -> Self {
        Applied { status: StatusCode::OK, body: Some(body), hold_ms: 0, done: Done::default() }
    }
}

impl Kneo {
    /// The body in the shape that the operation takes.
    pub(crate) fn shape(
        &self,
        op: Op,
        body: &Result<Map<String, Value>, Fail>,
    ) -> Result<Map<String, Value>, Fail> {
        let fields: &[schema::Field] = match op {
            Op::CreateRun => &schema::RUN,
            Op::Resume => &schema::RESUME,
            Op::Explain => &schema::SPEC_ONLY,
            Op::Compile => &schema::COMPILE,
            Op::Validate | Op::PolicyReport | Op::SpecGraph => &schema::ENVELOPE,
            Op::PutPolicy | Op::PreviewPolicy => &schema::POLICY,
            _ => return Ok(Map::new()),
        };
        let body = body.as_ref().map_err(Clone::clone)?;
        let read = schema::read(fields, body, self.rules.newer, &["body"])?;
        if let Some(skills) = read.get("skills").and_then(Value::as_object) {
            schema::read(&schema::SKILLS, skills, true, &["body", "skills"])?;
        }
        let confined = text(&read, "spec_path").is_none_or(|path| {
            !path.starts_with(['/', '\\']) && !path.split(['/', '\\']).any(|step| step == "..")
        });
        if self.rules.reference && !confined { Err(Fail::path_confined()) } else { Ok(read) }
    }

    /// Whether a write may be carried out now; `body` has its shape.
    pub(crate) fn decide(
        &self,
        op: Op,
        place: &Place,
        body: &Map<String, Value>,
        now_ms: u64,
    ) -> Result<Change, Fail> {
        let id = &place.id;
        let run = || self.book.position(id).ok_or_else(|| Fail::not_found("Run", id));
        match op {
            Op::CreateRun => self.decide_run(body),
            Op::CancelRun => {
                let position = run()?;
                let ended =
                    self.book.runs.get(position).is_some_and(|run| run.status.is_terminal());
                Ok(if ended { Change::None(position) } else { Change::Cancel(position) })
            }
            Op::ContinueRun => {
                let position = run()?;
                let verdict = self.book.runs.get(position).map(|run| run.may_continue(now_ms));
                match verdict {
                    Some(Err(why)) => Err(Fail::state(format!("Run {id} cannot continue: {why}"))),
                    _ => Ok(Change::Continue(position)),
                }
            }
            Op::Resume => self.decide_resume(id, body),
            Op::PutPolicy => Ok(Change::PutPolicy),
            _ => Err(Fail::no_such_route()),
        }
    }

    fn decide_run(&self, body: &Map<String, Value>) -> Result<Change, Fail> {
        let spec = Spec::read(body)?;
        let script = Script::read(&object(body, "metadata")).map_err(Fail::invalid)?;
        spec.must_compile()?;
        if script.no_budget {
            return Err(Fail::budget());
        }
        let environment = text(body, "environment");
        let offences = self.offences(&spec, environment);
        if !offences.is_empty() {
            return Err(Fail::policy_blocked(environment.unwrap_or("default"), offences));
        }
        if text(body, "input").is_some_and(|input| input.contains("[guardrail]")) {
            return Err(Fail::guardrail());
        }
        match self.steering.backlog {
            Some(most) if self.book.busy() as u64 >= most => {
                Err(Fail::queue_full(self.steering.backlog_wait_s))
            }
            _ => Ok(Change::CreateRun { spec: Box::new(spec), script }),
        }
    }

    /// What the policy of an environment has against a spec.
    pub(crate) fn offences(&self, spec: &Spec, environment: Option<&str>) -> Vec<Value> {
        let policy = environment.and_then(|name| self.book.policies.get(name));
        spec.offences(policy.map(|policy| &policy.present))
    }

    fn decide_resume(&self, id: &str, body: &Map<String, Value>) -> Result<Change, Fail> {
        match text(body, "decision") {
            Some("selected") if text(body, "selected_option").is_none() => {
                return Err(Fail::invalid("selected_option is required to select"));
            }
            Some(decision @ ("edited" | "provided")) if text(body, "content").is_none() => {
                return Err(Fail::invalid(format!("content is required for {decision}")));
            }
            _ => {}
        }
        let found = self.book.task(id);
        let (position, run, task) = found.ok_or_else(|| Fail::not_found("Human task", id))?;
        if run.status == Status::Expired {
            return Err(Fail::task_expired(id, task.expires_ms));
        }
        let resuming = task.decision.is_some() && run.status == Status::Running;
        if task.locked || resuming {
            return Err(Fail::locked(id));
        }
        if run.status != Status::Paused {
            let text = format!("Run {} does not wait for a person", run.id);
            return Err(Fail::state(text));
        }
        if text(body, "request_id") != Some(&task.request_id) {
            return Err(Fail::invalid("request_id does not name the pending request"));
        }
        Ok(Change::Resume(position))
    }

    /// Carries out what has been decided.
    pub(crate) fn apply(
        &mut self,
        change: Change,
        place: &Place,
        body: &Map<String, Value>,
        actor: Actor<'_>,
        now_ms: u64,
    ) -> Applied {
        match change {
            Change::CreateRun { spec, script } => {
                let (number, task) = (self.book.runs.len() + 1, self.book.tasks + 1);
                let run = Run::new(number, task, body.clone(), *spec, script, now_ms);
                self.create(run, is_set(body, "async_mode") == Some(true), actor, now_ms)
            }
            Change::Continue(position) => {
                self.book.change(position, |run| run.go_on(now_ms));
                self.note_run("run.continued", position, actor, now_ms);
                self.set_in_motion(position, now_ms)
            }
            Change::Resume(position) => {
                let decision = text(body, "decision").unwrap_or_default();
                let content = text(body, "content").or_else(|| text(body, "selected_option"));
                self.book.change(position, |run| run.resume(decision, content, now_ms));
                let run_id = self.book.runs.get(position).map(|run| run.id.clone());
                let about = (run_id.as_deref(), Some(place.id.as_str()));
                let told = json!({ "decision": decision });
                self.book.note("human.decision", actor, about, told, now_ms);
                let mut applied = self.set_in_motion(position, now_ms);
                if let Some(Value::Object(body)) = &mut applied.body {
                    body.retain(|name, _| {
                        ["run_id", "status", "output_text", "metadata"].contains(&name.as_str())
                    });
                }
                applied
            }
            Change::Cancel(position) => {
                self.book.change(position, |run| run.cancel(now_ms));
                self.note_run("run.cancelled", position, actor, now_ms);
                Applied::ok(self.status_of(position))
            }
            Change::None(position) => Applied::ok(self.status_of(position)),
            Change::PutPolicy => {
                let environment = place.id.clone();
                let told = json!({ "environment": environment });
                self.book.note("policy.changed", actor, (None, None), told, now_ms);
                let policy = self.book.policies.entry(environment.clone()).or_default();
                let present = Policy::of(body);
                let before = std::mem::replace(&mut policy.present, present);
                policy.previous = (!before.is_empty()).then_some(before);
                Applied::ok(policy.shown(&environment))
            }
        }
    }

    fn status_of(&self, position: usize) -> Value {
        let run = self.book.runs.get(position);
        Value::Object(run.map(|run| run_status(run, self.rules.reference)).unwrap_or_default())
    }

    fn note_run(&mut self, kind: &'static str, position: usize, actor: Actor<'_>, now_ms: u64) {
        let run_id = self.book.runs.get(position).map(|run| run.id.clone());
        self.book.note(kind, actor, (run_id.as_deref(), None), json!({}), now_ms);
    }

    fn create(&mut self, run: Run, asynchronous: bool, actor: Actor<'_>, now_ms: u64) -> Applied {
        let id = run.id.clone();
        let queued = run_reply(&run, self.rules.reference);
        let position = self.book.insert(run);
        self.note_run("run.created", position, actor, now_ms);
        let mut applied = self.set_in_motion(position, now_ms);
        if asynchronous {
            applied.hold_ms = 0;
            applied.body = (!self.rules.empty_202).then_some(queued);
            if self.rules.reference || self.rules.empty_202 {
                applied.status = StatusCode::ACCEPTED;
            }
        }
        applied.done = Done { id: Some(Id::Text(id)), gone_with: None };
        applied
    }

    /// Lets a run do what it can at once. The reply tells how it will have ended, and is held until then.
    fn set_in_motion(&mut self, position: usize, now_ms: u64) -> Applied {
        self.book.settle(now_ms);
        let Some(run) = self.book.runs.get(position) else { return Applied::ok(Value::Null) };
        let (run, at_ms) = run.foreseen();
        let hold_ms = at_ms.map_or(HANG_MS, |at_ms| at_ms.saturating_sub(now_ms));
        Applied { hold_ms, ..Applied::ok(run_reply(&run, self.rules.reference)) }
    }
}
