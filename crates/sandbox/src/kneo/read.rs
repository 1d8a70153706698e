//! What changes nothing but, here and there, the audit.

use serde_json::{Map, Value, json};

use crate::exchange::Request;
use crate::kneo::Kneo;
use crate::kneo::book::{Actor, Noted, Policy};
use crate::kneo::fail::Fail;
use crate::kneo::query::{Query, Window};
use crate::kneo::route::{Op, Place};
use crate::kneo::run::{Checkpoint, Event, Run, Status, Task};
use crate::kneo::schema::{is_set, text};
use crate::kneo::show;
use crate::kneo::spec::Spec;

type Read = Result<Value, Fail>;

impl Kneo {
    /// Answers what reads; `body` has its shape.
    pub(crate) fn look(
        &mut self,
        op: Op,
        place: &Place,
        body: &Map<String, Value>,
        request: &Request,
        actor: Actor<'_>,
        now_ms: u64,
    ) -> Read {
        match op {
            Op::AuditEvents => self.audit_events(&Query::new(request, op, &self.rules)?, op),
            Op::Credentials => {
                let query = Query::new(request, op, &self.rules)?;
                let inventory = self.inventory(&query, now_ms)?;
                let about = (None, None);
                self.book.note("credential.inventory_accessed", actor, about, json!({}), now_ms);
                Ok(inventory)
            }
            Op::Validate | Op::Compile | Op::Explain | Op::PolicyReport | Op::SpecGraph => {
                self.about_spec(op, body, actor, now_ms)
            }
            Op::PreviewPolicy => Ok(self.preview(&place.id, body)),
            _ => {
                let query = Query::new(request, op, &self.rules)?;
                self.look_up(op, place, &query, now_ms)
            }
        }
    }

    fn look_up(&self, op: Op, place: &Place, query: &Query, now_ms: u64) -> Read {
        let (id, book) = (&place.id, &self.book);
        match op {
            Op::ListRuns => return self.runs(query),
            Op::ListTasks => return self.tasks(query),
            Op::Skills => return self.skills(query),
            Op::ListPolicies => {
                let each = |(name, policy): (&String, &Policy)| {
                    (name.clone(), Value::Object(policy.present.clone()))
                };
                let policies: Map<String, Value> = book.policies.iter().map(each).collect();
                return Ok(json!({ "count": policies.len(), "policies": policies }));
            }
            Op::ReadPolicy => {
                let policy = book.policies.get(id);
                let policy = policy.ok_or_else(|| Fail::not_found("Environment policy", id))?;
                return Ok(policy.shown(id));
            }
            Op::ReadTask => {
                let task = book.task(id).ok_or_else(|| Fail::not_found("Human task", id))?;
                return Ok(show::task_alone(task.2, task.1));
            }
            _ => {}
        }
        let window = match op {
            Op::Trace => query.window(&["timestamp", "event_type"], false, op, &self.rules)?,
            _ => query.window(&["sequence", "type"], false, op, &self.rules)?,
        };
        let steps =
            (query.whole("from_sequence", 1, u64::MAX)?, query.whole("to_sequence", 1, u64::MAX)?);
        let run = book.run(id).ok_or_else(|| Fail::not_found("Run", id))?;
        match op {
            Op::ReadRun => Ok(Value::Object(show::run_status(run, self.rules.reference))),
            Op::Trace => Ok(self.trace(run, query, &window)),
            Op::Checkpoints => Ok(self.checkpoints(run, query, &window)),
            Op::Diff => diff(run, steps),
            Op::Replay => Ok(replay(run, now_ms)),
            Op::Recovery => {
                let mut shown = show::run_status(run, self.rules.reference);
                shown.insert("checkpoint_count".to_owned(), json!(run.checkpoints.len()));
                shown.insert("replay_context".to_owned(), show::replay_context(run, now_ms));
                Ok(Value::Object(shown))
            }
            Op::RunPolicyReport => {
                let stored = run.spec.inline.as_ref();
                stored.ok_or_else(|| Fail::invalid(format!("Run {id} has no stored spec")))?;
                let environment = text(&run.request, "environment");
                let offences = self.offences(&run.spec, environment);
                Ok(run.spec.report(environment, &offences))
            }
            Op::RunGraph => {
                let (nodes, edges) = run.spec.graph();
                Ok(json!({ "run_id": run.id, "nodes": nodes, "edges": edges }))
            }
            _ => Err(Fail::no_such_route()),
        }
    }

    fn runs(&self, query: &Query) -> Read {
        let sorts = ["updated_at", "created_at", "run_id", "status", "workflow_name"];
        let window = query.window(&sorts, true, Op::ListRuns, &self.rules)?;
        let reference = self.rules.reference;
        let status = query.filter("status");
        let mut rows: Vec<&Run> = self.book.runs.iter().collect();
        rows.retain(|run| status.is_none_or(|wanted| run.status.name(reference) == wanted));
        if self.rules.newer {
            let [kind, name, session, words] =
                ["workflow_kind", "workflow_name", "session_id", "q"]
                    .map(|name| query.filter(name));
            let failed = query.flag("has_error")?;
            let [after, before] = [query.moment("created_after")?, query.moment("created_before")?];
            let workflow = |run: &Run| run.spec.kind.map(|_| run.spec.name.clone());
            rows.retain(|run| {
                kind.is_none_or(|wanted| run.spec.kind == Some(wanted))
                    && name.is_none_or(|wanted| workflow(run).as_deref() == Some(wanted))
                    && session.is_none_or(|wanted| text(&run.request, "session_id") == Some(wanted))
                    && words
                        .is_none_or(|words| run.id.contains(words) || run.input().contains(words))
                    && failed.is_none_or(|wanted| run.error.is_some() == wanted)
                    && after.is_none_or(|instant| run.created_ms > instant)
                    && before.is_none_or(|instant| run.created_ms < instant)
            });
        }
        match window.sort_by {
            "updated_at" => window.sort(&mut rows, |run| run.updated_ms),
            "status" => window.sort(&mut rows, |run| run.status.name(reference)),
            "workflow_name" => window.sort(&mut rows, |run| run.spec.name.clone()),
            // Runs are numbered in the order of their making.
            _ => window.sort(&mut rows, |_| ()),
        }
        let show = |run: &&Run| Value::Object(show::run_status(run, reference));
        Ok(Value::Object(window.page("runs", &rows, &self.rules, show)))
    }

    fn trace(&self, run: &Run, query: &Query, window: &Window) -> Value {
        let wanted = query.filter("event_type");
        let mut rows: Vec<(usize, &Event)> = run.trace.iter().enumerate().collect();
        rows.retain(|(_, event)| wanted.is_none_or(|kind| event.kind == kind));
        match window.sort_by {
            "event_type" => window.sort(&mut rows, |(_, event)| event.kind),
            _ => window.sort(&mut rows, |(_, event)| event.at_ms),
        }
        let show = |(position, event): &(usize, &Event)| show::event(position + 1, event);
        let mut page = window.page("events", &rows, &self.rules, show);
        page.insert("run_id".to_owned(), json!(run.id));
        if self.rules.reference {
            page.insert("complete".to_owned(), json!(run.status.is_terminal()));
            page.insert("dropped".to_owned(), json!(0));
        }
        Value::Object(page)
    }

    fn checkpoints(&self, run: &Run, query: &Query, window: &Window) -> Value {
        let wanted = query.filter("type");
        let mut rows: Vec<(usize, &Checkpoint)> = run.checkpoints.iter().enumerate().collect();
        rows.retain(|(_, checkpoint)| wanted.is_none_or(|kind| checkpoint.kind == kind));
        match window.sort_by {
            "type" => window.sort(&mut rows, |(_, checkpoint)| checkpoint.kind),
            _ => window.sort(&mut rows, |(position, _)| *position),
        }
        let show = |(position, found): &(usize, &Checkpoint)| show::checkpoint(position + 1, found);
        let mut page = window.page("checkpoints", &rows, &self.rules, show);
        page.insert("run_id".to_owned(), json!(run.id));
        Value::Object(page)
    }

    fn tasks(&self, query: &Query) -> Read {
        let sorts = ["id", "created_at", "expires_at", "status"];
        let window = query.window(&sorts, false, Op::ListTasks, &self.rules)?;
        let status = query.choice("status", &["pending", "escalated"])?;
        let status = status.filter(|_| !self.rules.filter_ignored);
        let (run_id, kind) = (query.filter("run_id"), query.filter("workflow_kind"));
        let open = self.book.runs.iter().filter(|run| run.status == Status::Paused);
        let mut rows: Vec<(&Task, &Run)> =
            open.filter_map(|run| run.task.as_ref().map(|task| (task, run))).collect();
        rows.retain(|(task, run)| {
            status.is_none_or(|wanted| show::task_status(task) == wanted)
                && run_id.is_none_or(|wanted| run.id == wanted)
                && kind.is_none_or(|wanted| run.spec.kind == Some(wanted))
        });
        match window.sort_by {
            "created_at" => window.sort(&mut rows, |(task, _)| task.asked_ms),
            "expires_at" => window.sort(&mut rows, |(task, _)| task.expires_ms),
            "status" => window.sort(&mut rows, |(task, _)| show::task_status(task)),
            // Tasks are numbered in the order of the making of their runs.
            _ => window.sort(&mut rows, |_| ()),
        }
        let show = |(task, run): &(&Task, &Run)| show::task_row(task, run);
        Ok(Value::Object(window.page("tasks", &rows, &self.rules, show)))
    }

    fn audit_events(&self, query: &Query, op: Op) -> Read {
        let window = query.window(&["created_at", "event_type"], true, op, &self.rules)?;
        let (kind, run_id) = (query.filter("event_type"), query.filter("run_id"));
        let mut rows: Vec<(usize, &Noted)> = self.book.audit.iter().enumerate().collect();
        rows.retain(|(_, noted)| {
            kind.is_none_or(|wanted| noted.kind == wanted)
                && run_id.is_none_or(|wanted| noted.run_id.as_deref() == Some(wanted))
        });
        let show = |(position, noted): &(usize, &Noted)| noted.show(position + 1);
        if self.rules.reference {
            match window.sort_by {
                "event_type" => window.sort(&mut rows, |(_, noted)| noted.kind),
                _ => window.sort(&mut rows, |(position, _)| *position),
            }
            return Ok(Value::Object(window.page("events", &rows, &self.rules, show)));
        }
        let newest = rows.iter().rev().take(window.limit as usize);
        let events: Vec<Value> = newest.map(show).collect();
        Ok(json!({ "count": events.len(), "events": events }))
    }

    fn about_spec(
        &mut self,
        op: Op,
        body: &Map<String, Value>,
        actor: Actor<'_>,
        now_ms: u64,
    ) -> Read {
        let spec = Spec::read(body)?;
        match op {
            Op::Validate => {
                return Ok(json!({ "valid": spec.compiles(), "diagnostics": spec.diagnostics }));
            }
            Op::Compile => {
                let strict = is_set(body, "strict") != Some(false);
                let ok = if strict { spec.is_flawless() } else { spec.compiles() };
                let summary = if ok { spec.summary() } else { json!({}) };
                return Ok(
                    json!({ "ok": ok, "diagnostics": spec.diagnostics, "summary": summary }),
                );
            }
            _ => {}
        }
        spec.must_compile()?;
        match op {
            Op::PolicyReport => {
                let environment = text(body, "environment");
                let report = spec.report(environment, &self.offences(&spec, environment));
                let told = json!({ "environment": environment });
                self.book.note("spec.policy_reported", actor, (None, None), told, now_ms);
                Ok(report)
            }
            Op::SpecGraph => {
                let (nodes, edges) = spec.graph();
                Ok(json!({ "nodes": nodes, "edges": edges }))
            }
            _ => Ok(json!({ "summary": spec.summary() })),
        }
    }

    fn preview(&self, environment: &str, body: &Map<String, Value>) -> Value {
        let wanted = Policy::of(body);
        let present = self.book.policies.get(environment).map(|policy| &policy.present);
        let same = |name: &String, value: &Value| {
            present.and_then(|policy| policy.get(name)) == Some(value)
        };
        let changed: Vec<&String> = wanted
            .iter()
            .filter(|(name, value)| !same(name, value))
            .map(|(name, _)| name)
            .collect();
        json!({
            "environment": environment, "changed": changed, "policy": wanted,
            "previous_policy": present,
        })
    }
}

fn diff(run: &Run, (from, to): (Option<u64>, Option<u64>)) -> Read {
    let count = run.checkpoints.len();
    if count < 2 {
        let text = format!("Run {} has fewer than two checkpoints", run.id);
        return Err(Fail::invalid(text));
    }
    let number = |given: Option<u64>, usual: usize| match given {
        None => usual,
        Some(given) => usize::try_from(given).unwrap_or(usize::MAX),
    };
    let (from, to) = (number(from, count - 1), number(to, count));
    let missing = if from > count { from } else { to };
    show::diff(run, from, to).ok_or_else(|| Fail::not_found("Checkpoint", &missing.to_string()))
}

fn replay(run: &Run, now_ms: u64) -> Value {
    let timeline: Vec<Value> =
        run.trace.iter().enumerate().map(|(at, event)| show::event(at + 1, event)).collect();
    json!({
        "run_id": run.id, "timeline": timeline, "checkpoint_count": run.checkpoints.len(),
        "replay_context": show::replay_context(run, now_ms),
    })
}
