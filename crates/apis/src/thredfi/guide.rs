//! The helpers of the API's guide under their own names (T16), for whoever moves over from its
//! samples.

use http::Method;
use serde::Serialize;
use serde_json::Value;
use steadfast::dialect::PolicyName;
use steadfast::{AuthFailure, Effect, Secret};

use super::{Error, Thredfi};
use crate::NoClient;

/// How often the guide's manual recipe sends (T2).
pub const MAX_RETRIES: u32 = 3;

/// A client as the guide's session recipe has it (T1): four sends of what only reads, after 1, 2
/// and 4 s, over http and https, and of a write only what cannot be done twice.
///
/// # Errors
/// [`NoClient`], as [`super::Builder::build`].
pub fn create_session_with_retries(
    base_url: &str,
    partner_uuid: impl Into<Secret>,
    api_key: impl Into<Secret>,
) -> Result<Thredfi, NoClient> {
    Thredfi::builder(base_url, partner_uuid, api_key).policy(PolicyName::Documented).build()
}

impl Thredfi {
    /// A call to a path below the host, sent `max_retries` times at the most ([`MAX_RETRIES`] in
    /// the guide), and its answer's JSON. The method is said, never guessed from the body: `{}` and
    /// `[]` are bodies (T4). Where the client sends four times, `max_retries` above 4 are 4.
    ///
    /// # Errors
    /// [`Error::Client`] for a 4xx, at once; [`Error::Server`] after the last 5xx;
    /// [`Error::Network`] where the last try was not answered (T2). With 0 nothing is sent, and the
    /// error says `Max retries exceeded` (T3).
    pub async fn api_call_with_retry(
        &self,
        method: Method,
        url: &str,
        data: Option<&(impl Serialize + Sync)>,
        max_retries: u32,
    ) -> Result<Option<Value>, Error> {
        if max_retries == 0 {
            let text = "Max retries exceeded".to_owned();
            return Err(steadfast::Error::never_made(Effect::None, text).into());
        }
        let call = self.call(method, url.into()).attempts(max_retries);
        let call = match data {
            Some(data) => call.json(data),
            None => call,
        };
        Ok(call.await?)
    }

    /// A POST to a path below the host, sent once, and its answer's JSON.
    ///
    /// # Errors
    /// As [`Thredfi::api_call_with_retry`].
    pub async fn make_api_call(
        &self,
        url: &str,
        data: Option<&(impl Serialize + Sync)>,
    ) -> Result<Option<Value>, Error> {
        self.api_call_with_retry(Method::POST, url, data, 1).await
    }

    /// Reads a path of a business, with its token: `url` follows the business, such as
    /// `/invoices/`.
    ///
    /// # Errors
    /// [`Error`], of a token that is not taken [`Error::Authentication`] (T7).
    pub async fn make_authenticated_request(
        &self,
        url: &str,
        business_id: &str,
    ) -> Result<Option<Value>, Error> {
        let url = url.trim_start_matches('/');
        let path = format!("{}/{url}", super::business::business(business_id));
        Ok(self.call(Method::GET, path.into()).await?)
    }

    /// The token of a business, to be handed to its front end: the one that is held, or a new one.
    /// The partner's own reaches every business, and is never handed out here.
    ///
    /// # Errors
    /// [`AuthFailure`] if there is none to be had.
    pub async fn get_business_token(
        &self,
        business_id: &str,
        force_refresh: bool,
    ) -> Result<Option<Secret>, AuthFailure> {
        if force_refresh {
            self.client().void_token(Some(business_id));
        }
        self.client().token(Some(business_id)).await
    }

    /// New tokens of both tiers, for one business.
    ///
    /// # Errors
    /// [`AuthFailure`] if there are none to be had.
    pub async fn refresh_all_tokens(&self, business_id: &str) -> Result<(), AuthFailure> {
        self.client().void_token(None);
        self.get_business_token(business_id, true).await.map(|_| ())
    }
}
