use std::error::Error as StdError;
use std::sync::Arc;

/// How far an attempt got that was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing left this machine: DNS, connect, TLS, waiting for a connection.
    NotSent,
    /// The first byte may have left, so the server may have acted.
    MaybeSent,
    /// The status is known, and the body broke off.
    ReplyBroken {
        /// The status.
        status: u16,
    },
}

/// An attempt that was not answered.
#[derive(Debug, Clone)]
pub struct Failure {
    /// How far it got.
    pub reach: Reach,
    /// What happened, in words.
    pub text: String,
    /// The transport's own error.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// A failure in words, without a cause.
    #[must_use]
    pub fn new(reach: Reach, text: impl Into<String>) -> Self {
        Self { reach, text: text.into(), source: None }
    }

    /// The same failure with the error that caused it.
    #[must_use]
    pub fn caused_by(mut self, source: Arc<dyn StdError + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }
}
