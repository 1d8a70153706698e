//! The log lines of K13: one record per write, in words that the API's own guide uses.
//!
//! Field names are part of the contract with whoever reads the logs. `logger` holds the guide's
//! logger name, since a tracing target is fixed at compile time. Logging cannot fail a call.

use steadfast_call::dialect::Dialect;
use steadfast_call::{Attempt, Call, Error, Outcome};
use tracing::{debug, error, info, warn};

use crate::redact::Secrets;

/// True if somebody listens to the record of a call that ended so. Making one costs more than
/// deciding what to do next.
pub(crate) fn is_heard<O, E>(result: &Result<O, E>) -> bool {
    match result {
        Ok(_) => tracing::enabled!(tracing::Level::INFO),
        Err(_) => tracing::enabled!(tracing::Level::ERROR),
    }
}

/// One record of a write that has ended; none of a read.
pub(crate) fn ended(
    dialect: &Dialect,
    call: &Call,
    result: &Result<Outcome, Error>,
    secrets: &Secrets,
) {
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
                logger,
                event = "write_ok",
                method,
                path,
                status,
                context = &*context,
                queued,
                rule = success.rule
            );
            if let (true, Some(lock)) = (queued, &dialect.lock) {
                info!(logger, method, path, "{}", lock.notice);
            }
        }
        Err(failure) => {
            let details = failure.details();
            error!(
                logger,
                event = "write_failed",
                method,
                path,
                status = details.status,
                context = &*context,
                error_code = details.code,
                error_message = details.message,
                effect = details.effect.as_str(),
                rule = details.rule,
                payload_snippet =
                    secrets.payload_snippet(request.body.as_deref().unwrap_or_default()),
            );
        }
    }
}

/// One record of an attempt that has ended.
pub(crate) fn attempt_ended(call: &Call, attempt: &Attempt, secrets: impl FnOnce() -> Secrets) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        let request = call.request();
        let secrets = secrets();
        let scrubbed =
            |text: &Option<String>| text.as_deref().map(|t| secrets.scrub(t).into_owned());
        debug!(
            event = "attempt",
            method = request.method.as_str(),
            path = request.route(),
            number = attempt.number,
            class = attempt.class.as_str(),
            status = attempt.status,
            code = scrubbed(&attempt.code),
            effect = attempt.effect.as_str(),
            elapsed_ms = attempt.elapsed.as_millis() as u64,
            wait_ms = attempt.wait.as_millis() as u64,
            rule = &*secrets.scrub(&attempt.rule),
            request_id = scrubbed(&attempt.request_id),
        );
    }
}

/// The call is sent again after a wait.
pub(crate) fn retrying(dialect: &Dialect, call: &Call, attempt: &Attempt) {
    let request = call.request();
    let status = attempt.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string());
    let (method, path) = (request.method.as_str(), request.route());
    let (retry, delay) = (attempt.number, attempt.wait.as_millis() as f64 / 1_000.0);
    let logger = &dialect.name;
    warn!(logger, "[{status}] {method} {path} - retry {retry} in {delay}s");
}

/// The call's body can be had once only, so that no fault of this call can be cured.
pub(crate) fn one_shot(call: &Call) {
    let request = call.request();
    info!(
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
        info!(logger, "Token expired - refreshing");
    } else {
        info!(logger, "logging in");
    }
}
