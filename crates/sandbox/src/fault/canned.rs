//! Replies that a fault gives instead of the API's own.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde_json::json;

use crate::exchange::{Manner, Reply};
use crate::service::Service;

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
    /// The reply in the words of the API, and how it is sent.
    pub(crate) fn answer(&self, service: &impl Service) -> (Reply, Manner) {
        let manner = if self.body == CannedBody::Truncated { Manner::Cut } else { Manner::Whole };
        (self.reply(service), manner)
    }

    fn reply(&self, service: &impl Service) -> Reply {
        let status = self.status;
        let mut reply = match &self.body {
            CannedBody::Json | CannedBody::Truncated => match status.as_u16() {
                200..300 => Reply::json(status, &json!({})),
                _ => service.error_reply(status),
            },
            CannedBody::Html => Reply::with_type(status, "text/html", service.gateway_page(status)),
            CannedBody::Plain => {
                let reason = status.canonical_reason().unwrap_or("Error");
                Reply::with_type(status, "text/plain", reason.to_owned())
            }
            CannedBody::Empty => Reply::empty(status),
            CannedBody::Literal(text) => Reply::with_type(status, guess_type(text), text.clone()),
        };
        // What the plan says of a header counts, not what the API would say.
        reply.headers.retain(|(name, _)| !self.headers.iter().any(|(given, _)| given == name));
        reply.headers.extend(self.headers.iter().cloned());
        reply
    }
}

fn guess_type(text: &str) -> &'static str {
    match text.trim_start().bytes().next() {
        Some(b'{' | b'[') => "application/json",
        Some(b'<') => "text/html",
        _ => "text/plain",
    }
}
