//! The socket of one connection, and the bodies sent through it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// A socket that can be told to end in a reset (RST) instead of an orderly close.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, reset: Arc<AtomicBool>) -> Self {
        Wire { stream, reset }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // A lingering time of zero makes the kernel answer with RST; where it cannot be set the
            // connection still closes without a reply, which is near enough.
            let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The body of a reply on its way out.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Whole(Option<Bytes>),
    Paced(Paced),
}

/// A body sent piece by piece, whole or cut off before its end.
#[derive(Debug)]
pub(crate) struct Paced {
    rest: Bytes,
    piece_len: usize,
    pause: Duration,
    cut: bool,
    sleep: Pin<Box<Sleep>>,
}

/// How long the bytes of a cut reply get to leave before the connection is closed.
const FLUSH_PAUSE: Duration = Duration::from_millis(5);

impl Outgoing {
    /// The body in about ten pieces over `over_ms`.
    pub(crate) fn dribbled(body: Bytes, over_ms: u64) -> Self {
        let piece_len = body.len().div_ceil(10).max(1);
        let pieces = body.len().div_ceil(piece_len).max(1) as u64;
        let pause = Duration::from_millis(over_ms / pieces);
        Outgoing::Paced(Paced { rest: body, piece_len, pause, cut: false, sleep: sleep_for(pause) })
    }

    /// The first half of the body, then nothing.
    pub(crate) fn cut(body: &Bytes) -> Self {
        let half = body.slice(..body.len() / 2);
        let piece_len = half.len().max(1);
        let now = Duration::ZERO;
        Outgoing::Paced(Paced {
            rest: half,
            piece_len,
            pause: FLUSH_PAUSE,
            cut: true,
            sleep: sleep_for(now),
        })
    }
}

fn sleep_for(pause: Duration) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(pause))
}

impl Paced {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.rest.is_empty() && !self.cut {
            return Poll::Ready(None);
        }
        ready!(self.sleep.as_mut().poll(cx));
        if self.rest.is_empty() {
            let cut_off = io::Error::new(io::ErrorKind::ConnectionAborted, "cut off by a fault");
            return Poll::Ready(Some(Err(cut_off)));
        }
        let piece = self.rest.split_to(self.piece_len.min(self.rest.len()));
        let next = Instant::now() + self.pause;
        self.sleep.as_mut().reset(next);
        Poll::Ready(Some(Ok(piece)))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Outgoing::Whole(body) => Poll::Ready(body.take().map(|bytes| Ok(Frame::data(bytes)))),
            Outgoing::Paced(paced) => {
                let piece = ready!(paced.poll_piece(cx));
                Poll::Ready(piece.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Whole(body) => body.as_ref().is_none_or(Bytes::is_empty),
            Outgoing::Paced(paced) => paced.rest.is_empty() && !paced.cut,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Whole(body) => {
                SizeHint::with_exact(body.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Outgoing::Paced(_) => SizeHint::default(),
        }
    }
}
