use std::io::Read;

use steadfast_call::dialect::Resource;

use super::columns::{Header, Style, is_known};
use super::scan::Scanner;
use super::{InputError, Options, Record};

const DELIMITERS: [u8; 3] = *b",;\t";

/// A table whose header has been read.
pub(crate) struct Table {
    name: String,
    scanner: Scanner<Box<dyn Read + Send>>,
    header: Header,
}

impl Table {
    /// Reads the header. With a resource, the columns have to fit it.
    pub(crate) fn open(
        name: &str,
        reader: Box<dyn Read + Send>,
        fit: Option<(&Resource, &Options)>,
    ) -> Result<Self, InputError> {
        let mut scanner = Scanner::new(reader);
        let unreadable = InputError::unreadable(name);
        let marked = scanner.skip_byte_order_mark().map_err(&unreadable)?;
        let (delimiter, record) =
            detect(&mut scanner, fit.map(|(resource, _)| resource)).map_err(&unreadable)?;
        scanner.set_delimiter(delimiter);
        // The one that was looked at is still there.
        scanner.next(None, false).map_err(&unreadable)?;
        let style = Style { delimiter, line_break: scanner.line_break(), byte_order_mark: marked };
        let header = Header::read(name, &record, style, fit)?;
        Ok(Self { name: name.to_owned(), scanner, header })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, InputError> {
        let columns = self.header.width();
        self.scanner.next(Some(columns), false).map_err(InputError::unreadable(&self.name))
    }
}

/// The separator under which the header has the most known columns, or the most columns.
fn detect(
    scanner: &mut Scanner<Box<dyn Read + Send>>,
    resource: Option<&Resource>,
) -> std::io::Result<(u8, Record)> {
    let mut best: Option<((usize, bool, usize), u8, Record)> = None;
    for delimiter in DELIMITERS {
        scanner.set_delimiter(delimiter);
        let Some(record) = scanner.next(None, true)? else { continue };
        let known = (0..record.fields.len())
            .filter(|index| {
                let name = String::from_utf8_lossy(&record.field(*index)).trim().to_owned();
                resource.is_some_and(|resource| is_known(resource, &name))
            })
            .count();
        let score = (known, record.broken.is_none(), record.fields.len());
        if best.as_ref().is_none_or(|(so_far, ..)| score > *so_far) {
            best = Some((score, delimiter, record));
        }
    }
    Ok(best.map_or((b',', Record::default()), |(_, delimiter, record)| (delimiter, record)))
}
