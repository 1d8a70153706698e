use steadfast::dialect::{Auth, Dialect, PolicyName};
use steadfast::{Client, Credentials, Secret};

use super::Knosc;
use crate::NoClient;

/// How a [`Knosc`] is made. [`Knosc::builder`] starts one.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    base_url: String,
    credentials: Credentials,
    paths: AuthPaths,
    write_retry: WriteRetry,
    settings: Box<dyn FnOnce(steadfast::Builder) -> steadfast::Builder>,
}

/// Where to log in and refresh: the API's documents do not agree (K18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthPaths {
    /// Tries `/login` first; a 404 leads to `/authenticate`, and what worked is remembered.
    #[default]
    Auto,
    /// `/login` and `/refresh`, as the guide has it.
    Guide,
    /// `/authenticate` and `/token-refresh`, as the reference has it.
    Reference,
}

/// What becomes of a write that was not answered, or with a 5xx (K7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteRetry {
    /// It is looked for, and sent again only if it is proven not to be there.
    #[default]
    Reconcile,
    /// It is sent again, as the guide's own sample does. It may then be done twice.
    Always,
    /// It is never sent again after such an answer.
    Never,
}

impl Builder {
    pub(super) fn new(base_url: &str, username: Secret, password: Secret) -> Self {
        Self {
            base_url: base_url.to_owned(),
            credentials: Credentials::password(username, password),
            paths: AuthPaths::Auto,
            write_retry: WriteRetry::Reconcile,
            settings: Box::new(|builder| builder),
        }
    }

    /// How often a call is sent at the most, the first time included; 4 if not said (K1, K6).
    pub fn max_retries(self, attempts: u32) -> Self {
        self.settings(move |builder| builder.attempts(attempts))
    }

    /// Where to log in and refresh (K18).
    pub fn auth_paths(mut self, paths: AuthPaths) -> Self {
        self.paths = paths;
        self
    }

    /// Follows the letter of the guide, or what is recommended beside it; the latter if not said.
    pub fn policy(self, policy: PolicyName) -> Self {
        self.settings(move |builder| builder.policy(policy))
    }

    /// What becomes of a write that may have been done (K7); it is looked for first, if not said.
    pub fn write_retry(mut self, retry: WriteRetry) -> Self {
        self.write_retry = retry;
        self
    }

    /// Anything else that a client can be told: time-outs, deadline, rate, proxy, TLS, transport.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use steadfast_apis::knosc::Knosc;
    /// let knosc = Knosc::builder("https://acme.knosc.com/api", "erp", "…")
    ///     .settings(|builder| builder.deadline(Duration::from_secs(30)).rate(20.0))
    ///     .build()?;
    /// # drop(knosc); Ok::<(), steadfast_apis::NoClient>(())
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
    /// [`NoClient`] if an address, a credential or a setting cannot be used.
    pub fn build(self) -> Result<Knosc, NoClient> {
        let dialect = Dialect::built_in("knosc").ok_or(NoClient::NoDialect("knosc"))?;
        self.build_with(dialect)
    }

    /// The same with a dialect of your own, made from that of Knosc.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn build_with(self, mut dialect: Dialect) -> Result<Knosc, NoClient> {
        if self.write_retry == WriteRetry::Always {
            dialect.set_option("write_retry", "always")?;
        }
        if let Auth::CookieSession { login, refresh, .. } = &mut dialect.auth {
            let refresh = refresh.iter_mut().map(|refresh| &mut refresh.paths);
            for paths in std::iter::once(&mut login.paths).chain(refresh) {
                match self.paths {
                    AuthPaths::Auto => {}
                    AuthPaths::Guide => paths.truncate(1),
                    AuthPaths::Reference => {
                        paths.drain(..paths.len().saturating_sub(1));
                    }
                }
            }
        }
        let builder = Client::builder(dialect, &self.base_url).credentials(self.credentials);
        let mut knosc = Knosc::over((self.settings)(builder).build()?);
        knosc.writes_once = self.write_retry == WriteRetry::Never;
        Ok(knosc)
    }
}
