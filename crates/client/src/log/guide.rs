//! The lines that an API's own guide prints, from the dialect's `[log]`, under the policy
//! `documented`: for whoever has watches and alarms on those words already.

use std::borrow::Cow;
use std::time::Duration;

use steadfast_call::dialect::{Dialect, PolicyName, RetryLevel};
use steadfast_call::{Attempt, Call, Error, Stop};
use tracing::{Level, enabled, error, info, warn};
use url::Url;

use super::{ATTEMPT, CALL};
use crate::redact::Secrets;

/// What a line is filled in with. What is not known is a dash.
#[derive(Debug, Default)]
struct Values<'v> {
    method: &'v str,
    path: &'v str,
    url: Cow<'v, str>,
    status: Option<u16>,
    code: Option<&'v str>,
    message: Option<&'v str>,
    attempt: u32,
    retries: u32,
    wait: Duration,
    cause: Cow<'v, str>,
    request_id: Option<&'v str>,
    idempotency_key: Option<&'v str>,
    body: Cow<'v, str>,
    operation: Cow<'v, str>,
    headers: &'v str,
}

/// The name under which a caller puts what it calls an operation into the context of a call.
const OPERATION: &str = "operation";

/// What the caller calls it, or else method and path.
fn operation(call: &Call) -> Cow<'_, str> {
    let request = call.request();
    match call.options().context.get(OPERATION) {
        Some(name) => name.into(),
        None => format!("{} {}", request.method, request.route()).into(),
    }
}

/// The line for what is about to be sent (N10); none if the guide prints none.
pub(super) fn request(
    dialect: &Dialect,
    policy: PolicyName,
    call: &Call,
    number: u32,
    headers: &str,
) -> Option<String> {
    let line = dialect.log.request.as_ref().filter(|_| policy == PolicyName::Documented)?;
    let values = Values {
        method: call.request().method.as_str(),
        path: call.request().route(),
        attempt: number,
        operation: operation(call),
        headers,
        ..Values::default()
    };
    Some(fill(line, &values))
}

/// The name of the logger of attempts.
pub(super) fn logger(dialect: &Dialect, policy: PolicyName) -> &str {
    let guides = dialect.log.logger.as_deref().filter(|_| policy == PolicyName::Documented);
    guides.unwrap_or(&dialect.name)
}

/// The line for a wait before the call is sent again; none if the guide prints none.
pub(super) fn retrying(
    dialect: &Dialect,
    policy: PolicyName,
    call: &Call,
    attempt: &Attempt,
    cause: Option<&str>,
    secrets: impl FnOnce() -> Secrets,
) -> bool {
    let line = match attempt.status {
        Some(_) => &dialect.log.retry_status,
        None => &dialect.log.retry_unanswered,
    };
    let Some(line) = line.as_ref().filter(|_| policy == PolicyName::Documented) else {
        return false;
    };
    let is_news = dialect.log.retry_level == RetryLevel::Info;
    if enabled!(target: ATTEMPT, Level::INFO) || enabled!(target: ATTEMPT, Level::WARN) {
        let values = Values {
            method: call.request().method.as_str(),
            path: call.request().route(),
            status: attempt.status,
            code: attempt.code.as_deref(),
            attempt: attempt.number,
            wait: attempt.wait,
            cause: cause.unwrap_or(&attempt.rule).into(),
            request_id: attempt.request_id.as_deref(),
            operation: operation(call),
            ..Values::default()
        };
        let text = fill(line, &values);
        let (secrets, logger) = (secrets(), logger(dialect, policy));
        let text = secrets.scrub(&text);
        let Values { method, path, attempt, .. } = values;
        match is_news {
            true => {
                info!(target: ATTEMPT, event = "retry", logger, method, path, attempt, "{text}")
            }
            false => {
                warn!(target: ATTEMPT, event = "retry", logger, method, path, attempt, "{text}")
            }
        }
    }
    true
}

/// The second line for such a wait, where the guide has two (K6).
pub(super) fn noticed(dialect: &Dialect, policy: PolicyName, call: &Call, attempt: &Attempt) {
    let documented = policy == PolicyName::Documented;
    let Some(line) = dialect.log.retry_notice.as_ref().filter(|_| documented) else { return };
    let attempts = dialect.policy(policy).attempts;
    let attempts = call.options().attempts.map_or(attempts, |own| own.min(attempts));
    let values = Values {
        method: call.request().method.as_str(),
        path: call.request().route(),
        status: attempt.status,
        attempt: attempt.number,
        retries: attempts.saturating_sub(1),
        wait: attempt.wait,
        ..Values::default()
    };
    info!(
        target: ATTEMPT,
        event = "retry_notice",
        logger = dialect.name,
        method = values.method,
        path = values.path,
        attempt = values.attempt,
        "{}",
        fill(line, &values)
    );
}

/// The lines for a call that ended in an error, reads too (T11, O8, N9).
pub(crate) fn failed(
    dialect: &Dialect,
    policy: PolicyName,
    base_url: &Url,
    call: &Call,
    failure: &Error,
    secrets: &Secrets,
) {
    if policy != PolicyName::Documented || !enabled!(target: CALL, Level::ERROR) {
        return;
    }
    let details = failure.details();
    let (name, line) = match details.status {
        Some(_) => ("failed", &dialect.log.failed),
        None => ("unanswered", &dialect.log.unanswered),
    };
    let exhausted = dialect.log.exhausted.as_ref().filter(|_| details.stop == Stop::Attempts);
    let request = call.request();
    let payload = secrets.payload_snippet(request.body.as_deref().unwrap_or_default());
    for (name, line) in line.iter().map(|l| (name, l)).chain(exhausted.map(|l| ("exhausted", l))) {
        let path = request.route();
        let values = Values {
            method: request.method.as_str(),
            path,
            url: format!("{}{path}", base_url.as_str().trim_end_matches('/')).into(),
            status: details.status,
            code: details.code.as_deref(),
            message: details.message.as_deref(),
            attempt: details.attempts.len() as u32,
            cause: match (details.status, &details.message) {
                (None, Some(text)) => text.as_str().into(),
                _ => failure.summary().into(),
            },
            request_id: failure.request_id(),
            idempotency_key: failure.idempotency_key(),
            body: secrets.payload_snippet(&details.body).into(),
            operation: operation(call),
            ..Values::default()
        };
        error!(
            target: CALL,
            event = "guide",
            line = name,
            logger = dialect.name,
            method = values.method,
            url = &*values.url,
            status_code = values.status,
            error_code = values.code,
            error_message = values.message,
            exception = (name == "unanswered").then_some(&*values.cause),
            request_id = values.request_id,
            attempts = values.attempt,
            request_data = payload,
            "{}",
            secrets.scrub(&fill(line, &values))
        );
    }
}

/// The line with its names filled in. The dialect's check has seen to it that there are no others;
/// one that there is all the same stays as it stands.
fn fill(line: &str, values: &Values<'_>) -> String {
    let mut text = String::with_capacity(line.len() + 64);
    let mut rest = line;
    while let Some((before, inside)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = inside.split_once('}') else {
            rest = inside;
            text.push('{');
            break;
        };
        let (name, format) = name.split_once(':').unwrap_or((name, ""));
        match value(name, format, values) {
            Some(value) => text.push_str(&value),
            None => text.push_str(&format!("{{{name}}}")),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn value<'v>(name: &str, format: &str, values: &'v Values<'_>) -> Option<Cow<'v, str>> {
    let or_dash = |text: Option<&'v str>| Cow::from(text.unwrap_or("-"));
    Some(match name {
        "method" => values.method.into(),
        "path" => values.path.into(),
        "url" => (&*values.url).into(),
        "status" => values.status.map_or("-".into(), |status| status.to_string().into()),
        "code" => or_dash(values.code),
        "message" => or_dash(values.message),
        "attempt" | "attempts" => values.attempt.to_string().into(),
        "retries" => values.retries.to_string().into(),
        "wait_s" => {
            let seconds = values.wait.as_millis() as f64 / 1_000.0;
            match format.strip_prefix('.').and_then(|digits| digits.parse::<usize>().ok()) {
                Some(digits) => format!("{seconds:.*}", digits.min(9)).into(),
                None => seconds.to_string().into(),
            }
        }
        "cause" => (&*values.cause).into(),
        "request_id" => or_dash(values.request_id),
        "idempotency_key" => or_dash(values.idempotency_key),
        "body" => or_dash(Some(&*values.body).filter(|body| !body.is_empty())),
        "operation" => (&*values.operation).into(),
        "headers" => values.headers.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_filled_in() {
        let values = Values {
            method: "GET",
            status: Some(503),
            attempt: 2,
            wait: Duration::from_millis(1_500),
            ..Values::default()
        };
        let fill = |line| fill(line, &values);
        assert_eq!(
            fill("status {status} on attempt {attempt}; sleeping {wait_s:.2}s"),
            "status 503 on attempt 2; sleeping 1.50s"
        );
        assert_eq!(fill("{method} {wait_s} {code} é {"), "GET 1.5 - é {");
        assert_eq!(fill("{nobody:x} {wait_s:.99}"), "{nobody} 1.500000000");
    }
}
