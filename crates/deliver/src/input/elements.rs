use std::io::{self, BufRead, BufReader, Read};

use super::InputError;

/// No object is longer.
const MAX_ELEMENT_BYTES: usize = 16 << 20;

/// The text of one object, not yet parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// The physical line on which it starts.
    pub(crate) line: u64,
    /// The physical line on which it ends.
    pub(crate) last_line: u64,
    /// Its bytes.
    pub(crate) raw: Vec<u8>,
}

/// Cuts JSON into elements, without parsing them and without holding more than one.
pub(crate) struct Elements {
    file: String,
    bytes: Bytes,
    by_line: bool,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    InArray,
    /// Objects follow each other without an array around them.
    Loose,
    Ended,
}

impl Elements {
    /// One element on each line.
    pub(crate) fn by_line(file: &str, reader: Box<dyn Read + Send>) -> Self {
        Self {
            file: file.to_owned(),
            bytes: Bytes::new(reader),
            by_line: true,
            place: Place::Start,
        }
    }

    /// The elements of an array, or of a sequence, on as many lines as they like.
    pub(crate) fn by_element(file: &str, reader: Box<dyn Read + Send>) -> Self {
        Self {
            file: file.to_owned(),
            bytes: Bytes::new(reader),
            by_line: false,
            place: Place::Start,
        }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The next element; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Element>, InputError> {
        let found = if self.by_line { self.line() } else { self.element() };
        found.map_err(|stop| match stop {
            Stop::Io(source) => InputError::Unreadable { file: self.file.clone(), source },
            Stop::Broken(what) => InputError::Broken {
                file: self.file.clone(),
                line: self.bytes.line,
                what,
                remedy: "correct the JSON".to_owned(),
            },
        })
    }

    fn line(&mut self) -> Result<Option<Element>, Stop> {
        loop {
            let line = self.bytes.line;
            let mut raw = Vec::new();
            let mut ended = true;
            while let Some(byte) = self.bytes.next()? {
                if byte == b'\n' {
                    ended = false;
                    break;
                }
                keep(&mut raw, byte)?;
            }
            let text = raw.trim_ascii();
            if !text.is_empty() {
                return Ok(Some(Element { line, last_line: line, raw: text.to_vec() }));
            }
            if ended {
                return Ok(None);
            }
        }
    }

    fn element(&mut self) -> Result<Option<Element>, Stop> {
        loop {
            let Some(byte) = self.bytes.peek()? else {
                return match self.place {
                    Place::InArray => Err(Stop::Broken(
                        "the file ends in the middle of the array: \"]\" is not there".to_owned(),
                    )),
                    _ => Ok(None),
                };
            };
            match (byte, self.place) {
                _ if byte.is_ascii_whitespace() => {}
                (b'[', Place::Start) => self.place = Place::InArray,
                (_, Place::Ended) => {
                    return Err(Stop::Broken(
                        "there is more after the end of the array".to_owned(),
                    ));
                }
                (b']', Place::InArray) => self.place = Place::Ended,
                (b',', Place::InArray) => {}
                // Nothing would be cut off before it, again and again.
                (b',' | b']', _) => {
                    return Err(Stop::Broken(format!(
                        "\"{}\" stands where an object has to begin, and there is no array around it",
                        char::from(byte)
                    )));
                }
                _ => {
                    if self.place == Place::Start {
                        self.place = Place::Loose;
                    }
                    return self.cut().map(Some);
                }
            }
            self.bytes.next()?;
        }
    }

    /// Takes one element, whose first byte is next. Strings and escapes are respected, and
    /// brackets have to close as they opened.
    fn cut(&mut self) -> Result<Element, Stop> {
        let line = self.bytes.line;
        let mut raw = Vec::new();
        let mut open: Vec<u8> = Vec::new();
        let (mut in_string, mut escaped) = (false, false);
        while let Some(byte) = self.bytes.peek()? {
            if !in_string && open.is_empty() && matches!(byte, b',' | b']' | b'\n') {
                break; // a bare value ends here
            }
            self.bytes.next()?;
            keep(&mut raw, byte)?;
            if in_string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => in_string = false,
                    b'\n' => {
                        return Err(Stop::Broken(
                            "a text has no closing quotation mark on its line".to_owned(),
                        ));
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => in_string = true,
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                b'}' | b']' => {
                    if open.pop() != Some(byte) {
                        let what = format!("\"{}\" closes what it did not open", char::from(byte));
                        return Err(Stop::Broken(what));
                    }
                    if open.is_empty() {
                        return Ok(Element { line, last_line: self.bytes.line, raw });
                    }
                }
                _ => {}
            }
        }
        if in_string || !open.is_empty() {
            let what =
                format!("the file ends in the middle of the object that begins on line {line}");
            return Err(Stop::Broken(what));
        }
        Ok(Element { line, last_line: self.bytes.line, raw: raw.trim_ascii().to_vec() })
    }
}

enum Stop {
    Io(io::Error),
    Broken(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn keep(raw: &mut Vec<u8>, byte: u8) -> Result<(), Stop> {
    if raw.len() >= MAX_ELEMENT_BYTES {
        return Err(Stop::Broken(format!("an object is longer than {MAX_ELEMENT_BYTES} bytes")));
    }
    raw.push(byte);
    Ok(())
}

/// Bytes and the line they are on.
struct Bytes {
    reader: BufReader<Box<dyn Read + Send>>,
    line: u64,
    begun: bool,
}

impl Bytes {
    fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader: BufReader::with_capacity(64 * 1024, reader), line: 1, begun: false }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        if !self.begun {
            self.begun = true;
            let marked = self.reader.fill_buf()?.starts_with(b"\xef\xbb\xbf");
            if marked {
                self.reader.consume(3);
            }
        }
        Ok(self.reader.fill_buf()?.first().copied())
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }
}
