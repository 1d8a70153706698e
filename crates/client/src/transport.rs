//! The seam between the client and the wire: one method.

mod http1;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use steadfast_call::{Failure, Reply};

pub use http1::{HttpTransport, TlsFiles, TransportError};

/// What an exchange may use at the most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte sent to the last byte read.
    pub timeout: Duration,
    /// A body that is larger is cut off there.
    pub body_bytes_max: usize,
}

/// The answer to an exchange, or how far it got.
pub type Exchanged<'t> = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send + 't>>;

/// Makes one HTTP exchange.
///
/// One call is one exchange: a transport that follows redirects or sends again by itself
/// breaks what the engine promises. It says honestly how far an exchange got that was not
/// answered: [`Reach::NotSent`](steadfast_call::Reach::NotSent) only if no byte of the request
/// can have left.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and reads the reply.
    fn exchange(&self, request: http::Request<Bytes>, limits: Limits) -> Exchanged<'_>;
}
