//! Refunds, and the payments by which they are paid out.

use serde_json::{Map, Value, json};

use crate::thredfi::book::{Business, Refund, Row};
use crate::thredfi::fail::{Details, Fail, add};
use crate::thredfi::party::display_name;
use crate::thredfi::schema::{Field, Mode, Rule, may, must, read, text_of};
use crate::thredfi::stamp::written;

const METHODS: [&str; 9] = [
    "CASH",
    "BANK_TRANSFER",
    "CREDIT_CARD",
    "DEBIT_CARD",
    "ACH",
    "CHECK",
    "PAYPAL",
    "STRIPE",
    "OTHER",
];

const REFUND: [Field; 9] = [
    must("invoice_id", Rule::Text(255)),
    must("method", Rule::Choice(&METHODS)),
    must("completed_at", Rule::Moment),
    may("external_id", Rule::Text(255)),
    may("amount_cents", Rule::Int { min: 1 }),
    may("memo", Rule::Text(10_000)),
    may("reference_number", Rule::Text(255)),
    may("processor", Rule::Text(100)),
    may("refund_processing_fee_cents", Rule::Int { min: 0 }),
];

const REFUND_PAYMENT: [Field; 8] = [
    must("amount_cents", Rule::Int { min: 1 }),
    must("method", Rule::Choice(&METHODS)),
    may("external_id", Rule::Text(255)),
    may("completed_at", Rule::Moment),
    may("processor", Rule::Text(100)),
    may("memo", Rule::Text(10_000)),
    may("transaction_tags", Rule::List).or("[]"),
    may("refund_processing_fee_cents", Rule::Int { min: 0 }),
];

/// A refund that has passed every check.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) data: Map<String, Value>,
    pub(crate) invoice: usize,
    /// Nothing stands for all that was paid.
    amount: Option<i64>,
}

impl Draft {
    /// How much is refunded. A repeat of a refund that has landed would find nothing left, so this comes after
    /// the look for one with the same `external_id`.
    pub(crate) fn amount(&self, business: &Business) -> Result<i64, Fail> {
        let invoice = business.invoices.at(self.invoice);
        let left = invoice.map_or(0, |row| row.kept.paid - row.kept.refunded);
        let amount = self.amount.unwrap_or(left);
        if amount > left || left <= 0 {
            return Err(Fail::field("amount_cents", "The refund exceeds what was paid."));
        }
        Ok(amount)
    }
}

/// Reads a refund of what was paid on an invoice.
pub(crate) fn read_refund(body: &Map<String, Value>, business: &Business) -> Result<Draft, Fail> {
    let mut details = Details::new();
    let data = read(&REFUND, body, Mode::Whole, "", &mut details);
    let invoice = text_of(&data, "invoice_id").map(|id| business.invoices.position(id));
    if invoice == Some(None) {
        add(&mut details, "invoice_id", "Invalid invoice ID");
    }
    let (Some(Some(invoice)), true) = (invoice, details.is_empty()) else {
        return Err(Fail::invalid(details));
    };
    let amount = data.get("amount_cents").and_then(Value::as_i64);
    Ok(Draft { data, invoice, amount })
}

/// Reads a payment that pays out a refund, or a part of it.
pub(crate) fn read_refund_payment(
    body: &Map<String, Value>,
    refund: &Row<Refund>,
) -> Result<Map<String, Value>, Fail> {
    let mut details = Details::new();
    let data = read(&REFUND_PAYMENT, body, Mode::Whole, "", &mut details);
    if !details.is_empty() {
        return Err(Fail::invalid(details));
    }
    let amount = data.get("amount_cents").and_then(Value::as_i64).unwrap_or(0);
    if amount > refund.kept.amount - refund.kept.paid_out {
        return Err(Fail::field("amount_cents", "The payment exceeds what is left of the refund."));
    }
    Ok(data)
}

pub(crate) fn show_refund(row: &Row<Refund>, business: &Row<Business>) -> Map<String, Value> {
    let invoice = business.kept.invoices.at(row.kept.invoice);
    let customer = invoice.and_then(|invoice| business.kept.customers.at(invoice.kept.customer));
    let mut shown = Map::with_capacity(row.data.len() + 20);
    shown.insert("id".to_owned(), json!(row.id));
    shown.insert("business_id".to_owned(), json!(business.id));
    shown.extend(row.data.clone());
    let allocation = json!({
        "invoice_id": invoice.map(|invoice| invoice.id.as_str()), "amount_cents": row.kept.amount,
    });
    let rest = [
        ("amount_cents", json!(row.kept.amount)),
        ("refunded_amount", json!(row.kept.amount)),
        ("customer_id", json!(customer.map(|customer| customer.id.as_str()))),
        ("customer_name", json!(customer.map(|customer| display_name(&customer.data)))),
        ("allocations", json!([allocation])),
        ("refund_payments", Value::Array(row.kept.payments.clone())),
        ("created_at", json!(written(row.created_ms))),
        ("updated_at", json!(written(row.updated_ms))),
    ];
    shown.extend(rest.into_iter().map(|(name, value)| (name.to_owned(), value)));
    shown
}
