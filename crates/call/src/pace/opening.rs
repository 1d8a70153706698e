//! Before the first refusal: no rate, but no flood either.

use std::time::Duration;

use crate::time::Time;

/// How many may be on their way at first.
const WINDOW_FIRST: f64 = 4.0;
/// How much an answer adds. An eighth: of what reaches an empty bucket before its first refusal
/// comes back, no more is wasted than about an eighth of what was let through before.
const WINDOW_GROWTH: f64 = 0.125;
/// From then on there is no limit that a window could find.
const WINDOW_LAST: f64 = 1_024.0;
/// When to ask again; an answer may come at any time.
const POLL: Duration = Duration::from_millis(1);
const POLL_MAX: Duration = Duration::from_millis(25);
/// After so long without any answer the count is not believed any more: callers went away
/// without saying so.
const LOST_AFTER: Duration = Duration::from_secs(35);
/// Over how long what is let through is measured.
const MEASURE: Duration = Duration::from_millis(1_000);
/// What is left of an earlier measure after each window, where the new one is lower.
const FORGET: f64 = 0.7;

/// How much is on its way, and how much may be.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    window: f64,
    flying: u32,
    answered_at: Time,
    measure_start: Time,
    measure_count: u32,
    measured: f64,
}

impl Opening {
    pub(super) fn new(now: Time) -> Self {
        Self {
            window: WINDOW_FIRST,
            flying: 0,
            answered_at: now,
            measure_start: now,
            measure_count: 0,
            measured: 0.0,
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// The instant at which to ask again, if there is none.
    pub(super) fn enter(&mut self, now: Time) -> Result<(), Time> {
        if self.flying == 0 {
            self.answered_at = now;
        }
        if now - self.answered_at >= LOST_AFTER {
            (self.flying, self.answered_at) = (0, now);
        }
        if f64::from(self.flying) + 1.0 > self.window {
            let silent = (now - self.answered_at) / 4;
            return Err(now + silent.clamp(POLL, POLL_MAX));
        }
        self.flying += 1;
        Ok(())
    }

    /// Takes back a place.
    pub(super) fn leave(&mut self) {
        self.flying = self.flying.saturating_sub(1);
    }

    pub(super) fn ended(&mut self, let_through: bool, now: Time) {
        self.leave();
        self.answered_at = now;
        if let_through {
            self.window = (self.window + WINDOW_GROWTH).min(WINDOW_LAST);
            if now - self.measure_start >= MEASURE {
                self.measured = self.rate(now).max(self.measured * FORGET);
                (self.measure_start, self.measure_count) = (now, 0);
            }
            self.measure_count += 1;
        }
    }

    /// What has been let through of late, a second.
    pub(super) fn rate(&self, now: Time) -> f64 {
        let passed = (now - self.measure_start).max(MEASURE).as_secs_f64();
        (f64::from(self.measure_count) / passed).max(self.measured)
    }
}
