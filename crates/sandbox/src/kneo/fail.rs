//! Refusals, in the three shapes that the API gives them.

use http::StatusCode;
use http::header::{self, HeaderName};
use serde_json::{Map, Value, json};

use crate::exchange::Reply;
use crate::kneo::Rules;
use crate::service::Handled;

pub(crate) const LARGEST_BODY: usize = 1_048_576;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fail {
    status: StatusCode,
    shape: Shape,
    headers: Vec<(HeaderName, String)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// Code, text, and what else the code brings.
    Coded { code: &'static str, text: String, extras: Box<Map<String, Value>> },
    /// What is wrong with which part of the request.
    List(Vec<Value>),
    /// A text of the web framework.
    Bare(&'static str),
}

/// One thing that is wrong with a request.
pub(crate) fn flaw(place: &[&str], text: impl Into<String>, kind: &str) -> Value {
    json!({ "loc": place, "msg": text.into(), "type": kind })
}

impl Fail {
    fn new(status: StatusCode, shape: Shape) -> Self {
        Fail { status, shape, headers: Vec::new() }
    }

    fn coded(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self::new(status, Shape::Coded { code, text: text.into(), extras: Box::default() })
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        if let Shape::Coded { extras, .. } = &mut self.shape {
            extras.insert(name.to_owned(), value);
        }
        self
    }

    fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn list(flaws: Vec<Value>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Shape::List(flaws))
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, Shape::Bare("Not Found"))
    }

    pub(crate) fn method_not_allowed(allow: String) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Shape::Bare("Method Not Allowed"))
            .header(header::ALLOW, allow)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::coded(StatusCode::UNAUTHORIZED, "unauthorized", "Missing or invalid API key")
            .header(header::WWW_AUTHENTICATE, "Bearer")
    }

    pub(crate) fn forbidden(scope: &str) -> Self {
        let text = format!("Missing required scope: {scope}");
        Self::coded(StatusCode::FORBIDDEN, "forbidden", text).with("required_scope", json!(scope))
    }

    /// `what` is `Run`, `Human task`, ….
    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::coded(StatusCode::NOT_FOUND, "not_found", format!("{what} not found: {id}"))
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::coded(StatusCode::BAD_REQUEST, "invalid_request", text)
    }

    pub(crate) fn spec_invalid(diagnostics: Vec<Value>) -> Self {
        Self::coded(StatusCode::BAD_REQUEST, "spec_invalid", "The spec does not compile")
            .with("diagnostics", Value::Array(diagnostics))
    }

    pub(crate) fn policy_blocked(environment: &str, diagnostics: Vec<Value>) -> Self {
        let text = format!("The policy of the environment blocks the spec: {environment}");
        Self::coded(StatusCode::FORBIDDEN, "environment_policy_blocked", text)
            .with("diagnostics", Value::Array(diagnostics))
    }

    pub(crate) fn budget() -> Self {
        let text = "The run exceeds its token budget";
        Self::coded(StatusCode::BAD_REQUEST, "token_budget_exceeded", text)
    }

    pub(crate) fn guardrail() -> Self {
        let text = "The input was refused by a guardrail";
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, "guardrail_violation", text)
    }

    pub(crate) fn key_too_long() -> Self {
        let text = "Idempotency-Key must be at most 256 characters";
        Self::coded(StatusCode::BAD_REQUEST, "invalid_idempotency_key", text)
    }

    pub(crate) fn key_reused() -> Self {
        let text = "Idempotency-Key was already used with a different payload";
        Self::coded(StatusCode::CONFLICT, "idempotency_key_conflict", text)
    }

    pub(crate) fn key_in_progress() -> Self {
        let text = "A request with this Idempotency-Key is still in progress";
        Self::coded(StatusCode::CONFLICT, "idempotency_key_in_progress", text)
            .header(header::RETRY_AFTER, "1")
    }

    pub(crate) fn state(text: impl Into<String>) -> Self {
        Self::coded(StatusCode::CONFLICT, "run_state_conflict", text)
    }

    pub(crate) fn locked(continuation_id: &str) -> Self {
        let text = format!("Another resume holds the continuation: {continuation_id}");
        Self::coded(StatusCode::CONFLICT, "resource_locked", text)
    }

    pub(crate) fn task_expired(continuation_id: &str, expires_ms: u64) -> Self {
        let text = format!("The human task has expired: {continuation_id}");
        Self::coded(StatusCode::CONFLICT, "human_task_expired", text)
            .with("continuation_id", json!(continuation_id))
            .with("expires_at", json!(expires_ms as f64 / 1000.0))
    }

    pub(crate) fn too_large() -> Self {
        let text = format!("The request body exceeds {LARGEST_BODY} bytes");
        Self::coded(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", text)
            .with("max_body_bytes", json!(LARGEST_BODY))
    }

    pub(crate) fn unknown_parameters(names: &[String]) -> Self {
        let text = format!("Unknown query parameters: {}", names.join(", "));
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, "unknown_query_parameters", text)
    }

    pub(crate) fn path_confined() -> Self {
        let text = "spec_path must stay below the folder of specs";
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, "spec_path_confined", text)
    }

    pub(crate) fn timestamp(name: &str) -> Self {
        let text = format!("{name} must be an ISO 8601 timestamp with an offset");
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, "invalid_timestamp", text)
    }

    pub(crate) fn rate_limited(wait_s: u64) -> Self {
        Self::coded(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Rate limit exceeded")
            .header(header::RETRY_AFTER, wait_s.to_string())
    }

    pub(crate) fn queue_full(wait_s: u64) -> Self {
        Self::coded(StatusCode::SERVICE_UNAVAILABLE, "queue_full", "The queue of runs is full")
            .header(header::RETRY_AFTER, wait_s.to_string())
    }

    pub(crate) fn store_unavailable() -> Self {
        let text = "The store is unavailable";
        Self::coded(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", text)
            .header(header::RETRY_AFTER, "1")
    }

    pub(crate) fn not_ready() -> Self {
        Self::coded(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "The service is not ready")
    }

    pub(crate) fn server(status: StatusCode) -> Self {
        Self::coded(status, "internal_error", "Internal server error")
    }

    fn body(self, rules: &Rules) -> Value {
        let mut flat = match self.shape {
            Shape::List(flaws) => return json!({ "detail": flaws }),
            Shape::Bare(text) => return json!({ "detail": text }),
            Shape::Coded { code, text, extras } => {
                let mut flat = Map::new();
                flat.insert("error".to_owned(), json!(code));
                flat.insert("message".to_owned(), json!(text));
                flat.extend(*extras);
                flat
            }
        };
        if rules.codeless_409 && self.status == StatusCode::CONFLICT {
            flat = Map::new();
            flat.insert("message".to_owned(), json!("conflict"));
        }
        if rules.reference { json!({ "detail": flat }) } else { Value::Object(flat) }
    }

    pub(crate) fn reply(mut self, rules: &Rules) -> Reply {
        let headers = std::mem::take(&mut self.headers);
        let status = self.status;
        let mut reply = Reply::json(status, &self.body(rules));
        for (name, value) in headers {
            reply.push_header(name, &value);
        }
        reply
    }

    pub(crate) fn handled(self, rules: &Rules) -> Handled {
        let code = match &self.shape {
            Shape::Coded { code, .. } => Some(*code),
            Shape::List(_) => Some("request_validation"),
            Shape::Bare(_) => None,
        };
        let reply = self.reply(rules);
        match code {
            Some(code) => Handled::refused(reply, code),
            None => Handled::unchanged(reply),
        }
    }
}
