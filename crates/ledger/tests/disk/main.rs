//! The ledger on a disk that loses power and fails writes.
//!
//! A program of its own: the disk makes itself SQLite's default for the whole process.

// A test fails by panicking, and so do the functions that tests share.
#![allow(clippy::unwrap_used)]

mod faults;
mod power;
mod story;
