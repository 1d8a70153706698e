//! Starting, steering and stopping a double from the same process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::control;
use crate::double::{Double, Gate};
use crate::fault::FaultPlan;
use crate::options::{Api, Options, Profile, StartError};
use crate::server;

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
    /// A user that may do everything.
    pub credentials: Credentials,
}

/// A login of a double.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The user name or e-mail address.
    pub username: String,
    /// The password. It is made up and opens nothing but doubles.
    pub password: String,
}

impl Sandbox {
    /// Starts a double on the current tokio runtime, which needs its network and time drivers. When this
    /// returns, it accepts connections.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on or the fixtures cannot be used.
    pub async fn start(api: Api, options: Options) -> Result<Sandbox, StartError> {
        let (gate, commands) = mpsc::unbounded_channel();
        let double = Arc::new(Double::new(&options, gate)?);
        let listening = |source| StartError::Listen { listen: options.listen, source };
        let listener = server::listen(options.listen).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let ready = ready(api, options.profile, address, &double);
        let accepting = tokio::spawn(server::run(listener, Arc::clone(&double), commands));
        tracing::info!(target: "steadfast_sandbox", %api, base_url = ready.base_url, "ready");
        Ok(Sandbox { double, accepting: Some(accepting), ready })
    }

    /// What a client is configured with: `http://127.0.0.1:PORT/api`.
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

    /// The journal's entries that are in memory: `GET journal`.
    pub fn journal(&self) -> Value {
        let mut world = self.double.world();
        let page = world.journal.page(None, usize::MAX);
        page.to_value(world.journal.spilled())
    }

    /// The journal's entries after the one with this number: `GET journal?since=…&limit=…`.
    pub fn journal_since(&self, since: u64, limit: usize) -> Value {
        let mut world = self.double.world();
        let page = world.journal.page(Some(since), limit);
        page.to_value(world.journal.spilled())
    }

    /// Everything that the double holds: `GET state`.
    pub fn state(&self) -> Value {
        control::state_value(&self.double, 0, usize::MAX, true)
    }

    /// What can be judged from the server's side: `GET audit`.
    pub fn audit(&self) -> Value {
        self.double.world().audit()
    }

    /// Replaces the fault plan: `POST faults`.
    pub fn set_faults(&self, plan: FaultPlan) {
        control::set_faults(&self.double, plan);
    }

    /// Ends all faults: `DELETE faults`.
    pub fn clear_faults(&self) {
        control::set_faults(&self.double, FaultPlan::none());
    }

    /// Back to the fixtures, with an empty journal and the fault plan from its beginning: `POST reset`.
    pub fn reset(&self) {
        self.double.reset();
    }

    /// Moves the double's clock on: `POST clock`.
    pub fn advance_clock(&self, by: Duration) {
        self.double.clock.advance(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
    }

    /// Starts an integration run, during which writes are queued: `POST knosc/integration/start`.
    pub fn start_integration(&self) {
        self.double.world().knosc.lock(None, None);
    }

    /// Ends the integration run: `POST knosc/integration/finish`.
    pub fn finish_integration(&self) {
        let now = self.double.now();
        let mut world = self.double.world();
        let settled = world.knosc.unlock();
        world.record_settled(settled, now);
    }

    /// The waiting and the failed writes: `GET knosc/queue`.
    pub fn queue(&self) -> Value {
        self.double.world().knosc.queue_state()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Nobody listens any more if it was stopped before.
        let _ = self.double.gate.send(Gate::Stop);
    }
}

fn ready(api: Api, profile: Profile, address: SocketAddr, double: &Double) -> Ready {
    // A client on this machine cannot connect to "every address".
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let host = SocketAddr::new(ip, address.port());
    let (username, password) = double.world().knosc.credentials();
    Ready {
        api: api.name(),
        base_url: format!("http://{host}/api"),
        control_url: format!("http://{host}{}", control::PREFIX),
        profile: profile.name(),
        credentials: Credentials { username, password },
    }
}
