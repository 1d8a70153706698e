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
//! **What is absent.** TLS and HTTP/2: the doubles speak HTTP/1.1 in the clear.
//!
//! The control routes, the journal and the grammar of fault plans are described in
//! [`docs`].
//!
//! # To add an API
//!
//! The framework owns the wire, the lock, the clock, the faults, the journal and the audit; an API owns
//! what its requests mean. They meet in one trait, `Service` (`src/service.rs`), and one table, `Kit`
//! (`src/registry.rs`). An API is a module `src/NAME.rs` with its folder `src/NAME/`:
//!
//! 1. A variant of [`Api`] and a line in `Api::kit`; new quirks are variants of [`Quirk`].
//! 2. `pub(crate) const KIT: Kit`: base path, the quirks it has, the faults that only some APIs have
//!    (`expire_access`, `revoke`, `rotate_csrf`, `lock`, `unlock`, `in_progress`), control routes of its own,
//!    the texts of its presets (`presets/`; `general_preset` is there for a start), and how to make its world
//!    from [`Options`] (profile, quirks, fixtures, seed): `World::boxed(service, …)`.
//! 3. `impl Service`. A request goes through it in this order, all under the double's lock:
//!    `arrive` → `identify` (what is it about: kind, resource, natural key, user; nothing changes) → the
//!    fault engine asks `would_take_effect` and `has_session` where a rule depends on it → `strike` for a
//!    fault of the API's own → `handle` (checks, change, reply) → `constant_headers`.
//!    - General faults need nothing more: they commit by calling `handle` and losing its reply, so `handle`
//!      stores that reply under the request's idempotency key; `would_take_effect` says no to refusals and
//!      replays. A late commit calls `settle_late`, which is `handle` unless said otherwise.
//!    - `error_reply` is what the API itself says for a status (429 and 5xx in faults, 400 and 413 for
//!      bodies that cannot be read), `gateway_page` what stands before it.
//!    - `Handled::hold_ms` holds a reply back, as a server does that works before it answers.
//!    - `state` shows the truth, `audit` adds findings, `steer` answers the control routes below the API's name.
//! 4. Journal words: `create`, `read`, `replace` and `delete` for what they say, since presets, plans and the
//!    audit go by them; others (`login`, `void`, …) as the API needs. A create that takes effect twice for one
//!    `resource` and `key` is `doubled`.
//!
//! Tokens are signed by `jwt`, identifiers drawn from `dice`, both from the seed.

pub mod docs;

mod audit;
mod clock;
mod control;
mod dice;
mod double;
mod exchange;
mod fault;
mod journal;
mod jwt;
mod keys;
mod kneo;
mod knosc;
mod operations1;
mod options;
mod registry;
mod sandbox;
mod server;
mod service;
mod thredfi;
mod wire;

pub use fault::{FaultPlan, PlanError, Preset};
pub use options::{Api, Fixtures, Options, Profile, Quirk, StartError, UnknownName};
pub use sandbox::{Credentials, Ready, Sandbox};
