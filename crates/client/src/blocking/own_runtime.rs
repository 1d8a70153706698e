//! The thread that does the work, and whether the caller's thread may wait for it.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use steadfast_call::{Effect, Error};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::coop;

/// A runtime with one thread. The last clone that goes ends it.
#[derive(Clone)]
pub(super) struct OwnRuntime(Arc<Owned>);

struct Owned(Option<Runtime>);

impl fmt::Debug for OwnRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnRuntime")
    }
}

/// Why nobody waited.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gone {
    /// The caller's thread runs async tasks. Nothing was sent.
    InTask,
    /// The work was broken off, which is a mistake in this library.
    BrokenOff,
}

impl OwnRuntime {
    pub(super) fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("steadfast").enable_all().build()?;
        Ok(Self(Arc::new(Owned(Some(runtime)))))
    }

    /// Does the work on the own thread, and waits for it.
    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Gone> {
        if is_in_task() {
            return Err(Gone::InTask);
        }
        let Some(runtime) = &self.0.0 else { return Err(Gone::BrokenOff) };
        let (sender, receiver) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            // Nobody listens any more if the caller's thread is gone.
            let _ = sender.send(work.await);
        });
        receiver.recv().map_err(|_| Gone::BrokenOff)
    }
}

/// A runtime that is dropped in the usual way waits for its threads, and panics where waiting is
/// not allowed.
impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// True if this thread is running a task that others wait behind. Tokio lets such a task do so
/// much at a time and then wants it to yield; a thread that may block (`spawn_blocking`,
/// `block_in_place`, or one outside of any runtime) has no such limit. The task pays with its
/// share, which it gets anew when it yields.
fn is_in_task() -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    let mut cx = Context::from_waker(Waker::noop());
    (0..SHARE_MAX).any(|_| match coop::poll_proceed(&mut cx) {
        Poll::Ready(progress) => {
            progress.made_progress();
            false
        }
        Poll::Pending => true,
    })
}

/// More than what tokio lets a task do at a time, which is 128 (documentation of
/// `tokio::task::coop`).
const SHARE_MAX: usize = 1_024;

impl Gone {
    /// The error of a call that nobody waited for.
    pub(super) fn into_error(self) -> Error {
        let effect = match self {
            Self::InTask => Effect::None,
            Self::BrokenOff => Effect::Unknown,
        };
        Error::never_made(effect, self.to_string())
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InTask => {
                "a blocking call inside an async task would hold up all others: use \
                 steadfast::Client there, or move it to tokio::task::spawn_blocking"
            }
            Self::BrokenOff => "the call was broken off; whether it was sent is not known",
        })
    }
}
