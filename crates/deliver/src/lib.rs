//! steadfast-deliver

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
