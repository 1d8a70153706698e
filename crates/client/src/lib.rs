//! Calls to other companies' HTTP APIs that end well.
//!
//! A [`Client`] makes calls over a real network and sees each one through: it logs in, renews
//! the session once for everybody, waits as the server asks, and after a write that was not
//! answered it looks before it sends again. What to do after an answer is decided by the engine
//! in `steadfast-call`, from a [`dialect`] that describes the API as data.
//!
//! **Deliberately absent:** any decision about sending again (that is the engine's), SQL, files,
//! and other layers of retries: one send is one exchange.

mod activity;
mod builder;
mod client;
mod driver;
mod log;
mod lookup;
mod redact;
mod renew;
mod secret;
mod session;
mod transport;

pub use activity::Activity;
pub use builder::{BuildError, Builder};
pub use client::Client;
pub use lookup::{ListError, Rows, Testimony};
pub use redact::payload_snippet;
pub use secret::{Credentials, Secret};
pub use steadfast_call::{
    Attempt, AuthFailure, Class, CredentialsKind, Details, Difference, Effect, Error, Failure,
    Found, Kind, LookUp, Options, Outcome, Reach, Reply, Request, Stop, Success, Time, dialect,
    differences,
};
pub use transport::{Exchanged, HttpTransport, Limits, TlsFiles, Transport, TransportError};
