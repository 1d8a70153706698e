//! Finds the `steadfast` program that is measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::BenchError;

/// The program that was named, or the one that is built beside this one: it is brought up to date
/// first, if cargo runs us.
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, BenchError> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let own = std::env::current_exe().map_err(BenchError::io("this program's own path"))?;
    let folder = own.parent().unwrap_or(Path::new("."));
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "steadfast-cli"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        let status = build
            .stdin(Stdio::null())
            .status()
            .map_err(BenchError::io("start cargo to build steadfast"))?;
        if !status.success() {
            return Err(BenchError::Wrong("steadfast could not be built".to_owned()));
        }
    }
    let program = folder.join("steadfast");
    if !program.exists() {
        let text =
            format!("{} is not there: build it, or name one with --program", program.display());
        return Err(BenchError::Wrong(text));
    }
    Ok(program)
}
