//! steadfast-deliver

pub mod compose;
pub mod input;
pub mod rejects;
