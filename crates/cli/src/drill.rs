//! `steadfast drill`: grade a client by what a double saw of it.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::json;
use steadfast_drill::{Graded, RunError, Scenario, Subject, Verdict};

use crate::args::Global;
use crate::args::drill::DrillArgs;
use crate::failure::{Failure, INTERRUPTED};
use crate::{signals, stdout};

pub(crate) async fn run(global: &Global, args: DrillArgs) -> Result<u8, Failure> {
    let scenarios = choose(&args)?;
    if args.list {
        let lines = scenarios.iter().map(|one| format!("{:<30} {}\n", one.name, one.title));
        stdout::write(lines.collect::<String>())?;
        return Ok(0);
    }
    let subject = Subject {
        api: args.api,
        profile: args.profile,
        seed: args.seed,
        command: args.command.clone(),
    };
    let tell = |graded: &Graded| {
        if !global.json && !global.quiet {
            // A reader that is gone is told again at the end.
            let _ = stdout::write(format!("{}\n", steadfast_drill::line(graded)));
        }
    };
    let running = subject.run_all(&scenarios, usize::from(args.jobs), signals::interrupted(), tell);
    let graded = running.await.map_err(|error| match error {
        RunError::Stopped => Failure::new(INTERRUPTED, error.to_string()),
        error => Failure::usage(error),
    })?;
    write_reports(&args, &graded)?;
    let text = match global.json {
        true => format!("{}\n", json!({ "scenarios": graded })),
        false => steadfast_drill::summary(&graded, |graded| replay(&args, graded)),
    };
    stdout::write(text)?;
    Ok(u8::from(graded.iter().any(|graded| graded.verdict != Verdict::Passed)))
}

fn write_reports(args: &DrillArgs, graded: &[Graded]) -> Result<(), Failure> {
    let again = |graded: &Graded| replay(args, graded);
    if let Some(path) = &args.report {
        write_file(path, &steadfast_drill::page(graded, again))?;
    }
    if let Some(path) = &args.junit {
        let text = steadfast_drill::junit(graded, again).map_err(|error| Failure::new(1, error))?;
        write_file(path, &text)?;
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::new(1, format!("{}: cannot be written: {error}", path.display())))
}

/// The scenarios that were asked for, in the order of the list.
fn choose(args: &DrillArgs) -> Result<Vec<Scenario>, Failure> {
    let mut all = Scenario::all(args.api).map_err(Failure::usage)?;
    all.retain(|scenario| scenario.fits(args.profile));
    let known: Vec<&str> = all.iter().map(|scenario| scenario.name.as_str()).collect();
    if let Some(name) = args.scenario.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::usage(format!(
            "--scenario {name}: {} has no such scenario in the profile {}; there is {}",
            args.api,
            args.profile,
            known.join(", ")
        )));
    }
    if !args.scenario.is_empty() {
        all.retain(|scenario| args.scenario.contains(&scenario.name));
    }
    Ok(all)
}

/// The command that runs one scenario again.
fn replay(args: &DrillArgs, graded: &Graded) -> String {
    let command: Vec<String> = args.command.iter().map(|word| quoted(word)).collect();
    format!(
        "steadfast drill {} --scenario {} --profile {} --seed {} -- {}",
        graded.api,
        graded.scenario,
        graded.profile,
        graded.seed,
        command.join(" ")
    )
}

/// A word as a shell takes it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_from_a_shell_as_it_was() {
        assert_eq!(quoted(OsStr::new("python3")), "python3");
        assert_eq!(quoted(OsStr::new("it's me")), "'it'\\''s me'");
        assert_eq!(quoted(OsStr::new("")), "''");
    }
}
