//! The client of kneo against its double, and against a wire where the double is too well-behaved:
//! the numbered requirements of the contract.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conflicts;
mod errors;
#[path = "../support/lines.rs"]
mod lines;
mod profiles;
mod retries;
#[path = "../support/rows.rs"]
mod rows;
mod runs;
#[allow(dead_code, reason = "the two programs that share it ask for different things")]
#[path = "../support/wire.rs"]
mod wire;
mod world;
