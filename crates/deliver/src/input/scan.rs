//! Cuts a table into records and fields, strictly.
//!
//! A lenient parser takes a stray quotation mark for the beginning of a long cell and swallows
//! the rows after it, unseen. Here, text after a closing quotation mark, a quotation mark that
//! never closes and a wrong number of cells all end the row on its first line; reading goes on
//! with the line after it, so that no row is lost in another's cell.

use std::io::{self, Read};
use std::ops::Range;

/// No row is longer, its line breaks included.
pub(crate) const MAX_RECORD_BYTES: usize = 1 << 20;

const CHUNK_BYTES: usize = 64 * 1024;

/// One row as it stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The physical line on which it starts.
    pub(crate) line: u64,
    /// The physical line on which it ends.
    pub(crate) last_line: u64,
    /// Its bytes, without the line break at the end.
    pub(crate) raw: Vec<u8>,
    /// Where its fields are in `raw`, quotation marks included.
    pub(crate) fields: Vec<Range<usize>>,
    /// Why it is no row, if it is none.
    pub(crate) broken: Option<Broken>,
}

/// Why a record is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A cell goes on after its closing quotation mark.
    TextAfterQuote,
    /// A quotation mark opens a cell and none closes it.
    QuoteNeverCloses,
    /// There are more or fewer cells than columns.
    Cells(usize),
}

impl Record {
    /// The bytes of a field without its quotation marks.
    pub(crate) fn field(&self, index: usize) -> Vec<u8> {
        let Some(range) = self.fields.get(index) else { return Vec::new() };
        let raw = &self.raw[range.clone()];
        let Some(quoted) = raw.strip_prefix(b"\"") else { return raw.to_vec() };
        let inside = quoted.strip_suffix(b"\"").unwrap_or(quoted);
        let mut plain = Vec::with_capacity(inside.len());
        let mut after_quote = false;
        for byte in inside {
            if *byte == b'"' && !after_quote {
                after_quote = true;
                continue;
            }
            after_quote = false;
            plain.push(*byte);
        }
        plain
    }

    /// True if no cell holds anything.
    pub(crate) fn is_blank(&self) -> bool {
        self.fields.iter().all(|range| {
            let raw = self.raw[range.clone()].trim_ascii();
            raw.is_empty() || raw == b"\"\""
        })
    }
}

/// Reads records one after the other.
pub(crate) struct Scanner<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    line: u64,
    delimiter: u8,
    line_break: &'static [u8],
}

impl<R: Read> Scanner<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            line: 1,
            delimiter: b',',
            line_break: b"\n",
        }
    }

    /// Takes a byte order mark away, and tells whether there was one.
    pub(crate) fn skip_byte_order_mark(&mut self) -> io::Result<bool> {
        while self.pending().len() < 3 && !self.ended {
            self.fill()?;
        }
        let marked = self.pending().starts_with(b"\xef\xbb\xbf");
        if marked {
            self.start += 3;
        }
        Ok(marked)
    }

    pub(crate) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// The next record that is not an empty line; none at the end. `columns` is how many cells
    /// it has to have, if that is known. `keep` leaves the record there to be read again.
    pub(crate) fn next(
        &mut self,
        columns: Option<usize>,
        keep: bool,
    ) -> io::Result<Option<Record>> {
        loop {
            let pending = &self.buffer[self.start..];
            if pending.is_empty() && self.ended {
                return Ok(None);
            }
            let mut fields = Vec::new();
            let mut broken = None;
            let cut = match cut(pending, self.delimiter, self.ended, &mut fields) {
                Cut::Record { raw, whole } => (raw, whole),
                Cut::More if pending.len() < MAX_RECORD_BYTES && !self.ended => {
                    self.fill()?;
                    continue;
                }
                Cut::More => {
                    broken = Some(Broken::QuoteNeverCloses);
                    (pending.len(), pending.len())
                }
                Cut::TextAfterQuote { at } => {
                    broken = Some(Broken::TextAfterQuote);
                    (at, at)
                }
            };
            let mut record = self.record(cut.0, fields, broken);
            let mut whole = cut.1;
            if record.broken.is_none()
                && let Some(columns) = columns
                && record.fields.len() != columns
                && !record.is_blank()
            {
                record.broken = Some(Broken::Cells(record.fields.len()));
            }
            if record.broken.is_some() && (record.last_line > record.line || broken.is_some()) {
                let Some(first) = self.first_line(&mut record)? else { continue };
                whole = first;
            }
            let blank = record.raw.trim_ascii().is_empty() || record.is_blank();
            if blank || !keep {
                self.take(whole);
            }
            if blank {
                continue;
            }
            return Ok(Some(record));
        }
    }

    /// What ended the last line that was taken.
    pub(crate) fn line_break(&self) -> &'static [u8] {
        self.line_break
    }

    fn take(&mut self, whole: usize) {
        let taken = &self.buffer[self.start..self.start + whole];
        self.line += lines(taken);
        self.line_break = if taken.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
        self.start += whole;
    }

    fn record(&self, len: usize, fields: Vec<Range<usize>>, broken: Option<Broken>) -> Record {
        let raw = self.buffer[self.start..self.start + len].to_vec();
        let last_line = self.line + lines(&raw);
        Record { line: self.line, last_line, raw, fields, broken }
    }

    /// Cuts a broken record down to its first line, and says how many bytes that line has with
    /// its break; none if more of it had to be read first.
    fn first_line(&mut self, record: &mut Record) -> io::Result<Option<usize>> {
        let pending = &self.buffer[self.start..];
        let (len, whole) = match pending.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(at) => {
                let crlf = pending[at] == b'\r' && pending.get(at + 1) == Some(&b'\n');
                (at, at + 1 + usize::from(crlf))
            }
            None if self.ended => (pending.len(), pending.len()),
            None if pending.len() < MAX_RECORD_BYTES => {
                self.fill()?;
                return Ok(None);
            }
            None => {
                let what = format!("line {} is longer than {MAX_RECORD_BYTES} bytes", self.line);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        };
        record.raw = pending[..len].to_vec();
        record.last_line = record.line;
        record.fields = lenient(&record.raw, self.delimiter);
        Ok(Some(whole))
    }

    fn pending(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        // Doubling keeps the work linear when a long record is cut again from its start.
        let wanted = CHUNK_BYTES.max(self.buffer.len());
        let count = (&mut self.reader).take(wanted as u64).read_to_end(&mut self.buffer)?;
        self.ended = count < wanted;
        Ok(())
    }
}

enum Cut {
    /// A record: its length without and with the line break.
    Record { raw: usize, whole: usize },
    /// The end is not in sight.
    More,
    /// A cell goes on after its closing quotation mark.
    TextAfterQuote { at: usize },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Bare,
    Quoted,
    QuoteSeen,
}

/// Finds the end of the record at the beginning of `bytes`.
fn cut(bytes: &[u8], delimiter: u8, ended: bool, fields: &mut Vec<Range<usize>>) -> Cut {
    let mut state = State::CellStart;
    let mut cell = 0;
    for (at, byte) in bytes.iter().copied().enumerate() {
        if state == State::Quoted {
            if byte == b'"' {
                state = State::QuoteSeen;
            }
            continue;
        }
        match byte {
            b'\n' => {
                fields.push(cell..at);
                return Cut::Record { raw: at, whole: at + 1 };
            }
            b'\r' => {
                if at + 1 == bytes.len() && !ended {
                    return Cut::More;
                }
                fields.push(cell..at);
                let crlf = bytes.get(at + 1) == Some(&b'\n');
                return Cut::Record { raw: at, whole: at + 1 + usize::from(crlf) };
            }
            _ if byte == delimiter => {
                fields.push(cell..at);
                cell = at + 1;
                state = State::CellStart;
            }
            b'"' if state == State::CellStart || state == State::QuoteSeen => state = State::Quoted,
            _ if state == State::QuoteSeen => return Cut::TextAfterQuote { at },
            _ => state = State::Bare,
        }
    }
    if !ended || state == State::Quoted {
        return Cut::More;
    }
    fields.push(cell..bytes.len());
    Cut::Record { raw: bytes.len(), whole: bytes.len() }
}

/// The cells of a line that is no row, as well as they can be told.
fn lenient(raw: &[u8], delimiter: u8) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut cell = 0;
    for (at, byte) in raw.iter().enumerate() {
        if *byte == delimiter {
            fields.push(cell..at);
            cell = at + 1;
        }
    }
    fields.push(cell..raw.len());
    fields
}

/// How many line breaks there are.
fn lines(bytes: &[u8]) -> u64 {
    let mut count = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let lone_return = *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        count += u64::from(*byte == b'\n' || lone_return);
    }
    count
}

#[cfg(test)]
mod tests;
