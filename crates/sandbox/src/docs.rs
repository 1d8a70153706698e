//! The control routes, the journal and the grammar of fault plans.
