//! steadfast-ledger
