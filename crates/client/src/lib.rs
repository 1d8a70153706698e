//! Calls to other companies' HTTP APIs that end well.
//!
//! A [`Client`] makes calls over a real network and sees each one through: it logs in, renews
//! the session once for everybody, waits as the server asks, and after a write that was not
//! answered it looks before it sends again. What to do after an answer is decided by the engine
//! in `steadfast-call`, from a [`dialect`] that describes the API as data.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast::{Client, Credentials, Options, Outcome, Request, Secret, dialect::Dialect};
//!
//! let knosc = Dialect::built_in("knosc").ok_or("it is built in")?;
//! let client = Client::builder(knosc, "https://acme.knosc.com/api")
//!     .credentials(Credentials::password("erp", "…"))
//!     .build()?;
//! let items = client.get("/item-master?page=1").await?;
//! # drop(items); Ok(()) }
//! ```
//!
//! # Sessions
//!
//! Nobody has to log in: the first call does, and [`Client::log_in`] does it ahead, to learn
//! early whether the credentials are right. When a session expires, one refresh runs, however
//! many calls have met the expiry; all of them wait for it and are sent again once, with the new
//! cookies and the new CSRF value. A refresh that is refused leads to one log-in. A log-in that
//! is refused is never repeated: a few wrong passwords lock an account. From then on every call
//! of this client ends with [`Kind::Credentials`], at once and without being sent.
//!
//! An answer that asks for a second factor, or for a first password, is such an end as well. Its
//! [`CredentialsKind`] says which.
//!
//! # Writes
//!
//! A write that was not answered may have been done. So that it can be looked for, name what it
//! is about: [`Options::resource`] and [`Options::natural_key`]. The client then waits until the
//! write has settled, looks, and sends it again only if it is proven not to be there. Without a
//! key it ends with [`Kind::Unknown`], which says that it was sent and may have been done.
//! [`Options::known_absent`] tells that you have looked before: what is found later is then known
//! to be your own.
//!
//! A success is one of three. [`Outcome::Applied`]: it is done. [`Outcome::Existing`]: it was
//! there, with the same content. [`Outcome::Queued`]: the API has accepted it and will do it
//! later, when its own run ends. A queued write is never sent again, neither by this client nor,
//! please, by you. To see when it is done, look it up by its key:
//!
//! ```no_run
//! # async fn example(client: steadfast::Client, body: &str) {
//! use steadfast::LookUp;
//!
//! match client.look_up("purchase-order", "PO-1", body.as_bytes()).await {
//!     LookUp::Found(found) if found.differences.is_empty() => { /* it is done */ }
//!     LookUp::Found(found) => eprintln!("not as sent: {}", found.differences[0]),
//!     LookUp::Absent => { /* not yet: look again in a while */ }
//!     LookUp::CannotTell(why) => eprintln!("{why}"),
//! }
//! # }
//! ```
//!
//! Two things that Knosc does are easily overlooked. A replacement (`PUT`) of an order removes
//! the lines that it does not name: read the order first, and send every line with its id. And
//! deleting the last line of an order removes the order: a later replacement is refused with
//! `PurchaseOrderList.NotFound`.
//!
//! # Look-ups
//!
//! [`Client::rows`] reads a list to its last page; a page that cannot be had is an error, never
//! the end. [`Client::look_up`] finds one record and compares it. Look-ups that are asked for at
//! the same time are answered together. What a list was asked before the look-up is no answer to
//! it. A filter is relied upon only after it has found a row that was known to be there.
//!
//! A check before a write is advice: what it found may be gone when the write arrives, and the
//! write is then refused with the API's own code.
//!
//! # Errors
//!
//! An [`Error`] says what was done ([`Error::effect`]), what kind of end it is ([`Error::kind`]),
//! and in its [`Details`] everything else: status, code, message, every attempt with the rule
//! that decided what came next. Three texts are made from it: [`Error::summary`] is the API's own
//! words, `Display` is one line for a log, and [`Error::user_message`] tells a person what
//! happened, whether anything was done, and what to do about it.
//!
//! ```no_run
//! # async fn example(client: steadfast::Client, order: &serde_json::Value) {
//! use steadfast::{Effect, Kind};
//!
//! if let Err(error) = client.put("/purchase-order/42").json(order).send().await {
//!     match (error.kind(), error.effect()) {
//!         (Kind::Credentials(_), _) => eprintln!("nobody gets in: {}", error.user_message()),
//!         (_, Effect::Unknown) => eprintln!("look before sending again: {error}"),
//!         _ if error.may_succeed_later() => eprintln!("try again later: {error}"),
//!         _ => eprintln!("{}", error.user_message()),
//!     }
//! }
//! # }
//! ```
//!
//! # Time
//!
//! Every call has a deadline ([`Options::deadline`], or the client's own). It covers attempts,
//! waits, log-ins and look-ups, and no wait reaches beyond it. Dropping a call calls it off; a
//! write that was on its way may then have been done, and is logged as such.
//! [`Client::wind_down`] calls off everything that only waits.
//!
//! # Logs
//!
//! Through `tracing`: one line for each write (`event` is `write_ok` or `write_failed`) with
//! method, path, status, the caller's [`Options::context`], and where it failed the API's code
//! and message with the first 500 characters of the payload; one line at debug level for each
//! attempt; a warning for each retry. Neither a log line nor an error holds a password, a
//! cookie, a CSRF value or a JWT, even if the server quotes one back. The body of a *successful*
//! reply is yours, and is handed over as it came.
//!
//! **Deliberately absent:** any decision about sending again (that is the engine's), SQL, files,
//! redirects, and other layers of retries: one send is one exchange.

mod activity;
pub mod blocking;
mod builder;
mod call_builder;
mod chance;
mod client;
mod driver;
mod log;
mod lookup;
mod outgoing;
#[cfg(doctest)]
mod pages;
mod path;
mod redact;
mod renew;
mod secret;
mod session;
mod tokens;
mod transport;
mod typed;

pub use activity::Activity;
pub use builder::{BuildError, Builder};
pub use call_builder::CallBuilder;
pub use client::Client;
pub use lookup::{ListError, Rows, Testimony};
pub use path::Path;
pub use redact::{payload_snippet, redacted_payload};
pub use secret::{Credentials, Secret};
pub use steadfast_call::{
    Attempt, AuthFailure, Class, CredentialsKind, Details, Difference, Effect, Error, Explanation,
    Failure, FieldError, Found, IdempotencyKey, Item, Kind, Limit, LookUp, Nature, Next, Options,
    Outcome, Principal, Reach, Reply, Request, SavedError, SavedReply, Stop, Success, Time, Waits,
    dialect, differences, explain, read_saved,
};
pub use transport::{
    Exchanged, HttpTransport, Limits, StreamBody, TlsFiles, Transport, TransportError,
};
