//! The job, and the file for the results, as a subject sees them.

use std::io::Write;

use serde_json::{Value, json};

pub(crate) struct Job {
    pub(crate) base_url: String,
    pub(crate) steps: Vec<Value>,
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by a drill"))
}

pub(crate) fn read() -> Job {
    let text = std::fs::read_to_string(variable("STEADFAST_JOB")).expect("the job is there");
    let job: Value = serde_json::from_str(&text).expect("it is JSON");
    let steps = job["steps"].as_array().cloned().expect("it has steps");
    Job { base_url: variable("STEADFAST_BASE_URL"), steps }
}

pub(crate) fn text<'s>(step: &'s Value, member: &str) -> &'s str {
    step[member].as_str().unwrap_or_default()
}

/// Writes down how a step ended.
pub(crate) fn say(step: &Value, mut result: Value) {
    result["id"] = step["id"].clone();
    let path = variable("STEADFAST_RESULTS");
    let mut file = std::fs::File::options().append(true).open(path).expect("the file is there");
    writeln!(file, "{result}").expect("it is written");
}

pub(crate) fn state(state: &str) -> Value {
    json!({ "state": state })
}
