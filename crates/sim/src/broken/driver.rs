//! A driver around the engine that is as plain as it can be, and may have a flaw.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use steadfast::dialect::{Dialect, LookupRoute, Resource, value_text};
use steadfast::{
    AuthFailure, Error, Failure, Found, Limits, LookUp, Options, Outcome, Reach, Reply, Request,
    Time, Transport, differences,
};
use steadfast_call::{Account, Call, Draw, Event, Generation, Step, hint};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::session::Cookies;
use super::{Flaw, Machine, Next};
use crate::engine::{dialect, policy};
use crate::plan::Plan;
use crate::world::Wire;

/// How long a look-up or a renewal may wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a call that could not be reached is made again by an engine that never stops.
const AGAIN_MAX: u32 = 40;

/// The engine behind this driver, shared by the calls of a process.
pub(crate) struct Direct {
    pub(super) dialect: Arc<Dialect>,
    pub(super) plan: Plan,
    pub(super) wire: Wire,
    pub(super) flaw: Option<Flaw>,
    pub(super) renewing: tokio::sync::Mutex<()>,
    epoch: Instant,
    shared: Mutex<Shared>,
}

/// What all calls share.
pub(super) struct Shared {
    pub(super) account: Account,
    pub(super) cookies: Cookies,
    /// The API asked not to be asked for lists before then.
    lists_held_until: Time,
}

impl Direct {
    pub(crate) fn new(plan: &Plan, wire: Wire, flaw: Option<Flaw>) -> Self {
        let dialect = Arc::new(dialect(plan.api).clone());
        let account = Account::new(&dialect, None, Time::default());
        Self {
            dialect,
            plan: plan.clone(),
            wire,
            flaw,
            renewing: tokio::sync::Mutex::default(),
            epoch: Instant::now(),
            shared: Mutex::new(Shared {
                account,
                cookies: Cookies::default(),
                lists_held_until: Time::default(),
            }),
        }
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Time {
        Time::since_epoch(self.epoch.elapsed())
    }

    pub(super) fn instant(&self, time: Time) -> Instant {
        self.epoch + time.to_duration()
    }

    /// Makes a call and sees it through.
    pub(crate) async fn call(&self, request: Request, options: Options) -> Result<Outcome, Error> {
        let ends = self.now() + options.deadline.unwrap_or(TIMEOUT);
        for _ in 0..AGAIN_MAX {
            let options = Options { deadline: Some(ends - self.now()), ..options.clone() };
            let result = self.once(request.clone(), options).await;
            match &result {
                Err(error) if error.may_succeed_later() && self.never_stops(ends) => {}
                _ => return result,
            }
        }
        self.once(request, options).await
    }

    fn never_stops(&self, ends: Time) -> bool {
        self.flaw == Some(Flaw::NeverStops) && self.now() < ends
    }

    async fn once(&self, request: Request, options: Options) -> Result<Outcome, Error> {
        let wanted = options.deadline.unwrap_or(TIMEOUT);
        let deadline = Machine::deadline(self.flaw, wanted);
        let (dialect, policy) = (Arc::clone(&self.dialect), policy(&self.plan));
        let call = Call::new(
            dialect,
            policy,
            request,
            options,
            deadline,
            self.now(),
            &mut self.shared().account,
        );
        let ends_at = self.instant(call.deadline());
        let mut machine = Machine::new(call, self.flaw);
        let mut event = Event::Started;
        loop {
            let (next, cookies) = {
                let mut shared = self.shared();
                let draw = Draw::new(fastrand::f64());
                let next = machine.step(event, self.now(), draw, &mut shared.account);
                (next, shared.cookies.clone())
            };
            event = match next {
                Next::LookUp | Next::Step(Step::LookUp) => {
                    let ours = machine.call.request().body.clone().unwrap_or_default();
                    let options = machine.call.options().clone();
                    let looked = timeout_at(ends_at, self.look_up(&options, &ours)).await;
                    let late = |_| LookUp::CannotTell("the deadline passed".to_owned());
                    Event::LookedUp(looked.unwrap_or_else(late))
                }
                Next::Step(Step::Send { generation, timeout, .. }) => {
                    let request = machine.call.outgoing().clone();
                    self.send(&request, &cookies, generation, timeout).await
                }
                Next::Step(Step::Authenticate { stale }) => {
                    match timeout_at(ends_at, self.renew(stale)).await {
                        Ok(Ok(())) => Event::Authenticated,
                        Ok(Err(failure)) => Event::AuthFailed(failure),
                        Err(_) => Event::AuthFailed(AuthFailure::Unreached {
                            text: "the deadline passed".to_owned(),
                        }),
                    }
                }
                Next::Step(Step::WaitUntil { until, .. }) => {
                    sleep_until(self.instant(until)).await;
                    Event::Woke
                }
                Next::Step(Step::Done(result)) => return *result,
            };
        }
    }

    async fn send(
        &self,
        request: &Request,
        cookies: &Cookies,
        bound: Generation,
        timeout: Duration,
    ) -> Event {
        let body = request.body.clone().unwrap_or_default();
        let answer = self.exchange(request, body, cookies, timeout).await;
        match answer {
            Ok(reply) => {
                let mut shared = self.shared();
                let merged = shared.cookies.merged(&reply);
                if merged != shared.cookies && shared.account.session.rotated(bound).is_some() {
                    shared.cookies = merged;
                }
                Event::Replied(reply)
            }
            Err(failure) => Event::Failed(failure),
        }
    }

    pub(super) async fn exchange(
        &self,
        request: &Request,
        body: Bytes,
        cookies: &Cookies,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        let wrong = |error: http::Error| Failure::new(Reach::NotSent, error.to_string());
        let mut sent = http::Request::builder()
            .method(request.method.clone())
            .uri(format!("http://sim.example/api{}", request.path))
            .body(body)
            .map_err(wrong)?;
        *sent.headers_mut() = request.headers.clone();
        cookies.bind(request.route() == "/refresh", sent.headers_mut());
        self.wire.exchange(sent, Limits { timeout, body_bytes_max: usize::MAX }).await
    }

    /// Reads the whole list, and every record that bears the key.
    async fn look_up(&self, options: &Options, ours: &[u8]) -> LookUp {
        let resource = options.resource.as_ref().and_then(|name| self.dialect.resource.get(name));
        let Some((resource, route)) = resource.and_then(|r| Some((r, r.lookup.as_ref()?))) else {
            return LookUp::CannotTell("there is no look-up".to_owned());
        };
        let key = options.natural_key.as_deref().unwrap_or_default();
        match self.find(resource, route, key, ours).await {
            Ok(found) => found,
            Err(text) => LookUp::CannotTell(text),
        }
    }

    async fn find(
        &self,
        resource: &Resource,
        route: &LookupRoute,
        key: &str,
        ours: &[u8],
    ) -> Result<LookUp, String> {
        let ours: Value = serde_json::from_slice(ours).map_err(|error| error.to_string())?;
        let mut rows: Vec<Value> = Vec::new();
        for page in 1.. {
            let path = format!("{}?page={page}&page_size=1000", route.list);
            let body = self.read(&path).await?;
            let page = body.pointer("/data/rows").and_then(Value::as_array);
            let page = page.ok_or("no rows")?;
            if page.is_empty() {
                break;
            }
            let fits = |row: &&Value| row.get(&route.row_key).and_then(Value::as_str) == Some(key);
            rows.extend(page.iter().filter(fits).cloned());
        }
        let Some(record) = rows.first() else { return Ok(LookUp::Absent) };
        Ok(LookUp::Found(Found {
            id: record.get(&route.row_id).and_then(value_text),
            differences: differences(resource, &ours, record),
            record: record.clone(),
            copies: rows.len(),
        }))
    }

    async fn read(&self, path: &str) -> Result<Value, String> {
        let request = Request::new(http::Method::GET, path);
        let (cookies, held) = {
            let shared = self.shared();
            (shared.cookies.clone(), shared.lists_held_until)
        };
        if self.now() < held {
            return Err("the API asked to wait".to_owned());
        }
        let answer = self.exchange(&request, Bytes::new(), &cookies, TIMEOUT).await;
        self.heed(&answer);
        match answer {
            Ok(reply) if reply.status.is_success() => reply.json().cloned().ok_or("no JSON".into()),
            Ok(reply) => Err(reply.status.to_string()),
            Err(failure) => Err(failure.text),
        }
    }

    /// Notes what a list's answer asks to wait.
    fn heed(&self, answer: &Result<Reply, Failure>) {
        let reply = match answer {
            Ok(reply) => Some(reply),
            Err(failure) => failure.reply.as_deref(),
        };
        let hint = reply.and_then(|reply| hint::read(&self.dialect.hints.wait, reply).wait);
        if let Some(hint) = hint {
            let until = self.now() + hint;
            let mut shared = self.shared();
            shared.lists_held_until = shared.lists_held_until.max(until);
        }
    }
}
