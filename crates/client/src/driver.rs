//! Does what the machine says. No `if` about sending again stands here.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::header::Entry;
use http::{HeaderMap, Request as HttpRequest};
use steadfast_call::{
    AuthFailure, Call, Class, Error, Event, Failure, Generation, LookUp, Nature, Outcome,
    Principal, Reply, Request, Step, Time, Why,
};
use tokio::time::Instant;
use tracing::Instrument;

use crate::activity::Place;
use crate::client::Inner;
use crate::outgoing::{Outgoing, add_defaults};
use crate::redact::Secrets;
use crate::session::Snapshot;
use crate::transport::{Exchanged, Limits, StreamBody};
use crate::{log, lookup, renew};

/// Makes a call and sees it through.
pub(crate) async fn drive(
    inner: &Arc<Inner>,
    outgoing: impl Into<Outgoing>,
) -> Result<Outcome, Error> {
    let Outgoing { request, options, stream, fault } = outgoing.into().completed(inner);
    let call = Watched {
        inner,
        call: inner.new_call(request, options),
        ended: false,
        cookies: Vec::new(),
    };
    let span = log::call_span(&inner.dialect, &call.call);
    if call.call.options().one_shot && fault.is_none() {
        log::one_shot(&call.call);
    }
    let first = fault.map_or(Event::Started, Event::Unsendable);
    let result = run(inner, call, stream, first).instrument(span.clone()).await;
    log::close_span(&span, &result);
    result
}

/// A call on its way. Whoever drops it calls it off, and a write is logged all the same: it may
/// have been on the wire (hazard 43).
struct Watched<'i> {
    inner: &'i Inner,
    call: Call,
    ended: bool,
    /// What its replies have set, kept or not: nobody may read it, and errors quote it.
    cookies: Vec<String>,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let inner = self.inner;
        let step = self.call.step(
            Event::Cancelled,
            inner.now(),
            inner.chance.draw(),
            &mut inner.shared().account,
        );
        if let Step::Done(result) = step {
            let secrets = self.secrets();
            log::ended(inner, &self.call, &result, &secrets);
        }
    }
}

impl Watched<'_> {
    /// What must not be read in any text about this call.
    fn secrets(&self) -> Secrets {
        let cookies = self.cookies.iter().cloned();
        self.inner.secrets().and_of_request(self.call.request()).and(cookies)
    }
}

async fn run(
    inner: &Arc<Inner>,
    mut watched: Watched<'_>,
    mut stream: Option<StreamBody>,
    first: Event,
) -> Result<Outcome, Error> {
    let ends_at = inner.instant(watched.call.deadline());
    let mut place = inner.counters.enter();
    let mut event = first;
    loop {
        watched.cookies.extend(set_cookies(&event));
        let cause = match &event {
            Event::Failed(failure) => Some(failure.text.clone()),
            _ => None,
        };
        let seen = watched.call.attempts().len();
        let alone = watched.call.options().without_session;
        let (step, snapshot) = {
            let mut shared = inner.shared();
            let now = inner.now();
            let step = watched.call.step(event, now, inner.chance.draw(), &mut shared.account);
            let snapshot = match alone {
                true => Arc::default(),
                false => shared.snapshot_of(watched.call.principal()),
            };
            (step, snapshot)
        };
        note_attempt(&watched, &step, seen, cause.as_deref());
        let call = &watched.call;
        event = match step {
            Step::Send { generation, timeout, attempt } => {
                let limits = Limits { timeout, ..inner.limits };
                // An answer may quote what it was sent with, long after that was replaced.
                watched.cookies.extend(snapshot.values().map(str::to_owned));
                let bound = Bound { principal: call.principal(), generation, alone };
                match bind(inner, call.outgoing(), &snapshot) {
                    Ok(request) => {
                        log::request(
                            call,
                            request.headers(),
                            attempt,
                            &inner.dialect,
                            inner.policy,
                        );
                        let span = log::attempt_span(call.request(), &inner.base_url, attempt);
                        let sent = send(inner, request, stream.take(), bound, limits);
                        let event = sent.instrument(span.clone()).await;
                        log::close(&span, &event);
                        event
                    }
                    Err(error) => Event::Unsendable(unsendable(&error)),
                }
            }
            Step::Authenticate { .. } => {
                let renewal = renew::renew(inner, call.principal(), call.needs_csrf_fetched());
                match within(ends_at, renewal).await {
                    Some(Ok(())) => Event::Authenticated,
                    Some(Err(failure)) => Event::AuthFailed(failure),
                    None => Event::AuthFailed(AuthFailure::Unreached {
                        text: "there was no session by the deadline".to_owned(),
                    }),
                }
            }
            Step::LookUp => {
                let look_up = lookup::of_call(inner, call.request(), call.options());
                let look_up = within(ends_at, look_up).await;
                Event::LookedUp(look_up.unwrap_or_else(|| {
                    LookUp::CannotTell("the look-up did not end by the deadline".to_owned())
                }))
            }
            Step::WaitUntil { until, why } => wait(inner, &mut place, until, why).await,
            Step::Done(result) => {
                watched.ended = true;
                let secrets = match &*result {
                    Ok(_) if !log::is_heard(&result) => Secrets::default(),
                    _ => watched.secrets(),
                };
                let result = (*result).map_err(|error| secrets.scrub_error(error));
                log::ended(inner, &watched.call, &result, &secrets);
                return result;
            }
        };
    }
}

/// None if the deadline came first. What others share of the work goes on without this call.
async fn within<T>(ends_at: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match ends_at {
        Some(ends_at) => tokio::time::timeout_at(ends_at, work).await.ok(),
        None => Some(work.await),
    }
}

/// The cookies that a reply sets, one by one.
fn set_cookies(event: &Event) -> Vec<String> {
    let headers = match event {
        Event::Replied(reply) => &reply.headers,
        Event::Failed(Failure { reply: Some(reply), .. }) => &reply.headers,
        _ => return Vec::new(),
    };
    let lines = headers.get_all(http::header::SET_COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok()?.split(';').next()?.split_once('='))
        .map(|(_, value)| value.trim().to_owned())
        .collect()
}

fn note_attempt(watched: &Watched<'_>, step: &Step, seen: usize, cause: Option<&str>) {
    let (inner, call) = (watched.inner, &watched.call);
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
    if let (Some(wait), Nature::Safe) = (attempt.hint, call.nature()) {
        inner.hub.hold(call.request().route(), attempt, wait);
    }
    let wait = match step {
        Step::WaitUntil { until, why } => Some((*until - inner.now(), *why)),
        _ => None,
    };
    log::attempt_ended(call, attempt, wait, || watched.secrets());
    if let Step::WaitUntil { why: Why::Backoff | Why::Hint, .. } = step {
        let policy = inner.policy;
        log::retrying(&inner.dialect, policy, call, attempt, cause, || watched.secrets());
    }
}

async fn wait(inner: &Inner, place: &mut Place<'_>, until: Time, why: Why) -> Event {
    place.waits(why);
    let event = match inner.sleep_until(until).await {
        true => Event::Woke,
        false => Event::Cancelled,
    };
    place.works();
    event
}

fn bind(
    inner: &Inner,
    request: &Request,
    snapshot: &Snapshot,
) -> Result<HttpRequest<Bytes>, http::Error> {
    let url = inner.url(&request.path);
    let mut headers = request.headers.clone();
    add_defaults(&mut headers, &inner.headers);
    snapshot.bind(&inner.dialect, request.method.as_str(), &url, &mut headers);
    add_usual(&mut headers);
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
    Ok(request)
}

const JSON: http::HeaderValue = http::HeaderValue::from_static("application/json");
const USER_AGENT: http::HeaderValue =
    http::HeaderValue::from_static(concat!("steadfast/", env!("CARGO_PKG_VERSION")));

/// Why no request can be made. The address is not quoted: its query may hold a secret.
fn unsendable(error: &http::Error) -> String {
    format!("the call's address or one of its headers is none ({error}): is it too long?")
}

async fn send(
    inner: &Inner,
    request: HttpRequest<Bytes>,
    stream: Option<StreamBody>,
    bound: Bound<'_>,
    limits: Limits,
) -> Event {
    let url = request.uri().to_string();
    let exchanged = match stream {
        None => inner.transport.exchange(request, limits),
        Some(body) => inner.transport.exchange_stream(request.map(|_| body), limits),
    };
    match watched_for_cookies(exchanged).await {
        Ok(reply) => {
            adopt_cookies(inner, &reply, bound, &url);
            // Parsed here, where no other call waits for it; the machine then finds it parsed.
            let _ = reply.json();
            Event::Replied(reply)
        }
        Err(failure) => {
            // The head of an answer whose body broke off arrived whole.
            if let Some(reply) = &failure.reply {
                adopt_cookies(inner, reply, bound, &url);
            }
            Event::Failed(failure)
        }
    }
}

/// One exchange. The cookies that a reply sets are secrets, and whoever prints the reply must
/// not print them (I7).
pub(crate) async fn exchange(
    inner: &Inner,
    mut request: HttpRequest<Bytes>,
    limits: Limits,
) -> Result<Reply, Failure> {
    if inner.is_at_home(request.uri()) {
        add_defaults(request.headers_mut(), &inner.headers);
    }
    add_usual(request.headers_mut());
    watched_for_cookies(inner.transport.exchange(request, limits)).await
}

/// What every request has that nobody says otherwise.
fn add_usual(headers: &mut HeaderMap) {
    headers.entry(http::header::ACCEPT).or_insert(JSON);
    headers.entry(http::header::USER_AGENT).or_insert(USER_AGENT);
}

async fn watched_for_cookies(exchanged: Exchanged<'_>) -> Result<Reply, Failure> {
    let mut exchanged = exchanged.await;
    let reply = match &mut exchanged {
        Ok(reply) => Some(reply),
        Err(failure) => failure.reply.as_deref_mut(),
    };
    if let Some(reply) = reply
        && let Entry::Occupied(mut cookies) = reply.headers.entry(http::header::SET_COOKIE)
    {
        cookies.iter_mut().for_each(|value| value.set_sensitive(true));
    }
    exchanged
}

/// A reply that changes what attempts are judged by (the session, the CSRF value) makes a new
/// generation; one of an old generation is dropped. Other cookies, such as a load balancer's,
/// change nothing that a 401 could be about, so the generation stays: if each of them made a
/// new one, an expired session would pass for a renewed one.
///
/// The cookies of a 401 are none to keep: it may clear them.
fn adopt_cookies(inner: &Inner, reply: &Reply, bound: Bound<'_>, url: &str) {
    if !reply.headers.contains_key(http::header::SET_COOKIE) || reply.status.as_u16() == 401 {
        return;
    }
    let Ok(url) = url::Url::parse(url) else { return };
    let mut shared = inner.shared();
    if bound.alone {
        let fresh = Snapshot::default().merged(&reply.headers, &url);
        if reply.status.is_success() && fresh.is_session(&inner.dialect, &inner.url("/")) {
            shared.account.session_of(bound.principal).opened();
            shared.adopt(bound.principal, fresh);
        }
        return;
    }
    let held = shared.snapshot_of(bound.principal);
    let merged = held.merged(&reply.headers, &url);
    let session = shared.account.session_of(bound.principal);
    if merged.is_judged_as(&held, &inner.dialect, &inner.url("/")) {
        if session.current() == bound.generation {
            shared.amend(bound.principal, merged);
        }
    } else if let Some(rotated) = session.rotated(bound.generation) {
        // A CSRF token that was fetched is void without the cookies that it came with.
        session.csrf_refused(rotated);
        shared.adopt(bound.principal, merged.without_csrf());
    }
}

/// What an attempt is bound with.
#[derive(Clone, Copy)]
struct Bound<'c> {
    principal: &'c Principal,
    generation: Generation,
    /// With nothing: it is about getting a session.
    alone: bool,
}
