//! Does what the machine says. No `if` about sending again stands here.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request as HttpRequest};
use steadfast_call::{
    Call, Class, Draw, Error, Event, Failure, Generation, Options, Outcome, Reach, Reply, Request,
    Step, Time, Why,
};
use tracing::Instrument;

use crate::activity::Place;
use crate::client::Inner;
use crate::transport::Limits;
use crate::{log, lookup, renew};

/// Makes a call and sees it through.
pub(crate) async fn drive(
    inner: &Arc<Inner>,
    request: Request,
    options: Options,
) -> Result<Outcome, Error> {
    let span = tracing::debug_span!(
        "call",
        api = inner.dialect.name,
        method = request.method.as_str(),
        path = request.route(),
        key = options.natural_key,
    );
    let call = inner.new_call(request, options);
    run(inner, call).instrument(span).await
}

async fn run(inner: &Arc<Inner>, mut call: Call) -> Result<Outcome, Error> {
    let mut place = inner.counters.enter();
    let mut event = Event::Started;
    let body = call.request().body.clone().unwrap_or_default();
    loop {
        let seen = call.attempts().len();
        let (step, snapshot) = {
            let mut shared = inner.shared();
            let step = call.step(event, inner.now(), draw(), &mut shared.account);
            (step, Arc::clone(&shared.snapshot))
        };
        note_attempt(inner, &call, &step, seen);
        event = match step {
            Step::Send { generation, timeout, .. } => {
                let limits = Limits { timeout, ..inner.limits };
                let request = bind(inner, call.request(), &snapshot);
                send(inner, request, generation, limits).await
            }
            Step::Authenticate { stale } => match renew::renew(inner, stale).await {
                Ok(()) => Event::Authenticated,
                Err(failure) => Event::AuthFailed(failure),
            },
            Step::LookUp => Event::LookedUp(lookup::of_call(inner, call.options(), &body).await),
            Step::WaitUntil { until, why } => wait(inner, &mut place, until, why).await,
            Step::Done(result) => {
                if call.nature().is_write() {
                    log::write_ended(&inner.dialect, &call, &body, &result);
                }
                return *result;
            }
        };
    }
}

/// The engine draws nothing itself; this is where chance comes in.
pub(crate) fn draw() -> Draw {
    Draw::new(fastrand::f64())
}

fn note_attempt(inner: &Inner, call: &Call, step: &Step, seen: usize) {
    let attempts = match step {
        Step::Done(result) => match &**result {
            Ok(outcome) => &outcome.success().attempts,
            Err(error) => &error.details().attempts,
        },
        _ => call.attempts(),
    };
    if attempts.len() <= seen {
        return;
    }
    let Some(attempt) = attempts.last() else { return };
    let fault = match attempt.class {
        Class::Unavailable | Class::ServerError | Class::Network | Class::RateLimited => {
            Some(attempt.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string()))
        }
        _ => None,
    };
    inner.counters.note_attempt(fault);
    log::attempt_ended(&inner.dialect, call, attempt);
}

async fn wait(inner: &Inner, place: &mut Place<'_>, until: Time, why: Why) -> Event {
    let mut winding_down = inner.winding_down.subscribe();
    place.waits(why);
    let event = tokio::select! {
        biased;
        _ = winding_down.wait_for(|down| *down) => Event::Cancelled,
        () = tokio::time::sleep_until(inner.epoch + until.to_duration()) => Event::Woke,
    };
    place.works();
    event
}

fn bind(
    inner: &Inner,
    request: &Request,
    snapshot: &crate::session::Snapshot,
) -> Result<HttpRequest<Bytes>, http::Error> {
    let url = inner.url(&request.path);
    let mut headers = request.headers.clone();
    snapshot.bind(&inner.dialect, request.method.as_str(), &url, &mut headers);
    build(request.method.clone(), &url, headers, request.body.clone().unwrap_or_default())
}

pub(crate) fn build(
    method: http::Method,
    url: &url::Url,
    headers: HeaderMap,
    body: Bytes,
) -> Result<HttpRequest<Bytes>, http::Error> {
    let mut request = HttpRequest::builder().method(method).uri(url.as_str()).body(body)?;
    *request.headers_mut() = headers;
    request.headers_mut().entry(http::header::ACCEPT).or_insert(JSON);
    request.headers_mut().entry(http::header::USER_AGENT).or_insert(USER_AGENT);
    Ok(request)
}

const JSON: http::HeaderValue = http::HeaderValue::from_static("application/json");
const USER_AGENT: http::HeaderValue =
    http::HeaderValue::from_static(concat!("steadfast/", env!("CARGO_PKG_VERSION")));

async fn send(
    inner: &Inner,
    request: Result<HttpRequest<Bytes>, http::Error>,
    bound: Generation,
    limits: Limits,
) -> Event {
    let request = match request {
        Ok(request) => request,
        Err(error) => {
            let text = format!("the request cannot be sent as it is: {error}");
            return Event::Failed(Failure::new(Reach::NotSent, text));
        }
    };
    let url = request.uri().to_string();
    match inner.transport.exchange(request, limits).await {
        Ok(reply) => {
            adopt_cookies(inner, &reply, bound, &url);
            Event::Replied(reply)
        }
        Err(failure) => Event::Failed(failure),
    }
}

/// A reply that changes a cookie makes a new generation; one of an old generation is dropped.
/// The cookies of a 401 are none to keep: it may clear them.
fn adopt_cookies(inner: &Inner, reply: &Reply, bound: Generation, url: &str) {
    if !reply.headers.contains_key(http::header::SET_COOKIE) || reply.status.as_u16() == 401 {
        return;
    }
    let Ok(url) = url::Url::parse(url) else { return };
    let mut shared = inner.shared();
    if shared.account.session.rotated(bound).is_some() {
        shared.snapshot = Arc::new(shared.snapshot.merged(&reply.headers, &url));
    }
}
