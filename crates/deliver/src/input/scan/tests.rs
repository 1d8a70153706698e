use std::io::{self, Read};

use proptest::prelude::*;

use super::{Broken, MAX_RECORD_BYTES, Record, Scanner};

/// Gives out a few bytes at a time.
struct Drip<'a> {
    bytes: &'a [u8],
    most: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.most.min(buffer.len()).min(self.bytes.len());
        buffer[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

fn scan(text: &[u8], columns: Option<usize>) -> Vec<Record> {
    let mut scanner = Scanner::new(Drip { bytes: text, most: 7 });
    let mut records = Vec::new();
    while let Some(record) = scanner.next(columns, false).expect("memory can be read") {
        records.push(record);
    }
    records
}

fn cells(record: &Record) -> Vec<String> {
    (0..record.fields.len())
        .map(|index| String::from_utf8_lossy(&record.field(index)).into_owned())
        .collect()
}

#[test]
fn quoted_cells_may_hold_anything() {
    let records = scan(b"a,\"b,\"\"c\"\"\nd\",\"\"\r\n\r\n1,2,3\r4,5,6", Some(3));
    let all: Vec<Vec<String>> = records.iter().map(cells).collect();
    assert_eq!(all, [["a", "b,\"c\"\nd", ""], ["1", "2", "3"], ["4", "5", "6"]]);
    let lines: Vec<(u64, u64)> = records.iter().map(|r| (r.line, r.last_line)).collect();
    assert_eq!(lines, [(1, 2), (4, 4), (5, 5)]);
}

#[test]
fn a_stray_quotation_mark_swallows_no_other_row() {
    let cases: &[(&[u8], Broken)] = &[
        (b"1,\"a\nP-2,\"b\"\nP-3,c\n", Broken::TextAfterQuote),
        (b"1,\"a\nP-2,b\nP-3,c\n", Broken::QuoteNeverCloses),
        (b"1,\"a\" x\nP-2,b\nP-3,c\n", Broken::TextAfterQuote),
        (b"1,\"a\nP-2,x\",y\nP-3,c\n", Broken::Cells(3)),
    ];
    for (text, broken) in cases {
        let records = scan(text, Some(2));
        let shown = String::from_utf8_lossy(text);
        assert_eq!(records[0].broken, Some(*broken), "{shown}");
        assert_eq!((records[0].line, records[0].last_line), (1, 1), "{shown}");
        let last = records.last().expect("rows follow");
        assert_eq!(
            (cells(last), last.line),
            (vec!["P-3".to_owned(), "c".to_owned()], 3),
            "{shown}"
        );
        assert_eq!(records.len(), 3, "{shown}");
    }
}

#[test]
fn a_quotation_mark_inside_a_bare_cell_is_text() {
    let records = scan(b"5\" pipe,b\n", Some(2));
    assert_eq!(cells(&records[0]), ["5\" pipe", "b"]);
}

#[test]
fn rows_of_empty_cells_are_no_rows() {
    let records = scan(b"a,b\n,\n\n  \n\"\",\n;\nc,d", Some(2));
    let all: Vec<Vec<String>> = records.iter().map(cells).collect();
    assert_eq!(all, [vec!["a", "b"], vec![";"], vec!["c", "d"]]);
}

#[test]
fn a_quotation_mark_that_never_closes_costs_no_more_than_the_bound() {
    let mut text = b"P-1,\"open\n".to_vec();
    for _ in 0..3 * MAX_RECORD_BYTES / 6 {
        text.extend_from_slice(b"P-2,x\n");
    }
    let mut scanner = Scanner::new(&text[..]);
    let first = scanner.next(Some(2), false).expect("reads").expect("a row");
    assert_eq!(first.broken, Some(Broken::QuoteNeverCloses));
    let second = scanner.next(Some(2), false).expect("reads").expect("a row");
    assert_eq!((cells(&second), second.line), (vec!["P-2".to_owned(), "x".to_owned()], 2));
    assert!(scanner.buffer.capacity() <= 4 * MAX_RECORD_BYTES, "{}", scanner.buffer.capacity());
}

#[test]
fn a_line_without_an_end_is_an_error() {
    let text = vec![b'x'; 2 * MAX_RECORD_BYTES];
    let error = Scanner::new(&text[..]).next(Some(2), false).expect_err("too long");
    assert!(error.to_string().contains("line 1 is longer"), "{error}");
}

proptest! {
    /// What the csv crate writes is read back cell by cell, whatever the sizes of the reads.
    #[test]
    fn agrees_with_the_csv_crate(
        rows in prop::collection::vec(prop::collection::vec("[a-z\"\n\r,; é]{0,6}", 3), 1..20),
        delimiter in prop::sample::select(vec![b',', b';', b'\t']),
        crlf in any::<bool>(),
        most in 1_usize..40,
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(terminator)
            .from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).expect("memory can be written");
        }
        let text = writer.into_inner().expect("memory can be written");
        let mut scanner = Scanner::new(Drip { bytes: &text, most });
        scanner.set_delimiter(delimiter);
        let mut found = Vec::new();
        while let Some(record) = scanner.next(Some(3), false).expect("reads") {
            prop_assert_eq!(record.broken, None);
            found.push(cells(&record));
        }
        let expected: Vec<Vec<String>> =
            rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim_ascii().is_empty() )).collect();
        let found: Vec<Vec<String>> =
            found.into_iter().filter(|row| row.iter().any(|cell| !cell.trim_ascii().is_empty())).collect();
        prop_assert_eq!(found, expected);
    }

    /// Any bytes at all: every line is part of some record or blank, and none is there twice.
    #[test]
    fn no_line_is_lost_and_none_is_invented(text in "[ab\",\n]{0,80}") {
        let records = scan(text.as_bytes(), Some(2));
        let mut next = 1;
        for record in &records {
            prop_assert!(record.line >= next);
            prop_assert!(record.last_line >= record.line);
            next = record.last_line + 1;
        }
        let lines: Vec<&str> = text.split('\n').collect();
        let mut covered = vec![false; lines.len() + 1];
        for record in &records {
            for line in record.line..=record.last_line {
                covered[usize::try_from(line).expect("small") - 1] = true;
            }
        }
        for (index, line) in lines.iter().enumerate() {
            let blank = line.trim_matches([',', '"', ' ']).is_empty();
            prop_assert!(covered[index] || blank, "line {} of {:?}", index + 1, text);
        }
    }
}
