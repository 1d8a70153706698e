use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast::{Path, path};

use super::calls::query;
use super::{Error, Thredfi};
use crate::words::words;
use crate::{Decimal, Written};

words! {
    /// What state an invoice is in.
    pub enum InvoiceStatus {
        /// Sent, and nothing paid.
        Sent = "SENT",
        /// Paid in part.
        PartiallyPaid = "PARTIALLY_PAID",
        /// Paid.
        Paid = "PAID",
        /// Void.
        Voided = "VOIDED",
        /// As a filter: sent or paid in part.
        Unpaid = "unpaid",
    }
}

/// An invoice to be made, or to be put in the place of one (contract 3.3). What is `None` is not
/// sent. One of `customer_id` and `customer_external_id` has to be there.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewInvoice {
    /// Your own number of it, unique in the business.
    pub external_id: String,
    /// When it was sent: a date, or an instant such as `2025-01-15T00:00:00Z`.
    pub sent_at: String,
    /// At least one.
    pub line_items: Vec<NewLine>,
    /// Whom it goes to, by the API's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Whom it goes to, by your own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_external_id: Option<String>,
    /// When it has to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// The number that stands on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// `invoice`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_type: Option<String>,
    /// That of the business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// A text on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Taken off the whole, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_discount: Option<i64>,
    /// Taxes on the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_sales_taxes: Option<Vec<Tax>>,
    /// The sum of these taxes, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_sales_taxes_total: Option<i64>,
    /// Tips, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tips: Option<i64>,
    /// Where the tips are booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tips_account: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_tags: Option<Vec<String>>,
    /// Anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// A document. It is kept out of logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

impl NewInvoice {
    /// What every invoice has to have, but for its customer.
    #[must_use]
    pub fn new(
        external_id: impl Into<String>,
        sent_at: impl Into<String>,
        line_items: Vec<NewLine>,
    ) -> Self {
        let (external_id, sent_at) = (external_id.into(), sent_at.into());
        Self { external_id, sent_at, line_items, ..Self::default() }
    }
}

/// A line of an invoice to be made.
#[derive(Debug, Clone, Serialize)]
pub struct NewLine {
    /// How many, more than 0.
    pub quantity: Decimal,
    /// The price of one, in cents (C8).
    pub unit_price: i64,
    /// Your own number of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_identifier: Option<Value>,
    /// Which product it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Value>,
    /// Taken off the line, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<i64>,
    /// Its taxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sales_taxes: Option<Vec<Tax>>,
}

impl NewLine {
    /// So many at that price, in cents.
    #[must_use]
    pub fn new(quantity: impl Into<Decimal>, unit_price: i64) -> Self {
        Self {
            quantity: quantity.into(),
            unit_price,
            external_id: None,
            description: None,
            account_identifier: None,
            product: None,
            discount_amount: None,
            sales_taxes: None,
        }
    }
}

/// A tax on a line or an invoice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tax {
    /// How much, in cents.
    pub amount: i64,
    /// Where it is booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_account: Option<Value>,
    /// Taken off it, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<i64>,
}

/// An invoice as the API shows it. What is not sure to be there is an `Option`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Invoice {
    /// Its id, a UUID.
    pub id: String,
    /// Your own number of it.
    pub external_id: Option<String>,
    /// Whose it is.
    pub business_id: Option<String>,
    /// What state it is in.
    pub status: Option<InvoiceStatus>,
    /// When it was sent.
    pub sent_at: Option<String>,
    /// When it has to be paid.
    pub due_at: Option<String>,
    /// When it was paid.
    pub paid_at: Option<String>,
    /// When it was voided; it is void exactly if this is there.
    pub voided_at: Option<String>,
    /// True if it is not paid and should be.
    pub is_overdue: Option<bool>,
    /// The number that stands on it.
    pub invoice_number: Option<String>,
    /// `invoice`.
    pub invoice_type: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Whom it goes to.
    pub customer: Option<InvoiceCustomer>,
    /// Its lines.
    #[serde(default)]
    pub line_items: Vec<Line>,
    /// Without taxes, in cents.
    pub subtotal_cents: Option<i64>,
    /// All in all, in cents.
    pub total_cents: Option<i64>,
    /// What is still owed, in cents.
    pub outstanding_amount_cents: Option<i64>,
    /// A text on it.
    pub memo: Option<String>,
    /// Whatever was stored with it.
    pub metadata: Option<Value>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
}

/// Whom an invoice goes to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct InvoiceCustomer {
    /// The API's id.
    pub id: Option<String>,
    /// Your own number.
    pub external_id: Option<String>,
    /// What it is called.
    pub display_name: Option<String>,
}

/// A line as the API shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Line {
    /// How many.
    pub quantity: Option<Decimal>,
    /// The price of one in cents, under its one name; see [`Line::price_cents`].
    pub unit_price: Option<i64>,
    /// And under its other (C8).
    pub unit_price_cents: Option<i64>,
    /// Your own number of the line.
    pub external_id: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Where it is booked.
    pub account_identifier: Option<Value>,
    /// Which product it is.
    pub product: Option<Value>,
    /// Taken off the line, in cents.
    pub discount_amount: Option<i64>,
    /// Its taxes.
    pub sales_taxes: Option<Vec<Tax>>,
}

impl Line {
    /// The price of one in cents, whichever name the API gives it (C8).
    #[must_use]
    pub fn price_cents(&self) -> Option<i64> {
        self.unit_price.or(self.unit_price_cents)
    }
}

/// Which invoices to list. What is `None` or empty does not matter.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// Of these customers.
    pub customer_id: Vec<String>,
    /// Of the customer with your own number.
    pub customer_external_id: Option<String>,
    /// To be paid from then on.
    pub due_at_start: Option<String>,
    /// To be paid until then.
    pub due_at_end: Option<String>,
    /// Of at most so many cents.
    pub max_amount: Option<i64>,
    /// Of at least so many cents.
    pub min_amount: Option<i64>,
    /// In this state.
    pub status: Option<InvoiceStatus>,
    /// With your own number.
    pub external_id: Option<String>,
}

fn invoices(business_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "invoices")
}

fn invoice(business_id: &str, invoice_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "invoices", invoice_id)
}

impl Thredfi {
    /// The invoices of a business.
    pub fn invoices(
        &self,
        business_id: &str,
        filter: &InvoiceFilter,
    ) -> impl Stream<Item = Result<Invoice, Error>> + Send + use<> {
        let filter = filter.clone();
        let customers = Some(filter.customer_id.join(",")).filter(|ids| !ids.is_empty());
        let query = query([
            ("customer_id", customers),
            ("customer_external_id", filter.customer_external_id),
            ("due_at_start", filter.due_at_start),
            ("due_at_end", filter.due_at_end),
            ("max_amount", filter.max_amount.map(|cents| cents.to_string())),
            ("min_amount", filter.min_amount.map(|cents| cents.to_string())),
            ("status", filter.status.map(|status| status.to_string())),
            ("external_id", filter.external_id),
        ]);
        self.list(&invoices(business_id), query)
    }

    /// Makes an invoice (T16). One with the same `external_id` and content is
    /// [`Written::Existing`].
    ///
    /// # Errors
    /// [`Error`]: [`Error::Validation`] names the fields, [`Error::Differs`] says that there is
    /// another one under the `external_id`.
    pub async fn create_invoice(
        &self,
        business_id: &str,
        invoice_data: &NewInvoice,
    ) -> Result<Written<Invoice>, Error> {
        let call = self.call(Method::POST, invoices(business_id)).json(invoice_data);
        self.write(call.natural_key("invoice", &invoice_data.external_id), "").await
    }

    /// Reads an invoice.
    ///
    /// # Errors
    /// [`Error`]; of an unknown one with `Code::InvoiceNotFound`.
    pub async fn invoice(&self, business_id: &str, invoice_id: &str) -> Result<Invoice, Error> {
        self.read(invoice(business_id, invoice_id), "").await
    }

    /// Puts another in the place of an invoice, as a whole.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::create_invoice`] and [`Thredfi::invoice`].
    pub async fn replace_invoice(
        &self,
        business_id: &str,
        invoice_id: &str,
        invoice_data: &NewInvoice,
    ) -> Result<Written<Invoice>, Error> {
        let call = self.call(Method::PUT, invoice(business_id, invoice_id)).json(invoice_data);
        self.write(call, "").await
    }

    /// Voids an invoice. Where the first try was not answered and the second is told that its
    /// state forbids it, the invoice is read: void is what was wished for (contract 5), and ends
    /// as [`Written::Existing`].
    ///
    /// # Errors
    /// [`Error`]; of one that is void or paid already with `Code::StateConflict`.
    pub async fn void_invoice(
        &self,
        business_id: &str,
        invoice_id: &str,
    ) -> Result<Written<Invoice>, Error> {
        let path =
            path!("v1", "platform", "businesses", business_id, "invoices", invoice_id, "void");
        self.write(self.call(Method::POST, path), "").await
    }
}
