//! The typed client of Operations1 against its double, and against a script where a condition on the
//! wire or a wait has to be exact. Tests begin with the number of the requirement that they hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conflicts;
mod errors;
mod pages;
mod retries;
#[path = "../knosc/script.rs"]
mod script;
mod world;
mod writes;
