use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use http::Method;
use serde::de::DeserializeOwned;
use steadfast::{CallBuilder, Client, Path, Rows, Secret};

use super::builder::{Adjust, Builder};
use super::error::Error;
use crate::written::{self, Written};

/// A client of Thredfi for one partner. It is cheap to clone, and all clones share the tokens.
///
/// See the [module](super) for an example.
#[derive(Clone)]
pub struct Thredfi {
    client: Client,
    adjust: Option<Adjust>,
}

impl Thredfi {
    /// Starts to make a client: the address, and who the partner is. The address is that of the
    /// host, such as `https://dev-backend.thredfi.com`.
    pub fn builder(
        base_url: &str,
        partner_uuid: impl Into<Secret>,
        api_key: impl Into<Secret>,
    ) -> Builder {
        Builder::new(base_url, partner_uuid.into(), api_key.into())
    }

    /// A client over one that is made already, with the dialect of Thredfi.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, adjust: None }
    }

    /// The client underneath, for what has no method here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The same client, each of whose calls is adjusted before it is sent.
    ///
    /// ```no_run
    /// # use steadfast_apis::thredfi::{NewInvoice, Thredfi};
    /// # async fn example(thredfi: Thredfi, invoice: NewInvoice) -> Result<(), Box<dyn std::error::Error>> {
    /// let thredfi = thredfi.adjusted(|call| call.context("job", "7").known_absent());
    /// thredfi.create_invoice("business-id", &invoice).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn adjusted(
        &self,
        adjust: impl Fn(CallBuilder) -> CallBuilder + Send + Sync + 'static,
    ) -> Self {
        Self { client: self.client.clone(), adjust: Some(Arc::new(adjust)) }
    }

    pub(super) fn call(&self, method: Method, path: Path) -> CallBuilder {
        let call = self.client.request(method, path);
        match &self.adjust {
            Some(adjust) => adjust(call),
            None => call,
        }
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, path: Path, at: &str) -> Result<T, Error> {
        let (read, _) = self.call(Method::GET, path).send_record(at).await?;
        Ok(read)
    }

    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        call: CallBuilder,
        at: &str,
    ) -> Result<Written<T>, Error> {
        Ok(written::write(call, at).await?)
    }

    pub(super) fn list<T: DeserializeOwned + Send>(
        &self,
        path: &Path,
        query: Vec<(String, String)>,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let rows = Rows { path: format!("{path}/"), query, ..Rows::default() };
        self.client.stream_as(rows).map_err(Error::from)
    }
}

impl std::fmt::Debug for Thredfi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.client.fmt(f)
    }
}

/// The filters that are set, as query parameters.
pub(super) fn query<const N: usize>(
    filters: [(&'static str, Option<String>); N],
) -> Vec<(String, String)> {
    let set = filters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    set.collect()
}
