//! The ledger, by topic.

// A test fails by panicking, and so do the functions that tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

mod claims;
mod durability;
mod identities;
mod lanes;
mod life;
mod model;
mod places;
mod staging;
mod states;
