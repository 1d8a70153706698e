//! steadfast-deliver

pub mod audit;
pub mod compose;
pub mod input;
pub mod rejects;
