//! kneo behind the seam.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::dice::Dice;
use crate::exchange::{Reply, Request};
use crate::fault::OwnFault;
use crate::kneo::fail::Fail;
use crate::kneo::request::{self, Parsed, REQUEST_ID};
use crate::kneo::run::Status;
use crate::kneo::{Kneo, REPLAYED, show, stored_name};
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Settled, Steer, Steered, Struck, Subject, Wanted};

/// How long a key stays busy by a fault.
const BUSY_MS: u64 = 1000;

impl Kneo {
    fn answer(&mut self, parsed: &Parsed, request: &Request, late: bool, now: Now) -> Handled {
        let performed = self.perform(parsed, request, late, now);
        let mut handled = performed.unwrap_or_else(|fail| fail.handled(&self.rules));
        if let Some(id) = &parsed.request_id {
            handled.reply.headers.push((REQUEST_ID, id.clone()));
        }
        handled
    }
}

impl Service for Kneo {
    type Parsed = Parsed;

    fn identify(&mut self, request: &Request, _now: Now) -> Subject<Parsed> {
        request::identify(request, &self.rules, &self.access, &mut self.dice)
    }

    /// Idempotency keys belong to a caller.
    fn scope(&self, subject: &Subject<Parsed>) -> Option<String> {
        subject.user.clone()
    }

    fn would_take_effect(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> bool {
        self.would_change(&subject.parsed, request, now).is_some()
    }

    fn handle(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        _n: u64,
        now: Now,
    ) -> Handled {
        self.answer(&subject.parsed, request, false, now)
    }

    fn settle_late(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        _n: u64,
        now: Now,
    ) -> Handled {
        self.answer(&subject.parsed, request, true, now)
    }

    fn reset(&mut self, now: Now) {
        self.dice = Dice::new(self.seed);
        self.steering = Default::default();
        // The fixtures passed their checks at the start.
        let _ = self.fill(now.ms);
    }

    fn credentials(&self) -> Credentials {
        let first = self.access.key(0).map(|key| key.key.clone());
        Credentials::new([("api_key", first.unwrap_or_default())])
    }

    fn error_reply(&self, status: StatusCode) -> Reply {
        match status.as_u16() {
            400 => Fail::invalid("The request cannot be read"),
            413 => Fail::too_large(),
            429 => Fail::rate_limited(1),
            503 => Fail::store_unavailable(),
            _ => Fail::server(status),
        }
        .reply(&self.rules)
    }

    fn gateway_page(&self, status: StatusCode) -> String {
        format!("<h1>{}</h1>", status.canonical_reason().unwrap_or("Error"))
    }

    fn constant_headers(&mut self, request: &Request) -> Vec<(HeaderName, HeaderValue)> {
        let id = request::request_id(request, &mut self.dice);
        id.map(|id| (REQUEST_ID, id)).into_iter().collect()
    }

    fn state(&self, wanted: Wanted) -> Map<String, Value> {
        let reference = self.rules.reference;
        let skip = usize::try_from(wanted.after).unwrap_or(usize::MAX);
        let runs = self.book.runs.iter().skip(skip).take(wanted.limit);
        let tasks = self.book.runs.iter().filter(|run| run.status == Status::Paused);
        let tasks = tasks.filter_map(|run| Some(show::task_row(run.task.as_ref()?, run)));
        let audit = self.book.audit.iter().enumerate().skip(skip).take(wanted.limit);
        let mut state = Map::new();
        let shown = runs.map(|run| Value::Object(show::run_status(run, reference))).collect();
        state.insert("runs".to_owned(), shown);
        state.insert("human_tasks".to_owned(), tasks.collect());
        let events = audit.map(|(position, noted)| noted.show(position + 1)).collect();
        state.insert("audit_events".to_owned(), events);
        if wanted.masters {
            let policies = self.book.policies.iter().map(|(name, policy)| policy.shown(name));
            state.insert("policies".to_owned(), policies.collect());
        }
        state
    }

    fn steer(&mut self, steer: &Steer<'_>, now: Now) -> Option<Result<Steered, String>> {
        let value = self.turn(steer, now)?;
        Some(value.map(|value| Steered { value, settled: Vec::new() }))
    }

    /// A first request with the same key, which nobody saw, is being worked on: the work is done, and this
    /// request is refused, or waits where the platform lets it wait.
    fn strike(
        &mut self,
        fault: OwnFault,
        subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> Struck {
        let parsed = &subject.parsed;
        let keyed = parsed.op.is_some_and(|op| op.takes_key(self.rules.reference));
        let key = parsed.idempotency_key.as_deref().filter(|_| keyed);
        let (OwnFault::InProgress, Some(key), Some(user)) = (fault, key, &subject.user) else {
            return Struck::default();
        };
        let mut handled = self.answer(parsed, request, false, now);
        if !(200..300).contains(&handled.reply.status.as_u16()) {
            return Struck { settled: Vec::new(), instead: Some(handled) };
        }
        self.book.keys.hold(&stored_name(user, key), now.ms + BUSY_MS);
        if self.rules.reference {
            let refusal = Fail::key_in_progress().handled(&self.rules);
            (handled.reply, handled.code, handled.hold_ms) = (refusal.reply, refusal.code, 0);
            if let Some(id) = &parsed.request_id {
                handled.reply.headers.push((REQUEST_ID, id.clone()));
            }
        } else {
            handled.reply.push_header(REPLAYED, "true");
            handled.hold_ms = handled.hold_ms.max(BUSY_MS);
        }
        Struck { settled: Vec::new(), instead: Some(handled) }
    }

    fn pass_time(&mut self, now: Now) -> Vec<Settled> {
        self.book.settle(now.ms);
        Vec::new()
    }
}
