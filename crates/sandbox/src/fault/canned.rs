//! Replies that a fault gives instead of the API's own.

use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde_json::json;

use crate::exchange::{Answer, Manner, Reply};

/// A ready reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canned {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: CannedBody,
}

/// What stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CannedBody {
    /// The API's error body.
    Json,
    /// What a gateway shows.
    Html,
    Plain,
    Empty,
    /// The API's error body, cut off in the middle.
    Truncated,
    Literal(String),
}

impl Canned {
    pub(crate) fn answer(&self) -> Answer {
        let manner = if self.body == CannedBody::Truncated { Manner::Cut } else { Manner::Whole };
        Answer::Reply(self.reply(), manner)
    }

    fn reply(&self) -> Reply {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let status = self.status;
        let mut reply = match &self.body {
            CannedBody::Json | CannedBody::Truncated => Reply::json(status, &error_body(status)),
            CannedBody::Html => {
                Reply::with_type(status, "text/html", format!("<html><body>{reason}</body></html>"))
            }
            CannedBody::Plain => Reply::with_type(status, "text/plain", reason.to_owned()),
            CannedBody::Empty => Reply::empty(status),
            CannedBody::Literal(text) => Reply::with_type(status, guess_type(text), text.clone()),
        };
        if self.headers.iter().any(|(name, _)| name == header::CONTENT_TYPE) {
            reply.headers.clear();
        }
        reply.headers.extend(self.headers.iter().cloned());
        reply
    }
}

fn error_body(status: StatusCode) -> serde_json::Value {
    match status.as_u16() {
        200..300 => json!({}),
        429 => json!({ "Message": "Too many requests", "Code": "Request.RateLimited" }),
        500 => json!({ "Message": "Unexpected server error", "Code": "Server.Error" }),
        _ => {
            json!({ "Message": status.canonical_reason().unwrap_or("Error"), "Code": "Server.Error" })
        }
    }
}

fn guess_type(text: &str) -> &'static str {
    match text.trim_start().bytes().next() {
        Some(b'{' | b'[') => "application/json",
        Some(b'<') => "text/html",
        _ => "text/plain",
    }
}
