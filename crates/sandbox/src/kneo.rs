//! The kneo double: a platform that runs agents and workflows. Runs go through their states on the double's
//! clock, people answer in between, and every write is kept under its idempotency key.

mod access;
mod book;
mod fail;
mod fixtures;
mod inventory;
mod query;
mod read;
mod request;
mod route;
mod run;
mod schema;
mod serve;
mod show;
mod spec;
mod steer;
mod write;

use http::header::HeaderName;
use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::{FaultPlan, Preset};
use crate::options::{Options, Profile, Quirk, StartError};
use crate::registry::Kit;
use crate::service::{Handled, Now};

use crate::keys::{Answered, Known, fingerprint};
use access::Access;
use book::{Actor, Book};
use fail::{Fail, LARGEST_BODY};
use fixtures::FixtureFile;
use request::Parsed;
use route::{Op, Place, Route};
use steer::Steering;
use write::{Applied, Change};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 256;

pub(crate) const KIT: Kit = Kit {
    base_path: "",
    quirks: &[Quirk::Codeless409, Quirk::Empty202, Quirk::FilterIgnored, Quirk::AllowDuplicates],
    faults: &["in_progress"],
    control_routes: &[
        "POST kneo/backlog",
        "POST kneo/rate",
        "POST kneo/readiness",
        "POST kneo/run-status",
        "POST kneo/store",
        "POST kneo/task",
    ],
    preset: |preset| match preset {
        Preset::Calm => r#"{"faults":[]}"#,
        Preset::RoughDay => include_str!("../presets/kneo-rough-day.json"),
        Preset::Storm => include_str!("../presets/kneo-storm.json"),
        Preset::Outage => include_str!("../presets/kneo-outage.json"),
    },
    start: |options, now| {
        Ok(World::boxed(Kneo::new(options, now)?, FaultPlan::none(), options.seed))
    },
};

/// The profile and the quirks, as the code asks for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Platform 1.2.0: errors nested below `detail`, other names and statuses, unknown parameters refused.
    pub(crate) reference: bool,
    /// The routes and fields of 1.2.0 are there.
    pub(crate) newer: bool,
    pub(crate) codeless_409: bool,
    pub(crate) empty_202: bool,
    pub(crate) filter_ignored: bool,
    /// Idempotency keys are not heeded.
    pub(crate) allow_duplicates: bool,
}

impl Rules {
    fn new(options: &Options) -> Self {
        let has = |quirk| options.quirks.contains(&quirk);
        Rules {
            reference: options.profile == Profile::Reference,
            newer: options.profile != Profile::Guide,
            codeless_409: has(Quirk::Codeless409),
            empty_202: has(Quirk::Empty202),
            filter_ignored: has(Quirk::FilterIgnored),
            allow_duplicates: has(Quirk::AllowDuplicates),
        }
    }
}

/// The double's world.
#[derive(Debug)]
struct Kneo {
    rules: Rules,
    seed: u64,
    fixtures: FixtureFile,
    dice: Dice,
    access: Access,
    book: Book,
    steering: Steering,
}

/// A request that may be carried out: whose it is, its body in its shape, and under which name and for which
/// payload the reply is kept.
#[derive(Debug)]
struct Admitted {
    caller: String,
    body: Map<String, Value>,
    kept: Option<((String, String), String)>,
}

/// The name under which the reply to a caller's key is kept.
fn stored_name(caller: &str, key: &str) -> (String, String) {
    (caller.to_owned(), key.to_owned())
}

impl Kneo {
    fn new(options: &Options, now: Now) -> Result<Self, StartError> {
        let mut kneo = Kneo {
            rules: Rules::new(options),
            seed: options.seed,
            fixtures: FixtureFile::load(&options.fixtures)?,
            dice: Dice::new(options.seed),
            access: Access::default(),
            book: Book::default(),
            steering: Steering::default(),
        };
        kneo.fill(now.ms)?;
        Ok(kneo)
    }

    /// Where a request goes: 413 and the framework's own refusals come before everything else.
    fn place<'a>(&self, parsed: &'a Parsed, request: &Request) -> Result<(&'a Place, Op), Fail> {
        if request.body.len() > LARGEST_BODY {
            return Err(Fail::too_large());
        }
        let place = parsed.place().ok_or_else(Fail::no_such_route)?;
        let op = parsed.op.ok_or_else(|| Fail::method_not_allowed(place.allow()))?;
        Ok((place, op))
    }

    /// What is checked before the meaning of a request is: scope, idempotency key, shape.
    fn admit(
        &self,
        op: Op,
        place: &Place,
        parsed: &Parsed,
        caller: usize,
    ) -> Result<Admitted, Fail> {
        let scope = op.scope().unwrap_or_default();
        if !self.access.key(caller).is_some_and(|key| key.may(scope)) {
            return Err(Fail::forbidden(scope));
        }
        if self.steering.store_down {
            return Err(Fail::store_unavailable());
        }
        let caller = self.access.name(caller);
        let name = parsed.kept_under(op, &caller, &self.rules);
        if name.as_ref().is_some_and(|(_, key)| key.chars().count() > LONGEST_KEY) {
            return Err(Fail::key_too_long());
        }
        let body = self.shape(op, &parsed.body)?;
        let payload = |name| {
            let empty = Map::new();
            let sent = parsed.body.as_ref().unwrap_or(&empty);
            (name, fingerprint("POST", &place.path, sent))
        };
        Ok(Admitted { kept: name.map(payload), caller, body })
    }

    /// Handles a request; one whose reply was given up long ago (`late`) does not count for the rate.
    fn perform(
        &mut self,
        parsed: &Parsed,
        request: &Request,
        late: bool,
        now: Now,
    ) -> Result<Handled, Fail> {
        if let Route::Redirect(path) = &parsed.route {
            return Ok(redirect(path, request));
        }
        let (place, op) = self.place(parsed, request)?;
        if op.scope().is_none() {
            return self.health(op);
        }
        let caller = self.access.caller(request)?;
        if !late {
            self.access.take(caller, now.ms)?;
        }
        let admitted = self.admit(op, place, parsed, caller)?;
        if let Some((name, payload)) = &admitted.kept {
            match self.book.keys.look_up(name, payload, now.ms) {
                Known::Other => return Err(Fail::key_reused()),
                Known::Answered { in_ms, .. } if in_ms > 0 && self.rules.reference => {
                    return Err(Fail::key_in_progress());
                }
                Known::Answered { answered, in_ms } => return Ok(replayed(answered, in_ms)),
                Known::No => {}
            }
        }
        let actor = Actor { name: &admitted.caller, request_id: parsed.request_id() };
        if !op.changes_data() {
            let body = self.look(op, place, &admitted.body, request, actor, now.ms)?;
            return Ok(Handled::unchanged(Reply::json(StatusCode::OK, &body)));
        }
        let change = self.decide(op, place, &admitted.body, now.ms)?;
        let changes = !matches!(change, Change::None(_));
        let Applied { status, body, hold_ms, done } =
            self.apply(change, place, &admitted.body, actor, now.ms);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answered = Answered { status, body };
        let reply = spoken(&answered);
        if let Some((name, payload)) = admitted.kept {
            self.book.keys.keep(name, payload, answered, now.ms + hold_ms, now.ms);
        }
        let handled =
            if changes { Handled::applied(reply, done) } else { Handled::unchanged(reply) };
        Ok(Handled { hold_ms, ..handled })
    }

    fn health(&self, op: Op) -> Result<Handled, Fail> {
        if op == Op::Ready && self.steering.not_ready {
            return Err(Fail::not_ready());
        }
        let version = if self.rules.reference { "1.2.0" } else { "0.4.0" };
        let body = json!({
            "ok": true, "service": "kneo-serv-platform", "version": version, "metadata": {},
        });
        Ok(Handled::unchanged(Reply::json(StatusCode::OK, &body)))
    }

    /// Whether a request would change anything: neither refused, nor answered from what is kept.
    fn would_change(&self, parsed: &Parsed, request: &Request, now: Now) -> Option<()> {
        let (place, op) = self.place(parsed, request).ok()?;
        let caller = self.access.caller(request).ok()?;
        if !op.changes_data() || !self.access.allows(caller, now.ms) {
            return None;
        }
        let admitted = self.admit(op, place, parsed, caller).ok()?;
        if let Some((name, payload)) = &admitted.kept
            && self.book.keys.look_up(name, payload, now.ms) != Known::No
        {
            return None;
        }
        let change = self.decide(op, place, &admitted.body, now.ms).ok()?;
        (!matches!(change, Change::None(_))).then_some(())
    }
}

/// A reply as it is kept, on its way out.
fn spoken(answered: &Answered) -> Reply {
    if answered.body.is_empty() {
        return Reply::empty(answered.status);
    }
    Reply::json_text(answered.status, answered.body.clone())
}

/// The reply to a repeat, once the work that it waits for is done.
fn replayed(answered: &Answered, in_ms: u64) -> Handled {
    let mut reply = spoken(answered);
    reply.push_header(REPLAYED, "true");
    Handled { hold_ms: in_ms, ..Handled::unchanged(reply) }
}

fn redirect(path: &str, request: &Request) -> Handled {
    let host = request.header("host").unwrap_or("localhost");
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let mut reply = Reply::empty(StatusCode::TEMPORARY_REDIRECT);
    reply.push_header(header::LOCATION, &format!("http://{host}{path}{query}"));
    Handled::unchanged(reply)
}
