//! The Knosc double: procurement with a cookie session, CSRF, master data and purchase orders.

mod administer;
mod check;
mod column;
mod decimal;
mod fail;
mod field;
mod fixtures;
mod forecast;
mod inventory;
mod list;
mod master;
mod moves;
mod order;
mod queue;
mod resource;
mod route;
mod rows;
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

use administer::UserChange;
use fail::Fail;
use fixtures::FixtureFile;
use master::Kind;
use queue::{Integration, Waiting};
use resource::Resource;
use route::Op;
use session::Sessions;
use store::{Change, Changed, Store};
use subject::Parsed;
use user::Access;

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
        let sessions = Sessions::new(fixtures.users(), options.seed, now.ms);
        let integration = Integration::default();
        Ok(Knosc { rules, seed: options.seed, fixtures, store, sessions, integration })
    }

    /// No sessions, no lock-outs, no lock, no queue.
    fn start_afresh(&mut self, now: Now) {
        // The fixtures passed their checks at the start.
        self.store = self.fixtures.store(&self.rules).unwrap_or_default();
        self.sessions = Sessions::new(self.fixtures.users(), self.seed, now.ms);
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
                let user = self.authorize(op, request, now)?;
                return if op.changes_data() {
                    self.write(op, subject, request, n, now)
                } else {
                    self.read(op, user, request)
                };
            }
        };
        Ok(Handled::unchanged(reply))
    }

    /// Session, CSRF and privilege; the number of the user.
    fn authorize(&mut self, op: Op, request: &Request, now: Now) -> Result<u64, Fail> {
        let claims = self.sessions.authenticate(request, &self.rules, now)?;
        let users = &self.sessions.users;
        let user = users.get(&claims.sub);
        let may = |category, access| user.is_some_and(|user| users.may(user, category, access));
        let allowed = match op {
            Op::List(resource) | Op::Read(resource, _) => may(resource.category(), Access::View),
            Op::ReadItemInventory(..) => may(Resource::Inventory.category(), Access::View),
            Op::MoveLines => may(Resource::Lines.category(), Access::Edit),
            Op::ResetTotp(_) => {
                user.is_some_and(|user| user.fixture.role == administer::ADMINISTRATOR)
            }
            // Deleting a line asks for no more than a session.
            Op::Delete(Resource::Lines, _) => true,
            Op::Create(resource) | Op::Replace(resource, _) | Op::Delete(resource, _) => {
                may(resource.category(), Access::Edit)
            }
            _ => true,
        };
        let id = claims.sub.parse().map_err(|_| Fail::token_revoked())?;
        if allowed { Ok(id) } else { Err(Fail::not_privileged()) }
    }

    fn read(&self, op: Op, user: u64, request: &Request) -> Result<Handled, Fail> {
        let (store, rules, users) = (&self.store, &self.rules, &self.sessions.users);
        let value = match op {
            Op::List(resource) => {
                let query = request.query.as_deref();
                let text = list::answer(resource, query, store, users, rules)?;
                return Ok(Handled::unchanged(Reply::json_text(StatusCode::OK, text)));
            }
            Op::Read(Resource::Orders, id) => {
                let order = store.known_order(id, rules)?;
                json!({ "rows": order::full(id, order, &store.masters) })
            }
            Op::Read(Resource::Master(kind), id) => {
                let record = store.known_record(kind, id, rules)?;
                Value::Object(store.masters.show(kind, id, record))
            }
            Op::Read(Resource::Inventory, id) => {
                Value::Object(store.known_stock(id, rules)?.show(id, &store.masters))
            }
            Op::Read(Resource::Forecasts, id) => {
                let forecast = store.known_forecast(id, rules)?;
                json!({ "rows": forecast.full(id, &store.masters) })
            }
            Op::ReadItemInventory(item, warehouse) => {
                store.known_record(Kind::Item, item, rules)?;
                if let Some(warehouse) = warehouse {
                    store.known_record(Kind::Warehouse, warehouse, rules)?;
                }
                inventory::of_item(item, warehouse, &store.stock, &store.orders, &store.masters)
            }
            Op::Read(Resource::Users, id) => self.known_user(id)?,
            Op::Profile => self.known_user(user)?,
            _ => return Err(Fail::route_not_found()),
        };
        Ok(Handled::unchanged(Reply::json(StatusCode::OK, &json!({ "data": value }))))
    }

    fn known_user(&self, id: u64) -> Result<Value, Fail> {
        let users = &self.sessions.users;
        let user = users.by_id(id).ok_or_else(|| Fail::no_such_id(&self.rules, "User", "User", id));
        user.map(|user| Value::Object(users.show(id, user)))
    }

    /// Checks a write against the present state.
    fn plan(&self, op: Op, parsed: &Parsed, now: Now) -> Result<Planned, Fail> {
        let body = parsed.body.as_ref();
        if op.changes_users() {
            let users = &self.sessions.users;
            let change = administer::plan(op, body, parsed.user_id, users, &self.rules, now)?;
            return Ok(Planned::Users(change));
        }
        self.store.plan(op, body, &self.rules).map(Planned::Store)
    }

    fn write(
        &mut self,
        op: Op,
        subject: &Subject<Parsed>,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Result<Handled, Fail> {
        let change = match self.plan(op, &subject.parsed, now)? {
            Planned::Store(change) => change,
            Planned::Users(change) => return Ok(self.write_user(op, change, now)),
        };
        if op.is_locked_by_integration() && self.integration.is_locked() {
            self.integration.enqueue(waiting(op, subject, request, n));
            let reply = Reply::json(StatusCode::OK, &queued_body());
            return Ok(Handled { effect: Effect::Queued, ..Handled::unchanged(reply) });
        }
        let changed = self.store.apply(change);
        let reply = self.applied_reply(op, changed);
        Ok(Handled::applied(reply, changed.done()))
    }

    fn write_user(&mut self, op: Op, change: UserChange, now: Now) -> Handled {
        let Sessions { users, dice, .. } = &mut self.sessions;
        let (done, body) = administer::apply(change, users, dice, now);
        let empty = self.rules.reference && matches!(op, Op::Delete(..));
        let reply =
            if empty { Reply::empty(StatusCode::OK) } else { Reply::json(StatusCode::OK, &body) };
        Handled::applied(reply, done)
    }

    fn applied_reply(&self, op: Op, changed: Changed) -> Reply {
        if self.rules.reference && matches!(op, Op::Delete(..)) {
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

/// A write that has passed every check.
#[derive(Debug)]
enum Planned {
    Store(Change),
    Users(UserChange),
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
    let (resource, verb) = match op {
        Op::Create(resource) => (resource, "created"),
        Op::Replace(resource, _) => (resource, "updated"),
        Op::Delete(resource, _) => (resource, "deleted"),
        _ => return "Update successful".to_owned(),
    };
    format!("{} {verb} successfully.", resource.noun())
}
