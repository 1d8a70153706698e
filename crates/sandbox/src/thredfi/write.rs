//! Writes in two steps: plan (check everything), then apply.

use serde_json::{Map, Value, json};

use crate::thredfi::Rules;
use crate::thredfi::book::{Book, Business, Customer, Row};
use crate::thredfi::fail::{Fail, Noun};
use crate::thredfi::route::Op;
use crate::thredfi::schema::text_of;
use crate::thredfi::{invoice, party, payment, refund};

/// A write that has passed every check. Records are named by their positions.
#[derive(Debug)]
pub(crate) enum Change {
    CreateBusiness(usize, Map<String, Value>),
    UpdateBusiness(usize, Map<String, Value>),
    ArchiveBusiness(usize, bool),
    CreateCustomer(usize, Map<String, Value>),
    UpdateCustomer(usize, usize, Map<String, Value>),
    ArchiveCustomer(usize, usize),
    CreateInvoice(usize, invoice::Draft),
    ReplaceInvoice(usize, usize, invoice::Draft),
    VoidInvoice(usize, usize),
    CreatePayment(usize, payment::Draft),
    UpdatePayment(usize, usize, Map<String, Value>),
    CancelPayment(usize, usize),
    CreateRefund(usize, refund::Draft, i64),
    CreateRefundPayment(usize, usize, Map<String, Value>),
}

/// What a write comes to.
#[derive(Debug)]
pub(crate) enum Plan {
    Change(Change),
    /// There is one with this `external_id`, and the reference shows it instead of refusing.
    Existing(usize),
}

/// What a write is about: the business (for a new one its partner), the id in the path, the body.
pub(crate) struct Write<'a> {
    pub(crate) op: Op,
    pub(crate) partner: usize,
    pub(crate) business: usize,
    pub(crate) id: Option<&'a str>,
    pub(crate) body: &'a Result<Map<String, Value>, Fail>,
}

impl Book {
    /// Checks a write against the present state.
    pub(crate) fn plan(&self, write: &Write<'_>, rules: &Rules) -> Result<Plan, Fail> {
        let at = write.business;
        let body = || write.body.as_ref().map_err(Clone::clone);
        if write.op == Op::CreateBusiness {
            let data = party::read_business(body()?, rules)?;
            let partner = self.partners.get(write.partner);
            let holder = text_of(&data, "external_id")
                .and_then(|id| partner.and_then(|partner| partner.businesses.get(id)))
                .copied();
            let existing = taken(&data, holder, rules)?;
            return Ok(
                existing.unwrap_or(Plan::Change(Change::CreateBusiness(write.partner, data)))
            );
        }
        let business = self.business(at).ok_or_else(|| Fail::no_such(Noun::Business))?;
        let kept = &business.kept;
        let change = match write.op {
            Op::UpdateBusiness => {
                Change::UpdateBusiness(at, party::change_business(body()?, business)?)
            }
            Op::ArchiveBusiness => Change::ArchiveBusiness(at, true),
            Op::UnarchiveBusiness => Change::ArchiveBusiness(at, false),
            Op::CreateCustomer => {
                let data = party::read_customer(body()?, None)?;
                let holder = text_of(&data, "external_id").and_then(|id| kept.customers.holder(id));
                if let Some(existing) = taken(&data, holder, rules)? {
                    return Ok(existing);
                }
                Change::CreateCustomer(at, data)
            }
            Op::UpdateCustomer => {
                let (position, row) = self.customer(business, write.id)?;
                let data = party::read_customer(body()?, Some(row))?;
                let holder = text_of(&data, "external_id").and_then(|id| kept.customers.holder(id));
                keep_unique(&data, holder, position, rules)?;
                Change::UpdateCustomer(at, position, data)
            }
            Op::ArchiveCustomer => {
                Change::ArchiveCustomer(at, self.customer(business, write.id)?.0)
            }
            Op::CreateInvoice | Op::ReplaceInvoice | Op::VoidInvoice => {
                return plan_invoice(business, write, rules);
            }
            _ => return plan_money(business, write, rules),
        };
        Ok(Plan::Change(change))
    }

    fn customer<'a>(
        &self,
        business: &'a Row<Business>,
        id: Option<&str>,
    ) -> Result<(usize, &'a Row<Customer>), Fail> {
        let customers = &business.kept.customers;
        let position = id.and_then(|id| customers.position(id));
        position
            .and_then(|position| Some((position, customers.at(position)?)))
            .ok_or_else(|| Fail::no_such(Noun::Customer))
    }
}

/// Whether the `external_id` of a record to be made is free: nothing if it is, else its holder where the rules
/// show that one instead of refusing.
fn taken(
    data: &Map<String, Value>,
    holder: Option<usize>,
    rules: &Rules,
) -> Result<Option<Plan>, Fail> {
    match holder.filter(|_| !rules.allow_duplicates) {
        None => Ok(None),
        Some(holder) if rules.reference => Ok(Some(Plan::Existing(holder))),
        Some(_) => Err(Fail::duplicate(text_of(data, "external_id").unwrap_or_default())),
    }
}

/// A change must not take the `external_id` of another record.
fn keep_unique(
    data: &Map<String, Value>,
    holder: Option<usize>,
    own: usize,
    rules: &Rules,
) -> Result<(), Fail> {
    match holder.filter(|holder| *holder != own && !rules.allow_duplicates) {
        None => Ok(()),
        Some(_) => Err(Fail::duplicate(text_of(data, "external_id").unwrap_or_default())),
    }
}

fn plan_invoice(business: &Row<Business>, write: &Write<'_>, rules: &Rules) -> Result<Plan, Fail> {
    let (at, invoices) = (write.business, &business.kept.invoices);
    let body = || write.body.as_ref().map_err(Clone::clone);
    let holder = |draft: &invoice::Draft| {
        text_of(&draft.data, "external_id").and_then(|id| invoices.holder(id))
    };
    if write.op == Op::CreateInvoice {
        let draft = invoice::read_invoice(body()?, business, rules)?;
        let existing = taken(&draft.data, holder(&draft), rules)?;
        return Ok(existing.unwrap_or(Plan::Change(Change::CreateInvoice(at, draft))));
    }
    let position = write.id.and_then(|id| invoices.position(id));
    let found = position.and_then(|position| Some((position, invoices.at(position)?)));
    let (position, row) = found.ok_or_else(|| Fail::no_such(Noun::Invoice))?;
    let settled = match row.kept.status() {
        "VOIDED" => Some("Voided"),
        "PAID" => Some("Paid"),
        _ => None,
    };
    if write.op == Op::VoidInvoice {
        return match settled {
            Some(status) => Err(Fail::state(format!("{status} invoices cannot be voided"))),
            None => Ok(Plan::Change(Change::VoidInvoice(at, position))),
        };
    }
    let draft = invoice::read_invoice(body()?, business, rules)?;
    keep_unique(&draft.data, holder(&draft), position, rules)?;
    if let Some(status) = settled {
        return Err(Fail::state(format!("{status} invoices cannot be changed")));
    }
    if draft.total < row.kept.paid || (row.kept.paid > 0 && draft.customer != row.kept.customer) {
        return Err(Fail::state("Partially paid invoices keep their customer and what was paid"));
    }
    Ok(Plan::Change(Change::ReplaceInvoice(at, position, draft)))
}

/// Payments and refunds.
fn plan_money(business: &Row<Business>, write: &Write<'_>, rules: &Rules) -> Result<Plan, Fail> {
    let (at, kept) = (write.business, &business.kept);
    let body = || write.body.as_ref().map_err(Clone::clone);
    let change = match write.op {
        Op::CreatePayment => {
            let draft = payment::read_payment(body()?, business, rules)?;
            let external_id = text_of(&draft.data, "external_id");
            let holder = external_id.and_then(|id| kept.payments.holder(id));
            if let Some(existing) = taken(&draft.data, holder, rules)? {
                return Ok(existing);
            }
            payment::check_owed(&draft, business)?;
            Change::CreatePayment(at, draft)
        }
        Op::UpdatePayment | Op::CancelPayment => {
            let position = write.id.and_then(|id| kept.payments.position(id));
            let found = position.and_then(|position| Some((position, kept.payments.at(position)?)));
            let (position, row) = found.ok_or_else(|| Fail::no_such(Noun::Payment))?;
            if write.op == Op::UpdatePayment {
                let data = payment::change_payment(body()?, row)?;
                let holder = text_of(&data, "external_id").and_then(|id| kept.payments.holder(id));
                keep_unique(&data, holder, position, rules)?;
                Change::UpdatePayment(at, position, data)
            } else if matches!(row.kept.status, "pending" | "failed") {
                Change::CancelPayment(at, position)
            } else {
                let status = payment::capitalized(row.kept.status);
                return Err(Fail::state(format!("{status} payments cannot be deleted")));
            }
        }
        Op::CreateRefund => {
            let draft = refund::read_refund(body()?, kept)?;
            let external_id = text_of(&draft.data, "external_id");
            let holder = external_id.and_then(|id| kept.refunds.holder(id));
            if let Some(existing) = taken(&draft.data, holder, rules)? {
                return Ok(existing);
            }
            let amount = draft.amount(kept)?;
            Change::CreateRefund(at, draft, amount)
        }
        Op::CreateRefundPayment => {
            let position = write.id.and_then(|id| kept.refunds.position(id));
            let found = position.and_then(|position| Some((position, kept.refunds.at(position)?)));
            let (position, row) = found.ok_or_else(|| Fail::no_such(Noun::Refund))?;
            let data = refund::read_refund_payment(body()?, row)?;
            if let Some(id) = text_of(&data, "external_id")
                && kept.refund_payments.contains(id)
                && !rules.allow_duplicates
            {
                return Err(Fail::duplicate(id));
            }
            Change::CreateRefundPayment(at, position, data)
        }
        _ => return Err(Fail::no_such_route()),
    };
    Ok(Plan::Change(change))
}

/// The reply to a cancelled payment.
pub(crate) fn cancelled(id: &str, updated_at: String) -> Value {
    json!({
        "message": "Payment cancelled", "payment_id": id, "status": "cancelled", "updated_at": updated_at,
    })
}
