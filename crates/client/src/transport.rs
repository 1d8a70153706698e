//! The seam between the client and the wire: one method.

mod http1;
#[cfg(feature = "reqwest")]
mod reqwest;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use steadfast_call::{Failure, Reach, Reply};

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

    /// Sends a request whose body is read while it is sent, and reads the reply. A transport
    /// that does not say how sends nothing, and says so.
    fn exchange_stream(&self, request: http::Request<StreamBody>, limits: Limits) -> Exchanged<'_> {
        drop((request, limits));
        Box::pin(async {
            let text = "this transport sends no body that is read while it is sent";
            Err(Failure::new(Reach::NotSent, text))
        })
    }
}

/// A body that is read while it is sent. It can be had once only.
pub struct StreamBody(UnsyncBoxBody<Bytes, BoxError>);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl StreamBody {
    pub(crate) fn new(body: UnsyncBoxBody<Bytes, BoxError>) -> Self {
        Self(body)
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl std::fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamBody(…)")
    }
}
