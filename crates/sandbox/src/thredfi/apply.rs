//! Carries out what has been planned.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::service::Now;
use crate::thredfi::book::{Book, Business, Customer, Invoice, Payment, Refund, Row, Table};
use crate::thredfi::schema::text_of;
use crate::thredfi::stamp::written;
use crate::thredfi::write::{Change, cancelled};
use crate::thredfi::{invoice, party, payment, refund};

/// What a change tells its caller.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// The id of what was created.
    pub(crate) created: Option<String>,
}

fn created(id: String, body: Value) -> Applied {
    Applied { status: StatusCode::CREATED, body, created: Some(id) }
}

fn changed(body: Value) -> Applied {
    Applied { status: StatusCode::OK, body, created: None }
}

fn new_row<T>(id: String, data: Map<String, Value>, now: Now, kept: T) -> Row<T> {
    Row { id, data, created_ms: now.ms, updated_ms: now.ms, kept }
}

/// Changes what is kept of a record.
fn touch<T>(table: &mut Table<T>, position: usize, now: Now, change: impl FnOnce(&mut T)) {
    if let Some(row) = table.at_mut(position) {
        change(&mut row.kept);
        row.updated_ms = now.ms;
    }
}

impl Book {
    /// Carries out what [`Book::plan`] has checked. `key` is the request's idempotency key.
    pub(crate) fn apply(
        &mut self,
        change: Change,
        key: Option<&str>,
        reference: bool,
        dice: &mut Dice,
        now: Now,
    ) -> Applied {
        let id = dice.uuid();
        self.apply_as(id, change, key, reference, now)
    }

    /// The same; what is created gets this id.
    pub(crate) fn apply_as(
        &mut self,
        id: String,
        change: Change,
        key: Option<&str>,
        reference: bool,
        now: Now,
    ) -> Applied {
        let at = match change {
            Change::CreateBusiness(partner, data) => {
                return self.create_business(id, partner, data, reference, now);
            }
            Change::UpdateBusiness(at, data) => {
                self.businesses.rewrite(at, data, now.ms);
                at
            }
            Change::ArchiveBusiness(at, archived) => {
                touch(&mut self.businesses, at, now, |kept| {
                    kept.archived_ms = archived.then_some(kept.archived_ms.unwrap_or(now.ms));
                });
                at
            }
            below => return self.apply_below(id, below, key, now).unwrap_or_default(),
        };
        changed(self.business(at).map(party::show_business).map_or(Value::Null, Value::Object))
    }

    fn create_business(
        &mut self,
        id: String,
        partner: usize,
        data: Map<String, Value>,
        reference: bool,
        now: Now,
    ) -> Applied {
        let external_id = text_of(&data, "external_id").unwrap_or_default().to_owned();
        let kept = Business { partner, ..Business::default() };
        let row = new_row(id.clone(), data, now, kept);
        let mut body = party::show_business(&row);
        if reference {
            body.insert("_meta".to_owned(), json!({ "created": true }));
        }
        let position = self.businesses.insert(row);
        if let Some(partner) = self.partners.get_mut(partner) {
            partner.businesses.entry(external_id).or_insert(position);
        }
        created(id, Value::Object(body))
    }

    /// Changes inside a business.
    fn apply_below(
        &mut self,
        id: String,
        change: Change,
        key: Option<&str>,
        now: Now,
    ) -> Option<Applied> {
        match change {
            Change::CreateCustomer(at, data) => {
                let kept = &mut self.businesses.at_mut(at)?.kept;
                let row = new_row(id.clone(), data, now, Customer::default());
                let position = kept.customers.insert(row);
                Some(created(id, show_customer(kept, position)))
            }
            Change::UpdateCustomer(at, position, data) => {
                let kept = &mut self.businesses.at_mut(at)?.kept;
                kept.customers.rewrite(position, data, now.ms);
                Some(changed(show_customer(kept, position)))
            }
            Change::ArchiveCustomer(at, position) => {
                let kept = &mut self.businesses.at_mut(at)?.kept;
                let fresh =
                    kept.customers.at(position).is_some_and(|row| row.kept.archived_ms.is_none());
                kept.archived_customers += usize::from(fresh);
                touch(&mut kept.customers, position, now, |customer| {
                    customer.archived_ms.get_or_insert(now.ms);
                });
                Some(changed(show_customer(kept, position)))
            }
            Change::CreateInvoice(at, draft) => self.create_invoice(at, id, draft, now),
            Change::ReplaceInvoice(at, position, draft) => {
                self.replace_invoice(at, position, draft, now)
            }
            Change::VoidInvoice(at, position) => {
                let business = self.businesses.at_mut(at)?;
                touch(&mut business.kept.invoices, position, now, |invoice| {
                    invoice.voided_ms = Some(now.ms);
                });
                Some(changed(show_invoice(business, position, now)))
            }
            Change::CreatePayment(at, draft) => self.create_payment(at, id, draft, key, now),
            Change::UpdatePayment(at, position, data) => {
                let business = self.businesses.at_mut(at)?;
                rewrite_payment(&mut business.kept, position, data, now);
                Some(changed(show_payment(business, position)))
            }
            Change::CancelPayment(at, position) => {
                let business = self.businesses.at_mut(at)?;
                set_status(&mut business.kept, position, "cancelled", now);
                let payment = business.kept.payments.at(position)?;
                Some(changed(cancelled(&payment.id, written(now.ms))))
            }
            Change::CreateRefund(at, draft, amount) => {
                let business = self.businesses.at_mut(at)?;
                touch(&mut business.kept.invoices, draft.invoice, now, |invoice| {
                    invoice.refunded += amount;
                });
                let refund =
                    Refund { invoice: draft.invoice, amount, paid_out: 0, payments: Vec::new() };
                let row = new_row(id.clone(), draft.data, now, refund);
                let position = business.kept.refunds.insert(row);
                let shown = refund::show_refund(business.kept.refunds.at(position)?, business);
                Some(created(id, Value::Object(shown)))
            }
            Change::CreateRefundPayment(at, position, data) => {
                self.create_refund_payment(at, position, id, data, now)
            }
            _ => None,
        }
    }

    fn create_invoice(
        &mut self,
        at: usize,
        id: String,
        draft: invoice::Draft,
        now: Now,
    ) -> Option<Applied> {
        let business = self.businesses.at_mut(at)?;
        let mut data = draft.data;
        if text_of(&data, "invoice_number").is_none() {
            let number = format!("INV-{:06}", business.kept.invoices.len() + 1);
            data.insert("invoice_number".to_owned(), json!(number));
        }
        let invoice = Invoice {
            customer: draft.customer,
            lines: draft.lines,
            subtotal: draft.subtotal,
            total: draft.total,
            ..Invoice::default()
        };
        let position = business.kept.invoices.insert(new_row(id.clone(), data, now, invoice));
        if let Some(customer) = business.kept.customers.at_mut(draft.customer) {
            customer.kept.invoices.push(position);
        }
        Some(created(id, show_invoice(business, position, now)))
    }

    fn replace_invoice(
        &mut self,
        at: usize,
        position: usize,
        draft: invoice::Draft,
        now: Now,
    ) -> Option<Applied> {
        let business = self.businesses.at_mut(at)?;
        let kept = &mut business.kept;
        let before = kept.invoices.at(position)?;
        let (customer, number) = (before.kept.customer, before.data.get("invoice_number").cloned());
        let mut data = draft.data;
        if text_of(&data, "invoice_number").is_none() {
            data.insert("invoice_number".to_owned(), number.unwrap_or_default());
        }
        kept.invoices.rewrite(position, data, now.ms);
        touch(&mut kept.invoices, position, now, |invoice| {
            invoice.customer = draft.customer;
            invoice.lines = draft.lines;
            invoice.subtotal = draft.subtotal;
            invoice.total = draft.total;
            invoice.pay(0, now.ms);
        });
        if customer != draft.customer {
            if let Some(row) = kept.customers.at_mut(customer) {
                row.kept.invoices.retain(|invoice| *invoice != position);
            }
            if let Some(row) = kept.customers.at_mut(draft.customer) {
                row.kept.invoices.push(position);
            }
        }
        Some(changed(show_invoice(business, position, now)))
    }

    fn create_payment(
        &mut self,
        at: usize,
        id: String,
        draft: payment::Draft,
        key: Option<&str>,
        now: Now,
    ) -> Option<Applied> {
        let business = self.businesses.at_mut(at)?;
        let kept = &mut business.kept;
        let date = text_of(&draft.data, "payment_date").unwrap_or_default().to_owned();
        let payment = Payment {
            customer: draft.customer,
            total: draft.total,
            allocations: draft.allocations,
            status: "completed",
            idempotency_key: key.map(str::to_owned),
        };
        for (invoice, cents) in &payment.allocations {
            touch(&mut kept.invoices, *invoice, now, |invoice| invoice.pay(*cents, now.ms));
        }
        let position = kept.payments.insert(new_row(id.clone(), draft.data, now, payment));
        kept.payments_by_date.insert((date, position));
        Some(created(id, show_payment(business, position)))
    }

    fn create_refund_payment(
        &mut self,
        at: usize,
        position: usize,
        id: String,
        data: Map<String, Value>,
        now: Now,
    ) -> Option<Applied> {
        let kept = &mut self.businesses.at_mut(at)?.kept;
        let refund_id = kept.refunds.at(position)?.id.clone();
        let amount = data.get("amount_cents").and_then(Value::as_i64).unwrap_or(0);
        if let Some(external_id) = text_of(&data, "external_id") {
            kept.refund_payments.insert(external_id.to_owned());
        }
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(id));
        shown.insert("refund_id".to_owned(), json!(refund_id));
        shown.extend(data);
        shown.insert("created_at".to_owned(), json!(written(now.ms)));
        let body = Value::Object(shown);
        touch(&mut kept.refunds, position, now, |refund| {
            refund.paid_out += amount;
            refund.payments.push(body.clone());
        });
        Some(created(id, body))
    }
}

fn rewrite_payment(kept: &mut Business, position: usize, data: Map<String, Value>, now: Now) {
    let date =
        |row: &Row<Payment>| text_of(&row.data, "payment_date").unwrap_or_default().to_owned();
    if let Some(before) = kept.payments.at(position).map(date) {
        kept.payments_by_date.remove(&(before, position));
    }
    kept.payments.rewrite(position, data, now.ms);
    if let Some(after) = kept.payments.at(position).map(date) {
        kept.payments_by_date.insert((after, position));
    }
}

/// Gives a payment another status. What it allocates counts on its invoices, or no longer does.
pub(crate) fn set_status(kept: &mut Business, position: usize, status: &'static str, now: Now) {
    let Some(row) = kept.payments.at_mut(position) else { return };
    let before = row.kept.counts();
    row.kept.status = status;
    row.updated_ms = now.ms;
    let sign = i64::from(row.kept.counts()) - i64::from(before);
    for (invoice, cents) in row.kept.allocations.clone() {
        touch(&mut kept.invoices, invoice, now, |invoice| invoice.pay(sign * cents, now.ms));
    }
}

pub(crate) fn show_customer(kept: &Business, position: usize) -> Value {
    let row = kept.customers.at(position);
    row.map_or(Value::Null, |row| Value::Object(party::show_customer(row, kept)))
}

pub(crate) fn show_invoice(business: &Row<Business>, position: usize, now: Now) -> Value {
    let row = business.kept.invoices.at(position);
    row.map_or(Value::Null, |row| Value::Object(invoice::show_invoice(row, business, now)))
}

/// A payment as its own routes wrap it.
pub(crate) fn show_payment(business: &Row<Business>, position: usize) -> Value {
    let row = business.kept.payments.at(position);
    row.map_or(Value::Null, |row| json!({ "payment": payment::show_payment(row, business) }))
}
