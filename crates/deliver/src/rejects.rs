//! The refused input again, with the reason beside it.
//!
//! The input is read a second time, and what was refused is copied as it stands: same form,
//! same separator, same columns in the same order, after two more columns with code and reason.
//! They stand first so that a row with too few cells still has them in their place, and stays
//! as unreadable as it was until somebody corrects it. The reader ignores both.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use steadfast_call::dialect::{Resource, value_text};
use tempfile::NamedTempFile;

use crate::input::{
    self, Elements, Format, InputError, Naming, Options, REJECT_COLUMNS, Record, Source, Table,
    with_path,
};

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `input.…`, or the code that the API gave.
    pub code: String,
    /// In words.
    pub text: String,
}

/// Why the refused input could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RejectsError {
    /// The input could not be read again.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The output could not be written.
    #[error("{}: cannot be written: {source}; name another place with --rejects", path.display())]
    Output {
        /// The output.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes what was refused to a file, which appears when it is complete, and says how many rows
/// or objects that were. It may be the input file itself.
///
/// `lookup` gets the line on which a row or object starts, and its name ([`Naming`]) if that can be read.
///
/// # Errors
/// [`RejectsError`] if the input cannot be read again or the file cannot be written.
pub fn write_file(
    source: &Source,
    resource: &Resource,
    options: &Options,
    path: &Path,
    lookup: impl FnMut(u64, Option<&str>) -> Option<Reason>,
) -> Result<u64, RejectsError> {
    let failed = |source: io::Error| RejectsError::Output { path: path.to_owned(), source };
    let special = fs::metadata(path).is_ok_and(|about| !about.is_file());
    if special {
        // A terminal or a pipe takes what it gets; there is nothing to replace.
        let mut output = BufWriter::new(File::options().write(true).open(path).map_err(failed)?);
        return write(source, resource, options, &mut output, path, lookup);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    let mut output = BufWriter::new(&mut file);
    let count = write(source, resource, options, &mut output, path, lookup)?;
    drop(output);
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(count)
}

fn write(
    source: &Source,
    resource: &Resource,
    options: &Options,
    output: &mut impl Write,
    path: &Path,
    mut lookup: impl FnMut(u64, Option<&str>) -> Option<Reason>,
) -> Result<u64, RejectsError> {
    let shape = with_path(resource, &options.given);
    let (resource, naming) = (shape.as_ref(), Naming::of(resource, options));
    let failed = |source: io::Error| RejectsError::Output { path: path.to_owned(), source };
    let (reader, _) = source.read()?;
    let mut count = 0;
    match input::format(source, options)? {
        Format::Csv => {
            let mut rows =
                Rows::new(Table::open(source.name(), reader, Some((resource, options)))?);
            let columns = rows.table.header().names().to_vec();
            output.write_all(&rows.head()).map_err(failed)?;
            while let Some(record) = rows.table.next()? {
                let name = row_name(&record, &columns, &naming);
                let Some(reason) = lookup(record.line, name.as_deref()) else { continue };
                output.write_all(&rows.row(&record, &reason)).map_err(failed)?;
                count += 1;
            }
        }
        format => {
            let array = format == Format::Json;
            let mut elements = if array {
                Elements::by_element(source.name(), reader)
            } else {
                Elements::by_line(source.name(), reader)
            };
            while let Some(element) = elements.next()? {
                let object = readable(&element.raw);
                let name = object.as_ref().and_then(|one| object_name(one, resource, &naming));
                let Some(reason) = lookup(element.line, name.as_deref()) else { continue };
                let before: &[u8] = match (array, count) {
                    (false, _) => b"",
                    (true, 0) => b"[\n",
                    (true, _) => b",\n",
                };
                output.write_all(before).map_err(failed)?;
                output
                    .write_all(&with_reason(object, &element.raw, &reason, array))
                    .map_err(failed)?;
                count += 1;
            }
            let end: &[u8] = match (array, count) {
                (false, _) => b"",
                (true, 0) => b"[]\n",
                (true, _) => b"\n]\n",
            };
            output.write_all(end).map_err(failed)?;
        }
    }
    output.flush().map_err(failed)?;
    Ok(count)
}

/// The rows of a table, copied byte by byte.
struct Rows {
    table: Table,
    /// The columns that an earlier round of refusals has left.
    stale: Vec<usize>,
}

impl Rows {
    fn new(table: Table) -> Self {
        let names = table.header().names();
        let stale = (0..names.len())
            .filter(|index| REJECT_COLUMNS.contains(&names[*index].as_str()))
            .collect();
        Self { table, stale }
    }

    fn head(&self) -> Vec<u8> {
        let header = self.table.header();
        let mut head = Vec::new();
        if header.style().byte_order_mark {
            head.extend_from_slice(b"\xef\xbb\xbf");
        }
        head.extend(self.line(REJECT_COLUMNS, header.record()));
        head
    }

    fn row(&self, record: &Record, reason: &Reason) -> Vec<u8> {
        self.line([&reason.code, &flat(&reason.text)], record)
    }

    fn line(&self, before: [&str; 2], record: &Record) -> Vec<u8> {
        let style = self.table.header().style();
        let mut writer =
            csv::WriterBuilder::new().delimiter(style.delimiter).from_writer(Vec::new());
        let written = writer.write_record(before).is_ok();
        let mut line = match writer.into_inner() {
            Ok(line) if written => line,
            _ => Vec::new(), // memory can be written
        };
        line.truncate(line.trim_ascii_end().len());
        for (index, range) in record.fields.iter().enumerate() {
            if !self.stale.contains(&index) {
                line.push(style.delimiter);
                line.extend_from_slice(&record.raw[range.clone()]);
            }
        }
        line.extend_from_slice(style.line_break);
        line
    }
}

fn row_name(record: &Record, columns: &[String], naming: &Naming) -> Option<String> {
    if record.broken.is_some() {
        return None;
    }
    let cell = |column: &str| {
        let index = columns.iter().position(|known| known == column)?;
        String::from_utf8(record.field(index)).ok()
    };
    let key = cell(naming.column())?;
    let key = Some(key.trim()).filter(|key| !key.is_empty())?;
    Some(naming.name(key, cell))
}

/// The object, if writing it down again would lose nothing.
fn readable(raw: &[u8]) -> Option<Map<String, Value>> {
    let object = input::object(raw).ok()?;
    input::repeated_name(raw).is_none().then_some(object)
}

fn object_name(
    object: &Map<String, Value>,
    resource: &Resource,
    naming: &Naming,
) -> Option<String> {
    let key = input::value(resource, object, naming.column()).and_then(value_text)?;
    let key = Some(key.trim()).filter(|key| !key.is_empty())?;
    Some(naming.name(key, |name| value_text(object.get(name)?)))
}

/// An object with code and reason in front. What cannot be read gets a note before it, which
/// the reader skips.
fn with_reason(
    object: Option<Map<String, Value>>,
    raw: &[u8],
    reason: &Reason,
    array: bool,
) -> Vec<u8> {
    let mut noted = Map::new();
    for (column, text) in REJECT_COLUMNS.into_iter().zip([&reason.code, &flat(&reason.text)]) {
        noted.insert(column.to_owned(), Value::String(text.clone()));
    }
    let known = object.is_some();
    for (name, value) in object.unwrap_or_default() {
        if !REJECT_COLUMNS.contains(&name.as_str()) {
            noted.insert(name, value);
        }
    }
    let mut text = Value::Object(noted).to_string().into_bytes();
    if !known {
        text.extend_from_slice(if array { b",\n" } else { b"\n" });
        text.extend_from_slice(raw);
    }
    if !array {
        text.push(b'\n');
    }
    text
}

/// A reason on one line, so that rows stay on theirs.
fn flat(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
