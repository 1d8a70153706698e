//! Whole worlds from a seed: the real engine and the real client against a simulated API and
//! network, in virtual time.
//!
//! A [`Plan`] says who calls what and what goes wrong. [`run`] plays it on a paused clock and
//! holds everything that is sent and claimed against what is true: I1 to I8 of ARCHITECTURE.md.
//! [`shrink`] makes a plan that fails as short as it can.
//!
//! ```
//! use steadfast_sim::{Leg, Plan, run};
//!
//! let report = run(&Plan::draw(7), Leg::Client, false).unwrap();
//! assert_eq!(report.violation, None);
//! ```
//!
//! **Deliberately absent:** wall time, sockets, threads within a world, and any knowledge of how
//! the engine decides. The checker knows the invariants and the truth.

mod broken;
mod callers;
mod campaign;
mod chance;
mod checker;
mod engine;
mod log;
mod plan;
mod run;
mod server;
mod shrink;
mod world;

pub use broken::Flaw;
pub use campaign::{Tally, campaign};
pub use checker::Violation;
pub use engine::Leg;
pub use plan::{
    Answer, Api, Body, CallPlan, Fate, Fault, Happening, Hint, Kind, On, Plan, Quirks, Way, What,
};
pub use run::{Report, run};
pub use shrink::shrink;
