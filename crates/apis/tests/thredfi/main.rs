//! The client of Thredfi against its double: the numbered requirements of the contract.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod operations;
mod requirements;
mod world;
