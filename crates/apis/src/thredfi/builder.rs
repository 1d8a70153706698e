use std::sync::Arc;

use steadfast::dialect::{Auth, Dialect, PolicyName};
use steadfast::{Client, Credentials, Secret};

use super::Thredfi;
use crate::NoClient;

/// How a [`Thredfi`] is made. [`Thredfi::builder`] starts one.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    base_url: String,
    credentials: Credentials,
    partner_token_everywhere: bool,
    options: Vec<(String, String)>,
    settings: Box<dyn FnOnce(steadfast::Builder) -> steadfast::Builder>,
}

impl Builder {
    pub(super) fn new(base_url: &str, partner_uuid: Secret, api_key: Secret) -> Self {
        Self {
            base_url: base_url.to_owned(),
            credentials: Credentials::named([("partner_uuid", partner_uuid), ("api_key", api_key)]),
            partner_token_everywhere: false,
            options: Vec::new(),
            settings: Box::new(|builder| builder),
        }
    }

    /// Follows the letter of the guide, or what is recommended beside it; the latter if not said.
    pub fn policy(self, policy: PolicyName) -> Self {
        self.settings(move |builder| builder.policy(policy))
    }

    /// Uses the partner's token for what belongs to a business, too, and no token of the business
    /// itself. The API's own pages disagree on whether it takes that (C6); off unless set (T14).
    pub fn partner_token_everywhere(mut self) -> Self {
        self.partner_token_everywhere = true;
        self
    }

    /// An option of the dialect: `write_retry = "always"` sends a write again as the guide's manual
    /// recipe does, without any proof that it was not done (C9).
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Anything else that a client can be told: time-outs, deadline, rate, proxy, TLS, transport.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use steadfast_apis::thredfi::Thredfi;
    /// let thredfi = Thredfi::builder("https://dev-backend.thredfi.com", "partner", "key")
    ///     .settings(|builder| builder.deadline(Duration::from_secs(30)).rate(20.0))
    ///     .build()?;
    /// # drop(thredfi); Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn settings(
        mut self,
        settings: impl FnOnce(steadfast::Builder) -> steadfast::Builder + 'static,
    ) -> Self {
        let before = self.settings;
        self.settings = Box::new(|builder| settings(before(builder)));
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`NoClient`] if an address, a credential, a setting or an option cannot be used.
    pub fn build(self) -> Result<Thredfi, NoClient> {
        let mut dialect = Dialect::built_in("thredfi").ok_or(NoClient::NoDialect("thredfi"))?;
        for (name, value) in &self.options {
            dialect.set_option(name, value)?;
        }
        if let (true, Auth::TokenExchange { owner, .. }) =
            (self.partner_token_everywhere, &mut dialect.auth)
        {
            owner.of.clear();
        }
        let builder = Client::builder(dialect, &self.base_url).credentials(self.credentials);
        Ok(Thredfi::new((self.settings)(builder).build()?))
    }
}

/// What is done with every call before it is sent.
pub(super) type Adjust =
    Arc<dyn Fn(steadfast::CallBuilder) -> steadfast::CallBuilder + Send + Sync>;
