//! The ledger, by topic.

// A test fails by panicking, and so do the functions that tests share.
#![allow(clippy::unwrap_used)]

mod fixture;

mod life;
