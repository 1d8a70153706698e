//! steadfast-sandbox
