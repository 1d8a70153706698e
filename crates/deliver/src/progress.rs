//! How far a delivery has come, for whoever shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use steadfast::Class;
use steadfast_ledger::{News, Settlement, State};

/// What a delivery is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    /// Reads the input.
    #[default]
    Reading,
    /// Makes writes of the rows.
    Grouping,
    /// Logs in.
    LoggingIn,
    /// Reads this list of the API, before anything is sent.
    Checking(String),
    /// Sends, and follows what was queued.
    Sending,
    /// All done.
    Done,
}

/// A look at a delivery.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What it is doing.
    pub phase: Phase,
    /// How much of the input has been read, in bytes.
    pub read_bytes: u64,
    /// How large the input is, in bytes.
    pub size_bytes: u64,
    /// Rows or objects read.
    pub rows: u64,
    /// Writes that were accepted.
    pub accepted: u64,
    /// Writes that have come to an end, by state.
    pub ended: BTreeMap<&'static str, u64>,
}

impl View {
    /// True if nothing is left to send, and queued writes are being looked for.
    #[must_use]
    pub fn is_confirming(&self) -> bool {
        let queued = self.ended.get(State::Queued.as_str()).copied().unwrap_or(0);
        self.phase == Phase::Sending && queued > 0 && self.ended_total() >= self.accepted
    }

    /// How many writes have come to an end or are queued.
    #[must_use]
    pub fn ended_total(&self) -> u64 {
        self.ended.values().sum()
    }
}

/// What happened in one second of the sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    /// Writes that took effect.
    pub applied: u64,
    /// Writes that were queued.
    pub queued: u64,
    /// Writes that ended otherwise.
    pub failed: u64,
    /// Attempts that did not succeed.
    pub faults: u64,
    /// How long was waited between attempts, in milliseconds, over all calls.
    pub waits_ms: u64,
}

/// Collects the news of a delivery.
#[derive(Debug)]
pub struct Progress {
    inside: Mutex<Inside>,
    started: Instant,
}

#[derive(Debug, Default)]
struct Inside {
    view: View,
    seconds: BTreeMap<u64, Second>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { inside: Mutex::default(), started: Instant::now() }
    }
}

impl Progress {
    /// A look at it now.
    #[must_use]
    pub fn view(&self) -> View {
        self.inside().view.clone()
    }

    /// How long it has been going on.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What happened in each second, by its number from the start. Seconds in which nothing
    /// happened are not there.
    #[must_use]
    pub fn seconds(&self) -> BTreeMap<u64, Second> {
        self.inside().seconds.clone()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.inside().view);
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.update(|view| view.phase = phase);
    }

    pub(crate) fn heard(&self, news: &News<'_>) {
        let second = self.started.elapsed().as_secs();
        let mut inside = self.inside();
        match news {
            News::Settled { settlement, attempts, .. } => {
                let state = settlement.state();
                let ended = &mut inside.view.ended;
                if !matches!(settlement, Settlement::Waiting { .. }) {
                    *ended.entry(state.as_str()).or_default() += 1;
                }
                let again = state == State::Queued && attempts.is_empty();
                if state == State::Confirmed || again {
                    let queued = ended.entry(State::Queued.as_str()).or_default();
                    *queued = queued.saturating_sub(1);
                }
                let second = inside.seconds.entry(second).or_default();
                match state {
                    State::Applied | State::Existing | State::Confirmed => second.applied += 1,
                    State::Queued if !again => second.queued += 1,
                    State::Rejected | State::Unknown | State::Held => second.failed += 1,
                    _ => {}
                }
                for attempt in *attempts {
                    let well = matches!(attempt.class, Class::Ok | Class::Queued);
                    second.faults += u64::from(!well);
                    second.waits_ms += attempt.wait.as_millis() as u64;
                }
            }
            News::HeldAll(count, _) => {
                *inside.view.ended.entry(State::Held.as_str()).or_default() += count;
            }
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
