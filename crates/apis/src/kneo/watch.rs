//! Following a run to its end (N20).

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep_until};

use super::run::below;
use super::{Error, Kneo, PageRequest, RunState, RunStatus, Runs, TraceEvent};

/// How deep the platform lets a trace be read.
const TRACE_DEPTH: u64 = 10_000;

/// How a run is followed.
#[derive(Debug, Clone)]
pub struct Watch {
    /// How long to follow it at the most.
    pub timeout: Duration,
    /// How long to wait between two looks.
    pub poll: Duration,
    /// Which states end it. With none, only the time does.
    pub terminal: Vec<RunState>,
}

impl Watch {
    /// A look every second until the run has ended by what both platforms call an end.
    #[must_use]
    pub fn within(timeout: Duration) -> Self {
        let terminal = RunState::TERMINAL.to_vec();
        Self { timeout, poll: Duration::from_secs(1), terminal }
    }
}

/// Why a run was not followed to its end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WatchError {
    /// It did not end in time.
    #[error("run {run_id} has not ended after {} s; its last status was {last_status}", timeout.as_secs_f64())]
    TimedOut {
        /// The run.
        run_id: String,
        /// What state it was in when it was last seen.
        last_status: RunState,
        /// How long it was followed.
        timeout: Duration,
    },
    /// It could not be seen.
    #[error(transparent)]
    Call(#[from] Error),
}

impl Runs<'_> {
    /// Waits until a run has ended, looking every second.
    ///
    /// # Errors
    /// [`WatchError`].
    pub async fn wait_for_completion(
        &self,
        run_id: &str,
        timeout: Duration,
    ) -> Result<RunStatus, WatchError> {
        self.wait_for(run_id, &Watch::within(timeout)).await
    }

    /// Waits until a run has ended, as the caller wishes. It is looked at once in any case.
    ///
    /// # Errors
    /// [`WatchError`].
    pub async fn wait_for(&self, run_id: &str, watch: &Watch) -> Result<RunStatus, WatchError> {
        let ends_at = Instant::now() + watch.timeout;
        loop {
            let run = self.get(run_id).await?;
            if watch.terminal.contains(&run.status) {
                return Ok(run);
            }
            let next = Instant::now() + watch.poll;
            if next > ends_at {
                sleep_until(ends_at).await;
                return Err(timed_out(run_id, run.status, watch));
            }
            sleep_until(next).await;
        }
    }

    /// What happens in a run, as it happens. After the run has ended, what is left of its trace is
    /// read until nothing more comes. Of a trace that is deeper than the platform lets it be read,
    /// the rest is left out, and a warning says so.
    ///
    /// The first error ends the stream.
    pub fn tail_trace(
        &self,
        run_id: &str,
        watch: &Watch,
    ) -> impl Stream<Item = Result<TraceEvent, WatchError>> + Send + use<> {
        let tail = Tail {
            kneo: self.0.clone(),
            run_id: run_id.to_owned(),
            watch: watch.clone(),
            ends_at: None,
            offset: 0,
            depth: TRACE_DEPTH,
            read: VecDeque::new(),
            ended: None,
        };
        stream::try_unfold(tail, |mut tail| async move {
            Ok(tail.next().await?.map(|event| (event, tail)))
        })
    }
}

fn timed_out(run_id: &str, last_status: RunState, watch: &Watch) -> WatchError {
    WatchError::TimedOut { run_id: run_id.to_owned(), last_status, timeout: watch.timeout }
}

/// A trace that is being followed.
struct Tail {
    kneo: Kneo,
    run_id: String,
    watch: Watch,
    ends_at: Option<Instant>,
    offset: u64,
    /// The deepest offset that the platform reads.
    depth: u64,
    read: VecDeque<TraceEvent>,
    /// The state in which the run ended, once that was seen.
    ended: Option<RunState>,
}

impl Tail {
    async fn next(&mut self) -> Result<Option<TraceEvent>, WatchError> {
        let ends_at = *self.ends_at.get_or_insert_with(|| Instant::now() + self.watch.timeout);
        loop {
            if let Some(event) = self.read.pop_front() {
                return Ok(Some(event));
            }
            if self.offset > self.depth {
                self.tell_that_it_is_cut_off();
                return Ok(None);
            }
            let page = PageRequest { offset: Some(self.offset), ..PageRequest::default() };
            let page = self.kneo.runs().trace(&self.run_id, &page).await?;
            let received = page.items.len() as u64;
            self.depth = page.window.unwrap_or(TRACE_DEPTH).min(TRACE_DEPTH);
            self.offset += received;
            self.read.extend(page.items);
            if received > 0 {
                continue;
            }
            if self.ended.is_some() {
                return Ok(None);
            }
            // What is written between this look and the next page is read by that page.
            let run = self.kneo.runs().get(&self.run_id).await?;
            if self.watch.terminal.contains(&run.status) {
                self.ended = Some(run.status);
                continue;
            }
            let next = Instant::now() + self.watch.poll;
            if next > ends_at {
                return Err(timed_out(&self.run_id, run.status, &self.watch));
            }
            sleep_until(next).await;
        }
    }

    fn tell_that_it_is_cut_off(&self) {
        let path = below(&self.run_id, "trace").to_string();
        let depth = self.depth;
        tracing::warn!(
            target: "steadfast::call",
            event = "trace_cut_off",
            logger = "kneo",
            path,
            "the platform shows the first {depth} events of a trace; the rest is left out"
        );
    }
}
