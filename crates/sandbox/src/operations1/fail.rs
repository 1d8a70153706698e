//! Refusals: status, code and text.

use http::{StatusCode, header};
use serde_json::json;

use crate::exchange::Reply;
use crate::service::Handled;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fail {
    status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) text: String,
    allow: Option<String>,
    retry_after_s: Option<u64>,
}

impl Fail {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Fail { status, code, text: text.into(), allow: None, retry_after_s: None }
    }

    pub(crate) fn no_version() -> Self {
        let text = "Include 'Accept-Version' header with the desired API version.";
        Self::new(StatusCode::BAD_REQUEST, "PG3", text)
    }

    pub(crate) fn unknown_version() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PG4", "Unknown API version.")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "PG1", "Authentication failed.")
    }

    pub(crate) fn too_many(retry_after_s: Option<u64>) -> Self {
        let fail = Self::new(StatusCode::TOO_MANY_REQUESTS, "PG7", "Too many requests.");
        Fail { retry_after_s, ..fail }
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "PG2", "Missing permission.")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "PG5", "Resource not found.")
    }

    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let fail = Self::new(StatusCode::METHOD_NOT_ALLOWED, "PG9", "Method not allowed.");
        Fail { allow: Some(allow), ..fail }
    }

    /// A parameter of the query, a part of the path or a field of the body is not what it should be.
    pub(crate) fn parameter(name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PG6", format!("Invalid parameter: {name}"))
    }

    pub(crate) fn name_in_use() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PG10", "Name is already in use.")
    }

    /// `status` is 400, or 413 for a body that is too large.
    pub(crate) fn malformed(status: StatusCode) -> Self {
        Self::new(status, "PG8", "Malformed request body.")
    }

    pub(crate) fn missing_property(name: &str) -> Self {
        let text = format!("Missing property: {name}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "OC1", text)
    }

    pub(crate) fn no_document() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "OC2", "No matching document found.")
    }

    pub(crate) fn server(status: StatusCode) -> Self {
        Self::new(status, "PG0", "Internal server error.")
    }

    /// Whether the request was refused before the rate limit counted it, or by the limit.
    pub(crate) fn comes_before_the_limit(&self) -> bool {
        matches!(self.code, "PG3" | "PG4" | "PG1" | "PG7")
    }

    /// The reply; `empty` leaves out the body.
    pub(crate) fn reply(self, empty: bool) -> Reply {
        let mut reply = if empty {
            Reply::empty(self.status)
        } else {
            Reply::json(self.status, &json!({ "message": self.text, "errorCode": self.code }))
        };
        if let Some(allow) = &self.allow {
            reply.push_header(header::ALLOW, allow);
        }
        if let Some(seconds) = self.retry_after_s {
            reply.push_header(header::RETRY_AFTER, &seconds.to_string());
        }
        reply
    }

    pub(crate) fn handled(self, empty: bool) -> Handled {
        let code = self.code;
        Handled::refused(self.reply(empty), code)
    }
}
