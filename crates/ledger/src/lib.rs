//! A durable ledger of deliveries.
//!
//! # What it promises
//!
//! - What [`Ledger::accept`] returns is on disk: the transaction is committed and synced. So is what every
//!   other command returns, because callers are told after the commit.
//! - The intent to send is on disk before [`Ledger::claim`] returns, so before the first byte leaves. After a
//!   crash, [`Ledger::in_doubt`] knows every delivery that may have left.
//! - A delivery is claimed by one sender at a time, and deliveries of one lane go in order.
//! - A delivery moves only as the table in [`state`] allows. What was sent is never given other content.
//! - The same input handed in again finds its deliveries again, by [`identity`].
//! - Files are readable by their owner alone, and one process writes at a time. Others may look.
//!
//! # What it deliberately lacks
//!
//! - It decides nothing about sending again: the [`Runner`] sends over the client, whose engine decides.
//! - It reads no clock of its own: times are handed in, or come from the [`Clock`] it was opened with.
//! - Staged rows of an input ([`Ledger::stage`]) do not outlive the process: the input is read again.
//!
//! # The life of a delivery
//!
//! ```text
//!   staged ──► waiting ◄──► sending ──► applied
//!     │           │            ├──────► queued ──► confirmed
//!     │           │            ├──────► existing
//!     ├───────────┴────────────┼──────► rejected
//!     ├───────────┴────────────┼──────► held
//!     │           │            └──────► unknown
//!     └───────────┴───────────────────► cancelled
//! ```
//!
//! A check before sending may also find a staged or waiting delivery `existing`. The same input again takes `rejected`,
//! `held` and `cancelled` back to `staged`; a person takes them, and `unknown`, back to `waiting`.
//! [`state::MOVES`] has every move.
//!
//! # Example
//!
//! ```
//! # async fn example(path: &std::path::Path) -> Result<(), steadfast_ledger::LedgerError> {
//! use steadfast_ledger::{Initial, Ledger, NewDelivery, Run, Settlement, Terms, Which};
//!
//! let ledger = Ledger::open(path)?;
//! let run = ledger.begin_run(Run { command: "deliver orders.csv".into(), ..Run::default() }).await?;
//! let order = NewDelivery {
//!     run,
//!     account: "acme".into(),
//!     resource: "purchase-order".into(),
//!     natural_key: Some("PO-1".into()),
//!     key_of_user: None,
//!     lane: None,
//!     method: "POST".into(),
//!     path: "/purchase-order".into(),
//!     body: b"{}".to_vec(),
//!     headers: Vec::new(),
//!     idempotency_key: None,
//!     lines: "2-4".into(),
//!     initial: Initial::Staged,
//! };
//! ledger.accept(vec![order]).await?;
//! ledger.release(run, Which::All, Terms::default()).await?;
//! let now_ms = i64::MAX;
//! for delivery in ledger.claim(run, now_ms, 64).await? {
//!     // … send it …
//!     let applied = Settlement::Applied { status: Some(201), resource_id: Some("42".into()) };
//!     ledger.settle(delivery.id, applied, Vec::new()).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod by_hand;
mod delivery;
mod error;
pub mod identity;
mod place;
mod query;
mod runner;
mod schema;
mod seam;
pub mod state;
mod store;

pub use by_hand::{Act, ActRow, Hand};
pub use delivery::{
    Accepted, AttemptRow, Delivery, DeliveryId, DeliveryKey, Initial, NewDelivery, Ordering,
    Reason, Run, RunId, Settled, Settlement, Terms,
};
pub use error::LedgerError;
pub use place::{default_path, ledgers_in};
pub use query::{CodeCount, Counts, Query, RunCount};
pub use runner::{Ended, NOT_SEEN, News, Observer, OnUnknown, Runner, RunnerOptions, Wish};
pub use seam::{Each, Kept, Store};
pub use state::State;
pub use store::{BackedUp, Clock, Groups, Ledger, Options, Piece, Settings, Which};
