//! The ledger, by topic.

// A test fails by panicking, and so do the functions that tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

mod backups;
mod by_hand;
mod claims;
mod durability;
mod formats;
mod identities;
mod keys;
mod lanes;
mod life;
mod looking;
mod model;
mod places;
mod pruning;
mod staging;
mod states;
