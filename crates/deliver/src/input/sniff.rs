use std::io::Read;

use super::{Format, InputError, Source};

const HEAD_BYTES: u64 = 64 * 1024;
const EXPECTED: &str = "a table (CSV), one JSON object on each line (NDJSON), or a JSON array";
const SAVE_AS: &str = "export it as CSV in UTF-8";

/// What other programs' files begin with.
const FOREIGN: [(&[u8], &str); 8] = [
    (b"PK\x03\x04", "a ZIP archive, such as an Excel or LibreOffice workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"{\\rtf", "an RTF document"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
];

/// What the file is, from its beginning and its name.
pub(crate) fn format(source: &Source, wished: Option<Format>) -> Result<Format, InputError> {
    let (reader, _) = source.read()?;
    let mut head = Vec::new();
    let unreadable = InputError::unreadable(source.name());
    reader.take(HEAD_BYTES).read_to_end(&mut head).map_err(unreadable)?;
    let foreign = |found: &str, remedy: &str| {
        Err(InputError::Kind {
            file: source.name().to_owned(),
            found: found.to_owned(),
            expected: EXPECTED.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    if let Some((_, found)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return foreign(found, SAVE_AS);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
    if text.is_empty() && head.len() < HEAD_BYTES as usize {
        return Err(InputError::Nothing {
            file: source.name().to_owned(),
            found: "the file is empty".to_owned(),
            expected: EXPECTED.to_owned(),
        });
    }
    if text.contains(&0) {
        return foreign("not text: it holds zero bytes", SAVE_AS);
    }
    if text[0] == b'<' {
        return foreign(
            "a web page or XML",
            "check how it was exported; a page like this is often a log-in form",
        );
    }
    agree(source, text, wished)
}

/// What the text itself looks like.
fn content(text: &[u8]) -> Format {
    match text[0] {
        b'[' => Format::Json,
        b'{' => {
            let line = first_line(text);
            let closed = line.trim_ascii_end().ends_with(b"}");
            // An object that goes on past its first line is no NDJSON.
            let complete = closed || line.len() == text.len();
            if complete { Format::Ndjson } else { Format::Json }
        }
        _ => Format::Csv,
    }
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or(text)
}

/// The name, or what the caller asked for, has to fit what was found.
fn agree(source: &Source, text: &[u8], wished: Option<Format>) -> Result<Format, InputError> {
    let claimed = wished.or_else(|| match source.extension()?.as_str() {
        "csv" | "tsv" => Some(Format::Csv),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "json" => Some(Format::Json),
        _ => None,
    });
    let refuse = |found: &str, expected: &str, remedy: &str| {
        Err(InputError::Kind {
            file: source.name().to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    match (claimed, content(text)) {
        (Some(Format::Csv), Format::Ndjson | Format::Json) => refuse(
            "JSON",
            "a table (CSV)",
            "name it .ndjson (one object on each line) or .json (an array)",
        ),
        (Some(Format::Ndjson | Format::Json), Format::Csv) => refuse(
            "not JSON: it begins with neither { nor [",
            "JSON",
            "name it .csv if it is a table",
        ),
        // A first line that is cut off is a bad line like any other.
        (Some(Format::Ndjson), Format::Json)
            if first_line(text).trim_ascii().len() > 1 && text[0] == b'{' =>
        {
            Ok(Format::Ndjson)
        }
        (Some(Format::Ndjson), Format::Json) => refuse(
            "JSON that is not one object on each line",
            "NDJSON",
            "name it .json if it is an array",
        ),
        // Objects one after the other are read just the same, and a bad line stays alone.
        (_, found) => Ok(found),
    }
}
