use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast::{IdempotencyKey, Path, path};

use super::calls::query;
use super::{Error, Thredfi};
use crate::Written;
use crate::words::words;

words! {
    /// How a payment was made.
    pub enum PaymentMethod {
        /// By bank; if not said.
        BankTransfer = "bank_transfer",
        /// By credit card.
        CreditCard = "credit_card",
        /// By debit card.
        DebitCard = "debit_card",
        /// Through the US clearing house.
        Ach = "ach",
        /// By cheque.
        Check = "check",
        /// In cash.
        Cash = "cash",
        /// By PayPal.
        Paypal = "paypal",
        /// By Stripe.
        Stripe = "stripe",
        /// Another way that the API knows by this word.
        OtherMethod = "other",
    }
}

words! {
    /// What state a payment is in.
    pub enum PaymentStatus {
        /// It has not begun.
        Pending = "pending",
        /// It is on its way.
        Processing = "processing",
        /// It is made.
        Completed = "completed",
        /// It failed.
        Failed = "failed",
        /// It was deleted.
        Cancelled = "cancelled",
        /// It was paid back.
        Refunded = "refunded",
    }
}

/// A payment to be made (contract 3.4). What is `None` is not sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewPayment {
    /// Who paid.
    pub customer_id: String,
    /// How much, in cents, at least 1.
    pub total_amount_cents: i64,
    /// What of it goes to which invoice.
    pub allocations: Vec<Allocation>,
    /// A date, `YYYY-MM-DD`.
    pub payment_date: String,
    /// What may be changed later, too.
    #[serde(flatten)]
    pub more: PaymentChange,
    /// That of the business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What of a payment goes to an invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Which invoice.
    pub invoice_id: String,
    /// How much, in cents, at least 1.
    pub amount_cents: i64,
}

/// What of a payment may be said later, too. What is `None` stays as it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PaymentChange {
    /// Your own number of it, unique in the business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// How it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<PaymentMethod>,
    /// What stands on the bank's statement. It is kept out of logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<String>,
    /// A note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// References.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<Value>,
    /// What the processing cost, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_fee_cents: Option<i64>,
    /// Who processed it, up to 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_processor: Option<String>,
}

/// A payment as the API shows it. Amounts are in cents.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Payment {
    /// Its id, a UUID.
    pub id: String,
    /// Whose it is.
    pub business_id: Option<String>,
    /// Who paid.
    pub customer_id: Option<String>,
    /// Your own number of it.
    pub external_id: Option<String>,
    /// How much.
    pub total_amount_cents: Option<i64>,
    /// What of it counts for invoices.
    pub applied_amount_cents: Option<i64>,
    /// What of it is allocated.
    pub allocated_amount_cents: Option<i64>,
    /// What of it counts for none.
    pub unapplied_amount_cents: Option<i64>,
    /// What is left of it.
    pub remaining_amount_cents: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// What state it is in.
    pub status: Option<PaymentStatus>,
    /// How it was made.
    pub payment_method: Option<PaymentMethod>,
    /// What stands on the bank's statement.
    pub payment_reference: Option<String>,
    /// The bank's own.
    pub bank_reference: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// Whatever was stored with it.
    pub metadata: Option<Value>,
    /// The key that it was made with.
    pub idempotency_key: Option<String>,
    /// What it pays.
    #[serde(default)]
    pub applied_invoices: Vec<AppliedInvoice>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
}

/// An invoice that a payment pays.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AppliedInvoice {
    /// Its id.
    pub id: String,
    /// The number that stands on it.
    pub invoice_number: Option<String>,
    /// How much of the payment goes to it, in cents.
    pub applied_amount_cents: Option<i64>,
    /// What state it is in.
    pub status: Option<super::InvoiceStatus>,
    /// What is still owed, in cents.
    pub outstanding_amount_cents: Option<i64>,
}

/// Which payments to list, and in which order. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// Of this customer.
    pub customer_id: Option<String>,
    /// To this invoice.
    pub invoice_id: Option<String>,
    /// In this state.
    pub status: Option<PaymentStatus>,
    /// Made so.
    pub payment_method: Option<PaymentMethod>,
    /// Of at least so many cents.
    pub min_amount: Option<i64>,
    /// Of at most so many cents.
    pub max_amount: Option<i64>,
    /// From that date on.
    pub payment_date_start: Option<String>,
    /// Until that date.
    pub payment_date_end: Option<String>,
    /// With that in its texts.
    pub search: Option<String>,
    /// `payment_date`, `amount` or `created_at`.
    pub sort_by: Option<String>,
    /// `desc` or `asc`.
    pub sort_order: Option<String>,
}

fn payments(business_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "invoices", "payments")
}

fn payment(business_id: &str, payment_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "invoices", "payments", payment_id)
}

/// A payment is shown by itself or inside of a member; a look-up finds it by itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum Shown {
    Inside { payment: Payment },
    Alone(Payment),
}

impl From<Shown> for Payment {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Inside { payment } | Shown::Alone(payment) => payment,
        }
    }
}

/// What is left of a payment that was deleted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DeletedPayment {
    /// Its id.
    #[serde(alias = "id")]
    pub payment_id: Option<String>,
    /// What state it is in: `cancelled`.
    pub status: Option<PaymentStatus>,
    /// The API's words.
    pub message: Option<String>,
}

impl Thredfi {
    /// The payments to a business.
    pub fn payments(
        &self,
        business_id: &str,
        filter: &PaymentFilter,
    ) -> impl Stream<Item = Result<Payment, Error>> + Send + use<> {
        let filter = filter.clone();
        let query = query([
            ("customer_id", filter.customer_id),
            ("invoice_id", filter.invoice_id),
            ("status", filter.status.map(|status| status.to_string())),
            ("payment_method", filter.payment_method.map(|method| method.to_string())),
            ("min_amount", filter.min_amount.map(|cents| cents.to_string())),
            ("max_amount", filter.max_amount.map(|cents| cents.to_string())),
            ("payment_date_start", filter.payment_date_start),
            ("payment_date_end", filter.payment_date_end),
            ("search", filter.search),
            ("sort_by", filter.sort_by),
            ("sort_order", filter.sort_order),
        ]);
        self.list(&payments(business_id), query)
    }

    /// Makes a payment. It goes out with an idempotency key, yours or a new one (T5), the same on
    /// all its attempts. Give your own, and keep it before the first send, if another process may
    /// have to send the same payment again.
    ///
    /// # Errors
    /// [`Error`]; a key that was used for another payment has `Code::IdempotencyKeyConflict`.
    pub async fn create_payment(
        &self,
        business_id: &str,
        new: &NewPayment,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Written<Payment>, Error> {
        let call = self.call(Method::POST, payments(business_id)).json(new);
        let call = match &new.more.external_id {
            Some(number) => call.natural_key("payment", number),
            None => call,
        };
        let call = match idempotency_key {
            Some(key) => call.idempotency_key(key),
            None => call,
        };
        Ok(self.write::<Shown>(call, "").await?.map(Payment::from))
    }

    /// Reads a payment.
    ///
    /// # Errors
    /// [`Error`]; of an unknown one with `Code::PaymentNotFound`.
    pub async fn payment(&self, business_id: &str, payment_id: &str) -> Result<Payment, Error> {
        Ok(self.read::<Shown>(payment(business_id, payment_id), "").await?.into())
    }

    /// Changes a payment.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::payment`] and for fields that are wrong or may not change.
    pub async fn update_payment(
        &self,
        business_id: &str,
        payment_id: &str,
        change: &PaymentChange,
    ) -> Result<Written<Payment>, Error> {
        let call = self.call(Method::PATCH, payment(business_id, payment_id)).json(change);
        Ok(self.write::<Shown>(call, "").await?.map(Payment::from))
    }

    /// Deletes a payment that is pending or has failed. What a first try without an answer has
    /// deleted is [`Written::Existing`].
    ///
    /// # Errors
    /// [`Error`]; of any other one with `Code::StateConflict`.
    pub async fn delete_payment(
        &self,
        business_id: &str,
        payment_id: &str,
    ) -> Result<Written<DeletedPayment>, Error> {
        let path = path!(
            "v1",
            "platform",
            "businesses",
            business_id,
            "invoices",
            "payments",
            payment_id,
            "delete"
        );
        self.write(self.call(Method::POST, path), "").await
    }
}
