use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast::{Path, path};

use super::calls::query;
use super::{Error, Thredfi};
use crate::Written;
use crate::words::words;

words! {
    /// What state a customer is in.
    pub enum CustomerStatus {
        /// In use.
        Active = "active",
    }
}

/// A customer to be made, or what of one is to be changed (contract 3.2). What is `None` is not
/// sent. One of `individual_name` and `company_name` has to be there in the end.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewCustomer {
    /// Your own number of it, unique in the business. With it, a customer is made once whatever
    /// the network does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A further number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_number: Option<String>,
    /// The name of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub individual_name: Option<String>,
    /// The name of a company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Where it is written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// Where it is called at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_phone: Option<String>,
    /// Street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line1: Option<String>,
    /// More of the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line2: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or county.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_county: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its number for VAT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<String>,
    /// True if it pays no taxes; false if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<bool>,
    /// `active` if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<CustomerStatus>,
    /// Tags for its transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_tags: Option<Vec<String>>,
    /// Notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// How long it may take to pay, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms_days: Option<i64>,
    /// How much it may owe, in cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit_cents: Option<i64>,
    /// A document. It is kept out of logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

/// What of a customer is to be changed. What is `None` stays as it is.
pub type CustomerChange = NewCustomer;

/// A customer as the API shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Customer {
    /// Its id, a UUID.
    pub id: String,
    /// Your own number of it.
    pub external_id: Option<String>,
    /// A further number.
    pub reference_number: Option<String>,
    /// What it is called.
    pub display_name: Option<String>,
    /// The name of a person.
    pub individual_name: Option<String>,
    /// The name of a company.
    pub company_name: Option<String>,
    /// Where it is written to.
    pub email: Option<String>,
    /// Street, city and country in one text.
    pub full_address: Option<String>,
    /// Street.
    pub address_line1: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Its number for VAT.
    pub vat_number: Option<String>,
    /// What state it is in.
    pub status: Option<CustomerStatus>,
    /// Notes.
    pub notes: Option<String>,
    /// Whatever was stored with it.
    pub metadata: Option<Value>,
    /// How long it may take to pay, in days.
    pub payment_terms_days: Option<i64>,
    /// How much it may owe, in cents.
    pub credit_limit_cents: Option<i64>,
    /// How much it owes, in cents.
    pub outstanding_balance: Option<i64>,
    /// False once it is archived.
    pub is_active: Option<bool>,
    /// True once it is archived.
    pub is_archived: Option<bool>,
    /// When it was archived.
    pub archived_at: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
}

/// Which customers to list. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    /// With your own number.
    pub external_id: Option<String>,
    /// Archived ones, too.
    pub include_archived: bool,
    /// With that name.
    pub name: Option<String>,
    /// With that in its name.
    pub name_contains: Option<String>,
}

fn customers(business_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "customers")
}

fn customer(business_id: &str, customer_id: &str) -> Path {
    path!("v1", "platform", "businesses", business_id, "customers", customer_id)
}

impl Thredfi {
    /// The customers of a business.
    pub fn customers(
        &self,
        business_id: &str,
        filter: &CustomerFilter,
    ) -> impl Stream<Item = Result<Customer, Error>> + Send + use<> {
        let filter = filter.clone();
        let query = query([
            ("external_id", filter.external_id),
            ("include_archived", filter.include_archived.then(|| "true".to_owned())),
            ("name", filter.name),
            ("name_contains", filter.name_contains),
        ]);
        self.list(&customers(business_id), query)
    }

    /// Makes a customer. One with the same `external_id` and content is [`Written::Existing`].
    ///
    /// # Errors
    /// [`Error`]; without an `external_id`, [`Error::effect`] may be unknown: nothing tells then
    /// whether it was made.
    pub async fn create_customer(
        &self,
        business_id: &str,
        new: &NewCustomer,
    ) -> Result<Written<Customer>, Error> {
        let call = self.call(Method::POST, customers(business_id)).json(new);
        let call = match &new.external_id {
            Some(key) => call.natural_key("customer", key),
            None => call,
        };
        self.write(call, "").await
    }

    /// Reads a customer.
    ///
    /// # Errors
    /// [`Error`]; of an unknown one with `Code::CustomerNotFound`.
    pub async fn customer(&self, business_id: &str, customer_id: &str) -> Result<Customer, Error> {
        self.read(customer(business_id, customer_id), "").await
    }

    /// Changes a customer.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::customer`] and for fields that are wrong.
    pub async fn update_customer(
        &self,
        business_id: &str,
        customer_id: &str,
        change: &CustomerChange,
    ) -> Result<Written<Customer>, Error> {
        let call = self.call(Method::PATCH, customer(business_id, customer_id)).json(change);
        self.write(call, "").await
    }

    /// Archives a customer; one that is archived stays so, and keeps its `external_id`.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::customer`].
    pub async fn archive_customer(
        &self,
        business_id: &str,
        customer_id: &str,
    ) -> Result<Written<Customer>, Error> {
        let path =
            path!("v1", "platform", "businesses", business_id, "customers", customer_id, "archive");
        self.write(self.call(Method::POST, path), "").await
    }
}
