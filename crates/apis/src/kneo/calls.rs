use std::fmt::Display;

use http::Method;
use serde::de::DeserializeOwned;
use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{CallBuilder, Client, Credentials, IdempotencyKey, Path};

use super::environment::Environments;
use super::error::Error;
use super::health::Health;
use super::profile::{AuthScheme, Profile};
use super::run::Runs;
use super::spec::Specs;
use super::task::HumanTasks;
use crate::NoClient;

/// A client of a kneo platform. It is cheap to clone.
///
/// See the [module](super) for an example.
#[derive(Debug, Clone)]
pub struct Kneo {
    client: Client,
}

/// How a [`Kneo`] is made. [`Kneo::builder`] starts one.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    profile: Profile,
    options: Vec<(String, String)>,
    settings: Box<dyn FnOnce(steadfast::Builder) -> steadfast::Builder>,
}

impl Builder {
    /// Follows the letter of the guide, or what is recommended beside it; the latter if not said.
    pub fn policy(self, policy: PolicyName) -> Self {
        self.settings(move |builder| builder.policy(policy))
    }

    /// An option of the dialect: `mismatch = "any-keyed-409"` takes every 409 to a POST for a
    /// mismatch of its key, by the letter of the guide (C1).
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Anything else that a client can be told: attempts, deadline, rate, proxy, TLS, transport.
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
    /// [`NoClient`] if the address, the key, a setting or an option cannot be used.
    pub fn build(self) -> Result<Kneo, NoClient> {
        let mut dialect = Dialect::built_in("kneo").ok_or(NoClient::NoDialect("kneo"))?;
        for (name, value) in &self.options {
            dialect.set_option(name, value)?;
        }
        let Profile { url, api_key, auth_scheme, timeout, .. } = self.profile;
        let mut builder = Client::builder(dialect, &url)
            .credentials(Credentials::named([("api_key", api_key)]))
            .timeout(timeout);
        if auth_scheme != AuthScheme::Bearer {
            builder = builder.auth_scheme(auth_scheme.as_str());
        }
        Ok(Kneo::new((self.settings)(builder).build()?))
    }
}

impl Kneo {
    /// Starts to make a client for a profile. See [`resolve_profile`](super::resolve_profile).
    pub fn builder(profile: Profile) -> Builder {
        Builder { profile, options: Vec::new(), settings: Box::new(|builder| builder) }
    }

    /// A client over one that is made already, with the dialect of kneo.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client underneath, for what has no method here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The platform, as the guide's samples call it: `client.platform.runs.create(…)` is
    /// `kneo.platform().runs().create(…)`, and `kneo.runs().create(…)` (N22).
    #[must_use]
    pub fn platform(&self) -> &Self {
        self
    }

    /// Runs.
    #[must_use]
    pub fn runs(&self) -> Runs<'_> {
        Runs(self)
    }

    /// Whether the platform lives and is ready.
    #[must_use]
    pub fn health(&self) -> Health<'_> {
        Health::of(self)
    }

    /// What waits for a person.
    #[must_use]
    pub fn human_tasks(&self) -> HumanTasks<'_> {
        HumanTasks(self)
    }

    /// Specs: whether they compile, and what they do.
    #[must_use]
    pub fn specs(&self) -> Specs<'_> {
        Specs(self)
    }

    /// Policies, credentials, skills and the audit.
    #[must_use]
    pub fn environments(&self) -> Environments<'_> {
        Environments(self)
    }

    /// A call that the logs know by that name (N9).
    pub(super) fn call(&self, operation: &str, method: Method, path: Path) -> CallBuilder {
        self.client.request(method, path).context("operation", operation)
    }

    pub(super) fn post(
        &self,
        operation: &str,
        path: Path,
        idempotency_key: Option<IdempotencyKey>,
    ) -> CallBuilder {
        let call = self.call(operation, Method::POST, path);
        match idempotency_key {
            Some(key) => call.idempotency_key(key),
            None => call,
        }
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        operation: &str,
        path: Path,
    ) -> Result<T, Error> {
        Ok(self.call(operation, Method::GET, path).send_as().await?)
    }
}

/// The parameters that are set.
pub(super) type Query = Vec<(String, String)>;

/// Adds a parameter if it is set.
pub(super) fn set(query: &mut Query, name: &str, value: Option<impl Display>) {
    query.extend(value.map(|value| (name.to_owned(), value.to_string())));
}
