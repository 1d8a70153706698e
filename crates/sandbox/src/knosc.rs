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
mod serve;
mod session;
mod store;
mod subject;
mod token;
mod user;
mod view;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::{FaultPlan, Preset};
use crate::journal::Effect;
use crate::options::{Options, Profile, Quirk, StartError};
use crate::registry::Kit;
use crate::service::{Handled, Now, Subject};

use fail::Fail;
use fixtures::FixtureFile;
use list::Listed;
use queue::{Integration, Waiting};
use route::Op;
use session::Sessions;
use store::{Changed, Store};
use subject::Parsed;
use user::{Access, Users};

pub(crate) const KIT: Kit = Kit {
    base_path: "/api",
    quirks: &[
        Quirk::Unpaged,
        Quirk::AllowDuplicates,
        Quirk::FlaskMsg,
        Quirk::Jwt422,
        Quirk::Csrf401,
        Quirk::FilterIgnored,
    ],
    faults: &["expire_access", "revoke", "rotate_csrf", "lock", "unlock"],
    control_routes: &[
        "GET knosc/queue",
        "POST knosc/integration/start",
        "POST knosc/integration/finish",
        "POST knosc/references",
        "POST knosc/revoke",
    ],
    preset: |preset| match preset {
        Preset::Calm => r#"{"faults":[]}"#,
        Preset::RoughDay => include_str!("../presets/knosc-rough-day.json"),
        Preset::Storm => include_str!("../presets/knosc-storm.json"),
        Preset::Outage => include_str!("../presets/knosc-outage.json"),
    },
    start: |options, now| {
        Ok(World::boxed(Knosc::new(options, now)?, FaultPlan::none(), options.seed))
    },
};

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

    /// No sessions, no lock-outs, no lock, no queue.
    fn start_afresh(&mut self, now: Now) {
        // The fixtures passed their checks at the start.
        self.store = self.fixtures.store(&self.rules).unwrap_or_default();
        self.sessions = Sessions::new(Users::new(self.fixtures.users.clone()), self.seed, now.ms);
        self.integration = Integration::default();
    }

    fn perform(
        &mut self,
        op: Op,
        subject: &Subject<Parsed>,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Result<Handled, Fail> {
        let body = || subject.parsed.body.as_ref().ok_or_else(Fail::json_invalid);
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
        Ok(Handled::unchanged(reply))
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
        Ok(Handled::unchanged(reply))
    }

    fn write(
        &mut self,
        op: Op,
        subject: &Subject<Parsed>,
        request: &Request,
        n: u64,
    ) -> Result<Handled, Fail> {
        let change = self.store.plan(op, subject.parsed.body.as_ref(), &self.rules)?;
        if op.is_locked_by_integration() && self.integration.is_locked() {
            self.integration.enqueue(waiting(op, subject, request, n));
            let reply = Reply::json(StatusCode::OK, &queued_body());
            return Ok(Handled { effect: Effect::Queued, ..Handled::unchanged(reply) });
        }
        let changed = self.store.apply(change);
        let reply = self.applied_reply(op, changed);
        Ok(Handled::applied(reply, changed.done()))
    }

    fn applied_reply(&self, op: Op, changed: Changed) -> Reply {
        let deletes = matches!(op, Op::DeleteOrder(_) | Op::DeleteLine(_) | Op::DeleteMaster(..));
        if deletes && self.rules.reference {
            return Reply::empty(StatusCode::OK);
        }
        let mut body = Map::new();
        body.insert("message".to_owned(), json!(message(op)));
        if let Some(rows_updated) = changed.rows_updated {
            body.insert("rows_updated".to_owned(), json!(rows_updated));
        }
        if !(op == Op::MoveLines && self.rules.reference) {
            body.insert("notification_type".to_owned(), json!("Success"));
        }
        if let Some(id) = changed.id {
            body.insert("id".to_owned(), json!(id));
        }
        Reply::json(StatusCode::OK, &Value::Object(body))
    }
}

fn waiting(op: Op, subject: &Subject<Parsed>, request: &Request, n: u64) -> Waiting {
    Waiting {
        n,
        op,
        method: request.method.to_string(),
        path: request.path.clone(),
        key: subject.key.clone(),
        body: subject.parsed.body.clone(),
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
