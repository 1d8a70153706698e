//! The typed client of Knosc against its double, and against a script where a condition on the wire
//! or a wait has to be exact. Tests begin with the number of the requirement that they hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod conflicts;
mod logs;
mod orders;
mod preflight;
mod records;
mod script;
mod sessions;
mod world;
mod writes;
