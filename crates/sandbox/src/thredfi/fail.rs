//! Refusals: status, code, text, and what is wrong with which field.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::exchange::Reply;
use crate::service::Handled;

/// Texts by field. A field inside a list is named by its place: `line_items.0.quantity`.
pub(crate) type Details = Map<String, Value>;

/// Adds a text to those of a field.
pub(crate) fn add(details: &mut Details, field: &str, text: impl Into<String>) {
    let texts = details.entry(field).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(texts) = texts {
        texts.push(Value::String(text.into()));
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fail {
    status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) text: String,
    pub(crate) details: Box<Details>,
    /// The scheme that a 401 asks for.
    scheme: Option<&'static str>,
    allow: Option<String>,
}

/// Which kind of record a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noun {
    Business,
    Customer,
    Invoice,
    Payment,
    Refund,
}

impl Fail {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Fail { status, code, text, details: Box::default(), scheme: None, allow: None }
    }

    /// No credentials came; `scheme` is the kind that this route takes.
    pub(crate) fn no_credentials(scheme: &'static str) -> Self {
        let text = "Authentication credentials were not provided.";
        let fail = Self::new(StatusCode::UNAUTHORIZED, "authentication_required", text);
        Fail { scheme: Some(scheme), ..fail }
    }

    pub(crate) fn bad_credentials(scheme: &'static str) -> Self {
        let text = "Token is invalid or expired";
        let fail = Self::new(StatusCode::UNAUTHORIZED, "invalid_token", text);
        Fail { scheme: Some(scheme), ..fail }
    }

    pub(crate) fn forbidden() -> Self {
        let text = "You do not have permission to perform this action.";
        Self::new(StatusCode::FORBIDDEN, "permission_denied", text)
    }

    pub(crate) fn no_such(noun: Noun) -> Self {
        let (code, text) = match noun {
            Noun::Business => ("business_not_found", "Business not found"),
            Noun::Customer => ("customer_not_found", "Customer not found"),
            Noun::Invoice => ("invoice_not_found", "Invoice not found"),
            Noun::Payment => ("payment_not_found", "Payment not found"),
            Noun::Refund => ("refund_not_found", "Refund not found"),
        };
        Self::new(StatusCode::NOT_FOUND, code, text)
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found.")
    }

    pub(crate) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Invalid page.")
    }

    pub(crate) fn method_not_allowed(method: &str, allow: String) -> Self {
        let text = format!("Method \"{method}\" not allowed.");
        let fail = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text);
        Fail { allow: Some(allow), ..fail }
    }

    pub(crate) fn media_type(media_type: &str) -> Self {
        let text = format!("Unsupported media type \"{media_type}\" in request.");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", text)
    }

    pub(crate) fn invalid(details: Details) -> Self {
        let text = "Validation errors in request data";
        Fail {
            details: Box::new(details),
            ..Self::new(StatusCode::BAD_REQUEST, "validation_error", text)
        }
    }

    /// One thing is wrong with one field.
    pub(crate) fn field(field: &str, text: impl Into<String>) -> Self {
        let mut details = Map::new();
        add(&mut details, field, text);
        Self::invalid(details)
    }

    pub(crate) fn not_json() -> Self {
        Self::field("non_field_errors", "JSON parse error")
    }

    pub(crate) fn duplicate(external_id: &str) -> Self {
        let text = "A resource with this external_id already exists";
        let mut fail = Self::new(StatusCode::CONFLICT, "duplicate_external_id", text);
        add(&mut fail.details, "external_id", external_id);
        fail
    }

    /// `text` names the state.
    pub(crate) fn state(text: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "state_conflict", text)
    }

    pub(crate) fn key_reused() -> Self {
        let text = "Idempotency-Key was used with a different request";
        Self::new(StatusCode::CONFLICT, "idempotency_key_conflict", text)
    }

    pub(crate) fn server(status: StatusCode) -> Self {
        Self::new(status, "server_error", "Internal server error")
    }

    pub(crate) fn throttled() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", "Request was throttled.")
    }

    pub(crate) fn too_large() -> Self {
        let text = "Request body is too large.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", text)
    }

    pub(crate) fn reply(self) -> Reply {
        let body = json!({ "error": self.text, "error_code": self.code, "details": self.details });
        let mut reply = Reply::json(self.status, &body);
        if let Some(scheme) = self.scheme {
            reply.push_header(header::WWW_AUTHENTICATE, &format!("{scheme} realm=\"api\""));
        }
        if let Some(allow) = &self.allow {
            reply.push_header(header::ALLOW, allow);
        }
        reply
    }

    pub(crate) fn handled(self) -> Handled {
        let code = self.code;
        Handled::refused(self.reply(), code)
    }
}
