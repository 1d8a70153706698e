use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{HeaderMap, Method};
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{
    Account, AuthFailure, Call, Entry, Error, Options, Outcome, Principal, Reply, Request, Time,
};
use tokio::sync::watch;
use url::Url;

use crate::activity::{Activity, Counters};
use crate::builder::Builder;
use crate::call_builder::CallBuilder;
use crate::chance::Chance;
use crate::driver::drive;
use crate::lookup::Hub;
use crate::outgoing::Outgoing;
use crate::path::Path;
use crate::redact::Secrets;
use crate::renew::Renewal;
use crate::secret::{Credentials, Secret};
use crate::session::Snapshot;
use crate::transport::{Limits, Transport};

/// An async client of one API, logged in as one account.
///
/// It is cheap to clone, and all clones share the session, the limits and the breaker. Every
/// call ends in an [`Outcome`] or an [`Error`] that says what was done.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::{Client, Credentials, Options, Outcome, Request, dialect::Dialect};
///
/// let knosc = Dialect::built_in("knosc").expect("it is built in");
/// let client = Client::builder(knosc, "https://acme.knosc.com/api")
///     .credentials(Credentials::password("erp", "…"))
///     .build()?;
/// let order = Request::new(http::Method::POST, "/purchase-order").json(r#"{"…": "…"}"#);
/// let options = Options {
///     resource: Some("purchase-order".into()),
///     natural_key: Some("PO-1".into()),
///     ..Options::default()
/// };
/// match client.call(order, options).await {
///     Ok(Outcome::Applied(done)) => println!("{:?}", done.resource_id),
///     Ok(Outcome::Queued(_)) => println!("accepted; visible when the run ends"),
///     Ok(Outcome::Existing(_)) => println!("there already, and the same"),
///     Err(error) => println!("{}", error.user_message()),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) policy: PolicyName,
    pub(crate) base_url: Url,
    pub(crate) credentials: Credentials,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) limits: Limits,
    pub(crate) deadline: Duration,
    pub(crate) epoch: tokio::time::Instant,
    /// Sent with every request that does not say otherwise.
    pub(crate) headers: HeaderMap,
    pub(crate) chance: Chance,
    pub(crate) counters: Counters,
    pub(crate) hub: Hub,
    pub(crate) winding_down: watch::Sender<bool>,
    shared: Mutex<Shared>,
}

/// What all calls share and change together: which generation is current and what it holds.
pub(crate) struct Shared {
    pub(crate) account: Account,
    snapshots: HashMap<Principal, Held>,
    pub(crate) renewals: HashMap<Principal, Renewal>,
    /// Which of the dialect's log-in paths worked (K18).
    pub(crate) route: usize,
    /// The answer to the account's own log-in that was refused last.
    pub(crate) refused_with: Option<Reply>,
}

/// What a principal is bound with, and was before: a late answer may quote that.
#[derive(Default)]
struct Held {
    current: Arc<Snapshot>,
    before: Arc<Snapshot>,
}

impl Shared {
    /// What the newest generation of a principal's session holds.
    pub(crate) fn snapshot_of(&self, principal: &Principal) -> Arc<Snapshot> {
        self.snapshots.get(principal).map(|held| Arc::clone(&held.current)).unwrap_or_default()
    }

    /// Holds what a newer generation of a principal's session is made of.
    pub(crate) fn adopt(&mut self, principal: &Principal, snapshot: Snapshot) {
        let held = self.snapshots.entry(principal.clone()).or_default();
        held.before = std::mem::replace(&mut held.current, Arc::new(snapshot));
    }

    /// The same generation with another cookie that nothing is judged by.
    pub(crate) fn amend(&mut self, principal: &Principal, snapshot: Snapshot) {
        self.snapshots.entry(principal.clone()).or_default().current = Arc::new(snapshot);
    }
}

impl Client {
    /// Starts to make a client of the API that this dialect describes, at this base URL.
    #[must_use]
    pub fn builder(dialect: Dialect, base_url: &str) -> Builder {
        Builder::new(dialect, base_url)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Makes what a call is sent with where the caller gives nothing: its id, and its idempotency
    /// key where the dialect has keys made. Every call does so by itself; whoever has to know them
    /// before anything is sent, such as to write them down, asks here.
    pub fn fill_in(&self, request: &Request, options: &mut Options) {
        let inner = &self.inner;
        options.fill_in(&inner.dialect, request, || inner.chance.uuid());
    }

    /// Makes a call and sees it through: log-in, refresh, retries, look-ups.
    ///
    /// # Errors
    /// [`Error`], which says what was done, why it ended and what to do.
    pub async fn call(&self, request: Request, options: Options) -> Result<Outcome, Error> {
        drive(&self.inner, Outgoing::new(request, options)).await
    }

    /// Whose credentials keep this request from being sent: the account's own, without which nobody's token can be
    /// had, or those of the resource owner that it is about. None: nothing is known against them.
    #[must_use]
    pub fn refused(&self, request: &Request) -> Option<Principal> {
        let principal = Principal::of(&self.inner.dialect, request);
        let mut shared = self.inner.shared();
        let mut is_closed = |principal: &Principal| {
            matches!(shared.account.session_of(principal).entry(), Entry::Closed(..))
        };
        if is_closed(&Principal::Account) {
            return Some(Principal::Account);
        }
        is_closed(&principal).then_some(principal)
    }

    /// Gets a session, if there is none yet. No call needs it; it tells early whether the
    /// credentials are right.
    ///
    /// # Errors
    /// [`AuthFailure::Closed`] if the credentials do not let us in: nobody tries again with this
    /// client. [`AuthFailure::Unreached`] if nobody could be asked, and [`AuthFailure::Failed`] if
    /// the service failed where the policy has that told at once: both may be tried later.
    pub async fn log_in(&self) -> Result<(), AuthFailure> {
        crate::renew::renew(&self.inner, &Principal::Account, false).await
    }

    /// Renews the session that there is, or gets one. No call needs it: an expired session is
    /// renewed by itself.
    ///
    /// # Errors
    /// As [`Client::log_in`].
    pub async fn renew(&self) -> Result<(), AuthFailure> {
        self.inner.shared().account.session_of(&Principal::Account).outdated();
        self.log_in().await
    }

    /// The CSRF value that the next write would carry; none if there is none now. It changes with
    /// every renewal: never keep it.
    #[must_use]
    pub fn csrf(&self) -> Option<Secret> {
        let snapshot = self.inner.shared().snapshot_of(&Principal::Account);
        snapshot.csrf_value(&self.inner.dialect, &self.inner.url("/"))
    }

    /// The answer to the log-in that shut the door, while it is shut: what else the API said beside
    /// [`AuthFailure::Closed`]. Its body may hold a secret.
    #[must_use]
    pub fn refused_with(&self) -> Option<Reply> {
        let mut shared = self.inner.shared();
        shared.account.session_of(&Principal::Account).closed()?;
        shared.refused_with.clone()
    }

    /// A call with any method.
    pub fn request(&self, method: Method, path: impl Into<Path>) -> CallBuilder {
        CallBuilder::new(self.clone(), method, path.into())
    }

    /// A call that reads.
    ///
    /// ```no_run
    /// # async fn example(client: steadfast::Client) -> Result<(), steadfast::Error> {
    /// let items = client.get("/item-master").query("page", 1).await?;
    /// # drop(items); Ok(()) }
    /// ```
    pub fn get(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::GET, path)
    }

    /// A call that creates. Without a [`CallBuilder::natural_key`] it cannot be looked for after
    /// an attempt that was not answered.
    pub fn post(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::POST, path)
    }

    /// A call that replaces. What a list in the body leaves out is removed, where the API takes
    /// it for the whole list: send every line with its id.
    pub fn put(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::PUT, path)
    }

    /// A call that changes a part.
    pub fn patch(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::PATCH, path)
    }

    /// A call that deletes. Where the API removes an order with its last line, the answer to
    /// deleting that line does not say so.
    pub fn delete(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::DELETE, path)
    }

    /// What the client is doing right now.
    #[must_use]
    pub fn activity(&self) -> Activity {
        let mut activity = self.inner.counters.read();
        let shared = self.inner.shared();
        activity.tables_locked = shared.account.lock.is_on();
        activity.breaker_open = shared.account.breaker_is_open();
        activity.rate = shared.account.rate();
        activity
    }

    /// The dialect that the client follows.
    #[must_use]
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.inner.dialect
    }

    /// The address that paths are joined to.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.inner.base_url
    }

    /// The time on the client's clock, on which attempts are dated.
    #[must_use]
    pub fn now(&self) -> Time {
        self.inner.now()
    }

    /// Tells the account that a queued write, first sent at that time, has become visible:
    /// the run that held it is over (DESIGN §3.2).
    pub fn saw_queued_write(&self, first_sent_at: Time) {
        self.inner.shared().account.lock.visible(first_sent_at);
    }

    /// Lets exchanges that are on their way end, and calls off every call that only waits, now
    /// or later. It cannot be taken back. A call made afterwards is still sent, once: it ends as
    /// soon as it would have to wait.
    pub fn wind_down(&self) {
        self.inner.winding_down.send_replace(true);
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("api", &self.inner.dialect.name)
            .field("base_url", &self.inner.base_url.as_str())
            .finish_non_exhaustive()
    }
}

impl Inner {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        dialect: Dialect,
        policy: PolicyName,
        base_url: Url,
        credentials: Credentials,
        snapshot: Snapshot,
        transport: Box<dyn Transport>,
        limits: Limits,
        deadline: Duration,
        rate: Option<f64>,
        chance: Chance,
        headers: HeaderMap,
    ) -> Self {
        let account = Account::new(&dialect, rate, Time::default());
        Self {
            dialect: Arc::new(dialect),
            policy,
            base_url,
            credentials,
            transport,
            limits,
            deadline,
            epoch: tokio::time::Instant::now(),
            headers,
            chance,
            counters: Counters::default(),
            hub: Hub::default(),
            winding_down: watch::Sender::new(false),
            shared: Mutex::new(Shared {
                account,
                snapshots: HashMap::from([(
                    Principal::Account,
                    Held { current: Arc::new(snapshot), ..Held::default() },
                )]),
                renewals: HashMap::new(),
                route: 0,
                refused_with: None,
            }),
        }
    }

    pub(crate) fn now(&self) -> Time {
        Time::since_epoch(self.epoch.elapsed())
    }

    /// The lock is held for a step of a machine, never over an await. A panic elsewhere leaves
    /// the machines whole, since each changes in one place.
    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The same instant on tokio's clock; none if it lies beyond what that can say.
    pub(crate) fn instant(&self, time: Time) -> Option<tokio::time::Instant> {
        self.epoch.checked_add(time.to_duration())
    }

    /// What must not be printed, as of now.
    pub(crate) fn secrets(&self) -> Secrets {
        let held: Vec<Arc<Snapshot>> = {
            let shared = self.shared();
            let held = shared.snapshots.values();
            held.flat_map(|held| [Arc::clone(&held.current), Arc::clone(&held.before)]).collect()
        };
        let credentials = self.credentials.secrets(&self.dialect.auth);
        Secrets::new(credentials, held.iter().flat_map(|snapshot| snapshot.values()))
            .named_by(&self.dialect)
            .and_of_headers(&self.headers)
    }

    /// Sleeps until that instant. False: the client winds down, and nobody waits any more.
    pub(crate) async fn sleep_until(&self, until: Time) -> bool {
        let mut winding_down = self.winding_down.subscribe();
        let sleep = async {
            match self.instant(until) {
                Some(instant) => tokio::time::sleep_until(instant).await,
                // Beyond what the clock can say: never.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = winding_down.wait_for(|down| *down) => false,
            () = sleep => true,
        }
    }

    /// True if the address is of the API itself. What is meant for the API goes nowhere else
    /// (hazard 14).
    pub(crate) fn is_at_home(&self, uri: &http::Uri) -> bool {
        Url::parse(&uri.to_string()).is_ok_and(|url| url.origin() == self.base_url.origin())
    }

    /// The URL of a path below the base. The base's own path stays in front, and so does its
    /// host, whatever the path says.
    pub(crate) fn url(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(p, q)| (p, Some(q)));
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}{slash}{path}", self.base_url.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    pub(crate) fn new_call(&self, request: Request, mut options: Options) -> Call {
        options.fill_in(&self.dialect, &request, || self.chance.uuid());
        let deadline = options.deadline.unwrap_or(self.deadline);
        let now = self.now();
        let mut shared = self.shared();
        let dialect = Arc::clone(&self.dialect);
        Call::new(dialect, self.policy, request, options, deadline, now, &mut shared.account)
    }
}
