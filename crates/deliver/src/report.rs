//! A report of a delivery as one HTML page that needs nothing else.
//!
//! The rows are written as they come, so that a report of any size takes little memory. The
//! first [`ROWS_IN_PAGE`] are part of the page itself; those after them are data that the
//! page's script shows on demand, so that a browser can open a report with a hundred thousand.

mod chart;
mod page;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::audit::Counts;

/// How many rows are part of the page itself. They can be read and printed without the script.
pub const ROWS_IN_PAGE: usize = 500;

/// What the page says at its top.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What one write is, such as `purchase order`.
    pub title: String,
    /// The API's name for people.
    pub api: String,
    /// Where the input came from.
    pub source: String,
    /// When it began, for people and with its time zone.
    pub started: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// How many writes were accepted.
    pub accepted: u64,
    /// How many are in each state, in the order in which they are to be shown. States without
    /// any may be left out.
    pub states: Vec<(String, u64)>,
    /// Errors by code, the most frequent first.
    pub codes: Vec<CodeLine>,
    /// More that is worth knowing: what it is, and its value (`attempts`, `1,312`).
    pub facts: Vec<(String, String)>,
    /// What the reader has to know besides, a sentence each.
    pub notes: Vec<String>,
    /// The audit, where the double could be asked.
    pub audit: Option<Counts>,
}

/// One error code.
#[derive(Debug, Clone, Default)]
pub struct CodeLine {
    /// The code.
    pub code: String,
    /// How many writes have it.
    pub count: u64,
    /// The key of one of them.
    pub example: String,
    /// What was said about it.
    pub example_text: String,
    /// What a person does about it.
    pub action: String,
}

/// A write that was not simply applied.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What names it.
    pub natural_key: String,
    /// The word for its state.
    pub state: String,
    /// The error code, if there is one.
    pub code: Option<String>,
    /// Where it stands in the file, such as `12-14,90`.
    pub lines: String,
    /// Why it is in this state.
    pub reason: String,
    /// Where its content is not what is there, one text each; or more faults.
    pub details: Vec<String>,
    /// How often it was sent.
    pub attempts: u32,
}

/// What happened within one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Which second, counted from the start.
    pub second: u64,
    /// Writes that were found to be in effect, be it applied, confirmed or existing.
    pub applied: u64,
    /// Writes that the API queued.
    pub queued: u64,
    /// Writes that ended otherwise, and attempts that failed.
    pub failed: u64,
    /// How long calls waited within it for hints and back-off, all together, in milliseconds.
    pub waits_ms: u64,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}; name another place with --report", path.display())]
pub struct ReportError {
    /// The report.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes a report to a file, which appears when it is complete, and says how many rows it has.
///
/// # Errors
/// [`ReportError`] if the file cannot be written.
pub fn write_file(
    path: &Path,
    summary: &Summary,
    buckets: &[Bucket],
    rows: impl IntoIterator<Item = Row>,
) -> Result<u64, ReportError> {
    let failed = |source: io::Error| ReportError { path: path.to_owned(), source };
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        // A terminal or a pipe takes what it gets; there is nothing to replace.
        let file = File::options().write(true).open(path).map_err(failed)?;
        return write(BufWriter::new(file), summary, buckets, rows).map_err(failed);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    let count = write(BufWriter::new(&mut file), summary, buckets, rows).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(count)
}

/// Writes a report, and says how many rows it has.
///
/// # Errors
/// Whatever the output says.
pub fn write(
    mut output: impl Write,
    summary: &Summary,
    buckets: &[Bucket],
    rows: impl IntoIterator<Item = Row>,
) -> io::Result<u64> {
    let mut count: u64 = 0;
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        output.write_all(page::whole(summary, buckets).into_string().as_bytes())?;
        output.flush()?;
        return Ok(count);
    }
    output.write_all(page::head(summary, buckets).into_string().as_bytes())?;
    for row in rows.by_ref().take(ROWS_IN_PAGE) {
        output.write_all(page::row(&row).into_string().as_bytes())?;
        output.write_all(b"\n")?;
        count += 1;
    }
    output.write_all(page::END_OF_ROWS.as_bytes())?;
    let mut chunk: Vec<Row> = Vec::new();
    loop {
        chunk.extend(rows.by_ref().take(ROWS_IN_PAGE));
        if chunk.is_empty() {
            break;
        }
        count += chunk.len() as u64;
        output.write_all(page::data(&chunk).into_string().as_bytes())?;
        chunk.clear();
    }
    output.write_all(page::tail().into_string().as_bytes())?;
    output.flush()?;
    Ok(count)
}
