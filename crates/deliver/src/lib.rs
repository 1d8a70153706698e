//! steadfast-deliver

pub mod audit;
pub mod compose;
pub mod input;
pub mod rejects;
pub mod report;
mod job;
mod preflight;
mod progress;

pub use job::{DeliverError, Delivered, Job, deliver};
pub use preflight::{Findings, PreflightError};
pub use progress::{Phase, Progress, Second, View};
