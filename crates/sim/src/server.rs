//! The simulated API: state that behaves as the contract says, and a true log of what took
//! effect. What goes wrong on the way is not decided here.

mod answers;
mod keys;
mod records;
mod sessions;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::plan::{Api, Kind, Plan};

pub(crate) use answers::Outgoing;
use keys::{Keys, Seen};
use records::Records;
pub(crate) use sessions::session_in;
pub(crate) use sessions::{PASSWORD, USERNAME};
use sessions::{Pass, Sessions};

/// A request as it arrives.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) exchange: u64,
    pub(crate) op: Option<u32>,
    pub(crate) method: Method,
    /// Below the base URL, without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) csrf: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) body: Bytes,
}

impl Incoming {
    fn is_write(&self) -> bool {
        self.method != Method::GET
    }
}

/// Something that took effect, or was queued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) op: Option<u32>,
    pub(crate) exchange: u64,
    pub(crate) queued: bool,
    /// It had been queued before.
    pub(crate) from_queue: bool,
}

/// The API.
pub(crate) struct Server {
    api: Api,
    pub(crate) sessions: Sessions,
    records: Records,
    keys: Keys,
    unique: bool,
    duplicate_is_200: bool,
    filter_ignored: bool,
    page_rows_max: Option<u64>,
    quotes_secrets: bool,
    limit: Option<Bucket>,
    locked: bool,
    queue: Vec<Incoming>,
    /// What took effect since anybody looked.
    pub(crate) effects: Vec<Effect>,
}

/// What a server allows: so many requests a second, with a burst of as many.
struct Bucket {
    per_s: u64,
    /// In thousandths of a request.
    level: u64,
    filled_ms: u64,
}

impl Bucket {
    fn admits(&mut self, now_ms: u64) -> bool {
        let earned = (now_ms - self.filled_ms) * self.per_s;
        self.level = (self.level + earned).min(self.per_s * 1_000);
        self.filled_ms = now_ms;
        let admitted = self.level >= 1_000;
        if admitted {
            self.level -= 1_000;
        }
        admitted
    }
}

impl Server {
    pub(crate) fn new(plan: &Plan) -> Self {
        let quirks = &plan.quirks;
        let mut records = Records::default();
        for call in &plan.calls {
            if matches!(call.kind, Kind::Replace | Kind::Delete | Kind::Read) {
                records.prepare(call.op);
            }
        }
        let limit =
            quirks.limit_per_s.map(|per_s| Bucket { per_s, level: per_s * 1_000, filled_ms: 0 });
        Self {
            api: plan.api,
            sessions: Sessions::new(plan.api == Api::Knosc, quirks.session_ms),
            records,
            keys: Keys::new(quirks.works_ms),
            unique: quirks.unique,
            duplicate_is_200: quirks.duplicate_is_200,
            filter_ignored: quirks.filter_ignored,
            page_rows_max: quirks.page_rows_max,
            quotes_secrets: quirks.quotes_secrets,
            limit,
            locked: false,
            queue: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Takes a request and answers it.
    pub(crate) fn handle(&mut self, request: &Incoming, now_ms: u64) -> Outgoing {
        if self.limit.as_mut().is_some_and(|limit| !limit.admits(now_ms)) {
            let mut answer = self.error(429, "Rate.Limited");
            answer.retry_after.push("1".to_owned());
            return answer;
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/login") => return self.sessions.log_in(&request.body, now_ms),
            ("POST", "/refresh") => return self.sessions.refresh(request, now_ms),
            _ => {}
        }
        let fresh_csrf = match self.sessions.admit(request, now_ms) {
            Pass::In { fresh_csrf } => fresh_csrf,
            Pass::Out(mut answer) => {
                if self.quotes_secrets {
                    answer.quote(&request.cookies);
                }
                return answer;
            }
        };
        let mut answer = match (self.held(request), self.recognised(request, now_ms)) {
            (true, _) => self.enqueue(request),
            (false, Some(answer)) => answer,
            (false, None) => {
                let answer = self.work(request, false);
                if self.honours(request) {
                    self.keys.remember(request, &answer, now_ms);
                }
                answer
            }
        };
        answer.cookies.extend(fresh_csrf);
        answer
    }

    fn honours(&self, request: &Incoming) -> bool {
        self.api == Api::Keyed && request.path == self.api.paths().0
    }

    /// What a key that was seen before is answered with.
    fn recognised(&mut self, request: &Incoming, now_ms: u64) -> Option<Outgoing> {
        if !self.honours(request) {
            return None;
        }
        match self.keys.look(request, now_ms) {
            Seen::Never => None,
            Seen::Done(answer) => Some(answer),
            Seen::InProgress => {
                let mut answer = self.error(409, "in_progress");
                answer.retry_after.push("1".to_owned());
                Some(answer)
            }
            Seen::OfSomethingElse => Some(self.error(422, "key_reused")),
        }
    }

    fn held(&self, request: &Incoming) -> bool {
        self.locked && request.is_write() && request.path.starts_with("/purchase-order")
    }

    fn enqueue(&mut self, request: &Incoming) -> Outgoing {
        self.note(request, true, false);
        self.queue.push(request.clone());
        Outgoing::json(200, &json!({"message": "queued", "notification_type": "Warning"}))
    }

    fn note(&mut self, request: &Incoming, queued: bool, from_queue: bool) {
        let (op, exchange) = (request.op, request.exchange);
        self.effects.push(Effect { op, exchange, queued, from_queue });
    }

    fn work(&mut self, request: &Incoming, from_queue: bool) -> Outgoing {
        let place = request.path.rsplit('/').next().unwrap_or_default();
        let id: Option<u64> = place.parse().ok();
        match (request.method.as_str(), id) {
            ("POST", _) => self.create(request, from_queue),
            ("PUT", Some(id)) => self.replace(request, id, from_queue),
            ("DELETE", Some(id)) => match self.records.remove(id) {
                true => {
                    self.note(request, false, from_queue);
                    self.success(id)
                }
                false => self.not_there(),
            },
            ("GET", Some(id)) => match self.records.row(id) {
                Some(row) => Outgoing::text(200, format!("{{\"data\":{{\"rows\":{row}}}}}")),
                None => self.not_there(),
            },
            ("GET", None) => {
                let filter = if self.filter_ignored { None } else { request.filter() };
                let (page, mut size) = request.page();
                size = size.min(self.page_rows_max.unwrap_or(u64::MAX)).max(1);
                Outgoing::text(200, self.records.page(filter.as_deref(), page, size))
            }
            _ => self.error(404, "Route.NotFound"),
        }
    }

    fn create(&mut self, request: &Incoming, from_queue: bool) -> Outgoing {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return self.error(400, "JSON.Invalid");
        };
        let key = body.get("PO List Number").and_then(Value::as_str).map(str::to_owned);
        if self.unique && key.as_deref().is_some_and(|key| self.records.has_key(key)) {
            return self.duplicate();
        }
        let id = self.records.add(key, body, request.op);
        self.note(request, false, from_queue);
        self.success(id)
    }

    fn replace(&mut self, request: &Incoming, id: u64, from_queue: bool) -> Outgoing {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return self.error(400, "JSON.Invalid");
        };
        match self.records.replace(id, body, request.op) {
            true => {
                self.note(request, false, from_queue);
                self.success(id)
            }
            false => self.not_there(),
        }
    }

    /// A run begins.
    pub(crate) fn lock(&mut self) {
        self.locked = true;
    }

    /// The run ends, and what it queued is done in the order in which it came.
    pub(crate) fn unlock(&mut self) {
        self.locked = false;
        for request in std::mem::take(&mut self.queue) {
            // One that is refused now is nowhere: the API told nobody, and the queue forgets it.
            self.work(&request, true);
        }
    }

    /// Somebody else writes a record with that key.
    pub(crate) fn stranger(&mut self, body: Value, copy_of: Option<u32>) {
        let key = body.get("PO List Number").and_then(Value::as_str).map(str::to_owned);
        let taken = key.as_deref().is_some_and(|key| self.records.has_key(key));
        if !(self.unique && taken) {
            self.records.add(key, body, copy_of);
        }
    }

    /// True if there is a record with the content of that call, whoever wrote it.
    pub(crate) fn has_content_of(&self, op: u32) -> bool {
        self.records.has_content_of(op)
    }

    /// True if the record that was there for that call is gone.
    pub(crate) fn is_gone(&self, op: u32) -> bool {
        self.records.row(Records::prepared_id(op)).is_none()
    }

    fn success(&self, id: u64) -> Outgoing {
        match self.api {
            Api::Knosc => {
                let body = json!({"message": "done", "notification_type": "Success", "id": id});
                Outgoing::json(200, &body)
            }
            _ => Outgoing::json(201, &json!({"id": id})),
        }
    }

    fn duplicate(&self) -> Outgoing {
        match self.api {
            Api::Knosc => self.error(400, "PurchaseOrderList.AlreadyExists"),
            _ if self.duplicate_is_200 => Outgoing::json(200, &json!({"existing": true})),
            _ => self.error(409, "duplicate"),
        }
    }

    fn not_there(&self) -> Outgoing {
        match self.api {
            Api::Knosc => self.error(400, "PurchaseOrderList.NotFound"),
            _ => self.error(404, "not_found"),
        }
    }

    /// An error in the API's own form.
    pub(crate) fn error(&self, status: u16, code: &str) -> Outgoing {
        match self.api {
            Api::Knosc => Outgoing::json(status, &json!({"Code": code, "Message": "it is so"})),
            _ => Outgoing::json(status, &json!({"error": {"code": code, "message": "it is so"}})),
        }
    }
}
