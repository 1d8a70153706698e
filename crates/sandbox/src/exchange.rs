//! A request as the doubles see it, and what goes back.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::keys;

/// A request whose body has been read.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The value of a cookie, from whichever `Cookie` header holds it.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// A header as text; one that is not ASCII counts as present but empty.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or(""))
    }

    /// A short name for what the body says; nothing if it is no JSON object.
    pub(crate) fn content(&self) -> Option<String> {
        serde_json::from_slice(&self.body).ok().as_ref().map(keys::content)
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
    }
}

/// Room for most bodies, so that writing one does not move it about.
const USUAL_BODY: usize = 2048;

/// A reply before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        let mut text = Vec::with_capacity(USUAL_BODY);
        // Values of one's own can always be written, and memory never refuses to take them.
        let written = serde_json::to_writer(&mut text, body);
        debug_assert!(written.is_ok());
        Self::typed(status, "application/json", Bytes::from(text))
    }

    pub(crate) fn json_text(status: StatusCode, body: String) -> Self {
        Self::with_type(status, "application/json", body)
    }

    pub(crate) fn with_type(status: StatusCode, content_type: &'static str, body: String) -> Self {
        Self::typed(status, content_type, Bytes::from(body))
    }

    fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        Reply { status, headers, body }
    }

    /// Adds a header; a value that cannot stand in a header is left out.
    pub(crate) fn push_header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
    }

    pub(crate) fn retry_after(&self) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name == header::RETRY_AFTER)?;
        found.1.to_str().ok()
    }
}

/// What happens on the connection.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A reply, sent in this manner.
    Reply(Reply, Manner),
    /// The connection is reset without a reply.
    Reset,
}

/// How the body of a reply is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// At once.
    Whole,
    /// In pieces over this time.
    Dribbled { over_ms: u64 },
    /// Announced in full, cut off in the middle, then the connection is closed.
    Cut,
}
