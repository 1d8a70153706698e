use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{Class, Effect, IdempotencyKey, Kind, ListError, Options, Reply, Request, explain};

use super::Code;

/// Why a call to kneo did not end well: every failure, at every layer (N1).
///
/// Match the narrow before the broad, and keep a default arm: a kind is added when the platform
/// has a status that deserves a place of its own to be caught at (N2, N22). One kind is nested in
/// another: [`Conflict::IdempotencyMismatch`] is a [`Error::Conflict`]; all others stand side by
/// side.
///
/// ```
/// use steadfast_apis::kneo::{Conflict, Error};
///
/// fn what_now(error: &Error) -> &'static str {
///     match error {
///         Error::Conflict(Conflict::IdempotencyMismatch(_)) => "mend the program",
///         Error::Conflict(_) => "read it again",
///         Error::Auth(_) | Error::Permission(_) => "see to the key",
///         Error::RateLimited(_) | Error::Server(_) | Error::Network(_) => "try again later",
///         _ => "look into it",
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// 400.
    BadRequest(Fault),
    /// 401: the key is missing, wrong or revoked.
    Auth(Fault),
    /// 403: the key may not do that, or a policy stands against it.
    Permission(Fault),
    /// 404.
    NotFound(Fault),
    /// 409.
    Conflict(Conflict),
    /// 413: the body is too large; see [`Fault::max_body_bytes`].
    PayloadTooLarge(Fault),
    /// 422: the request has not the shape that is asked for.
    Validation(Fault),
    /// 429, after the client's own retries; see [`retry_after`](steadfast::Error::retry_after).
    RateLimited(Fault),
    /// A 5xx: a 500 at once, 502 to 504 after the client's own retries.
    Server(Fault),
    /// There was no answer, after the client's own retries. [`status`](steadfast::Error::status) is none, and the
    /// transport's own error is the source.
    Network(Fault),
    /// A success without the JSON that every success has (N17), or that does not fit.
    Protocol(Fault),
    /// Anything else: other statuses, redirects among them (N16), and what could not be sent.
    Unexpected(Fault),
    /// A list that is none, or a row that does not fit.
    List(ListError),
}

/// What a 409 is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Conflict {
    /// The idempotency key was used with another payload: a mistake of the program (N7, N8).
    IdempotencyMismatch(Fault),
    /// The deadline of the human task has passed; see [`Fault::expires_at`].
    HumanTaskExpired(Fault),
    /// Any other: the state of the run, somebody else's lock, a key that is in use.
    Other(Fault),
}

/// What is known of an error (N3).
#[derive(Debug, Clone)]
pub struct Fault(steadfast::Error);

/// The call's own error, with every attempt that was made: status, request id, idempotency key and
/// the wait that the server asked for are there.
impl Deref for Fault {
    type Target = steadfast::Error;

    fn deref(&self) -> &steadfast::Error {
        &self.0
    }
}

impl Fault {
    /// The platform's code.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.0.code().map(Code::from)
    }

    /// The body: as JSON, or else as text, or nothing.
    #[must_use]
    pub fn body(&self) -> Option<Value> {
        let body = &self.0.details().body;
        if body.is_empty() {
            return None;
        }
        let text = || Value::from(String::from_utf8_lossy(body).into_owned());
        Some(serde_json::from_slice(body).unwrap_or_else(|_| text()))
    }

    /// What the platform says, or `HTTP {status}`, or what the transport says.
    #[must_use]
    pub fn message(&self) -> String {
        let details = self.0.details();
        match (&details.message, details.status) {
            (Some(message), _) => message.clone(),
            (None, Some(status)) if details.kind != Kind::Protocol => format!("HTTP {status}"),
            (None, _) => self.0.summary(),
        }
    }

    /// A member of the body, in either shape of it (C2).
    fn extra(&self, name: &str) -> Option<Value> {
        let body = self.body()?;
        body.pointer("/detail").and_then(|detail| detail.get(name)).or(body.get(name)).cloned()
    }

    /// The scope that the key lacks.
    #[must_use]
    pub fn required_scope(&self) -> Option<String> {
        Some(self.extra("required_scope")?.as_str()?.to_owned())
    }

    /// How large a body may be, in bytes.
    #[must_use]
    pub fn max_body_bytes(&self) -> Option<u64> {
        self.extra("max_body_bytes")?.as_u64()
    }

    /// The task whose deadline has passed.
    #[must_use]
    pub fn continuation_id(&self) -> Option<String> {
        Some(self.extra("continuation_id")?.as_str()?.to_owned())
    }

    /// When that was, in seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> Option<f64> {
        self.extra("expires_at")?.as_f64()
    }

    /// What is wrong with a spec, as the platform says it.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Value> {
        self.extra("diagnostics").and_then(|all| all.as_array().cloned()).unwrap_or_default()
    }
}

impl Error {
    /// What is known of it; none of a list that is no list.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::BadRequest(fault)
            | Self::Auth(fault)
            | Self::Permission(fault)
            | Self::NotFound(fault)
            | Self::PayloadTooLarge(fault)
            | Self::Validation(fault)
            | Self::RateLimited(fault)
            | Self::Server(fault)
            | Self::Network(fault)
            | Self::Protocol(fault)
            | Self::Unexpected(fault)
            | Self::Conflict(
                Conflict::IdempotencyMismatch(fault)
                | Conflict::HumanTaskExpired(fault)
                | Conflict::Other(fault),
            ) => Some(fault),
            Self::List(_) => None,
        }
    }

    /// The last status; none if there was no answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.fault()?.status()
    }

    /// The platform's code.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.fault()?.code()
    }

    /// The id of the call: the server's, or else the one that was sent. It leads to the audit
    /// events, and belongs into every report to those who run the platform (N15).
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.fault()?.request_id()
    }

    /// The key that a POST was sent with.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.fault()?.idempotency_key()
    }

    /// What the server asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.fault()?.retry_after()
    }

    /// Reads a response as an error (N4), as the client does with every one of its own; for whoever
    /// has a response from elsewhere. `idempotency_key`: what it was sent with.
    ///
    /// ```
    /// # use http::{HeaderMap, StatusCode};
    /// use steadfast::Reply;
    /// use steadfast_apis::kneo::{Conflict, Error, from_response};
    ///
    /// let body = r#"{"error":"idempotency_key_conflict","message":"…"}"#;
    /// let reply = Reply::new(StatusCode::CONFLICT, HeaderMap::new(), body.into());
    /// let error = from_response(&reply, Some("a1"));
    /// assert!(matches!(error, Error::Conflict(Conflict::IdempotencyMismatch(_))));
    /// assert_eq!(error.idempotency_key(), Some("a1"));
    /// ```
    #[must_use]
    pub fn from_response(response: &Reply, idempotency_key: Option<&str>) -> Self {
        let text = "no error can be made of this response".to_owned();
        let none = || steadfast::Error::never_made(Effect::None, text.clone());
        let Some(dialect) = Dialect::built_in("kneo") else { return none().into() };
        let request = match idempotency_key {
            Some(_) => Request::new(Method::POST, "/v1/runs").json("{}"),
            None => Request::new(Method::GET, "/v1/runs/any"),
        };
        let idempotency_key = idempotency_key.map(IdempotencyKey::from);
        let options = Options { idempotency_key, attempts: Some(1), ..Options::default() };
        let told = explain(&Arc::new(dialect), PolicyName::Documented, request, options, response);
        match told.end.map(|end| *end) {
            Some(Err(error)) => error.into(),
            Some(Ok(outcome)) => outcome.into_success().into_error(Effect::Applied, text).into(),
            None => none().into(),
        }
    }
}

/// [`Error::from_response`] under the name that the platform's own client has for it.
#[must_use]
pub fn from_response(response: &Reply, idempotency_key: Option<&str>) -> Error {
    Error::from_response(response, idempotency_key)
}

impl From<steadfast::Error> for Error {
    fn from(error: steadfast::Error) -> Self {
        let status = error.status();
        let expired = error.code_is(Code::HumanTaskExpired.as_str());
        match (status, error.kind()) {
            (None, Kind::Credentials(_)) | (Some(401), _) => Self::Auth(Fault(error)),
            (None, _) if error.is_network() => Self::Network(Fault(error)),
            (Some(200..=299), _) => Self::Protocol(Fault(error)),
            (Some(400), _) => Self::BadRequest(Fault(error)),
            (Some(403), _) => Self::Permission(Fault(error)),
            (Some(404), _) => Self::NotFound(Fault(error)),
            (Some(409), _) if error.is(Class::IdempotencyMismatch) => {
                Self::Conflict(Conflict::IdempotencyMismatch(Fault(error)))
            }
            (Some(409), _) if expired => Self::Conflict(Conflict::HumanTaskExpired(Fault(error))),
            (Some(409), _) => Self::Conflict(Conflict::Other(Fault(error))),
            (Some(413), _) => Self::PayloadTooLarge(Fault(error)),
            (Some(422), _) => Self::Validation(Fault(error)),
            (Some(429), _) => Self::RateLimited(Fault(error)),
            (Some(500..=599), _) => Self::Server(Fault(error)),
            _ => Self::Unexpected(Fault(error)),
        }
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Call { error, .. } => error.into(),
            error => Self::List(error),
        }
    }
}

/// The platform's message. Of a mismatch, what the guide says to a programmer (N8); of a platform
/// that could not be reached, why (N13).
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(Conflict::IdempotencyMismatch(fault)) => {
                let key = quoted(fault.idempotency_key().unwrap_or_default());
                write!(
                    f,
                    "Idempotency-Key {key} was reused with a different payload. Either generate a \
                     new key for the new request or fix the payload drift."
                )
            }
            Self::Network(fault) => {
                write!(f, "could not reach the platform: {}", fault.message())
            }
            Self::List(error) => error.fmt(f),
            error => error.fault().map_or(Ok(()), |fault| f.write_str(&fault.message())),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::List(error) => Some(error),
            error => error.fault().map(|fault| &fault.0 as &(dyn std::error::Error + 'static)),
        }
    }
}

/// A text as the guide's language writes it: in single quotation marks.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
