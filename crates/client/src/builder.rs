mod credentials;

use std::time::Duration;

use steadfast_call::dialect::{Dialect, PolicyName};
use url::Url;

use crate::chance::Chance;
use crate::client::{Client, Inner};
use crate::outgoing;
use crate::secret::Credentials;
use crate::transport::{HttpTransport, Limits, TlsFiles, Transport, TransportError};

/// How large a reply may be.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long a call may take, if nobody says otherwise.
const DEADLINE: Duration = Duration::from_secs(120);

/// Makes a [`Client`]. All but the credentials has a default that fits the dialect.
///
/// ```
/// use std::time::Duration;
/// use steadfast::{Client, Credentials, dialect::{Dialect, PolicyName}};
///
/// let knosc = Dialect::built_in("knosc").unwrap();
/// let client = Client::builder(knosc.clone(), "https://acme.knosc.com/api")
///     .credentials(Credentials::password("erp", "…"))
///     .policy(PolicyName::Documented)
///     .timeout(Duration::from_secs(20))
///     .deadline(Duration::from_secs(60))
///     .rate(10.0)
///     .build()?;
/// assert_eq!(client.dialect().name, "knosc");
///
/// // What is missing or wrong is said, with what to do about it.
/// let error = Client::builder(knosc, "acme.knosc.com").build().unwrap_err();
/// assert!(error.to_string().contains("https://company.example/api"));
/// # Ok::<(), steadfast::BuildError>(())
/// ```
pub struct Builder {
    dialect: Dialect,
    base_url: String,
    policy: PolicyName,
    credentials: Credentials,
    auth_scheme: Option<String>,
    token_url: Option<String>,
    transport: Option<Box<dyn Transport>>,
    tls: TlsFiles,
    proxy: Option<String>,
    timeout: Option<Duration>,
    deadline: Duration,
    attempts: Option<u32>,
    rate: Option<f64>,
    body_bytes_max: usize,
    seed: Option<u64>,
    headers: Vec<(String, String)>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base URL cannot be read.
    #[error("base_url = \"{url}\" is no address: {text}; write it as https://company.example/api")]
    BaseUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        text: String,
    },
    /// A number cannot be used.
    #[error("{name} = {value}: {text}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it, and what to do.
        text: &'static str,
    },
    /// The API asks for credentials that were not given.
    #[error(
        "{api} needs the credentials {}, and {} is not there; give it by that name",
        credentials::list(needed),
        credentials::list(missing)
    )]
    NoCredentials {
        /// The API.
        api: String,
        /// The fields that it needs.
        needed: Vec<String>,
        /// Those of them that were not given.
        missing: Vec<String>,
    },
    /// A credential cannot be sent. Its value is not shown.
    #[error("the credential `{field}` cannot be used: {text}")]
    Credential {
        /// The field.
        field: String,
        /// What is wrong with it, and what to do.
        text: &'static str,
    },
    /// The dialect has no such way to log in.
    #[error(
        "auth_scheme = \"{name}\": {api} has no such scheme; there is {}",
        credentials::list(known)
    )]
    AuthScheme {
        /// The API.
        api: String,
        /// What was given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The address for tokens cannot be used.
    #[error("token_url: {text}")]
    TokenUrl {
        /// What is wrong with it, and what to do.
        text: String,
    },
    /// A client that blocks could not start its thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
    /// The transport cannot be made.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Builder {
    pub(crate) fn new(dialect: Dialect, base_url: &str) -> Self {
        Self {
            dialect,
            base_url: base_url.to_owned(),
            policy: PolicyName::default(),
            credentials: Credentials::default(),
            auth_scheme: None,
            token_url: None,
            transport: None,
            tls: TlsFiles::default(),
            proxy: None,
            timeout: None,
            deadline: DEADLINE,
            attempts: None,
            rate: None,
            body_bytes_max: BODY_BYTES_MAX,
            seed: None,
            headers: Vec::new(),
        }
    }

    /// How to log in.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Another way to log in than the dialect's first, by its name there (`auth.schemes`).
    #[must_use]
    pub fn auth_scheme(mut self, name: impl Into<String>) -> Self {
        self.auth_scheme = Some(name.into());
        self
    }

    /// Where tokens are got, in place of what the dialect says. It may be at another host: client
    /// id and secret are sent there, and nothing else.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// Which of the dialect's policies to follow; `recommended` if not said.
    #[must_use]
    pub fn policy(mut self, policy: PolicyName) -> Self {
        self.policy = policy;
        self
    }

    /// How long one attempt may take; the policy says it otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long a call may take in all, if its options do not say; two minutes otherwise.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How often a call is sent at the most, the first time included; the policy says it
    /// otherwise.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// The most sends a second, over all calls.
    #[must_use]
    pub fn rate(mut self, per_second: f64) -> Self {
        self.rate = Some(per_second);
        self
    }

    /// A header that is sent with every request, log-ins too, where the call itself does not set
    /// it: a version, say. It stands above what the dialect sends.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Files that TLS needs beyond what the system knows.
    #[must_use]
    pub fn tls(mut self, files: TlsFiles) -> Self {
        self.tls = files;
        self
    }

    /// The largest body that is read, in bytes; 32 MiB if not said. What is larger is cut off,
    /// and an answer that is cut off is taken for none that can be read.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// A proxy that is asked to `CONNECT`, as `http://host:port`; a user name and password in
    /// it are sent to the proxy only.
    #[must_use]
    pub fn proxy(mut self, address: impl Into<String>) -> Self {
        self.proxy = Some(address.into());
        self
    }

    /// Makes every random number of this client from a seed: the waits' jitter, and the UUIDs
    /// that it makes. With tokio's clock paused and a transport that answers from memory, the
    /// same calls then run the same way each time. For tests and simulations only: with one seed,
    /// two clients send the same idempotency keys.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A transport of your own, in place of the default one. With the feature `reqwest`, a
    /// `reqwest::Client` is one as it is: its proxies and TLS settings are then in force, and
    /// not those given here.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`BuildError`] if an address or file cannot be used, or credentials are missing.
    pub fn build(mut self) -> Result<Client, BuildError> {
        let base_url = read_base_url(&self.base_url)?;
        self.check_numbers()?;
        self.choose_auth()?;
        let snapshot = self.check_credentials()?;
        for policy in [&mut self.dialect.policy.recommended, &mut self.dialect.policy.documented] {
            if let Some(timeout) = self.timeout {
                policy.attempt_timeout_ms =
                    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
            }
            if let Some(attempts) = self.attempts {
                policy.attempts = attempts;
            }
        }
        let headers = outgoing::defaults(&self.dialect.request, &self.headers).map_err(|name| {
            let text = "no header can hold that: check it for line breaks, and its name";
            BuildError::Setting { name: "header", value: name, text }
        })?;
        let policy = self.dialect.policy(self.policy);
        let limits = Limits {
            timeout: Duration::from_millis(policy.attempt_timeout_ms),
            body_bytes_max: self.body_bytes_max,
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let connect_timeout = Duration::from_millis(policy.connect_timeout_ms);
                let token_url = self.dialect.auth.token_route().and_then(|r| r.url.as_deref());
                let secure = base_url.scheme() == "https"
                    || token_url.is_some_and(|url| url.starts_with("https:"));
                let tls = secure.then_some(&self.tls);
                Box::new(HttpTransport::new(connect_timeout, tls, self.proxy.as_deref())?)
            }
        };
        Ok(Client::new(Inner::new(
            self.dialect,
            self.policy,
            base_url,
            self.credentials,
            snapshot,
            transport,
            limits,
            self.deadline,
            self.rate,
            self.seed.map_or_else(Chance::default, Chance::seeded),
            headers,
        )))
    }

    fn check_numbers(&self) -> Result<(), BuildError> {
        let wrong = |name, value: String, text| Err(BuildError::Setting { name, value, text });
        match (self.rate, self.attempts, self.timeout) {
            (Some(rate), _, _) if !(rate.is_finite() && rate > 0.0) => {
                wrong("rate", rate.to_string(), "give the sends a second, more than 0")
            }
            (_, Some(0), _) => {
                wrong("attempts", "0".to_owned(), "give 1 or more; 1 sends once and never again")
            }
            (_, _, Some(timeout)) if timeout.is_zero() => {
                wrong("timeout", "0 s".to_owned(), "no answer is that quick; give more than 0")
            }
            _ => Ok(()),
        }
    }
}

fn read_base_url(text: &str) -> Result<Url, BuildError> {
    // What may hold a secret is not quoted back: what stands before an "@", and a query.
    let shown = text.split_inclusive(['?', '#']).next().unwrap_or(text);
    let shown = shown.rsplit_once('@').map_or(shown.to_owned(), |(_, host)| format!("…@{host}"));
    let wrong = |why: &str| BuildError::BaseUrl { url: shown.clone(), text: why.to_owned() };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("it is not http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials do not belong into the address"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("paths are joined to it, so that no ? or # may stand in it"));
    }
    Ok(url)
}
