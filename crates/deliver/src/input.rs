//! A file of writes, read as a stream of pieces.
//!
//! A piece is one row of a table, or one object of an NDJSON file or a JSON array. Reading keeps
//! no more than a few pieces in memory. A bad piece is not an error: it comes with its faults,
//! and the pieces after it are read all the same. Only a file that cannot be used at all is an
//! [`InputError`].

mod columns;
mod elements;
mod error;
mod naming;
mod neighbours;
mod object;
mod rows;
mod scan;
mod sniff;
mod source;
mod table;
mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steadfast_call::dialect::{Act, Dialect, Resource};

pub use error::InputError;
pub use naming::Naming;
pub use source::Source;

pub(crate) use elements::Elements;
pub(crate) use naming::{named, with_path};
pub(crate) use object::{object, repeated_name, value};
pub(crate) use scan::{MAX_RECORD_BYTES, Record};
pub(crate) use table::Table;

/// The columns that a file of refused input has besides its own. Readers ignore them, so that
/// such a file can be corrected and delivered as it is.
pub const REJECT_COLUMNS: [&str; 2] = ["reject_code", "reject_reason"];

/// Code of a row that cannot be read at all.
pub const ROW_UNREADABLE: &str = "input.row_unreadable";
/// Code of a value that is not what its field holds.
pub const VALUE_INVALID: &str = "input.value_invalid";
/// Code of a row whose key is empty.
pub const KEY_MISSING: &str = "input.key_missing";

/// One row of a table, or one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// The physical line on which it starts; the first line is 1.
    pub line: u64,
    /// The physical line on which it ends.
    pub last_line: u64,
    /// What names the write that it belongs to, see [`Naming`]; none if that cannot be read.
    pub key: Option<String>,
    /// What it says.
    pub content: Content,
    /// What is wrong with it. One fault is enough to refuse the whole write.
    pub faults: Vec<RowFault>,
    /// If the key cannot be read: the keys of the nearest pieces before and after whose keys
    /// can. It may belong to one of those writes, so they have to wait for a person.
    pub neighbours: Vec<String>,
}

/// What a piece says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// A row: one value for each column, null for an empty cell. Rows with the same key form
    /// one write.
    Row(Map<String, Value>),
    /// An object: a write of its own, just as the API wants it.
    Whole(Map<String, Value>),
    /// Nothing that could be read.
    Unread,
}

/// What is wrong with a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// The physical line on which the piece starts.
    pub line: u64,
    /// The column or field, if one is to blame.
    pub column: Option<String>,
    /// `input.…`, or the code that the API itself would give.
    pub code: String,
    /// What is wrong, where, why, and what to do about it.
    pub text: String,
}

/// The forms that a file of writes may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with a header, separated by commas, semicolons or tabs.
    Csv,
    /// One JSON object on each line.
    Ndjson,
    /// JSON objects in an array, or one after the other, on as many lines as they like.
    Json,
}

/// How to read a file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// True if the decimal sign of numbers in a table is the comma.
    pub decimal_comma: bool,
    /// The form, if it is not to be detected.
    pub format: Option<Format>,
    /// The column that names the write, if it is not the resource's key.
    pub key_column: Option<String>,
    /// What stands in the paths of all writes, by name, unless a row says otherwise.
    pub given: BTreeMap<String, String>,
}

/// Reads a file piece by piece. After an error it ends.
pub struct Reader {
    pieces: neighbours::Neighbours<Box<dyn Iterator<Item = Result<Piece, InputError>> + Send>>,
    format: Format,
    columns: Vec<String>,
    size_bytes: u64,
    progress: source::Progress,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("format", &self.format)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// The form of the file.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The columns of a table, in order; empty for JSON.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How large the file is, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How much of it has been read, in bytes.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.progress.bytes()
    }
}

impl Iterator for Reader {
    type Item = Result<Piece, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pieces.next()
    }
}

/// Opens a file of writes to a resource.
///
/// # Errors
/// [`InputError`] if it cannot be read, is not what it claims to be, is empty, or has columns
/// that the resource does not have, has one twice, or lacks one that every write needs.
pub fn open(source: &Source, resource: &Resource, options: &Options) -> Result<Reader, InputError> {
    let shape = with_path(resource, &options.given);
    let resource = shape.as_ref();
    let format = sniff::format(source, options.format)?;
    let (reader, progress) = source.read()?;
    let mut columns = Vec::new();
    let pieces: Box<dyn Iterator<Item = Result<Piece, InputError>> + Send> = match format {
        Format::Csv => {
            let table = Table::open(source.name(), reader, Some((resource, options)))?;
            columns = table.header().names().to_vec();
            Box::new(rows::Rows::open(table, resource, options)?)
        }
        Format::Ndjson => Box::new(object::Objects::by_line(source, reader, resource, options)),
        Format::Json => Box::new(object::Objects::by_element(source, reader, resource, options)),
    };
    Ok(Reader {
        pieces: neighbours::Neighbours::new(pieces, resource.title.clone()),
        format,
        columns,
        size_bytes: source.size_bytes(),
        progress,
    })
}

/// The form of a file, from its beginning and its name.
///
/// # Errors
/// [`InputError`] if the file cannot be read or is not what it claims to be.
pub fn format(source: &Source, options: &Options) -> Result<Format, InputError> {
    sniff::format(source, options.format)
}

/// The columns of a table, or the fields of the first object.
///
/// # Errors
/// [`InputError`] if the file cannot be read or is not what it claims to be.
pub fn columns(source: &Source, options: &Options) -> Result<Vec<String>, InputError> {
    let format = sniff::format(source, options.format)?;
    let (reader, _) = source.read()?;
    match format {
        Format::Csv => Ok(Table::open(source.name(), reader, None)?.header().names().to_vec()),
        Format::Ndjson => object::first_fields(Elements::by_line(source.name(), reader)),
        Format::Json => object::first_fields(Elements::by_element(source.name(), reader)),
    }
}

/// The resources of an API that a file with these columns may hold: those that have every
/// column and whose key is among them. Of several, those that need nothing else; if there is none,
/// those whose key is among them.
#[must_use]
pub fn fits(columns: &[String], dialect: &Dialect) -> Vec<String> {
    let shapes: Vec<(&String, Cow<'_, Resource>)> = dialect
        .resource
        .iter()
        // What replaces or deletes is never guessed at.
        .filter(|(_, resource)| resource.act == Act::Create && columns.contains(&resource.key))
        .map(|(name, resource)| (name, with_path(resource, &BTreeMap::new())))
        .collect();
    let fitting = |fits: &dyn Fn(&Resource) -> bool| -> Vec<String> {
        shapes.iter().filter(|(_, shape)| fits(shape)).map(|(name, _)| (*name).clone()).collect()
    };
    let knows_all =
        |shape: &Resource| columns.iter().all(|column| columns::is_known(shape, column));
    let lacks_none = |shape: &Resource| {
        let needed = shape.fields.iter().filter(|(_, field)| field.required);
        needed.into_iter().all(|(name, _)| columns.contains(name))
    };
    let narrower = [
        fitting(&|shape| knows_all(shape) && lacks_none(shape)),
        fitting(&knows_all),
        fitting(&|_| true),
    ];
    narrower.into_iter().find(|fitting| !fitting.is_empty()).unwrap_or_default()
}
