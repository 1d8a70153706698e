use std::error::Error as StdError;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::reply::Reply;

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
    /// What arrived of a reply whose body broke off. Its headers may ask to wait.
    pub reply: Option<Box<Reply>>,
}

impl Failure {
    /// A failure in words, without a cause.
    #[must_use]
    pub fn new(reach: Reach, text: impl Into<String>) -> Self {
        Self { reach, text: text.into(), source: None, reply: None }
    }

    /// The same failure with the error that caused it.
    #[must_use]
    pub fn caused_by(mut self, source: Arc<dyn StdError + Send + Sync>) -> Self {
        self.source = Some(source);
        self
    }

    /// The same failure with what arrived of the reply: status, headers and the first part of
    /// the body. A refusal is then read as one, however little of its body came, and a wait that
    /// its headers ask for is kept to.
    #[must_use]
    pub fn with_reply(mut self, reply: Reply) -> Self {
        self.reply = Some(Box::new(reply.cut_off()));
        self
    }

    /// The answer, as far as it can be read without its whole body: every status but a success
    /// says enough by itself.
    pub(crate) fn answer(&self) -> Option<Reply> {
        let Reach::ReplyBroken { status } = self.reach else { return None };
        let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 300)?;
        Some(match &self.reply {
            Some(reply) => (**reply).clone(),
            None => Reply::new(status, HeaderMap::new(), Bytes::new()).cut_off(),
        })
    }
}
