//! Stateful doubles of HTTP APIs on a loopback port, with faults on demand and a journal of what arrived.
//!
//! A double keeps state, enforces the API's own rules (login, CSRF, privileges, validation order,
//! codes) and can be told to fail in the ways real services fail, the hard one included: commit the
//! write, then lose the reply. What it saw is readable through control routes, never through the API.
//!
//! ```no_run
//! # async fn demo() -> Result<(), steadfast_sandbox::StartError> {
//! use steadfast_sandbox::{Api, Options, Preset, Sandbox};
//!
//! let options = Options { faults: Some(Preset::RoughDay.plan(Api::Knosc, 7)), ..Options::default() };
//! let sandbox = Sandbox::start(Api::Knosc, options).await?;
//! let base_url = sandbox.base_url().to_owned(); // http://127.0.0.1:PORT/api
//! # drop(base_url);
//! // … run a client against it …
//! assert_eq!(sandbox.audit()["doubled"], serde_json::json!([]));
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! **What it promises.** It listens on loopback unless told otherwise, prints nothing (it logs through
//! `tracing`, target `steadfast_sandbox`), keeps everything in memory but for the oldest journal
//! entries, and never takes a decision from another crate of this workspace, so that it cannot share
//! their mistakes. The same seed, plan and requests meet the same chance faults, in whatever order
//! concurrent requests arrive.
//!
//! **What is absent.** The Knosc double has no inventory, no forecasts, no user administration and no
//! set-up of a second factor (logging in with one works). It speaks HTTP/1.1 without TLS.
//!
//! The control routes, the journal and the grammar of fault plans are described in
//! [`docs`].

pub mod docs;

mod audit;
mod clock;
mod control;
mod double;
mod exchange;
mod fault;
mod journal;
mod knosc;
mod options;
mod sandbox;
mod server;
mod wire;

pub use fault::{FaultPlan, PlanError, Preset};
pub use options::{Api, Fixtures, Options, Profile, Quirk, StartError, UnknownName};
pub use sandbox::{Credentials, Ready, Sandbox};
