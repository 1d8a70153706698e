//! Running drills.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_steadfast");

/// `steadfast drill` with these arguments.
pub(crate) fn drill(arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .arg("drill")
        .args(arguments)
        .env_remove("STEADFAST_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The scenarios of a drill with `--json`.
pub(crate) fn scenarios(output: &Output) -> Vec<Value> {
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    said["scenarios"].as_array().cloned().unwrap_or_default()
}
