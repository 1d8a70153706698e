use serde_json::{Map, Value};
use steadfast_call::dialect::{Field, Resource};

use super::scan::Broken;
use super::value::{from_cell, shown};
use super::{
    Content, InputError, KEY_MISSING, MAX_RECORD_BYTES, Naming, Options, Piece, ROW_UNREADABLE,
    Record, RowFault, Table, VALUE_INVALID, columns,
};

/// The rows of a table as pieces.
pub(crate) struct Rows {
    table: Table,
    columns: Vec<Column>,
    naming: Naming,
    key_index: usize,
    title: String,
    missing_code: String,
    decimal_comma: bool,
    /// A table with a header and nothing else is refused.
    first: Option<Piece>,
    failed: bool,
}

struct Column {
    name: String,
    /// None for a column that is not sent.
    field: Option<Field>,
    /// True if every line needs it. What the write as a whole needs may stand on any row.
    needed: bool,
}

impl Rows {
    pub(crate) fn open(
        table: Table,
        resource: &Resource,
        options: &Options,
    ) -> Result<Self, InputError> {
        let naming = Naming::of(resource, options);
        let names = table.header().names();
        let key_index = names.iter().position(|name| name == naming.column()).unwrap_or(0);
        let columns = names
            .iter()
            .map(|name| Column {
                name: name.clone(),
                field: columns::field(resource, name).cloned(),
                needed: resource.line_fields.get(name).is_some_and(|field| field.required),
            })
            .collect();
        let mut rows = Self {
            columns,
            naming,
            key_index,
            title: resource.title.clone(),
            missing_code: resource.missing_code().to_owned(),
            decimal_comma: options.decimal_comma,
            first: None,
            failed: false,
            table,
        };
        rows.first = rows.read()?;
        if rows.first.is_none() {
            return Err(InputError::Nothing {
                file: rows.table.name().to_owned(),
                found: "there is a header and no row below it".to_owned(),
                expected: format!("at least one row with a {}", rows.title),
            });
        }
        Ok(rows)
    }

    fn read(&mut self) -> Result<Option<Piece>, InputError> {
        Ok(self.table.next()?.map(|record| self.piece(&record)))
    }

    fn piece(&self, record: &Record) -> Piece {
        let mut piece = Piece {
            line: record.line,
            last_line: record.last_line,
            key: None,
            content: Content::Unread,
            faults: Vec::new(),
            neighbours: Vec::new(),
        };
        if let Some(broken) = record.broken {
            piece.faults.push(self.unreadable(record.line, broken));
            return piece;
        }
        let mut values = Map::new();
        for (index, column) in self.columns.iter().enumerate() {
            let value = match self.cell(record, index, column) {
                Ok(value) => value,
                Err(fault) => {
                    piece.faults.push(fault);
                    continue;
                }
            };
            if column.needed && value.is_null() {
                piece.faults.push(self.lacking(record.line, &column.name));
            }
            if column.field.is_some() {
                values.insert(column.name.clone(), value);
            }
        }
        piece.content = Content::Row(values);
        self.name(record, &mut piece);
        piece
    }

    fn cell(&self, record: &Record, index: usize, column: &Column) -> Result<Value, RowFault> {
        let Some(field) = &column.field else { return Ok(Value::Null) };
        let fault = |what: String| RowFault {
            line: record.line,
            column: Some(column.name.clone()),
            code: VALUE_INVALID.to_owned(),
            text: format!("line {}, column \"{}\": {what}", record.line, column.name),
        };
        let bytes = record.field(index);
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                return Err(fault(format!(
                    "{} is not UTF-8 (it looks like an older encoding, such as Windows-1252); \
                     save the file as UTF-8",
                    shown(&text)
                )));
            }
        };
        let empty = text.is_empty() || (text.trim().is_empty() && is_key_or_typed(field));
        if empty {
            return Ok(Value::Null);
        }
        from_cell(&text, field.kind, self.decimal_comma).map_err(fault)
    }

    /// Finds the key. One with spaces around it belongs to the key without them, or else a
    /// stray space would split a write in two.
    fn name(&self, record: &Record, piece: &mut Piece) {
        let column = &self.columns[self.key_index].name;
        let Ok(text) = String::from_utf8(record.field(self.key_index)) else { return };
        let trimmed = text.trim();
        let fault = |code: &str, what: String| RowFault {
            line: record.line,
            column: Some(column.clone()),
            code: code.to_owned(),
            text: format!("line {}, column \"{column}\": {what}", record.line),
        };
        if trimmed.is_empty() {
            let what =
                format!("the cell is empty, so the {} cannot be told; fill it in", self.title);
            piece.faults.push(fault(KEY_MISSING, what));
            return;
        }
        if trimmed.len() != text.len() {
            let what = format!("{} has a space before or after it; take it away", shown(&text));
            piece.faults.push(fault(VALUE_INVALID, what));
        }
        if let (Content::Row(values), true) = (&mut piece.content, trimmed.len() != text.len()) {
            values.insert(column.clone(), Value::String(trimmed.to_owned()));
        }
        piece.key = Some(self.naming.name(trimmed, |column| {
            let index = self.columns.iter().position(|known| known.name == column)?;
            String::from_utf8(record.field(index)).ok()
        }));
    }

    fn lacking(&self, line: u64, column: &str) -> RowFault {
        RowFault {
            line,
            column: Some(column.to_owned()),
            code: self.missing_code.clone(),
            text: format!(
                "line {line}, column \"{column}\": the cell is empty, and every line of a {} \
                 needs it; fill it in",
                self.title
            ),
        }
    }

    fn unreadable(&self, line: u64, broken: Broken) -> RowFault {
        let width = self.columns.len();
        let what = match broken {
            Broken::Cells(count) => format!(
                "the row has {count} cells, and the header has {width}; add what is missing, \
                 delete what is too much, or put quotation marks around a cell that holds the \
                 separator"
            ),
            Broken::TextAfterQuote => "a cell goes on after its closing quotation mark; write \
                a quotation mark inside a cell twice"
                .to_owned(),
            Broken::QuoteNeverCloses => format!(
                "a quotation mark opens a cell, and none closes it within {MAX_RECORD_BYTES} \
                 bytes; close it, or write a quotation mark inside a cell twice"
            ),
        };
        RowFault {
            line,
            column: None,
            code: ROW_UNREADABLE.to_owned(),
            text: format!("line {line}: {what}"),
        }
    }
}

/// Spaces alone are text in a free field, and nothing anywhere else.
fn is_key_or_typed(field: &Field) -> bool {
    use steadfast_call::dialect::FieldType;
    field.kind != FieldType::String || field.required || field.list.is_some()
}

impl Iterator for Rows {
    type Item = Result<Piece, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if self.failed {
            return None;
        }
        let piece = self.read();
        self.failed = piece.is_err();
        piece.transpose()
    }
}
