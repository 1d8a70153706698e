//! Reading a dialect file so that every mistake in it is told at once.
//!
//! The text is parsed to a tree that knows where each key stands. Each table of the format is
//! declared once, with [`table!`](self) and its sisters: the declaration is the Rust type, what
//! reads it, and its part of the JSON Schema. Reading never stops at a mistake; it notes the
//! line, the key and the remedy, and goes on with the next key.

#[macro_use]
mod declare;
mod scalars;
mod shapes;
mod table;
mod templates;

use toml::Spanned;
use toml::de::DeValue;

use super::DialectError;

pub(super) use scalars::{AtLeastOne, Required, Share, named, word};
pub(super) use shapes::{Glob, HeaderText, MethodText, PathGlob, PathText, Pointer, RecordPath};
pub(super) use table::{Schemas, Table, TableSchema, nearest};
pub(super) use templates::{CredentialText, LogText, MessageText, OwnerPath, names_in};

/// A value of the file, and where it stands.
pub(super) type Given<'v> = Spanned<DeValue<'v>>;

/// What the format asks for at some place: how to read it, and how a schema describes it.
pub(super) trait Form {
    /// What it is read to.
    type Value;

    /// Reads it. None: there is a mistake, and it has been noted.
    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value>;

    /// What counts where the key is left out; none if it must not be.
    fn if_absent() -> Option<Self::Value> {
        None
    }

    /// Its JSON Schema.
    fn schema(schemas: &mut Schemas) -> serde_json::Value;
}

/// Where the reading stands, and what has been found wrong so far.
pub(super) struct Reader<'t> {
    text: &'t str,
    path: Vec<(String, usize)>,
    mistakes: Vec<DialectError>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, path: Vec::new(), mistakes: Vec::new() }
    }

    /// Reads what stands under a key; mistakes are then noted there.
    pub(super) fn under<T>(
        &mut self,
        key: &str,
        offset: usize,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.path.push((key.to_owned(), offset));
        let value = read(self);
        self.path.pop();
        value
    }

    /// Reads an element of a list; mistakes are then noted at its line, under the list's key.
    pub(super) fn element<T>(&mut self, offset: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push((String::new(), offset));
        let value = read(self);
        self.path.pop();
        value
    }

    /// Notes a mistake where the reading stands.
    pub(super) fn wrong(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        let offset = self.path.last().map_or(0, |(_, offset)| *offset);
        let keys = self.path.iter().map(|(key, _)| key).filter(|key| !key.is_empty());
        let at = keys.map(|key| quoted(key)).collect::<Vec<_>>().join(".");
        self.mistakes.push(DialectError::Mistake {
            line: line_of(self.text, offset),
            at: if at.is_empty() { "the file".to_owned() } else { at },
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Notes that something else stands here than what is asked for.
    pub(super) fn expected(&mut self, wanted: &str, given: &Given<'_>) {
        self.wrong(format!("it is {}", shown(given)), format!("correct the value: write {wanted}"));
    }

    /// A text, or a mistake.
    pub(super) fn text(&mut self, wanted: &str, given: &Given<'_>) -> Option<String> {
        match given.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            _ => {
                self.expected(wanted, given);
                None
            }
        }
    }

    /// What was found wrong, in the order of the file.
    pub(super) fn mistakes(mut self) -> Vec<DialectError> {
        self.mistakes.sort_by_key(DialectError::line);
        self.mistakes
    }
}

/// A key as TOML writes it.
fn quoted(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !key.is_empty() && key.chars().all(plain) {
        true => key.to_owned(),
        false => format!("\"{key}\""),
    }
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// A value in words, for an error.
fn shown(given: &Given<'_>) -> String {
    match given.get_ref() {
        DeValue::String(text) => format!("the text \"{}\"", clip(text)),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}
