use std::cell::OnceCell;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// The answer to an attempt: status, headers and a body that was read to a bound.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as far as it was read.
    pub body: Bytes,
    /// True if the body goes on beyond what was read, because it is larger than the bound.
    pub cut: bool,
    json: OnceCell<Option<Box<Value>>>,
}

impl Reply {
    /// A reply whose body was read whole.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body, cut: false, json: OnceCell::new() }
    }

    /// The same reply, marked as cut off at the bound.
    #[must_use]
    pub fn cut_off(mut self) -> Self {
        self.cut = true;
        self
    }

    /// The body as JSON, parsed once; none if it is empty, cut or not JSON. Whatever the
    /// content type says: APIs mislabel both ways, and rules can ask for the label.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| {
                if self.cut || self.body.is_empty() {
                    return None;
                }
                serde_json::from_slice(&self.body).ok().map(Box::new)
            })
            .as_deref()
    }

    /// The body as text, with what is not UTF-8 replaced, cut to a number of characters.
    #[must_use]
    pub fn text(&self, chars_max: usize) -> String {
        String::from_utf8_lossy(&self.body).chars().take(chars_max).collect()
    }

    /// The content type without its parameters, in lower case; empty if there is none.
    #[must_use]
    pub fn content_type(&self) -> String {
        self.headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(|value| value.trim().to_ascii_lowercase())
            .unwrap_or_default()
    }
}
