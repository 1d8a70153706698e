//! The engine as a whole, in virtual time: one module for each topic.

#![allow(clippy::unwrap_used, reason = "a script that cannot go on is a test that has failed")]

mod account;
mod cancelled;
mod deadlines;
mod dialects;
mod documented;
mod doubt;
mod duplicates;
mod errors;
mod explained;
mod hints;
mod keys;
mod lists;
mod login;
mod mistakes;
mod model;
mod natural;
mod pacing;
mod partial;
mod payments;
mod places;
mod reading;
mod repeats;
mod replies;
mod retries;
mod rules;
mod scenario;
mod schema;
mod sendable;
mod session;
mod tiers;
mod vectors;
