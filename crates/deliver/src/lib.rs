//! steadfast-deliver
