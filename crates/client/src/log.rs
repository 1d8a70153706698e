//! Spans and events. Their names and fields are a contract with whoever reads the logs:
//! `docs/observability.md` lists them all, and `tests/client/observed.rs` holds the list to it.
//!
//! Everything that is written goes through [`Secrets`] first. Logging cannot fail a call: nothing
//! here returns an error, and what subscribers do with a record is theirs.

mod attempt;
mod guide;

use steadfast_call::dialect::Dialect;
use steadfast_call::{Call, Error, Outcome};
use tracing::{Span, debug_span, error, field, info};

use crate::client::Inner;
use crate::redact::Secrets;

pub(crate) use attempt::{attempt_ended, attempt_span, close, request, retrying};

/// The targets, by which subscribers choose.
const CALL: &str = "steadfast::call";
const ATTEMPT: &str = "steadfast::attempt";
const SESSION: &str = "steadfast::session";

/// The span of a call: from its start to its end, waits and look-ups included.
pub(crate) fn call_span(dialect: &Dialect, call: &Call) -> Span {
    let (request, options) = (call.request(), call.options());
    debug_span!(
        target: CALL,
        "call",
        api = dialect.name,
        http.request.method = request.method.as_str(),
        url.path = request.route(),
        natural_key = options.natural_key,
        request_id = options.request_id,
        outcome = field::Empty,
        attempts = field::Empty,
        error.type = field::Empty,
    )
}

/// True if somebody listens to the record of a call that ended so. Making one costs more than
/// deciding what to do next.
pub(crate) fn is_heard<O, E>(result: &Result<O, E>) -> bool {
    match result {
        Ok(_) => tracing::enabled!(target: CALL, tracing::Level::INFO),
        Err(_) => tracing::enabled!(target: CALL, tracing::Level::ERROR),
    }
}

/// The end of a call, on its span.
pub(crate) fn close_span(span: &Span, result: &Result<Outcome, Error>) {
    if span.is_disabled() {
        return;
    }
    match result {
        Ok(outcome) => {
            span.record("outcome", outcome.as_str());
            span.record("attempts", outcome.success().attempts.len());
        }
        Err(failure) => {
            span.record("outcome", "error");
            span.record("attempts", failure.details().attempts.len());
            span.record("error.type", failure.kind().as_str());
        }
    }
}

/// One record of a write that has ended (K13); none of a read, but for the guide's own lines.
pub(crate) fn ended(
    inner: &Inner,
    call: &Call,
    result: &Result<Outcome, Error>,
    secrets: &Secrets,
) {
    let dialect = &*inner.dialect;
    if let Err(failure) = result {
        guide::failed(dialect, inner.policy, &inner.base_url, call, failure, secrets);
    }
    if !call.nature().is_write() || !is_heard(result) {
        return;
    }
    let request = call.request();
    let method = request.method.as_str();
    let path = request.route();
    let logger = format!("{}.integration", dialect.name);
    let context = serde_json::to_string(&call.options().context).unwrap_or_default();
    let context = secrets.scrub(&context);
    match result {
        Ok(outcome) => {
            let queued = matches!(outcome, Outcome::Queued(_));
            let success = outcome.success();
            let status = success.reply.as_ref().map(|reply| reply.status.as_u16());
            info!(
                target: CALL,
                logger,
                event = "write_ok",
                method,
                path,
                status,
                context = &*context,
                queued,
                outcome = outcome.as_str(),
                rule = &*secrets.scrub(&success.rule)
            );
            if let (true, Some(lock)) = (queued, &dialect.lock) {
                info!(target: CALL, logger, event = "write_queued", method, path, "{}", lock.notice);
            }
        }
        Err(failure) => {
            let details = failure.details();
            error!(
                target: CALL,
                logger,
                event = "write_failed",
                method,
                path,
                status = details.status,
                context = &*context,
                error_code = details.code,
                error_message = details.message,
                kind = details.kind.as_str(),
                effect = details.effect.as_str(),
                request_id = failure.request_id(),
                idempotency_key = details.idempotency_key,
                rule = details.rule,
                payload_snippet =
                    secrets.payload_snippet(request.body.as_deref().unwrap_or_default()),
            );
        }
    }
}

/// The call's body can be had once only, so that no fault of this call can be cured.
pub(crate) fn one_shot(call: &Call) {
    let request = call.request();
    info!(
        target: CALL,
        event = "one_shot_body",
        method = request.method.as_str(),
        path = request.route(),
        "the body can be read once only: the call is not sent again, whatever happens"
    );
}

/// The session is being renewed.
pub(crate) fn renewing(dialect: &Dialect, had_one: bool) {
    let logger = &dialect.name;
    if had_one {
        info!(target: SESSION, logger, event = "session_renewing", "Token expired - refreshing");
    } else {
        info!(target: SESSION, logger, event = "session_starting", "logging in");
    }
}
