//! The double from outside, over real HTTP, with a client of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod contract;
mod control;
mod doubles;
mod faults;
mod kneo;
mod lists;
mod operations1;
mod orders;
mod presets;
mod quantities;
mod queue;
mod session;
mod thredfi;
mod users;
mod vectors;
mod weather;
