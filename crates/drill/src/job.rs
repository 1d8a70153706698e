//! The job that a client is given: what to write and to read.

use serde::Serialize;
use serde_json::Value;
use steadfast_sandbox::{Api, Profile};

use crate::contract::{Again, Contract, ReadForm, WriteForm};
use crate::scenario::{Ends, Scenario, StepForm};

/// The file that `STEADFAST_JOB` names.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Job {
    /// The version of this format.
    pub(crate) drill: u32,
    pub(crate) api: &'static str,
    pub(crate) scenario: String,
    pub(crate) profile: &'static str,
    pub(crate) deadline_s: u64,
    pub(crate) timeout_s: u64,
    pub(crate) at_once: u32,
    pub(crate) steps: Vec<Step>,
}

/// One thing to do. What the client is not told is left out of the file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) operation: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) natural_key: Option<String>,
    pub(crate) keyed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows_at: Option<String>,
    #[serde(skip)]
    pub(crate) ends: Ends,
    #[serde(skip)]
    pub(crate) code: Option<String>,
    #[serde(skip)]
    pub(crate) rows: u64,
    #[serde(skip)]
    pub(crate) again: Option<Again>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Write,
    Read,
}

impl Job {
    /// The job of a scenario. The same seed makes the same job.
    pub(crate) fn new(
        api: Api,
        profile: Profile,
        scenario: &Scenario,
        contract: &Contract,
        seed: u64,
    ) -> Result<Job, String> {
        let mut steps = Vec::new();
        let wrong = |text: String| format!("scenario {}: {text}", scenario.name);
        for form in &scenario.steps {
            for _ in 0..form.count {
                let number = steps.len() + 1;
                let step = match (&form.write, &form.read) {
                    (Some(name), None) => {
                        let write = contract.write.get(name);
                        let write =
                            write.ok_or_else(|| wrong(format!("{api} has no write {name}")))?;
                        of_write(write, form, number, seed).map_err(wrong)?
                    }
                    (None, Some(name)) => {
                        let read = contract.read.get(name);
                        let read =
                            read.ok_or_else(|| wrong(format!("{api} has no list {name}")))?;
                        of_read(read, form, number)
                    }
                    _ => return Err(wrong("a step is either a write or a read".to_owned())),
                };
                steps.push(step);
            }
        }
        Ok(Job {
            drill: 1,
            api: api.name(),
            scenario: scenario.name.clone(),
            profile: profile.name(),
            deadline_s: scenario.deadline_s,
            timeout_s: scenario.timeout_s,
            at_once: scenario.at_once,
            steps,
        })
    }
}

fn of_write(write: &WriteForm, form: &StepForm, number: usize, seed: u64) -> Result<Step, String> {
    let mut body = write.body.clone();
    let own = || format!("DRILL-{seed}-{number}");
    let natural_key =
        write.natural_key.as_ref().map(|_| form.natural_key.clone().unwrap_or_else(own));
    if let Some(body) = &mut body {
        if let (Some(pointer), Some(key)) = (&write.natural_key, &natural_key) {
            put(body, pointer, Value::from(key.as_str()))?;
        }
        if let Some(pointer) = &write.marker {
            put(body, pointer, Value::from(own()))?;
        }
        for (pointer, value) in &form.set {
            match value.as_str() {
                Some("none") => take(body, pointer)?,
                _ => put(body, pointer, value.clone())?,
            }
        }
    }
    Ok(Step {
        id: format!("w{number}"),
        kind: Kind::Write,
        operation: write.operation.clone(),
        method: write.method.clone(),
        path: form.path.clone().unwrap_or_else(|| write.path.clone()),
        body,
        natural_key,
        keyed: write.keyed,
        idempotency_key: form.idempotency_key.as_ref().map(|name| format!("drill-{seed}-{name}")),
        rows_at: None,
        ends: form.ends,
        code: form.code.clone(),
        rows: 0,
        again: Some(write.again),
    })
}

fn of_read(read: &ReadForm, form: &StepForm, number: usize) -> Step {
    Step {
        id: format!("r{number}"),
        kind: Kind::Read,
        operation: read.operation.clone(),
        method: "GET".to_owned(),
        path: form.path.clone().unwrap_or_else(|| read.path.clone()),
        body: None,
        natural_key: None,
        keyed: false,
        idempotency_key: None,
        rows_at: Some(read.rows_at.clone()),
        ends: form.ends,
        code: form.code.clone(),
        rows: form.rows.unwrap_or(read.rows),
        again: None,
    }
}

/// Sets a member, which need not be there yet.
fn put(body: &mut Value, pointer: &str, value: Value) -> Result<(), String> {
    let (parent, name) = parent(body, pointer)?;
    match parent {
        Value::Object(members) => {
            members.insert(name, value);
        }
        Value::Array(values) => match name.parse::<usize>() {
            Ok(index) if index < values.len() => values[index] = value,
            _ => values.push(value),
        },
        _ => return Err(format!("{pointer}: there is nothing to set it in")),
    }
    Ok(())
}

/// Takes a member away.
fn take(body: &mut Value, pointer: &str) -> Result<(), String> {
    let (parent, name) = parent(body, pointer)?;
    match parent {
        Value::Object(members) => {
            members.shift_remove(&name).map(|_| ()).ok_or_else(|| format!("{pointer}: not there"))
        }
        _ => Err(format!("{pointer}: only a member of an object can be taken away")),
    }
}

fn parent<'b>(body: &'b mut Value, pointer: &str) -> Result<(&'b mut Value, String), String> {
    let (above, name) =
        pointer.rsplit_once('/').ok_or_else(|| format!("{pointer}: this is no JSON pointer"))?;
    let parent = body.pointer_mut(above);
    Ok((parent.ok_or_else(|| format!("{pointer}: nothing is at {above}"))?, name.to_owned()))
}
