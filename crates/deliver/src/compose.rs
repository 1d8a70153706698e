//! Pieces of one key become one write, or a rejection.
//!
//! A value that belongs to the write as a whole may stand on any of its rows; an empty cell
//! beside a value is no conflict, two different values are. A fault in any piece rejects the
//! whole write, for a write is never sent in part.

use serde_json::{Map, Value};
use steadfast_call::dialect::Resource;

use crate::input::{Content, Piece, RowFault};

mod merge;

/// Code of a write whose rows say different things of the whole.
pub const VALUES_CONFLICT: &str = "input.values_conflict";
/// Code of a write that is in the file more than once, with different content.
pub const KEY_REPEATED: &str = "input.key_repeated";

/// What became of the pieces of one key.
#[derive(Debug, Clone, PartialEq)]
pub enum Composed {
    /// A write, ready to be sent.
    Write {
        /// What names it.
        natural_key: String,
        /// JSON: the fields of the whole in the order of the file, then the lines.
        body: Vec<u8>,
        /// Where it stands in the file, such as `12-14,90`.
        lines: String,
        /// The master data that it refers to: name of the list, and value. Each once.
        references: Vec<(String, String)>,
        /// The lines of further objects that say just the same. They are left out, for one
        /// write sent twice would be two.
        repeats: Vec<u64>,
    },
    /// Not to be sent.
    Rejected {
        /// What names it.
        natural_key: String,
        /// Everything that is wrong with it, in the order of the file.
        faults: Vec<RowFault>,
        /// Where it stands in the file, such as `12-14,90`.
        lines: String,
        /// What could be made out of it, as JSON.
        body: Vec<u8>,
    },
}

/// Makes one write out of the pieces of one key, in the order of the file.
#[must_use]
pub fn compose(resource: &Resource, key: &str, pieces: Vec<Piece>) -> Composed {
    let lines = line_ranges(&pieces);
    let mut faults: Vec<RowFault> = Vec::new();
    let mut whole: Vec<(u64, Map<String, Value>)> = Vec::new();
    let mut rows: Vec<(u64, Map<String, Value>)> = Vec::new();
    for piece in pieces {
        faults.extend(piece.faults);
        match piece.content {
            Content::Row(fields) => rows.push((piece.line, fields)),
            Content::Whole(object) => whole.push((piece.line, object)),
            Content::Unread => {}
        }
    }
    let mut repeats = Vec::new();
    let mut body = if !whole.is_empty() {
        merge::objects(whole, &mut repeats, &mut faults)
    } else if resource.lines.is_some() {
        merge::rows(resource, rows, &mut faults)
    } else {
        merge::flat(resource, rows, &mut repeats, &mut faults)
    };
    let references = merge::references(resource, &body);
    let first_line = lines.split(['-', ',']).next().and_then(|line| line.parse().ok());
    merge::place(resource, &mut body, first_line.unwrap_or_default(), &mut faults);
    faults.sort_by_key(|fault| fault.line);
    let natural_key = key.to_owned();
    let body = Value::Object(body).to_string().into_bytes();
    if faults.is_empty() {
        Composed::Write { natural_key, body, lines, references, repeats }
    } else {
        Composed::Rejected { natural_key, faults, lines, body }
    }
}

/// The physical lines of pieces in the form `12-14,90`.
#[must_use]
pub fn line_ranges(pieces: &[Piece]) -> String {
    let mut spans: Vec<(u64, u64)> = pieces.iter().map(|p| (p.line, p.last_line)).collect();
    spans.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (first, last) in spans {
        match joined.last_mut() {
            Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    let texts: Vec<String> = joined
        .iter()
        .map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            },
        )
        .collect();
    texts.join(",")
}
