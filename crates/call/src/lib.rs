//! steadfast-call
pub mod class;
pub mod dialect;
pub mod reply;
