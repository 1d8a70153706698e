//! What is told of each attempt, by the HTTP conventions of OpenTelemetry where they have a name
//! for it (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{Attempt, Call, Class, Event, Reach, Request, Why};
use tracing::{Level, Span, debug, debug_span, enabled, field, warn};
use url::Url;

use super::{ATTEMPT, guide};
use crate::redact::Secrets;

/// The span of one exchange: a client span, in the words of OpenTelemetry.
pub(crate) fn attempt_span(request: &Request, base_url: &Url, number: u32) -> Span {
    debug_span!(
        target: ATTEMPT,
        "attempt",
        otel.kind = "client",
        otel.name = request.method.as_str(),
        http.request.method = request.method.as_str(),
        url.path = request.route(),
        server.address = base_url.host_str(),
        server.port = base_url.port_or_known_default(),
        // By the conventions: only where there was one.
        http.request.resend_count = (number > 1).then(|| number - 1),
        http.response.status_code = field::Empty,
        error.type = field::Empty,
    )
}

/// What is about to be sent, without what is secret (N10).
pub(crate) fn request(
    call: &Call,
    headers: &HeaderMap,
    number: u32,
    dialect: &Arc<Dialect>,
    policy: PolicyName,
) {
    if enabled!(target: ATTEMPT, Level::DEBUG) {
        let request = call.request();
        let headers = crate::redact::headers(headers, dialect);
        debug!(
            target: ATTEMPT,
            event = "request",
            logger = guide::logger(dialect, policy),
            attempt = number,
            http.request.method = request.method.as_str(),
            url.path = request.route(),
            headers,
            message = guide::request(dialect, policy, call, number, &headers),
        );
    }
}

/// One record of an attempt that has ended, and of the wait that comes of it: how long, and who
/// asked for it.
pub(crate) fn attempt_ended(
    call: &Call,
    attempt: &Attempt,
    wait: Option<(Duration, Why)>,
    secrets: impl FnOnce() -> Secrets,
) {
    if enabled!(target: ATTEMPT, Level::DEBUG) {
        let request = call.request();
        let secrets = secrets();
        let scrubbed =
            |text: &Option<String>| text.as_deref().map(|t| secrets.scrub(t).into_owned());
        debug!(
            target: ATTEMPT,
            event = "attempt",
            http.request.method = request.method.as_str(),
            url.path = request.route(),
            http.response.status_code = attempt.status,
            http.request.resend_count = attempt.number.saturating_sub(1),
            error.type = error_type(attempt),
            class = attempt.class.as_str(),
            code = scrubbed(&attempt.code),
            effect = attempt.effect.as_str(),
            elapsed_ms = attempt.elapsed.as_millis() as u64,
            wait_ms = wait.map_or(0, |(wait, _)| wait.as_millis() as u64),
            wait_asked_by = wait.map(|(_, why)| asked_by(why)),
            hint_ms = attempt.hint.map(|hint| hint.as_millis() as u64),
            rule = &*secrets.scrub(&attempt.rule),
            request_id = scrubbed(&attempt.request_id),
        );
    }
}

/// By the conventions: the status, or a word for why there was none.
fn error_type(attempt: &Attempt) -> Option<String> {
    match attempt.status {
        Some(status) if status >= 400 => Some(status.to_string()),
        Some(_) if attempt.class == Class::Ok || attempt.class == Class::Queued => None,
        Some(_) | None => Some(attempt.class.as_str().to_owned()),
    }
}

/// The end of an exchange, on its span.
pub(crate) fn close(span: &Span, event: &Event) {
    match event {
        Event::Replied(reply) => {
            let status = reply.status.as_u16();
            span.record("http.response.status_code", status);
            if status >= 400 {
                span.record("error.type", reply.status.as_str());
            }
        }
        Event::Failed(failure) => {
            let word = match failure.reach {
                Reach::NotSent => "not_sent",
                Reach::MaybeSent => "maybe_sent",
                Reach::ReplyBroken { .. } => "reply_broken",
            };
            span.record("error.type", word);
        }
        _ => {}
    }
}

/// Who asked for a wait, in one word.
fn asked_by(why: Why) -> &'static str {
    match why {
        Why::Backoff => "backoff",
        Why::Hint => "hint",
        Why::Breaker => "breaker",
        Why::Pace => "pace",
        Why::Budget => "budget",
        Why::Settle => "settle",
        Why::Lock => "lock",
    }
}

/// The call is sent again after a wait.
pub(crate) fn retrying(
    dialect: &Dialect,
    policy: PolicyName,
    call: &Call,
    attempt: &Attempt,
    cause: Option<&str>,
    secrets: impl FnOnce() -> Secrets,
) {
    guide::noticed(dialect, policy, call, attempt);
    if guide::retrying(dialect, policy, call, attempt, cause, secrets) {
        return;
    }
    let request = call.request();
    let status = attempt.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string());
    let (method, path) = (request.method.as_str(), request.route());
    let (retry, delay) = (attempt.number, attempt.wait.as_millis() as f64 / 1_000.0);
    let logger = &dialect.name;
    warn!(
        target: ATTEMPT,
        event = "retry",
        logger,
        method,
        path,
        attempt = attempt.number,
        "[{status}] {method} {path} - retry {retry} in {delay}s"
    );
}
