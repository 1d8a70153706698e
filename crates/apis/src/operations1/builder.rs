use steadfast::dialect::PolicyName;
use steadfast::{Client, Credentials, Secret};

use super::{ErrorLog, Operations1, Retry, retry};
use crate::NoClient;

/// How an [`Operations1`] is made. [`Operations1::builder`] starts one.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    base_url: String,
    token: Secret,
    version: Option<String>,
    latest: bool,
    retry: Retry,
    error_log: Option<ErrorLog>,
    settings: Box<dyn FnOnce(steadfast::Builder) -> steadfast::Builder>,
}

/// The word for whatever version is the newest.
const LATEST: &str = "latest";
const VERSION: &str = "Accept-Version";

impl Builder {
    pub(super) fn new(base_url: &str, token: Secret) -> Self {
        Self {
            base_url: base_url.to_owned(),
            token,
            version: None,
            latest: false,
            retry: Retry::Temporary,
            error_log: None,
            settings: Box::new(|builder| builder),
        }
    }

    /// The version of the API to ask for, a date such as `2025-04-21`, which is the default (O11).
    pub fn version(mut self, date: impl Into<String>) -> Self {
        self.version = Some(date.into());
        self
    }

    /// Asks for whatever version is the newest (O11). It moves by itself, so that an answer may
    /// change its form any day: for trying out, not for production.
    pub fn latest_version(mut self) -> Self {
        self.latest = true;
        self
    }

    /// What is sent again; only what is temporary, if not said (O1, O4).
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Writes a line for each error into a file, too (O8).
    pub fn error_log(mut self, log: ErrorLog) -> Self {
        self.error_log = Some(log);
        self
    }

    /// Follows the letter of the guide, or what is recommended beside it; the latter if not said.
    pub fn policy(self, policy: PolicyName) -> Self {
        self.settings(move |builder| builder.policy(policy))
    }

    /// Anything else that a client can be told: time-outs, deadline, rate, proxy, TLS, transport. Of
    /// the version only [`Builder::version`] decides.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use steadfast_apis::operations1::Operations1;
    /// let operations1 = Operations1::builder("https://api.operations1.app/tenants/acme", "token")
    ///     .settings(|builder| builder.deadline(Duration::from_secs(30)))
    ///     .build()?;
    /// # drop(operations1); Ok::<(), steadfast_apis::NoClient>(())
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
    /// [`NoClient`] if an address, the token or a setting cannot be used, or the version is
    /// `latest` and nobody has allowed that.
    pub fn build(self) -> Result<Operations1, NoClient> {
        let dialect = retry::dialect_with(&self.retry)?;
        let version = match (self.version, self.latest) {
            (Some(version), false) if version.trim().eq_ignore_ascii_case(LATEST) => {
                return Err(NoClient::LatestVersion);
            }
            (_, true) => Some(LATEST.to_owned()),
            (version, false) => version.or_else(|| dialect.request.headers.get(VERSION).cloned()),
        };
        let builder =
            Client::builder(dialect, &self.base_url).credentials(Credentials::token(self.token));
        let builder = (self.settings)(builder);
        let builder = match version {
            Some(version) => builder.header(VERSION, version),
            None => builder,
        };
        Ok(Operations1::over(builder.build()?).logging_errors_to(self.error_log))
    }
}
