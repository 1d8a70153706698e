use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast::{IdempotencyKey, Path, path};

use super::{Allocation, Error, Thredfi};
use crate::Written;
use crate::words::words;

words! {
    /// How a refund is paid out.
    pub enum RefundMethod {
        /// In cash.
        Cash = "CASH",
        /// By bank.
        BankTransfer = "BANK_TRANSFER",
        /// To a credit card.
        CreditCard = "CREDIT_CARD",
        /// By cheque.
        Check = "CHECK",
    }
}

/// A refund to be made (contract 3.4). What is `None` is not sent.
#[derive(Debug, Clone, Serialize)]
pub struct NewRefund {
    /// What was paid and is given back.
    pub invoice_id: String,
    /// How.
    pub method: RefundMethod,
    /// When.
    pub completed_at: String,
    /// How much, in cents; all of it if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_cents: Option<i64>,
    /// Your own number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A text on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// A further number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_number: Option<String>,
    /// Who processes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// What the processing costs, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_processing_fee_cents: Option<i64>,
}

impl NewRefund {
    /// A refund of all that was paid.
    #[must_use]
    pub fn of_all(
        invoice_id: impl Into<String>,
        method: RefundMethod,
        completed_at: impl Into<String>,
    ) -> Self {
        Self {
            invoice_id: invoice_id.into(),
            method,
            completed_at: completed_at.into(),
            amount_cents: None,
            external_id: None,
            memo: None,
            reference_number: None,
            processor: None,
            refund_processing_fee_cents: None,
        }
    }
}

/// A payment that pays out a refund, or a part of it. What is `None` is not sent.
#[derive(Debug, Clone, Serialize)]
pub struct NewRefundPayment {
    /// How much, in cents.
    pub amount_cents: i64,
    /// How.
    pub method: RefundMethod,
    /// Your own number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    /// Who processes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// A text on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_tags: Option<Vec<String>>,
    /// What the processing costs, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_processing_fee_cents: Option<i64>,
}

/// A refund as the API shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Refund {
    /// Its id, a UUID.
    pub id: String,
    /// Your own number of it.
    pub external_id: Option<String>,
    /// How much, in cents.
    pub refunded_amount: Option<i64>,
    /// To whom.
    pub customer_id: Option<String>,
    /// What that is called.
    pub customer_name: Option<String>,
    /// What of it goes to which invoice.
    #[serde(default)]
    pub allocations: Vec<Allocation>,
    /// The payments that have paid it out, as the API shows them.
    #[serde(default)]
    pub refund_payments: Vec<Value>,
}

fn refunds(business_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "invoices", "refunds")
}

impl Thredfi {
    /// The refunds of a business.
    pub fn refunds(
        &self,
        business_id: &str,
    ) -> impl Stream<Item = Result<Refund, Error>> + Send + use<> {
        self.list(&refunds(business_id), Vec::new())
    }

    /// Makes a refund, with an idempotency key, as [`Thredfi::create_payment`] does (T5).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Validation`] if it is more than was paid.
    pub async fn create_refund(
        &self,
        business_id: &str,
        new: &NewRefund,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Written<Refund>, Error> {
        let call = self.call(Method::POST, refunds(business_id)).json(new);
        let call = match idempotency_key {
            Some(key) => call.idempotency_key(key),
            None => call,
        };
        self.write(call, "").await
    }

    /// Reads a refund.
    ///
    /// # Errors
    /// [`Error`]; of an unknown one with `Code::RefundNotFound`.
    pub async fn refund(&self, business_id: &str, refund_id: &str) -> Result<Refund, Error> {
        let path =
            path!("v1", "platform", "businesses", business_id, "invoices", "refunds", refund_id);
        self.read(path, "").await
    }

    /// Pays out a refund or a part of it, with an idempotency key (T5). What the API shows of it is
    /// handed over as it is: its contract does not say what that holds.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Validation`] if it is more than is left.
    pub async fn create_refund_payment(
        &self,
        business_id: &str,
        refund_id: &str,
        new: &NewRefundPayment,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Written<Value>, Error> {
        let path = path!(
            "v1",
            "platform",
            "businesses",
            business_id,
            "invoices",
            "refunds",
            refund_id,
            "payments"
        );
        let call = self.call(Method::POST, path).json(new);
        let call = match idempotency_key {
            Some(key) => call.idempotency_key(key),
            None => call,
        };
        self.write(call, "").await
    }
}
