//! `steadfast dialect`: the APIs' contracts as data.

mod summary;

use comfy_table::Cell;
use serde_json::json;
use steadfast::dialect::{Dialect, DialectError};

use crate::args::Global;
use crate::args::dialect::DialectCommand;
use crate::failure::{Failure, USAGE};
use crate::layout::{blank, header, number};
use crate::settings::open_dialect;
use crate::stdout;

/// How wide the list is where stdout is no terminal.
const WIDTH_PIPED: u16 = 100;

pub(crate) fn run(global: &Global, command: &DialectCommand) -> Result<u8, Failure> {
    match command {
        DialectCommand::List => list(global.json),
        DialectCommand::Show { dialect, toml } => show(dialect, *toml, global.json),
        DialectCommand::Schema => {
            stdout::write(format!("{:#}\n", Dialect::schema()))?;
            Ok(0)
        }
        DialectCommand::Check { file } => check(file, global.json),
    }
}

fn list(as_json: bool) -> Result<u8, Failure> {
    let dialects = Dialect::built_in_names().iter().filter_map(|name| Dialect::built_in(name));
    if as_json {
        let rows: Vec<serde_json::Value> = dialects.map(|dialect| counts(&dialect)).collect();
        stdout::write(format!("{}\n", json!(rows)))?;
        return Ok(0);
    }
    let mut table = blank(WIDTH_PIPED);
    table.set_header(header(&["name", "API", "format", "rules", "resources", "codes"]));
    for dialect in dialects {
        table.add_row(vec![
            Cell::new(&dialect.name),
            Cell::new(&dialect.title),
            number(u64::from(dialect.dialect)),
            number(dialect.rule.len() as u64),
            number(dialect.resource.len() as u64),
            number(dialect.codes.len() as u64),
        ]);
    }
    stdout::write(format!("{table}\n"))?;
    Ok(0)
}

fn counts(dialect: &Dialect) -> serde_json::Value {
    json!({
        "name": dialect.name,
        "title": dialect.title,
        "format": dialect.dialect,
        "rules": dialect.rule.len(),
        "resources": dialect.resource.len(),
        "codes": dialect.codes.len(),
    })
}

fn show(name: &str, as_toml: bool, as_json: bool) -> Result<u8, Failure> {
    let text = open_dialect(name)?;
    if as_toml {
        stdout::write(text)?;
        return Ok(0);
    }
    let dialect =
        Dialect::parse(&text).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    match as_json {
        // The contract as data is the file itself; here is what the list says of it, and where
        // its parts are.
        true => {
            let mut object = counts(&dialect);
            object["contract"] = contract(&text);
            stdout::write(format!("{object}\n"))?;
        }
        false => stdout::write(summary::of(&dialect))?,
    }
    Ok(0)
}

/// The file as JSON. It has been read as a dialect before, so it is TOML.
fn contract(text: &str) -> serde_json::Value {
    toml::from_str(text).unwrap_or_default()
}

fn check(file: &str, as_json: bool) -> Result<u8, Failure> {
    let text = open_dialect(file)?;
    let problems = Dialect::check(&text);
    // Of a file that is no TOML, or of another version, nothing else can be known yet.
    let first_only =
        problems.iter().any(|problem| !matches!(problem, DialectError::Mistake { .. }));
    let told = match as_json {
        true => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            json!({ "file": file, "problems": problems, "first_only": first_only }).to_string()
        }
        false => {
            let each: String =
                problems.iter().map(|problem| format!("{file}: {problem}\n")).collect();
            format!("{each}{}", verdict(file, &text, problems.len(), first_only))
        }
    };
    stdout::write(format!("{told}\n"))?;
    Ok(if problems.is_empty() { 0 } else { USAGE })
}

fn verdict(file: &str, text: &str, problems: usize, first_only: bool) -> String {
    match Dialect::parse(text) {
        Ok(dialect) => {
            let (rules, resources) = (dialect.rule.len(), dialect.resource.len());
            let counts = format!("rules {rules}, resources {resources}");
            format!("{file}: no problem found ({}: {counts})", dialect.title)
        }
        Err(_) if first_only => {
            format!(
                "Problems: {problems}. What else there may be is looked at when they are mended."
            )
        }
        Err(_) => format!("Problems: {problems}."),
    }
}
