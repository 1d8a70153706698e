//! The runner over real HTTP, against doubles: what it sends, and what it does not send again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod credentials;
mod keys;
mod reconciling;
mod world;
