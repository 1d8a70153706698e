//! A reply as `curl -i` prints it, read back.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::reply::Reply;

/// How much of a line an error quotes.
const QUOTED_CHARS_MAX: usize = 40;

/// A reply that was saved as text.
#[derive(Debug, Clone)]
pub struct SavedReply {
    /// The reply: the last one, where a redirect, a proxy or `100 Continue` came before it.
    pub reply: Reply,
    /// What had to be passed over or assumed, one sentence each.
    pub remarks: Vec<String>,
}

/// Why a text is no saved reply: the line, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}; save the reply with `curl -i`")]
pub struct SavedError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Reads what `curl -i` printed: status line, headers, a blank line, the body. Lines may end in
/// CRLF or LF. Header blocks before the last one are passed over, and so is anything before the
/// first, such as a prompt.
///
/// A body shorter than its `Content-Length` is taken as cut off. The method says whether there
/// can be one: the reply to HEAD has none, whatever its headers say. A file in UTF-16, as some
/// shells write it, is read as well.
///
/// ```
/// use http::Method;
/// let text = "HTTP/2 503 \r\nretry-after: 7\r\n\r\n<html>Bad Gateway</html>";
/// let saved = steadfast_call::read_saved(text.as_bytes(), &Method::POST).unwrap();
/// assert_eq!(saved.reply.status, 503);
/// assert_eq!(saved.reply.headers["retry-after"], "7");
/// ```
///
/// # Errors
/// [`SavedError`] if there is no status line, or a line among the headers is none.
pub fn read_saved(text: &[u8], method: &Method) -> Result<SavedReply, SavedError> {
    let text = utf8(text);
    let mut lines = Lines { rest: &text, number: 0 };
    let mut remarks = Vec::new();
    let (mut status, skipped) = first_status(&mut lines)?;
    if skipped > 0 {
        remarks.push(format!("passed over before the status line: {skipped} line(s)"));
    }
    let mut passed = Vec::new();
    let headers = loop {
        let headers = headers(&mut lines)?;
        let mut ahead = lines.clone();
        let next = ahead.next().and_then(status_of);
        match next.filter(|_| goes_on(status, &headers)) {
            Some(next) => {
                passed.push(status.as_u16().to_string());
                (lines, status) = (ahead, next);
            }
            None => break headers,
        }
    };
    if !passed.is_empty() {
        remarks.push(format!("answers before the last one: {}", passed.join(", ")));
    }
    let body = lines.rest;
    let length = headers.get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.trim().parse::<usize>().ok());
    let packed = headers.contains_key(http::header::CONTENT_ENCODING);
    let reply = Reply::new(status, headers, Bytes::copy_from_slice(body));
    if packed && std::str::from_utf8(body).is_err() {
        remarks.push("the body is compressed; `curl -i --compressed` saves it readable".to_owned());
    }
    let has_body = *method != Method::HEAD && status != 204 && status != 304;
    let short = length.filter(|length| *length > body.len() && has_body && !packed);
    let reply = match short.filter(|_| reply.json().is_none()) {
        Some(length) => {
            let here = body.len();
            remarks.push(format!(
                "the body has {here} of the {length} bytes that Content-Length says: taken as cut off"
            ));
            reply.cut_off()
        }
        None => reply,
    };
    Ok(SavedReply { reply, remarks })
}

impl SavedReply {
    /// True if a text begins with a status line, as a saved reply does and hardly any body.
    #[must_use]
    pub fn is_one(text: &[u8]) -> bool {
        let text = utf8(text);
        let start = text.trim_ascii_start();
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        status_of(line).is_some()
    }
}

/// The text without a byte order mark, and out of UTF-16 where the mark says that it is.
fn utf8(text: &[u8]) -> Cow<'_, [u8]> {
    let wide = |units: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = units.chunks_exact(2).map(|two| unit([two[0], two[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
    };
    match text {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(rest),
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => Cow::Borrowed(text),
    }
}

#[derive(Clone)]
struct Lines<'t> {
    rest: &'t [u8],
    number: usize,
}

impl<'t> Lines<'t> {
    /// The next line without its end.
    fn next(&mut self) -> Option<&'t [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The first status line, and how many lines with something on them came before it.
fn first_status(lines: &mut Lines<'_>) -> Result<(StatusCode, usize), SavedError> {
    let mut skipped = 0;
    while let Some(line) = lines.next() {
        if let Some(status) = status_of(line) {
            return Ok((status, skipped));
        }
        if line.starts_with(b"< HTTP/") {
            let what = "this is what `curl -v` prints".to_owned();
            return Err(SavedError { line: lines.number, what });
        }
        skipped += usize::from(!line.trim_ascii().is_empty());
    }
    let what = "there is no status line such as \"HTTP/1.1 503 Service Unavailable\"".to_owned();
    Err(SavedError { line: lines.number.max(1), what })
}

fn status_of(line: &[u8]) -> Option<StatusCode> {
    let line = std::str::from_utf8(line).ok()?.trim();
    let (version, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let is_version = version.chars().all(|c| c.is_ascii_digit() || c == '.');
    let status = rest.trim_start().split(' ').next()?;
    let status = (status.len() == 3 && is_version).then(|| status.parse::<u16>().ok())??;
    StatusCode::from_u16(status).ok().filter(|status| (100..600).contains(&status.as_u16()))
}

/// The headers up to the blank line or the end.
fn headers(lines: &mut Lines<'_>) -> Result<HeaderMap, SavedError> {
    let mut pairs: Vec<(HeaderName, Vec<u8>)> = Vec::new();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            break;
        }
        // A line that begins with a blank goes on with the header before it.
        if let ([b' ' | b'\t', ..], Some((_, value))) = (line, pairs.last_mut()) {
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        pairs.push(header(line).ok_or_else(|| no_header(line, lines.number))?);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let wrong = || no_header(name.as_str().as_bytes(), lines.number);
        let value = HeaderValue::from_bytes(&value).map_err(|_| wrong())?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn header(line: &[u8]) -> Option<(HeaderName, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(line[..colon].trim_ascii()).ok()?;
    Some((name, line[colon + 1..].trim_ascii().to_vec()))
}

/// The value is not quoted: it may be a cookie.
fn no_header(line: &[u8], number: usize) -> SavedError {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let name: String = String::from_utf8_lossy(name).chars().take(QUOTED_CHARS_MAX).collect();
    SavedError { line: number, what: format!("\"{name}\" is no header; a blank line ends them") }
}

/// True if another header block may follow this one: it is a notice, a redirect, a question for
/// credentials, or a proxy's leave to go on. After any other, what follows is the body.
fn goes_on(status: StatusCode, headers: &HeaderMap) -> bool {
    let has_body =
        [http::header::CONTENT_TYPE, http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING]
            .iter()
            .any(|name| headers.contains_key(name));
    match status.as_u16() {
        100..=199 | 300..=399 | 401 | 407 => true,
        200..=299 => !has_body,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SavedReply {
        read_saved(text.as_bytes(), &Method::POST).unwrap()
    }

    #[test]
    fn either_line_end_and_either_version() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nX: 1\r\n\r\n{\"Code\":\"A\"}",
            "HTTP/2 400 \ncontent-type: application/json\nx: 1\n\n{\"Code\":\"A\"}\n",
            "HTTP/3 400\ncontent-type:application/json\nx:1\n\n{\"Code\":\"A\"}",
        ] {
            let saved = read(text);
            assert_eq!(saved.reply.status, 400);
            assert_eq!(saved.reply.headers["x"], "1");
            assert_eq!(saved.reply.json().unwrap()["Code"], "A");
            assert!(saved.remarks.is_empty(), "{:?}", saved.remarks);
        }
    }

    #[test]
    fn the_last_of_several_blocks_counts() {
        let saved = read(
            "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
             HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n\
             HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\n\r\nnot now",
        );
        assert_eq!(saved.reply.status, 503);
        assert_eq!(saved.reply.text(20), "not now");
        assert!(!saved.reply.headers.contains_key("location"));
        assert_eq!(saved.remarks, ["answers before the last one: 200, 100, 307"]);
    }

    #[test]
    fn a_body_that_looks_like_a_reply_is_a_body() {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: message/http\r\n\r\nHTTP/1.1 503 Inside\r\n";
        assert_eq!(read(text).reply.status, 200);
    }

    #[test]
    fn what_stands_before_the_status_line_is_passed_over() {
        let saved = read("\n$ curl -i https://example.test\nHTTP/1.1 204 No Content\n\n");
        assert_eq!(saved.reply.status, 204);
        assert_eq!(saved.remarks, ["passed over before the status line: 1 line(s)"]);
        assert!(SavedReply::is_one(b"\r\n HTTP/2 200 \r\n"));
        assert!(!SavedReply::is_one(b"{\"HTTP/2 200\": 1}"));
    }

    #[test]
    fn a_body_that_stops_short_is_cut_off() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n{\"message\":\"Pur";
        assert!(read(text).reply.cut);
        // An editor that ends the file with another line end has cut nothing off.
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":1}";
        assert!(!read(text).reply.cut);
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n";
        assert!(!read_saved(head.as_bytes(), &Method::HEAD).unwrap().reply.cut);
    }

    #[test]
    fn what_is_no_saved_reply_is_said_with_its_line() {
        let said = |text: &str| read_saved(text.as_bytes(), &Method::GET).unwrap_err().to_string();
        assert!(said("").contains("line 1: there is no status line"));
        assert!(said("{\"a\": 1}").contains("no status line"));
        assert!(
            said("* Trying\n> GET / HTTP/1.1\n< HTTP/1.1 200 OK\n").contains("line 3: this is")
        );
        let text = said("HTTP/1.1 200 OK\nA: b\nSet Cookie: secret\n\n");
        assert!(text.contains("line 3: \"Set Cookie\" is no header"), "{text}");
        assert!(!text.contains("secret"));
        assert!(said("HTTP/1.1 999 No\n\n").contains("no status line"));
    }

    #[test]
    fn what_a_shell_saved_in_utf_16_is_read() {
        let text = "HTTP/1.1 400 Bad Request\r\n\r\n{\"Message\":\"né\"}";
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        assert!(SavedReply::is_one(&bytes));
        let saved = read_saved(&bytes, &Method::POST).unwrap();
        assert_eq!(saved.reply.json().unwrap()["Message"], "né");
        assert_eq!(read(&format!("\u{feff}{text}")).reply.status, 400);
    }

    #[test]
    fn folded_and_repeated_headers() {
        let saved = read("HTTP/1.1 200 OK\nX: a\n  b\nY: 1\nY: 2\n\n{}");
        assert_eq!(saved.reply.headers["x"], "a b");
        assert_eq!(saved.reply.headers.get_all("y").iter().count(), 2);
    }
}
