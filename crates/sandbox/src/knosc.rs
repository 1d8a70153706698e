//! The Knosc double: procurement with a cookie session, CSRF, master data and purchase orders.

mod check;
mod decimal;
mod fail;
mod fixtures;
mod list;
mod master;
mod moves;
mod order;
mod queue;
mod route;
mod session;
mod store;
mod subject;
mod token;
mod user;
mod view;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::exchange::{Reply, Request};
use crate::journal::Effect;
use crate::options::{Options, Profile, Quirk, StartError};

use fail::Fail;
use fixtures::FixtureFile;
use list::Listed;
use queue::{Integration, Waiting};
use route::Op;
use session::Sessions;
pub(crate) use store::Done;
use store::Store;
use user::{Access, Users};

pub(crate) use queue::Settled;
pub(crate) use subject::Subject;
pub(crate) use token::Claims;

/// The present, by the double's clock and by the real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) ms: u64,
    pub(crate) real_ms: u64,
}

/// The profile and the quirks, as the code asks for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) profile: Profile,
    /// Texts and statuses of the reference.
    pub(crate) reference: bool,
    pub(crate) unpaged: bool,
    pub(crate) allow_duplicates: bool,
    pub(crate) flask_msg: bool,
    pub(crate) jwt422: bool,
    pub(crate) csrf401: bool,
    pub(crate) filter_ignored: bool,
}

impl Rules {
    fn new(options: &Options) -> Self {
        let has = |quirk| options.quirks.contains(&quirk);
        Rules {
            profile: options.profile,
            reference: options.profile == Profile::Reference,
            unpaged: has(Quirk::Unpaged),
            allow_duplicates: has(Quirk::AllowDuplicates),
            flask_msg: has(Quirk::FlaskMsg),
            jwt422: has(Quirk::Jwt422),
            csrf401: has(Quirk::Csrf401),
            filter_ignored: has(Quirk::FilterIgnored),
        }
    }
}

/// What a request came to.
#[derive(Debug)]
pub(crate) struct Handled {
    pub(crate) reply: Reply,
    pub(crate) effect: Effect,
    /// The code of the refusal, if it was one.
    pub(crate) code: Option<String>,
    /// What the applied change was.
    pub(crate) done: Done,
}

/// The double's world.
#[derive(Debug)]
pub(crate) struct Knosc {
    rules: Rules,
    seed: u64,
    fixtures: FixtureFile,
    store: Store,
    sessions: Sessions,
    integration: Integration,
}

impl Knosc {
    pub(crate) fn new(options: &Options, now: Now) -> Result<Self, StartError> {
        let rules = Rules::new(options);
        let fixtures = FixtureFile::load(&options.fixtures)?;
        let store = fixtures.store(&rules)?;
        let sessions = Sessions::new(Users::new(fixtures.users.clone()), options.seed, now.ms);
        let integration = Integration::default();
        Ok(Knosc { rules, seed: options.seed, fixtures, store, sessions, integration })
    }

    /// Back to the fixtures: no sessions, no lock-outs, no lock, no queue.
    pub(crate) fn reset(&mut self, now: Now) {
        // The fixtures passed their checks at the start.
        self.store = self.fixtures.store(&self.rules).unwrap_or_default();
        self.sessions = Sessions::new(Users::new(self.fixtures.users.clone()), self.seed, now.ms);
        self.integration = Integration::default();
    }

    /// What a request is about.
    pub(crate) fn identify(&mut self, request: &Request) -> Subject {
        Subject::of(request, self.rules.profile, &self.store, &mut self.sessions)
    }

    /// Whether the request, handled now, would change data or be queued.
    pub(crate) fn would_take_effect(
        &mut self,
        subject: &Subject,
        request: &Request,
        now: Now,
    ) -> bool {
        let Ok(op) = subject.op.as_ref().copied() else { return false };
        op.changes_data()
            && self.authorize(op, request, now).is_ok()
            && self.store.plan(op, subject.body.as_ref(), &self.rules).is_ok()
    }

    /// Handles a request; `n` is the number that its journal entry will have.
    pub(crate) fn handle(
        &mut self,
        subject: &Subject,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Handled {
        let handled = match &subject.op {
            Ok(op) => self.perform(*op, subject, request, n, now),
            Err(fail) => Err(fail.clone()),
        };
        handled.unwrap_or_else(|fail| Handled {
            reply: fail.reply(&self.rules),
            effect: Effect::None,
            code: Some(fail.code.into_owned()),
            done: Done::default(),
        })
    }

    fn perform(
        &mut self,
        op: Op,
        subject: &Subject,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Result<Handled, Fail> {
        let body = || subject.body.as_ref().ok_or_else(Fail::json_invalid);
        let rules = &self.rules;
        let reply = match op {
            Op::Login(family) => self.sessions.log_in(body()?, family, now)?,
            Op::VerifyTotp(family) => self.sessions.verify_totp(body()?, family, now)?,
            Op::FirstSignin => self.sessions.first_signin(body()?, rules, now)?,
            Op::Refresh(family) => self.sessions.refresh(request, family, rules, now)?,
            Op::Logout(family) => {
                self.sessions.authenticate(request, rules, now)?;
                Sessions::log_out(family)
            }
            _ => {
                self.authorize(op, request, now)?;
                return if op.changes_data() {
                    self.write(op, subject, request, n)
                } else {
                    self.read(op, request)
                };
            }
        };
        Ok(Handled { reply, effect: Effect::None, code: None, done: Done::default() })
    }

    /// Session, CSRF and privilege.
    fn authorize(&mut self, op: Op, request: &Request, now: Now) -> Result<(), Fail> {
        let claims = self.sessions.authenticate(request, &self.rules, now)?;
        let (category, access) = match op {
            Op::ListOrders | Op::ReadOrder(_) | Op::ListLines => ("Procurement", Access::View),
            Op::CreateOrder | Op::ReplaceOrder(_) | Op::DeleteOrder(_) | Op::MoveLines => {
                ("Procurement", Access::Edit)
            }
            Op::ListMaster(kind) | Op::ReadMaster(kind, _) => (kind.privilege(), Access::View),
            Op::CreateMaster(kind) | Op::UpdateMaster(kind, _) | Op::DeleteMaster(kind, _) => {
                (kind.privilege(), Access::Edit)
            }
            // Deleting a line asks for no more than a session.
            _ => return Ok(()),
        };
        let allowed =
            self.sessions.users.get(&claims.sub).is_some_and(|user| user.may(category, access));
        if allowed { Ok(()) } else { Err(Fail::not_privileged()) }
    }

    fn read(&self, op: Op, request: &Request) -> Result<Handled, Fail> {
        let query = request.query.as_deref();
        let list = |listed| list::answer(listed, query, &self.store, &self.rules);
        let text = match op {
            Op::ListOrders => list(Listed::Orders)?,
            Op::ListLines => list(Listed::Lines)?,
            Op::ListMaster(kind) => list(Listed::Master(kind))?,
            Op::ReadOrder(id) => {
                let order = self.store.known_order(id, &self.rules)?;
                let row = order::full(id, order, &self.store.masters);
                json!({ "data": { "rows": row } }).to_string()
            }
            Op::ReadMaster(kind, id) => {
                let record = self.store.known_record(kind, id, &self.rules)?;
                json!({ "data": self.store.masters.show(kind, id, record) }).to_string()
            }
            _ => return Err(Fail::route_not_found()),
        };
        let reply = Reply::json_text(StatusCode::OK, text);
        Ok(Handled { reply, effect: Effect::None, code: None, done: Done::default() })
    }

    fn write(
        &mut self,
        op: Op,
        subject: &Subject,
        request: &Request,
        n: u64,
    ) -> Result<Handled, Fail> {
        let change = self.store.plan(op, subject.body.as_ref(), &self.rules)?;
        if op.is_locked_by_integration() && self.integration.is_locked() {
            self.integration.enqueue(waiting(op, subject, request, n));
            let reply = Reply::json(StatusCode::OK, &queued_body());
            return Ok(Handled {
                reply,
                effect: Effect::Queued,
                code: None,
                done: Done::default(),
            });
        }
        let done = self.store.apply(change);
        let reply = self.applied_reply(op, done);
        Ok(Handled { reply, effect: Effect::Applied, code: None, done })
    }

    fn applied_reply(&self, op: Op, done: Done) -> Reply {
        let deletes = matches!(op, Op::DeleteOrder(_) | Op::DeleteLine(_) | Op::DeleteMaster(..));
        if deletes && self.rules.reference {
            return Reply::empty(StatusCode::OK);
        }
        let mut body = Map::new();
        body.insert("message".to_owned(), json!(message(op)));
        if let Some(rows_updated) = done.rows_updated {
            body.insert("rows_updated".to_owned(), json!(rows_updated));
        }
        if !(op == Op::MoveLines && self.rules.reference) {
            body.insert("notification_type".to_owned(), json!("Success"));
        }
        if let Some(id) = done.id {
            body.insert("id".to_owned(), json!(id));
        }
        Reply::json(StatusCode::OK, &Value::Object(body))
    }

    // The integration lock.

    /// Counts a request towards the end of the lock, and ends it if that was the last.
    pub(crate) fn count_request(&mut self, now: Now) -> Vec<Settled> {
        if self.integration.count_request(now.ms) { self.unlock() } else { Vec::new() }
    }

    /// Ends a lock whose time is over.
    pub(crate) fn end_overdue_lock(&mut self, now: Now) -> Vec<Settled> {
        if self.integration.is_overdue(now.ms) { self.unlock() } else { Vec::new() }
    }

    pub(crate) fn lock(&mut self, for_requests: Option<u64>, until_ms: Option<u64>) {
        self.integration.start(for_requests, until_ms);
    }

    pub(crate) fn unlock(&mut self) -> Vec<Settled> {
        self.integration.finish(&mut self.store, &self.rules)
    }

    /// Applies a write whose reply was given up, or queues it if the tables are locked by now.
    pub(crate) fn settle_late(
        &mut self,
        subject: &Subject,
        request: &Request,
        n: u64,
    ) -> Option<Settled> {
        let op = *subject.op.as_ref().ok()?;
        let write = waiting(op, subject, request, n);
        if op.is_locked_by_integration() && self.integration.is_locked() {
            self.integration.enqueue(write);
            return None;
        }
        Some(queue::settle(write, &mut self.store, &self.rules))
    }

    // Sessions, as faults see them.

    /// The good access token that a request carries.
    pub(crate) fn presented(&mut self, request: &Request, now: Now) -> Option<Claims> {
        self.sessions.presented(request, now)
    }

    pub(crate) fn expire(&mut self, claims: &Claims) {
        self.sessions.expire(claims);
    }

    pub(crate) fn revoke(&mut self, claims: &Claims, now: Now) {
        self.sessions.revoke(claims, now);
    }

    pub(crate) fn rotate_csrf(
        &mut self,
        claims: &Claims,
        silent: bool,
        reply: &mut Reply,
        now: Now,
    ) {
        self.sessions.rotate_csrf(claims, silent, reply, now);
    }
}

fn waiting(op: Op, subject: &Subject, request: &Request, n: u64) -> Waiting {
    Waiting {
        n,
        op,
        method: request.method.to_string(),
        path: request.path.clone(),
        key: subject.key.clone(),
        body: subject.body.clone(),
    }
}

fn queued_body() -> Value {
    json!({
        "message": "Changes will be visible after the integration is done.",
        "notification_type": "Warning",
    })
}

fn message(op: Op) -> String {
    let (noun, verb) = match op {
        Op::CreateOrder => ("Purchase order", "created"),
        Op::ReplaceOrder(_) => ("Purchase order", "updated"),
        Op::DeleteOrder(_) => ("Purchase order", "deleted"),
        Op::DeleteLine(_) => ("Purchase order detail", "deleted"),
        Op::CreateMaster(kind) => (kind.noun(), "created"),
        Op::UpdateMaster(kind, _) => (kind.noun(), "updated"),
        Op::DeleteMaster(kind, _) => (kind.noun(), "deleted"),
        _ => return "Update successful".to_owned(),
    };
    format!("{noun} {verb} successfully.")
}
