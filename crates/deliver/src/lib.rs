//! A file of writes reaches an API, and every one of them is accounted for.
//!
//! [`deliver`] reads the file ([`input`]), makes writes of its rows ([`compose`]), hands them to the
//! ledger, checks them against the API before anything is sent, lets the ledger's runner send
//! and confirm them, and says how far it is ([`Progress`]). Afterwards [`rejects`] gives refused
//! input back, [`report`] writes a page for people, and [`audit`] judges the whole by what a
//! double saw.
//!
//! **Deliberately absent:** SQL (that is the ledger's), any decision about sending again (the
//! engine's), the terminal (the program's), and the name of any API: what is special about one
//! stands in its dialect.

pub mod audit;
pub mod compose;
pub mod input;
mod job;
mod preflight;
mod progress;
pub mod rejects;
pub mod report;

pub use job::{DeliverError, Delivered, Job, deliver};
pub use preflight::{Findings, PreflightError};
pub use progress::{Phase, Progress, Second, View};
