//! The client over real HTTP: against the double of the API, and against servers written by
//! hand where the double is too well-behaved. Waits are shortened in the dialect, so that a
//! test takes milliseconds; which attempt follows which does not depend on them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blocking;
mod by_hand;
mod canaries;
mod defaults;
mod double;
mod ending;
mod front;
mod guide;
mod ids;
mod lists;
mod locks;
mod logs;
mod observed;
mod owned;
mod pages;
mod profiles;
mod replies;
mod retries;
mod secrets;
mod server;
mod sessions;
mod streams;
mod tls;
mod tokens;
mod transport;
mod writes;
