use http::Method;
use serde::Deserialize;
use serde_json::Value;
use steadfast::path;

use super::{Error, Kneo};

/// Probes of the platform. A 503 is an answer, and is told at once; what was not answered is asked
/// again as the policy says (N18). A [`Error::Network`] means that the platform cannot be reached:
/// take it for an outage (N13).
#[derive(Debug, Clone)]
pub struct Health<'k> {
    kneo: &'k Kneo,
    once: bool,
}

/// What a probe is answered with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HealthReport {
    /// True if all is well.
    pub ok: bool,
    /// Which service answered.
    pub service: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Whatever else it says.
    pub metadata: Option<Value>,
}

impl<'k> Health<'k> {
    pub(super) fn of(kneo: &'k Kneo) -> Self {
        Self { kneo, once: false }
    }

    /// The same, each probe sent exactly once: `probe = single-shot`.
    #[must_use]
    pub fn single_shot(self) -> Self {
        Self { once: true, ..self }
    }

    /// Whether it is well.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn healthz(&self) -> Result<HealthReport, Error> {
        self.probe("healthz").await
    }

    /// Whether it lives.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn livez(&self) -> Result<HealthReport, Error> {
        self.probe("livez").await
    }

    /// Whether it takes calls.
    ///
    /// # Errors
    /// [`Error::Server`] with `Code::NotReady` if it does not.
    pub async fn readyz(&self) -> Result<HealthReport, Error> {
        self.probe("readyz").await
    }

    async fn probe(&self, name: &str) -> Result<HealthReport, Error> {
        let call = self.kneo.call(name, Method::GET, path!("v1", name));
        let call = if self.once { call.attempts(1) } else { call };
        Ok(call.send_as().await?)
    }
}
