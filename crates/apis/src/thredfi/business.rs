use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast::{Path, path};

use super::calls::query;
use super::{Error, Thredfi};
use crate::Written;

/// A business to be made (contract 3.1). What is `None` is not sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewBusiness {
    /// Your own number of it, unique for the partner.
    pub external_id: String,
    /// Its name in law.
    pub legal_name: String,
    /// What it is in law; which are known depends on the country.
    pub entity_type: String,
    /// Where it is written to.
    pub email: String,
    /// ISO 3166 alpha-2; `GB` if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// ISO 4217 (C7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_currency: Option<String>,
    /// What may change later, too.
    #[serde(flatten)]
    pub more: BusinessChange,
}

/// What of a business may be said later, too. What is `None` stays as it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct BusinessChange {
    /// Where it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Its number for taxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tin: Option<String>,
    /// Its number for VAT, up to 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<String>,
    /// Its number in the register, up to 20 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_number: Option<String>,
    /// Up to 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Up to 10 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eu_nace_industry_code: Option<String>,
    /// `cash` or `accrual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounting_method: Option<String>,
    /// A date, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fiscal_year_end: Option<String>,
    /// The language of its chart of accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coa_language: Option<String>,
    /// Anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// A business as the API shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Business {
    /// Its id, a UUID.
    pub id: String,
    /// Your own number of it.
    pub external_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its name in law.
    pub legal_name: Option<String>,
    /// What it is in law.
    pub entity_type: Option<String>,
    /// Where it is written to.
    pub email: Option<String>,
    /// ISO 3166 alpha-2.
    pub country: Option<String>,
    /// ISO 4217; see [`Business::currency`].
    pub base_currency: Option<String>,
    /// The same under the name that the guides give it (C7).
    #[serde(rename = "currency")]
    pub currency_of_guide: Option<String>,
    /// Where it is called.
    pub phone_number: Option<String>,
    /// Its number for taxes.
    pub tin: Option<String>,
    /// Its number for VAT.
    pub vat_number: Option<String>,
    /// Its number in the register.
    pub company_number: Option<String>,
    /// Its province.
    pub province: Option<String>,
    /// Its industry.
    pub eu_nace_industry_code: Option<String>,
    /// `cash` or `accrual`.
    pub accounting_method: Option<String>,
    /// A date.
    pub fiscal_year_end: Option<String>,
    /// The language of its chart of accounts.
    pub coa_language: Option<String>,
    /// Whatever was stored with it.
    pub metadata: Option<Value>,
    /// Since when it is active.
    pub activation_at: Option<String>,
    /// False once it is archived.
    pub is_active: Option<bool>,
    /// When it was made.
    pub created_at: Option<String>,
    /// When it was changed.
    pub updated_at: Option<String>,
}

impl Business {
    /// The currency of its books, whichever name the API gives it (C7).
    #[must_use]
    pub fn currency(&self) -> Option<&str> {
        self.base_currency.as_deref().or(self.currency_of_guide.as_deref())
    }
}

/// Which businesses to list. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct BusinessFilter {
    /// Of this country.
    pub country: Option<String>,
    /// Of this kind.
    pub entity_type: Option<String>,
    /// Archived ones, or active ones; active ones if not said.
    pub is_archived: Option<bool>,
    /// With your own number.
    pub external_id: Option<String>,
}

fn businesses() -> Path {
    path!("v1", "platform", "businesses")
}

pub(super) fn business(id: &str) -> Path {
    path!("v1", "platform", "businesses", id)
}

impl Thredfi {
    /// The businesses of the partner.
    pub fn businesses(
        &self,
        filter: &BusinessFilter,
    ) -> impl Stream<Item = Result<Business, Error>> + Send + use<> {
        let filter = filter.clone();
        let query = query([
            ("country", filter.country),
            ("entity_type", filter.entity_type),
            ("is_archived", filter.is_archived.map(|archived| archived.to_string())),
            ("external_id", filter.external_id),
        ]);
        self.list(&businesses(), query)
    }

    /// Makes a business. One with the same `external_id` and content is [`Written::Existing`].
    ///
    /// # Errors
    /// [`Error`]: [`Error::Validation`] names the fields, [`Error::Differs`] says that there is
    /// another one under the `external_id`.
    pub async fn create_business(&self, new: &NewBusiness) -> Result<Written<Business>, Error> {
        let call = self.call(Method::POST, businesses()).json(new);
        self.write(call.natural_key("business", &new.external_id), "").await
    }

    /// Reads a business.
    ///
    /// # Errors
    /// [`Error`]; of an unknown one, or another partner's, with `Code::BusinessNotFound`.
    pub async fn business(&self, business_id: &str) -> Result<Business, Error> {
        self.read(business(business_id), "").await
    }

    /// Changes a business.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::business`] and for fields that are wrong.
    pub async fn update_business(
        &self,
        business_id: &str,
        change: &BusinessChange,
    ) -> Result<Written<Business>, Error> {
        self.write(self.call(Method::PATCH, business(business_id)).json(change), "").await
    }

    /// Archives a business; one that is archived stays so.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::business`].
    pub async fn archive_business(&self, business_id: &str) -> Result<Written<Business>, Error> {
        let path = path!("v1", "platform", "businesses", business_id, "archive");
        self.write(self.call(Method::POST, path), "").await
    }

    /// Takes a business out of the archive; one that is active stays so.
    ///
    /// # Errors
    /// [`Error`], as [`Thredfi::business`].
    pub async fn unarchive_business(&self, business_id: &str) -> Result<Written<Business>, Error> {
        let path = path!("v1", "platform", "businesses", business_id, "unarchive");
        self.write(self.call(Method::POST, path), "").await
    }
}
