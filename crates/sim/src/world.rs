//! One world: the API, the network, the checker and the log, in virtual time.

mod exchange;
mod serve;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::checker::Checker;
use crate::log::Log;
use crate::plan::{Api, Fate, Kind, On, Plan, Way, What};
use crate::server::{Incoming, Server};

pub(crate) use exchange::Wire;

/// What the API's clock says when a world begins, in seconds since 1970.
const EPOCH_S: u64 = 1_800_000_000;

/// Everything that the parts of a world share. It lives on one thread.
pub(crate) struct World {
    pub(crate) plan: Plan,
    began: Instant,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) server: Server,
    pub(crate) checker: Checker,
    pub(crate) log: Log,
    fates: HashMap<(On, u32), Fate>,
    seen: HashMap<On, u32>,
    pub(crate) exchanges: u64,
    /// Requests that are on their way or being answered.
    serving: u32,
    away: Option<(Way, u64)>,
    /// Processes below this one are dead.
    pub(crate) alive_from: usize,
    /// How far the calls have come.
    pub(crate) progress: HashMap<u32, Progress>,
    /// When each call was made for the first time, by whichever process.
    pub(crate) first_made_ms: HashMap<u32, u64>,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Begun,
    Ended,
}

impl World {
    pub(crate) fn new(plan: &Plan, sends_max: u32, keep_log: bool) -> Arc<Self> {
        let fates = plan.faults.iter().map(|fault| ((fault.on, fault.nth), fault.fate.clone()));
        let state = State {
            server: Server::new(plan),
            checker: Checker::new(plan, sends_max),
            log: Log::new(keep_log),
            fates: fates.collect(),
            seen: HashMap::new(),
            exchanges: 0,
            serving: 0,
            away: None,
            alive_from: 0,
            progress: HashMap::new(),
            first_made_ms: HashMap::new(),
        };
        Arc::new(Self { plan: plan.clone(), began: Instant::now(), state: Mutex::new(state) })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn into_state(self) -> State {
        self.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the API's clock says.
    fn date(&self) -> (u64, String) {
        let now_s = EPOCH_S.saturating_add_signed(self.plan.quirks.skew_s) + self.now_ms() / 1_000;
        let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(now_s);
        (now_s, httpdate::fmt_http_date(date))
    }

    /// Something happens, whoever calls.
    pub(crate) fn happen(&self, what: What) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        state.log.note(now_ms, format_args!("{what:?}"));
        match what {
            What::Lock => state.server.lock(),
            What::Unlock => {
                state.server.unlock();
                state.tell(now_ms);
                state.checker.queue_ended();
            }
            What::Revoke => state.server.sessions.revoke_all(),
            What::RotateCsrf => state.server.sessions.rotate_csrf(),
            What::Outage { way, ms } => state.away = Some((way, now_ms + ms)),
            What::Stranger { op, same } => {
                let kind = self.plan.call(op).map(|call| call.kind);
                if let Some(kind @ (Kind::Create | Kind::CreateHidden)) = kind {
                    let mut body = body(op, kind);
                    if !same {
                        body["Supplier Number"] = json!("SUP-9");
                    }
                    state.server.stranger(body, same.then_some(op));
                }
            }
            // The callers see to it: it happens to them and not to the API.
            What::Crash { .. } => {}
        }
    }

    /// True when nothing is on its way any more.
    pub(crate) fn is_quiet(&self) -> bool {
        self.state().serving == 0
    }
}

impl State {
    /// Tells the checker what took effect.
    fn tell(&mut self, now_ms: u64) {
        for effect in std::mem::take(&mut self.server.effects) {
            self.log.note(now_ms, format_args!("{effect:?}"));
            self.checker.took_effect(effect, now_ms);
        }
    }
}

/// What a call writes.
pub(crate) fn body(op: u32, kind: Kind) -> Value {
    let status = if kind == Kind::CreateHidden { "Closed" } else { "Open" };
    json!({
        "PO List Number": format!("PO-{op}"),
        "PO List Document Status": status,
        "Supplier Number": "SUP-1",
        "details": [{"Item Number": "ITEM-A", "Warehouse Number": "WH-1", "PO Details Quantity": op + 1}],
    })
}

/// Which exchange it is.
fn sort(api: Api, request: &http::Request<Bytes>, path: &str, op: Option<u32>) -> On {
    match (op, path, request.method().as_str()) {
        (Some(op), _, _) => On::Op(op),
        (None, "/login" | "/authenticate", _) => On::LogIn,
        (None, "/refresh" | "/token-refresh", _) => On::Refresh,
        (None, _, "PUT") => On::Witness,
        (None, path, _) if api.has_look_up() && path == api.paths().0 => On::List,
        (None, _, _) => On::Record,
    }
}

/// What the simulated API sees of a request.
fn incoming(exchange: u64, op: Option<u32>, request: &http::Request<Bytes>) -> Incoming {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let cookies = header("cookie").unwrap_or_default().split("; ").filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let query = request.uri().query().unwrap_or_default();
    let query = match query.is_empty() {
        true => Vec::new(),
        false => url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
    };
    Incoming {
        exchange,
        op,
        method: request.method().clone(),
        path: path(request).to_owned(),
        query,
        cookies: cookies.collect(),
        csrf: header("x-xsrf-token").map(str::to_owned),
        key: header("idempotency-key").map(str::to_owned),
        body: request.body().clone(),
    }
}

/// Below the base URL, without the query.
fn path(request: &http::Request<Bytes>) -> &str {
    let path = request.uri().path();
    path.strip_prefix("/api").unwrap_or(path)
}
