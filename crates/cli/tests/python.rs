//! The doubles as clients written in Python meet them: runs `tests/python` where Python is found.
//!
//! The interpreter is that of `STEADFAST_PYTHON`, else `python3` on the path. Where it or a package of
//! `tests/python/requirements.txt` is missing, the test says so and passes, unless
//! `STEADFAST_PYTHON_REQUIRED` is set.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

const PACKAGES: &str = "import httpx, pytest, requests";

#[test]
fn clients_written_in_python_work_on_every_double() {
    let interpreter = env::var_os("STEADFAST_PYTHON").unwrap_or_else(|| "python3".into());
    let missing = match Command::new(&interpreter).args(["-c", PACKAGES]).output() {
        Ok(tried) if tried.status.success() => None,
        Ok(tried) => Some(last_line(&tried)),
        Err(error) => Some(error.to_string()),
    };
    if let Some(missing) = missing {
        let skipped = format!("tests/python: {}: {missing}", interpreter.display());
        assert!(env::var_os("STEADFAST_PYTHON_REQUIRED").is_none(), "{skipped}");
        println!("skipped {skipped}; see CONTRIBUTING.md");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python");
    let run = Command::new(&interpreter)
        .args(["-m", "pytest", "--quiet", "--no-header"])
        .current_dir(folder)
        .env("STEADFAST_PROGRAM", env!("CARGO_BIN_EXE_steadfast"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("STEADFAST_LOG")
        .output()
        .expect("Python runs");
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}\n{}", String::from_utf8_lossy(&run.stderr));
    // What was passed, in the words of pytest; without a test it would have ended otherwise.
    println!("tests/python: {}", last_line(&run));
}

fn last_line(output: &Output) -> String {
    let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    String::from_utf8_lossy(text).lines().last().unwrap_or_default().to_owned()
}
