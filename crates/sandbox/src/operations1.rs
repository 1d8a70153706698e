//! The Operations1 double: work orders for people on the shop floor, below one tenant. Users, groups and
//! documents that orders name, the orders, a report for each document of an order, and an order connector.

mod access;
mod connector;
mod fail;
mod fields;
mod filter;
mod fixtures;
mod limit;
mod order;
mod page;
mod report;
mod request;
mod route;
mod serve;
mod show;
mod stamp;
mod tenant;
mod user;
mod write;

use http::StatusCode;

use crate::double::World;
use crate::exchange::{Reply, Request};
use crate::fault::FaultPlan;
use crate::options::{Options, Profile, Quirk, StartError};
use crate::registry::{Kit, general_preset};
use crate::service::{Done, Handled, Id, Now};

use access::Access;
use fail::Fail;
use fixtures::FixtureFile;
use limit::Limits;
use page::Query;
use request::Parsed;
use route::{Action, Op, Resource, Route};
use tenant::Tenant;
use write::{Change, Write};

/// The tenant that there is.
const TENANT: &str = "acme";
const BASE_PATH: &str = "/tenants/acme";
const VERSIONS: [&str; 3] = ["2024-10-01", "2025-04-21", "latest"];

pub(crate) const KIT: Kit = Kit {
    base_path: BASE_PATH,
    quirks: &[
        Quirk::EmptyErrors,
        Quirk::NoRetryAfter,
        Quirk::UniqueCustomId,
        Quirk::VersionOptional,
        Quirk::FilterIgnored,
        Quirk::AllowDuplicates,
    ],
    faults: &[],
    control_routes: &["POST operations1/report-state"],
    preset: general_preset,
    start: |options, now| {
        Ok(World::boxed(Operations1::new(options, now)?, FaultPlan::none(), options.seed))
    },
};

/// The profile and the quirks, as the code asks for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// A page may have no rows: only the count is asked for.
    pub(crate) counts_only: bool,
    pub(crate) empty_errors: bool,
    pub(crate) no_retry_after: bool,
    pub(crate) unique_custom_id: bool,
    pub(crate) version_optional: bool,
    pub(crate) filter_ignored: bool,
    pub(crate) allow_duplicates: bool,
}

impl Rules {
    fn new(options: &Options) -> Self {
        let has = |quirk| options.quirks.contains(&quirk);
        Rules {
            counts_only: options.profile == Profile::Reference,
            empty_errors: has(Quirk::EmptyErrors),
            no_retry_after: has(Quirk::NoRetryAfter),
            unique_custom_id: has(Quirk::UniqueCustomId),
            version_optional: has(Quirk::VersionOptional),
            filter_ignored: has(Quirk::FilterIgnored),
            allow_duplicates: has(Quirk::AllowDuplicates),
        }
    }

    fn check_version(self, request: &Request) -> Result<(), Fail> {
        let asked = request.header("accept-version").map(str::trim).unwrap_or_default();
        match asked {
            "" if self.version_optional => Ok(()),
            "" => Err(Fail::no_version()),
            known if VERSIONS.contains(&known) => Ok(()),
            _ => Err(Fail::unknown_version()),
        }
    }
}

/// The double's world.
#[derive(Debug)]
struct Operations1 {
    rules: Rules,
    fixtures: FixtureFile,
    access: Access,
    limits: Limits,
    tenant: Tenant,
}

impl Operations1 {
    fn new(options: &Options, now: Now) -> Result<Self, StartError> {
        let rules = Rules::new(options);
        let fixtures = FixtureFile::load(&options.fixtures)?;
        let tenant = fixtures.tenant(&rules, now)?;
        let access = fixtures.access(&tenant)?;
        let limits = Limits::new(fixtures.rate_limit);
        Ok(Operations1 { rules, fixtures, access, limits, tenant })
    }

    fn start_afresh(&mut self, now: Now) {
        // The fixtures passed their checks at the start.
        self.tenant = self.fixtures.tenant(&self.rules, now).unwrap_or_default();
        self.limits = Limits::new(self.fixtures.rate_limit);
    }

    /// The checks in their order, up to the permission: version, credentials, rate, route, permission.
    fn admit(
        &self,
        parsed: &Parsed,
        request: &Request,
        now: Now,
    ) -> Result<(Op, &access::Token), Fail> {
        self.rules.check_version(request)?;
        let token = self.access.token(request, now).filter(|_| parsed.route.is_ours());
        let token = token.ok_or_else(Fail::unauthenticated)?;
        self.limits
            .check(&token.secret, now.ms)
            .map_err(|wait_s| Fail::too_many((!self.rules.no_retry_after).then_some(wait_s)))?;
        let Route::Place(place) = &parsed.route else { return Err(Fail::not_found()) };
        let op = place.op(&request.method);
        let op = op.ok_or_else(|| Fail::method_not_allowed(place.allow()))?;
        if token.may(op) { Ok((op, token)) } else { Err(Fail::forbidden()) }
    }

    fn perform(&mut self, parsed: &Parsed, request: &Request, now: Now) -> Result<Handled, Fail> {
        let admitted = self.admit(parsed, request, now).map(|(op, token)| (op, token.user));
        // Whoever gets past the limit has used it, whatever the request comes to.
        let limited = matches!(&admitted, Err(fail) if fail.comes_before_the_limit());
        if !limited && let Some(token) = self.access.token(request, now) {
            self.limits.take(&token.secret, now.ms);
        }
        let (op, user) = admitted?;
        if op.action.changes_data() {
            return self.write(op, parsed, user, now);
        }
        self.read(op, parsed, request).map(Handled::unchanged)
    }

    fn read(&self, op: Op, parsed: &Parsed, request: &Request) -> Result<Reply, Fail> {
        if op.action == Action::List {
            let query = Query::new(request, &self.rules);
            let page = self.tenant.page(op.resource, &query, &self.rules)?;
            return Ok(Reply::json(StatusCode::OK, &page));
        }
        let shown = self.tenant.find(op.resource, parsed.id(op.resource)?);
        shown.map(|body| Reply::json(StatusCode::OK, &body)).ok_or_else(Fail::not_found)
    }

    fn plan(&self, op: Op, parsed: &Parsed, user: u64, now: Now) -> Result<Change, Fail> {
        let id = if op.action == Action::Create { 0 } else { parsed.id(op.resource)? };
        let write = Write { op, id, body: &parsed.body, user, now };
        self.tenant.plan(&write, &self.rules)
    }

    fn write(&mut self, op: Op, parsed: &Parsed, user: u64, now: Now) -> Result<Handled, Fail> {
        let change = self.plan(op, parsed, user, now)?;
        let creates = matches!(op.action, Action::Create | Action::Execute);
        let status = if creates { StatusCode::CREATED } else { StatusCode::OK };
        let changes = !matches!(change, Change::Nothing);
        // What a connector makes is an order.
        let resource =
            if op.resource == Resource::Users { Resource::Users } else { Resource::Orders };
        let id = self.tenant.apply(change).map_or_else(|| parsed.id(resource), Ok)?;
        let body = self.tenant.find(resource, id).unwrap_or_default();
        let reply = Reply::json(status, &body);
        if !changes {
            return Ok(Handled::unchanged(reply));
        }
        let done = Done { id: creates.then_some(Id::Number(id)), gone_with: None };
        Ok(Handled::applied(reply, done))
    }

    /// Carries out a write whose credentials were looked at some time ago.
    fn write_late(
        &mut self,
        parsed: &Parsed,
        request: &Request,
        now: Now,
    ) -> Result<Handled, Fail> {
        let Route::Place(place) = &parsed.route else { return Err(Fail::not_found()) };
        let op = place.op(&request.method).filter(|op| op.action.changes_data());
        let op = op.ok_or_else(|| Fail::method_not_allowed(place.allow()))?;
        self.write(op, parsed, parsed.user.unwrap_or_default(), now)
    }

    /// Whether a write would change anything.
    fn would_write(&self, parsed: &Parsed, request: &Request, now: Now) -> Result<bool, Fail> {
        let (op, token) = self.admit(parsed, request, now)?;
        if !op.action.changes_data() {
            return Ok(false);
        }
        let change = self.plan(op, parsed, token.user, now)?;
        Ok(!matches!(change, Change::Nothing))
    }
}
