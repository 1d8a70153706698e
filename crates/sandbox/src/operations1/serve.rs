//! Operations1 behind the seam.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::exchange::{Reply, Request};
use crate::operations1::fail::Fail;
use crate::operations1::request::{self, Parsed};
use crate::operations1::show::show_group;
use crate::operations1::{Operations1, TENANT};
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Settled, Steer, Steered, Subject, Wanted};

impl Service for Operations1 {
    type Parsed = Parsed;

    fn identify(&mut self, request: &Request, _now: Now) -> Subject<Parsed> {
        request::identify(request, &self.tenant, &self.access)
    }

    fn would_take_effect(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> bool {
        self.would_write(&subject.parsed, request, now).unwrap_or(false)
    }

    fn handle(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        _n: u64,
        now: Now,
    ) -> Handled {
        let empty = self.rules.empty_errors;
        self.perform(&subject.parsed, request, now).unwrap_or_else(|fail| fail.handled(empty))
    }

    fn settle_late(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        _n: u64,
        now: Now,
    ) -> Handled {
        let empty = self.rules.empty_errors;
        self.write_late(&subject.parsed, request, now).unwrap_or_else(|fail| fail.handled(empty))
    }

    fn reset(&mut self, now: Now) {
        self.start_afresh(now);
    }

    fn credentials(&self) -> Credentials {
        Credentials::new([("tenant", TENANT.to_owned()), ("token", self.access.first().to_owned())])
    }

    /// What comes from before the API (502, 503, 504) is never JSON.
    fn error_reply(&self, status: StatusCode) -> Reply {
        let fail = match status.as_u16() {
            502..=504 => return Reply::with_type(status, "text/html", self.gateway_page(status)),
            400 | 413 => Fail::malformed(status),
            429 => Fail::too_many(None),
            _ => Fail::server(status),
        };
        fail.reply(self.rules.empty_errors)
    }

    fn gateway_page(&self, status: StatusCode) -> String {
        format!("<html>{}</html>", status.canonical_reason().unwrap_or("Error"))
    }

    fn state(&self, wanted: Wanted) -> Map<String, Value> {
        let tenant = &self.tenant;
        let mut state = Map::new();
        if wanted.masters {
            let users = tenant.users.values().map(|user| tenant.show_user(user));
            let groups = tenant.groups.values().map(show_group);
            let documents = tenant.documents.values().map(|one| tenant.show_document(one));
            state.insert("users".to_owned(), users.collect());
            state.insert("groups".to_owned(), groups.collect());
            state.insert("documents".to_owned(), documents.collect());
        }
        let after = wanted.after.saturating_add(1);
        let orders = tenant.orders.range(after..).map(|(_, order)| tenant.show_order(order));
        let reports = tenant.reports.range(after..).map(|(_, report)| tenant.show_report(report));
        state.insert("orders".to_owned(), orders.take(wanted.limit).collect());
        state.insert("reports".to_owned(), reports.take(wanted.limit).collect());
        state
    }

    fn steer(&mut self, steer: &Steer<'_>, now: Now) -> Option<Result<Steered, String>> {
        if (steer.method, steer.path) != (&Method::POST, "report-state") {
            return None;
        }
        let moved = self.tenant.move_report(steer.body, now);
        let shown = moved.map(|id| {
            let report = self.tenant.reports.get(&id);
            report.map_or_else(|| json!({}), |report| self.tenant.show_report(report))
        });
        Some(shown.map(|value| Steered { value, settled: Vec::new() }))
    }

    fn pass_time(&mut self, now: Now) -> Vec<Settled> {
        self.tenant.pass_time(now);
        Vec::new()
    }
}
