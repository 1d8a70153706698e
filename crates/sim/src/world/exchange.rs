//! One exchange over the simulated network: it is sorted, meets its fate, and is answered, all
//! in virtual time. The API's side goes on when the caller gives up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use steadfast::{Exchanged, Failure, Limits, Reach, Reply, Transport};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::serve::{Answered, Serving};
use super::{World, incoming, path, sort};
use crate::checker::Begun;
use crate::plan::{Answer, Body, Fate, On, Way};
use crate::server::Incoming;

/// The transport of one process of callers.
pub(crate) struct Wire {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
}

impl Transport for Wire {
    fn exchange(&self, request: http::Request<Bytes>, limits: Limits) -> Exchanged<'_> {
        Box::pin(exchange(&self.world, self.process, request, limits))
    }
}

/// An exchange that is under way. Dropped with the caller's interest in it.
struct Underway<'w> {
    world: &'w World,
    exchange: u64,
    process: usize,
    on: On,
    what: String,
}

impl Underway<'_> {
    fn begun(&self, now_ms: u64) -> Begun<'_> {
        let Self { exchange, process, on, ref what, .. } = *self;
        Begun { exchange, process, on, what, now_ms, session_holds: false, away: false }
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        let now_ms = self.world.now_ms();
        let mut state = self.world.state();
        if self.process < state.alive_from {
            return;
        }
        state.log.note(now_ms, format_args!("#{} ends", self.exchange));
        state.checker.ended(&self.begun(now_ms));
    }
}

async fn exchange(
    world: &Arc<World>,
    process: usize,
    request: http::Request<Bytes>,
    limits: Limits,
) -> Result<Reply, Failure> {
    if process < world.state().alive_from {
        // The process is dead; what is left of its tasks does nothing any more.
        return std::future::pending().await;
    }
    let (underway, incoming, fate, latency) = begin(world, process, &request);
    let (up, down) = (Duration::from_millis(latency.0), Duration::from_millis(latency.1));
    if fate == Fate::Refused {
        let _ = timeout(limits.timeout, sleep(up)).await;
        return Err(Failure::new(Reach::NotSent, "connection refused"));
    }
    let (sender, receiver) = oneshot::channel();
    world.state().serving += 1;
    let serving = Arc::clone(world);
    tokio::spawn(async move {
        Serving { world: &serving, incoming, up, down }.serve(fate, sender).await;
        serving.state().serving -= 1;
    });
    match timeout(limits.timeout, receiver).await {
        Ok(Ok(answered)) => arrive(world, &underway, answered),
        Ok(Err(_)) => Err(Failure::new(Reach::MaybeSent, "connection closed")),
        Err(_) => Err(Failure::new(Reach::MaybeSent, "no answer in time")),
    }
}

fn begin<'w>(
    world: &'w World,
    process: usize,
    request: &http::Request<Bytes>,
) -> (Underway<'w>, Incoming, Fate, (u64, u64)) {
    let now_ms = world.now_ms();
    let mut state = world.state();
    let state = &mut *state;
    let exchange = state.exchanges;
    state.exchanges += 1;
    let op = request.headers().get("x-op").and_then(|op| op.to_str().ok()?.parse().ok());
    let on = sort(world.plan.api, request, path(request), op);
    let nth = state.seen.entry(on).or_default();
    let (this, latency) = (*nth, world.plan.latency_ms(on, *nth));
    *nth += 1;
    state.away = state.away.filter(|(_, until)| now_ms < *until);
    let fate = match state.away {
        Some((Way::Refused, _)) => Fate::Refused,
        Some((Way::Silent, _)) => Fate::LostBefore { silent: true },
        Some((Way::Unavailable, _)) => {
            Fate::Answer(Answer { status: 503, done: false, body: Body::Html, hints: Vec::new() })
        }
        None => state.fates.remove(&(on, this)).unwrap_or(Fate::Slow { ms: 0 }),
    };
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let what = format!("{} {target}", request.method());
    state.log.note(now_ms, format_args!("#{exchange} p{process} {on:?} {this}: {what} {fate:?}"));
    let session = state.checker.session_of(process);
    let begun = Begun {
        exchange,
        process,
        on,
        what: &what,
        now_ms,
        session_holds: session.is_some_and(|id| state.server.sessions.is_unrefused(id)),
        away: state.away.is_some(),
    };
    state.checker.began(&begun);
    let incoming = incoming(exchange, op, request);
    (Underway { world, exchange, process, on, what }, incoming, fate, latency)
}

fn arrive(world: &World, underway: &Underway<'_>, answered: Answered) -> Result<Reply, Failure> {
    let now_ms = world.now_ms();
    let mut state = world.state();
    let arrived = match &answered {
        Ok((_, arrived)) | Err((_, arrived)) => *arrived,
    };
    if underway.process >= state.alive_from {
        let number = underway.exchange;
        state.log.note(now_ms, format_args!("#{number} is answered: {arrived:?}"));
        state.checker.arrived(&underway.begun(now_ms), arrived);
    }
    match answered {
        Ok((reply, _)) => Ok(reply),
        Err((failure, _)) => Err(failure),
    }
}
