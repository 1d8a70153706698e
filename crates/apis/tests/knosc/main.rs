//! The typed client of Knosc against its double.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod orders;
mod world;
mod writes;
