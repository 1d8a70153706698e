//! Starting, steering and stopping a double from the same process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::control;
use crate::double::{Double, Gate};
use crate::fault::FaultPlan;
use crate::options::{Api, Options, Profile, StartError};
use crate::server;
use crate::service::Wanted;

/// A running double. It stops when this value is dropped.
#[derive(Debug)]
pub struct Sandbox {
    double: Arc<Double>,
    accepting: Option<JoinHandle<()>>,
    ready: Ready,
}

/// What a double says when it is ready, as the one line of JSON that the program prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The API's name.
    pub api: &'static str,
    /// What a client is configured with.
    pub base_url: String,
    /// Where the control routes start.
    pub control_url: String,
    /// The profile's name.
    pub profile: &'static str,
    /// A login that may do everything.
    pub credentials: Credentials,
}

/// A login of a double, by the names that the API gives its parts: `username` and `password`, `api_key`, ….
/// All of it is made up and opens nothing but doubles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials(Vec<(&'static str, String)>);

impl Credentials {
    pub(crate) fn new<const N: usize>(parts: [(&'static str, String); N]) -> Self {
        Credentials(parts.into())
    }

    /// The part with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every part with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

impl Serialize for Credentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Sandbox {
    /// Starts a double on the current tokio runtime, which needs its network and time drivers. When this
    /// returns, it accepts connections.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on, the fixtures cannot be used, or the API has no such quirk or fault.
    pub async fn start(api: Api, options: Options) -> Result<Sandbox, StartError> {
        let (gate, commands) = mpsc::unbounded_channel();
        let double = Arc::new(Double::new(api, &options, gate)?);
        let listening = |source| StartError::Listen { listen: options.listen, source };
        let listener = server::listen(options.listen).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let ready = ready(options.profile, address, &double);
        let accepting = tokio::spawn(server::run(listener, Arc::clone(&double), commands));
        tracing::info!(target: "steadfast_sandbox", %api, base_url = ready.base_url, "ready");
        Ok(Sandbox { double, accepting: Some(accepting), ready })
    }

    /// What a client is configured with, such as `http://127.0.0.1:PORT/api`.
    pub fn base_url(&self) -> &str {
        &self.ready.base_url
    }

    /// Where the control routes start: `http://127.0.0.1:PORT/__sandbox`.
    pub fn control_url(&self) -> &str {
        &self.ready.control_url
    }

    /// What the program prints when the double is ready.
    pub fn ready(&self) -> Ready {
        self.ready.clone()
    }

    /// Stops listening and closes every connection. What it was told to do late is not done any more.
    pub async fn stop(mut self) {
        // The receiver is gone only if the listener has failed already.
        let _ = self.double.gate.send(Gate::Stop);
        if let Some(accepting) = self.accepting.take() {
            // An error would be a panic or a runtime that is shutting down: it has stopped either way.
            let _ = accepting.await;
        }
    }

    /// The `content` of the journal for a body: a digest of a JSON object, the same however it is written.
    #[must_use]
    pub fn content_of(body: &Map<String, Value>) -> String {
        crate::keys::content(body)
    }

    /// The journal's entries that are in memory: `GET journal`.
    pub fn journal(&self) -> Value {
        self.journal_page(None, usize::MAX)
    }

    /// The journal's entries after the one with this number: `GET journal?since=…&limit=…`.
    pub fn journal_since(&self, since: u64, limit: usize) -> Value {
        self.journal_page(Some(since), limit)
    }

    fn journal_page(&self, since: Option<u64>, limit: usize) -> Value {
        let (page, spilled) = self.double.world().record().journal.page_and_spilled(since, limit);
        page.to_value(spilled)
    }

    /// Everything that the double holds: `GET state`.
    pub fn state(&self) -> Value {
        let wanted = Wanted { after: 0, limit: usize::MAX, masters: true };
        control::state_value(&self.double, wanted)
    }

    /// What can be judged from the server's side: `GET audit`.
    pub fn audit(&self) -> Value {
        self.double.world().audit()
    }

    /// Replaces the fault plan: `POST faults`. A fault that the API cannot have, such as a lock where nothing
    /// is ever queued, does nothing.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.double.set_faults(plan);
    }

    /// Ends all faults: `DELETE faults`.
    pub fn clear_faults(&self) {
        self.double.set_faults(FaultPlan::none());
    }

    /// Back to the fixtures, with an empty journal and the fault plan from its beginning: `POST reset`.
    pub fn reset(&self) {
        self.double.reset();
    }

    /// Moves the double's clock on: `POST clock`.
    pub fn advance_clock(&self, by: Duration) {
        self.double.clock.advance(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
    }

    /// Sends a request to a control route of the API's own, such as `POST`, `integration/start` and an empty body
    /// for `POST knosc/integration/start`. Nothing if there is no such route.
    ///
    /// # Errors
    ///
    /// What is wrong with the request, in words.
    pub fn steer(
        &self,
        method: &Method,
        path: &str,
        body: &Map<String, Value>,
    ) -> Option<Result<Value, String>> {
        control::steer(&self.double, method, path, body)
    }

    /// Starts an integration run of Knosc, during which writes are queued: `POST knosc/integration/start`.
    pub fn start_integration(&self) {
        self.steer(&Method::POST, "integration/start", &Map::new());
    }

    /// Ends the integration run: `POST knosc/integration/finish`.
    pub fn finish_integration(&self) {
        self.steer(&Method::POST, "integration/finish", &Map::new());
    }

    /// The waiting and the failed writes: `GET knosc/queue`.
    pub fn queue(&self) -> Value {
        let queue = self.steer(&Method::GET, "queue", &Map::new());
        queue.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Nobody listens any more if it was stopped before.
        let _ = self.double.gate.send(Gate::Stop);
    }
}

fn ready(profile: Profile, address: SocketAddr, double: &Double) -> Ready {
    // A client on this machine cannot connect to "every address".
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let host = SocketAddr::new(ip, address.port());
    Ready {
        api: double.api.name(),
        base_url: format!("http://{host}{}", double.api.kit().base_path),
        control_url: format!("http://{host}{}", control::PREFIX),
        profile: profile.name(),
        credentials: double.world().credentials(),
    }
}
