//! steadfast-call
