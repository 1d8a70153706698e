//! Thredfi behind the seam.

use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::exchange::{Reply, Request};
use crate::fault::OwnFault;
use crate::sandbox::Credentials;
use crate::service::{Handled, Now, Service, Steer, Steered, Struck, Subject, Wanted};
use crate::thredfi::apply::{self, set_status};
use crate::thredfi::book::{Business, PAYMENT_STATUSES, Row};
use crate::thredfi::fail::Fail;
use crate::thredfi::request::{self, Parsed};
use crate::thredfi::route::Route;
use crate::thredfi::{Thredfi, party, payment, refund};

impl Service for Thredfi {
    type Parsed = Parsed;

    fn identify(&mut self, request: &Request, _now: Now) -> Subject<Parsed> {
        request::identify(request, &self.book, &mut self.access)
    }

    fn would_take_effect(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> bool {
        let Route::Place(place) = &subject.parsed.route else { return false };
        self.would_write(place, &subject.parsed, request, now).is_some()
    }

    fn handle(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        _n: u64,
        now: Now,
    ) -> Handled {
        match &subject.parsed.route {
            Route::Place(place) => {
                self.perform(place, &subject.parsed, request, now).unwrap_or_else(Fail::handled)
            }
            Route::Redirect(path) => {
                let query = request.query.as_ref().map(|query| format!("?{query}"));
                let location = format!("{path}{}", query.unwrap_or_default());
                let mut reply = Reply::empty(StatusCode::MOVED_PERMANENTLY);
                reply.push_header(header::LOCATION, &location);
                Handled::unchanged(reply)
            }
            Route::Unknown => Fail::no_such_route().handled(),
        }
    }

    fn settle_late(
        &mut self,
        subject: &Subject<Parsed>,
        request: &Request,
        _n: u64,
        now: Now,
    ) -> Handled {
        match &subject.parsed.route {
            Route::Place(place) => {
                self.write_late(place, &subject.parsed, request, now).unwrap_or_else(Fail::handled)
            }
            _ => Fail::no_such_route().handled(),
        }
    }

    /// Keys are unique within a business.
    fn scope(&self, subject: &Subject<Parsed>) -> Option<String> {
        match &subject.parsed.route {
            Route::Place(place) => place.business.clone(),
            _ => None,
        }
    }

    fn reset(&mut self, now: Now) {
        self.start_afresh(now);
    }

    fn credentials(&self) -> Credentials {
        let first = self.book.partners.first();
        let part = |text: Option<&String>| text.cloned().unwrap_or_default();
        Credentials::new([
            ("partner_uuid", part(first.map(|partner| &partner.uuid))),
            ("api_key", part(first.map(|partner| &partner.api_key))),
        ])
    }

    fn error_reply(&self, status: StatusCode) -> Reply {
        match status.as_u16() {
            400 => Fail::not_json(),
            413 => Fail::too_large(),
            429 => Fail::throttled(),
            _ => Fail::server(status),
        }
        .reply()
    }

    fn gateway_page(&self, status: StatusCode) -> String {
        format!("<h1>{}</h1>", status.canonical_reason().unwrap_or("Error"))
    }

    fn state(&self, wanted: Wanted) -> Map<String, Value> {
        let now = Now { ms: 0, real_ms: 0 };
        let businesses = || self.book.businesses.iter();
        let mut state = Map::new();
        if wanted.masters {
            state.insert(
                "businesses".to_owned(),
                businesses().map(|row| Value::Object(party::show_business(row))).collect(),
            );
            let shown = |row: &Row<Business>| {
                let of = |at| with_business(apply::show_customer(&row.kept, at), &row.id);
                (0..row.kept.customers.len()).map(of).collect::<Vec<_>>()
            };
            state.insert("customers".to_owned(), businesses().flat_map(shown).collect());
        }
        let invoices = businesses().flat_map(|row| {
            (0..row.kept.invoices.len()).map(move |at| apply::show_invoice(row, at, now))
        });
        let payments = businesses().flat_map(|row| {
            row.kept.payments.iter().map(move |one| Value::Object(payment::show_payment(one, row)))
        });
        let refunds = businesses().flat_map(|row| {
            row.kept.refunds.iter().map(move |one| Value::Object(refund::show_refund(one, row)))
        });
        let skip = usize::try_from(wanted.after).unwrap_or(usize::MAX);
        state.insert("invoices".to_owned(), invoices.skip(skip).take(wanted.limit).collect());
        state.insert("payments".to_owned(), payments.skip(skip).take(wanted.limit).collect());
        state.insert("refunds".to_owned(), refunds.skip(skip).take(wanted.limit).collect());
        state
    }

    fn steer(&mut self, steer: &Steer<'_>, now: Now) -> Option<Result<Steered, String>> {
        let value = match (steer.method, steer.path) {
            (&Method::POST, "payment-status") => self.steer_status(steer.body, now),
            (&Method::POST, "token-ttl") => {
                let seconds = steer.body.get("seconds").and_then(Value::as_u64);
                let seconds = seconds.filter(|seconds| (1..1_000_000_000).contains(seconds));
                let wrong = || "give the `seconds` that tokens last from now on".to_owned();
                seconds.ok_or_else(wrong).map(|seconds| {
                    self.access.life_s = seconds;
                    json!({ "token_ttl_s": seconds })
                })
            }
            _ => return None,
        };
        Some(value.map(|value| Steered { value, settled: Vec::new() }))
    }

    fn has_session(&mut self, request: &Request, now: Now) -> bool {
        self.access.presented(request, now).is_some()
    }

    fn strike(
        &mut self,
        fault: OwnFault,
        _subject: &Subject<Parsed>,
        request: &Request,
        now: Now,
    ) -> Struck {
        if let Some(claims) = self.access.presented(request, now) {
            match fault {
                OwnFault::ExpireAccess => self.access.expire(&claims),
                OwnFault::Revoke => self.access.revoke(&claims),
                _ => {}
            }
        }
        Struck::default()
    }
}

fn with_business(mut shown: Value, id: &str) -> Value {
    if let Value::Object(shown) = &mut shown {
        shown.insert("business_id".to_owned(), json!(id));
    }
    shown
}

impl Thredfi {
    /// Gives a payment a status that only time would bring.
    fn steer_status(&mut self, body: &Map<String, Value>, now: Now) -> Result<Value, String> {
        let id = body.get("payment_id").and_then(Value::as_str).unwrap_or_default();
        let status = body.get("status").and_then(Value::as_str).unwrap_or_default();
        let known = PAYMENT_STATUSES
            .iter()
            .find(|known| **known == status)
            .ok_or_else(|| format!("give the `status`, one of {}", PAYMENT_STATUSES.join(", ")))?;
        let found = (0..self.book.businesses.len()).find_map(|at| {
            self.book.business(at)?.kept.payments.position(id).map(|position| (at, position))
        });
        let (at, position) =
            found.ok_or_else(|| "give the `payment_id` of a payment that exists".to_owned())?;
        let business = self.book.businesses.at_mut(at).ok_or_else(String::new)?;
        set_status(&mut business.kept, position, known, now);
        Ok(apply::show_payment(business, position))
    }
}
