use std::fmt;

/// Why a command did not do its work: the exit status, and what to tell the user.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    pub(crate) text: String,
}

/// Usage, input or settings.
pub(crate) const USAGE: u8 = 2;
/// Nothing could be sent.
pub(crate) const UNSENT: u8 = 3;
/// Interrupted, with the ledger safe.
pub(crate) const INTERRUPTED: u8 = 130;

impl Failure {
    pub(crate) fn new(status: u8, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self::new(USAGE, text.to_string())
    }
}
