use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::dialect::{Dialect, Operation, glob_matches};

/// One thing the caller wants done: what to send. Credentials, cookies and CSRF headers are no
/// part of it; they are bound afresh for every attempt.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query below the base URL, starting with `/`.
    pub path: String,
    /// Headers of the caller's own.
    pub headers: HeaderMap,
    /// The body, if there is one. An empty JSON object is a body.
    pub body: Option<Bytes>,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: HeaderMap::new(), body: None }
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self.headers
            .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        self
    }

    /// The path without the query.
    #[must_use]
    pub fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or(&self.path)
    }
}

/// What may be said of sending a request twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// It changes nothing.
    Safe,
    /// Twice has the effect of once.
    Idempotent {
        /// "Not found" after an unanswered attempt is the state that was wished for.
        gone_is_done: bool,
    },
    /// Twice may be twice.
    Once,
}

impl Nature {
    /// Reads it from the dialect. A method alone proves nothing but that GET and HEAD are safe.
    #[must_use]
    pub fn of(dialect: &Dialect, request: &Request) -> Self {
        if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Self::Safe;
        }
        let fits = |operation: &&Operation| {
            operation.method.eq_ignore_ascii_case(request.method.as_str())
                && glob_matches(&operation.path, request.route())
        };
        match dialect.operation.iter().find(fits) {
            Some(operation) if operation.safe => Self::Safe,
            Some(operation) if operation.idempotent == Some(true) => {
                Self::Idempotent { gone_is_done: operation.gone_is_done }
            }
            Some(_) | None => Self::Once,
        }
    }

    /// True if it may change something.
    #[must_use]
    pub fn is_write(self) -> bool {
        self != Self::Safe
    }
}

/// What the caller says about a call beside what to send.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How long the whole call may take: attempts, waits, refreshes and look-ups. None: the
    /// client's default.
    pub deadline: Option<Duration>,
    /// The resource that a write is about, as the dialect names it. It makes look-ups possible.
    pub resource: Option<String>,
    /// The natural key of what is written.
    pub natural_key: Option<String>,
    /// True if the resource was seen to be absent before the first attempt.
    pub known_absent: bool,
    /// True if an earlier process may have sent this write and cannot say how it ended.
    pub in_doubt: bool,
    /// True if earlier calls have tried the same thing: the first attempt of this one is then a
    /// retry, too, and is paid for as one (DESIGN §3.7).
    pub tried_before: bool,
    /// True if the body cannot be had a second time, such as one that is read from a pipe. The
    /// call is then sent once: where another would be sent again, it ends.
    pub one_shot: bool,
    /// What the caller wants to find in the log lines of this call.
    pub context: BTreeMap<String, String>,
}
