//! `steadfast ledger` as its users meet it, over ledgers that real deliveries have filled.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its place has failed")]

mod choosing;
mod deciding;
mod keeping;
mod keyed;
mod looking;
mod prepared;

#[allow(dead_code, reason = "it serves other tests, too")]
#[path = "../program/double.rs"]
mod double;
#[allow(dead_code, reason = "it serves other tests, too")]
#[path = "../program/orders.rs"]
mod orders;
#[allow(dead_code, reason = "it serves other tests, too")]
#[path = "../program/place.rs"]
mod place;
