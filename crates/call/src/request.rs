use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::dialect::{Dialect, Idempotency};

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
        match dialect.operation_of(request) {
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

/// The value by which an API recognises a repeat. It belongs to one operation with one payload,
/// and has to be the same each time that this is sent, by whichever process: keep it before the
/// first send (hazards 16 and 17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The value. Blanks around it are taken off.
    pub value: String,
    /// How long ago it was sent for the first time. What is older than the API remembers is as
    /// good as no key.
    pub age: Duration,
}

impl From<&str> for IdempotencyKey {
    /// A key that has not been sent yet.
    fn from(value: &str) -> Self {
        Self { value: value.to_owned(), age: Duration::ZERO }
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
    /// The key by which the API recognises a repeat. Where the dialect says that keys are
    /// [generated](crate::dialect::Idempotency::generate), the client makes one if this is none.
    pub idempotency_key: Option<IdempotencyKey>,
    /// The id of this call, sent in the header that the dialect names, the same on all attempts,
    /// and kept on its error.
    pub request_id: Option<String>,
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
    /// True if the call is about getting a session, such as the proof of a second factor: it goes
    /// out without one, and what refuses it says nothing of the session that there is.
    pub without_session: bool,
    /// How often it is sent at the most, the first time included, if that is less than the policy
    /// says.
    pub attempts: Option<u32>,
    /// What the caller wants to find in the log lines of this call.
    pub context: BTreeMap<String, String>,
}

impl Options {
    /// Fills in what a client makes for a call where the caller gave none: the id of the call, and
    /// the idempotency key where the dialect has keys made. `uuid` makes a new UUID each time.
    ///
    /// No key is made for a write that may have been sent before: a fresh key would make it
    /// another write (hazard 16).
    pub fn fill_in(
        &mut self,
        dialect: &Dialect,
        request: &Request,
        mut uuid: impl FnMut() -> String,
    ) {
        if dialect.request.id_header.is_some() && self.request_id.is_none() {
            self.request_id = Some(uuid());
        }
        let made = |contract: &&Idempotency| contract.generate && contract.sends(request);
        if self.idempotency_key.is_none()
            && !self.in_doubt
            && dialect.idempotency.as_ref().filter(made).is_some_and(|c| !c.is_carried_by(request))
        {
            self.idempotency_key = Some(IdempotencyKey::from(uuid().as_str()));
        }
    }
}
