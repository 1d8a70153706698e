//! `steadfast drill`, as a person runs it: a command in, a verdict for each scenario out.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod drilled;
mod ending;
mod ours;
mod reports;
mod usage;
