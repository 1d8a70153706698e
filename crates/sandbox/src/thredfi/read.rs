//! Reading: lists, single records, and the record that a repeated create has met.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::exchange::{Reply, Request};
use crate::service::Now;
use crate::thredfi::book::{Business, Row};
use crate::thredfi::fail::{Fail, Noun};
use crate::thredfi::page::{Picked, Query};
use crate::thredfi::route::{Op, Place};
use crate::thredfi::{Admitted, Thredfi, apply, invoice, party, payment, refund};

impl Thredfi {
    /// The holder of an `external_id`, as the reference answers a repeated create.
    pub(super) fn existing(&self, op: Op, at: usize, position: usize, now: Now) -> Value {
        if op == Op::CreateBusiness {
            let mut shown =
                self.book.business(position).map(party::show_business).unwrap_or_default();
            shown.insert("_meta".to_owned(), json!({ "created": false }));
            return Value::Object(shown);
        }
        let Some(business) = self.book.business(at) else { return Value::Null };
        let refund = || business.kept.refunds.at(position);
        match op {
            Op::CreateCustomer => apply::show_customer(&business.kept, position),
            Op::CreateInvoice => apply::show_invoice(business, position, now),
            Op::CreatePayment => apply::show_payment(business, position),
            _ => refund()
                .map_or(Value::Null, |row| Value::Object(refund::show_refund(row, business))),
        }
    }

    pub(super) fn read(
        &self,
        op: Op,
        place: &Place,
        admitted: Admitted,
        request: &Request,
        now: Now,
    ) -> Result<Reply, Fail> {
        let query = Query::new(request, &self.rules);
        let page = |picked: &Picked, show: &mut dyn FnMut(usize) -> Option<Value>| {
            query.page(request, &self.rules, picked, show)
        };
        if op == Op::ListBusinesses {
            let picked = self.pick_businesses(admitted.partner, &query)?;
            return page(&picked, &mut |at| {
                self.book.business(at).map(|row| Value::Object(party::show_business(row)))
            });
        }
        let business = admitted.business.and_then(|at| self.book.business(at));
        let business = business.ok_or_else(|| Fail::no_such(Noun::Business))?;
        let kept = &business.kept;
        let show_refund = |position: usize| {
            let shown = |row| Value::Object(refund::show_refund(row, business));
            kept.refunds.at(position).map(shown)
        };
        match op {
            Op::ListCustomers => page(&party::pick_customers(kept, &query)?, &mut |at| {
                Some(apply::show_customer(kept, at))
            }),
            Op::ListInvoices => page(&invoice::pick_invoices(kept, &query)?, &mut |at| {
                Some(apply::show_invoice(business, at, now))
            }),
            Op::ListPayments => page(&payment::pick_payments(kept, &query)?, &mut |at| {
                let row = kept.payments.at(at)?;
                Some(Value::Object(payment::show_payment(row, business)))
            }),
            Op::ListRefunds => page(&Picked::All(kept.refunds.len()), &mut |at| show_refund(at)),
            _ => read_one(op, place, business, now),
        }
    }

    /// The businesses of a partner that the filters leave.
    fn pick_businesses(&self, partner: usize, query: &Query) -> Result<Picked, Fail> {
        let by_key = query.filter("external_id").map(|id| {
            let own = self.book.partners.get(partner);
            own.and_then(|own| own.businesses.get(id)).copied().into_iter().collect::<Vec<_>>()
        });
        let candidates = by_key.unwrap_or_else(|| (0..self.book.businesses.len()).collect());
        let mut picked = Vec::new();
        for position in candidates {
            let Some(row) = self.book.business(position) else { continue };
            if row.kept.partner == partner && party::business_passes(row, query)? {
                picked.push(position);
            }
        }
        Ok(Picked::Some(picked))
    }
}

fn read_one(op: Op, place: &Place, business: &Row<Business>, now: Now) -> Result<Reply, Fail> {
    let kept = &business.kept;
    let id = place.id.as_deref().unwrap_or_default();
    let shown: Map<String, Value> = match op {
        Op::ReadBusiness => party::show_business(business),
        Op::ReadCustomer => {
            let found = kept.customers.position(id).and_then(|at| kept.customers.at(at));
            party::show_customer(found.ok_or_else(|| Fail::no_such(Noun::Customer))?, kept)
        }
        Op::ReadInvoice => {
            let found = kept.invoices.position(id).and_then(|at| kept.invoices.at(at));
            let row = found.ok_or_else(|| Fail::no_such(Noun::Invoice))?;
            invoice::show_invoice(row, business, now)
        }
        Op::ReadPayment => {
            let at = kept.payments.position(id).ok_or_else(|| Fail::no_such(Noun::Payment))?;
            return Ok(Reply::json(StatusCode::OK, &apply::show_payment(business, at)));
        }
        Op::ReadRefund => {
            let found = kept.refunds.position(id).and_then(|at| kept.refunds.at(at));
            refund::show_refund(found.ok_or_else(|| Fail::no_such(Noun::Refund))?, business)
        }
        _ => return Err(Fail::no_such_route()),
    };
    Ok(Reply::json(StatusCode::OK, &Value::Object(shown)))
}
