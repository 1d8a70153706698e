//! Knosc behind the seam.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::exchange::{Reply, Request};
use crate::fault::OwnFault;
use crate::journal::Effect;
use crate::knosc::subject::{self, Parsed};
use crate::knosc::{Knosc, queue, waiting};
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Settled, Steer, Steered, Struck, Subject, Wanted};

impl Service for Knosc {
    type Parsed = Parsed;

    fn identify(&mut self, request: &Request, _now: Now) -> Subject<Parsed> {
        subject::identify(request, self.rules.profile, &self.store, &mut self.sessions)
    }

    fn would_take_effect(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> bool {
        let Ok(op) = subject.parsed.op.as_ref().copied() else { return false };
        op.changes_data()
            && self.authorize(op, request, now).is_ok()
            && self.plan(op, &subject.parsed, now).is_ok()
    }

    fn handle(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Handled {
        let handled = match &subject.parsed.op {
            Ok(op) => self.perform(*op, subject, request, n, now),
            Err(fail) => Err(fail.clone()),
        };
        handled.unwrap_or_else(|fail| Handled::refused(fail.reply(&self.rules), fail.code))
    }

    /// Applies a write whose reply was given up, or queues it if the tables are locked by now. Its session was
    /// looked at when it arrived.
    fn settle_late(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        n: u64,
        now: Now,
    ) -> Handled {
        let nothing = Handled::unchanged(Reply::empty(StatusCode::OK));
        let Ok(op) = subject.parsed.op.as_ref().copied() else { return nothing };
        if op.changes_users() {
            let handled = self.write(op, subject, request, n, now);
            return handled
                .unwrap_or_else(|fail| Handled { code: Some(fail.code.into_owned()), ..nothing });
        }
        let write = waiting(op, subject, request, n);
        if op.is_locked_by_integration() && self.integration.is_locked() {
            self.integration.enqueue(write);
            return Handled { effect: Effect::Queued, ..nothing };
        }
        match queue::settle(write, &mut self.store, &self.rules).result {
            Ok(done) => Handled { effect: Effect::Applied, done, ..nothing },
            Err((code, _)) => Handled { code: Some(code), ..nothing },
        }
    }

    fn reset(&mut self, now: Now) {
        self.start_afresh(now);
    }

    fn credentials(&self) -> Credentials {
        self.first_user()
    }

    fn error_reply(&self, status: StatusCode) -> Reply {
        let reason = status.canonical_reason().unwrap_or("Error");
        let (message, code) = match status.as_u16() {
            400 => ("Bad Request Format", "JSON.Invalid"),
            413 => ("Request body too large", "Request.TooLarge"),
            429 => ("Too many requests", "Request.RateLimited"),
            500 => ("Unexpected server error", "Server.Error"),
            _ => (reason, "Server.Error"),
        };
        Reply::json(status, &json!({ "Message": message, "Code": code }))
    }

    fn state(&self, wanted: Wanted) -> Map<String, Value> {
        self.everything(wanted)
    }

    fn steer(&mut self, steer: &Steer<'_>, now: Now) -> Option<Result<Steered, String>> {
        let mut settled = Vec::new();
        match (steer.method, steer.path) {
            (&Method::GET, "queue") => {}
            (&Method::POST, "integration/start") => self.integration.start(None, None),
            (&Method::POST, "integration/finish") => settled = self.end_run(),
            (&Method::POST, "references") => return Some(self.steer_reference(steer.body)),
            (&Method::POST, "revoke") => {
                let username = steer.body.get("username").and_then(Value::as_str);
                let username = username.unwrap_or_default();
                let value = json!({ "revoked": username });
                let wrong = "give the `username` or e-mail address of a user that exists";
                let found = self.touch_user(username, now);
                let steered = Steered { value, settled };
                return Some(if found { Ok(steered) } else { Err(wrong.to_owned()) });
            }
            _ => return None,
        }
        Some(Ok(Steered { value: self.queue_state(), settled }))
    }

    fn has_session(&mut self, request: &Request, now: Now) -> bool {
        self.sessions.presented(request, now).is_some()
    }

    fn strike(
        &mut self,
        fault: OwnFault,
        _subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> Struck {
        let mut struck = Struck::default();
        match fault {
            OwnFault::ExpireAccess => {
                if let Some(claims) = self.sessions.presented(request, now) {
                    self.sessions.expire(&claims);
                }
            }
            OwnFault::Revoke => {
                if let Some(claims) = self.sessions.presented(request, now) {
                    self.sessions.revoke(&claims, now);
                }
            }
            OwnFault::Lock { for_requests, for_ms } => {
                let until_ms = for_ms.map(|ms| now.ms.saturating_add(ms));
                self.integration.start(for_requests, until_ms);
            }
            OwnFault::Unlock => struck.settled = self.end_run(),
            OwnFault::RotateCsrf { .. } | OwnFault::InProgress => {}
        }
        struck
    }

    /// The CSRF value changes once the request has passed with the old one.
    fn after_strike(&mut self, fault: OwnFault, request: &Request, reply: &mut Reply, now: Now) {
        if let OwnFault::RotateCsrf { silent } = fault
            && let Some(claims) = self.sessions.presented(request, now)
        {
            self.sessions.rotate_csrf(&claims, silent, reply, now);
        }
    }

    /// Counts a request towards the end of the lock, and ends it if that was the last.
    fn arrive(&mut self, now: Now) -> Vec<Settled> {
        if self.integration.count_request(now.ms) { self.end_run() } else { Vec::new() }
    }

    /// Ends a lock whose time is over.
    fn pass_time(&mut self, now: Now) -> Vec<Settled> {
        if self.integration.is_overdue(now.ms) { self.end_run() } else { Vec::new() }
    }
}

impl Knosc {
    fn end_run(&mut self) -> Vec<Settled> {
        self.integration.finish(&mut self.store, &self.rules)
    }

    fn steer_reference(&mut self, body: &Map<String, Value>) -> Result<Steered, String> {
        let kind = body.get("kind").and_then(Value::as_str).unwrap_or_default();
        let id = body.get("id").and_then(Value::as_u64).unwrap_or_default();
        if !self.add_reference(kind, id) {
            return Err("give the `kind`, `purchase-order` or `purchase-order-detail`, and the `id` of one that exists"
                .to_owned());
        }
        Ok(Steered { value: json!({ "kind": kind, "id": id }), settled: Vec::new() })
    }
}
