//! Those who call: processes that make the calls of a plan, go away, die, and take up what a
//! dead one has left, as a ledger does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use steadfast::{
    Effect, Error, IdempotencyKey, LookUp, Options, Outcome, Request, Testimony, Time,
};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::engine::Engine;
use crate::plan::{Api, CallPlan, Kind};
use crate::world::{Progress, World, body};

/// One process of callers.
pub(crate) struct Process {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Engine,
    /// Records that we made, by id, and what we wrote.
    made: Mutex<Vec<(String, Bytes)>>,
    /// Writes that were queued: the call, and when it was first sent.
    queued: Mutex<Vec<(u32, Time)>>,
}

/// How often the chores are done.
const CHORES_MS: u64 = 1_000;

impl Process {
    pub(crate) fn new(world: &Arc<World>, engine: Engine) -> Arc<Self> {
        let (made, queued) = Default::default();
        Arc::new(Self { world: Arc::clone(world), engine, made, queued })
    }

    /// Makes every call that has not ended. `in_doubt`: those that had begun may have been sent.
    pub(crate) fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for call in &self.world.plan.calls {
            let progress = self.world.state().progress.get(&call.op).copied();
            let in_doubt = match progress {
                Some(Progress::Ended) => continue,
                Some(Progress::Begun) => true,
                None => false,
            };
            tasks.spawn(Arc::clone(self).see_through(call.clone(), in_doubt));
        }
        tasks
    }

    /// Makes a call, and makes it again as the plan says.
    async fn see_through(self: Arc<Self>, call: CallPlan, mut in_doubt: bool) {
        let begins = Duration::from_millis(call.at_ms.saturating_sub(self.world.now_ms()));
        sleep(begins).await;
        self.world.state().progress.insert(call.op, Progress::Begun);
        let mut tried_before = false;
        let mut patience = call.cancel_after_ms.map(Duration::from_millis);
        for _ in 0..=call.again {
            let options = Options { in_doubt, tried_before, ..self.options(&call) };
            match self.make(&call, options, patience.take()).await {
                None => in_doubt = true,
                Some(Ok(outcome)) => {
                    self.keep(&call, &outcome);
                    break;
                }
                Some(Err(error)) => {
                    in_doubt = error.effect() == Effect::Unknown;
                    tried_before = true;
                    if !in_doubt && !error.may_succeed_later() {
                        break;
                    }
                    let wait = error.details().retry_after.unwrap_or_default();
                    sleep(wait.max(Duration::from_secs(1))).await;
                }
            }
        }
        self.world.state().progress.insert(call.op, Progress::Ended);
    }

    /// One call. None: the caller went away.
    async fn make(
        &self,
        call: &CallPlan,
        options: Options,
        patience: Option<Duration>,
    ) -> Option<Result<Outcome, Error>> {
        let world = &self.world;
        {
            let now_ms = world.now_ms();
            let mut state = world.state();
            let again = options.in_doubt || options.tried_before;
            state.log.note(now_ms, format_args!("call {} {:?} {again}", call.op, call.kind));
            state.checker.called(call.op, now_ms + call.deadline_ms, again);
        }
        let making = Box::pin(self.engine.call(self.request(call), options));
        let result = match patience {
            Some(patience) => timeout(patience, making).await.ok(),
            None => Some(making.await),
        };
        let now_ms = world.now_ms();
        let mut state = world.state();
        let state = &mut *state;
        match &result {
            Some(Ok(outcome)) => {
                let outcome = outcome.as_str();
                state.log.note(now_ms, format_args!("call {} ends: {outcome}", call.op));
            }
            Some(Err(error)) => {
                let kind = error.kind().as_str();
                state.log.note(now_ms, format_args!("call {} ends: {kind}: {error}", call.op));
            }
            None => state.log.note(now_ms, format_args!("call {} is called off", call.op)),
        }
        match &result {
            Some(result) => state.checker.claimed(call.op, result, &state.server, now_ms),
            None => state.checker.uncall(call.op, now_ms),
        }
        result
    }

    fn options(&self, call: &CallPlan) -> Options {
        let api = self.world.plan.api;
        let created = matches!(call.kind, Kind::Create | Kind::CreateHidden);
        let named = created && api.has_look_up();
        let now_ms = self.world.now_ms();
        let first_ms = *self.world.state().first_made_ms.entry(call.op).or_insert(now_ms);
        let key = IdempotencyKey {
            value: format!("key-{}", call.op),
            age: Duration::from_millis(now_ms - first_ms),
        };
        let resource = if api == Api::Knosc { "purchase-order" } else { "order" };
        Options {
            deadline: Some(Duration::from_millis(call.deadline_ms)),
            resource: named.then(|| resource.to_owned()),
            natural_key: named.then(|| format!("PO-{}", call.op)),
            idempotency_key: (created && api == Api::Keyed).then_some(key),
            known_absent: call.known_absent && named,
            ..Options::default()
        }
    }

    fn request(&self, call: &CallPlan) -> Request {
        let (records, nameless) = self.world.plan.api.paths();
        let one = format!("{records}/{}", call.op + 1);
        let write = |method, path: String| {
            Request::new(method, path).json(body(call.op, call.kind).to_string())
        };
        let mut request = match call.kind {
            Kind::Create | Kind::CreateHidden => write(Method::POST, records.to_owned()),
            Kind::CreateNameless => write(Method::POST, nameless.to_owned()),
            Kind::Replace => write(Method::PUT, one),
            Kind::Delete => Request::new(Method::DELETE, one),
            Kind::Read => Request::new(Method::GET, one),
        };
        request.headers.insert("x-op", call.op.into());
        request
    }

    fn keep(&self, call: &CallPlan, outcome: &Outcome) {
        if call.kind != Kind::Create {
            return;
        }
        let success = outcome.success();
        match (outcome, &success.resource_id, success.attempts.first()) {
            (Outcome::Applied(_), Some(id), _) => {
                let ours = body(call.op, call.kind).to_string().into();
                lock(&self.made).push((id.clone(), ours));
            }
            (Outcome::Queued(_), _, Some(first)) => {
                lock(&self.queued).push((call.op, first.sent_at));
            }
            _ => {}
        }
    }

    /// What a ledger does beside making calls: it makes a witness write where calls wait for
    /// proof that no locked run is on, and tells the account which queued writes have become
    /// visible.
    pub(crate) async fn chores(self: Arc<Self>) {
        let mut held_until_ms = 0;
        let Engine::Client(client) = &self.engine else { return };
        loop {
            sleep(Duration::from_millis(CHORES_MS)).await;
            if client.activity().waiting_for_lock == 0 {
                continue;
            }
            let witness = lock(&self.made).last().cloned();
            let idle = self.world.plan.quirks.no_witness || self.world.now_ms() < held_until_ms;
            if let (Some((id, ours)), false) = (witness, idle) {
                let witness = client.witness("purchase-order", &id, &ours);
                if let Testimony::Failed(error) = Box::pin(witness).await {
                    let wait = error.details().retry_after.unwrap_or_default();
                    held_until_ms = self.world.now_ms() + wait.as_millis() as u64;
                }
            }
            let queued = lock(&self.queued).last().copied();
            if let Some((op, sent_at)) = queued {
                let (key, ours) = (format!("PO-{op}"), body(op, Kind::Create).to_string());
                let look = client.look_up("purchase-order", &key, ours.as_bytes());
                if let LookUp::Found(_) = Box::pin(look).await {
                    client.saw_queued_write(sent_at);
                    lock(&self.queued).pop();
                }
            }
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
