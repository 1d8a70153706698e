//! The client of Thredfi against its double, and against a wire where the double is too
//! well-behaved: the numbered requirements of the contract.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conflicts;
#[path = "../support/lines.rs"]
mod lines;
mod operations;
mod payments;
mod requirements;
mod retries;
#[path = "../support/rows.rs"]
mod rows;
mod tokens;
mod weather;
#[allow(dead_code, reason = "the two programs that share it ask for different things")]
#[path = "../support/wire.rs"]
mod wire;
mod world;
