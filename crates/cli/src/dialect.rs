//! `steadfast dialect`: the APIs' contracts as data.

mod summary;

use comfy_table::Cell;
use serde_json::json;
use steadfast::dialect::{Dialect, DialectError};

use crate::args::Global;
use crate::args::dialect::DialectCommand;
use crate::failure::{Failure, USAGE};
use crate::layout::{WIDTH_PAGE, blank, fold_below, header, number, page_width};
use crate::settings::open_dialect;
use crate::stdout;

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
    let mut table = blank(WIDTH_PAGE);
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
    let found = Dialect::check(&text);
    // Of a file that is no TOML, or of another version, nothing else can be known yet.
    let first_only = found.iter().any(|problem| !matches!(problem, DialectError::Mistake { .. }));
    let told = match as_json {
        true => {
            let problems: Vec<String> = found.iter().map(ToString::to_string).collect();
            let mistakes: Vec<serde_json::Value> = problems_json(&found);
            json!({ "file": file, "problems": problems, "mistakes": mistakes, "first_only": first_only })
                .to_string()
        }
        false => {
            let each: String = found.iter().map(|problem| problem_text(file, problem)).collect();
            let verdict = verdict(file, &text, found.len(), first_only);
            format!("{each}{}", fold_below(&verdict, page_width(), 0))
        }
    };
    stdout::write(format!("{told}\n"))?;
    Ok(if found.is_empty() { 0 } else { USAGE })
}

/// Where it is, what is wrong, and what to do, each on lines of its own.
fn problem_text(file: &str, problem: &DialectError) -> String {
    let width = page_width();
    match problem {
        DialectError::Mistake { line, at, what, remedy } => format!(
            "{file}: line {line}, {at}:\n{}\n{}\n\n",
            fold_below(&format!("    {what}"), width, 0),
            fold_below(&format!("    → {remedy}"), width, 2)
        ),
        // The reader of TOML points at the place with lines of its own.
        other if other.to_string().contains('\n') => format!("{file}: {other}\n\n"),
        other => format!("{}\n\n", fold_below(&format!("{file}: {other}"), width, 4)),
    }
}

fn problems_json(found: &[DialectError]) -> Vec<serde_json::Value> {
    let one = |problem: &DialectError| match problem {
        DialectError::Mistake { line, at, what, remedy } => {
            json!({ "line": line, "key": at, "what": what, "remedy": remedy })
        }
        other => json!({ "line": other.line(), "what": other.to_string() }),
    };
    found.iter().map(one).collect()
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
