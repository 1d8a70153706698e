//! The breaker of an account: while the service is plainly not there, nobody calls it but one
//! probe at a time.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Time;

/// How many of the latest attempts are looked at.
const WINDOW: usize = 20;
/// How many of them have to have failed.
const FAILED_MIN: usize = 16;
/// From how many different calls the failures have to come, so that one poisonous write that
/// always earns a 500 does not shut out everybody.
const CALLS_MIN: usize = 6;
/// How long it stays open the first time; it doubles up to the last.
const OPEN_FIRST: Duration = Duration::from_secs(1);
const OPEN_LAST: Duration = Duration::from_secs(30);
/// A probe that has not come back by then is taken for lost, and another may go.
const PROBE_LOST_AFTER: Duration = Duration::from_secs(35);

/// Whether calls may go out.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    recent: VecDeque<(u64, bool)>,
    state: State,
    open_for: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Time },
    Probing { lost_at: Time },
}

impl Default for Breaker {
    fn default() -> Self {
        Self { recent: VecDeque::with_capacity(WINDOW), state: State::Closed, open_for: OPEN_FIRST }
    }
}

impl Breaker {
    /// When to ask again, if nothing may go out now. Asking takes nothing.
    #[must_use]
    pub(crate) fn refusal(&self, now: Time) -> Option<Time> {
        match self.state {
            State::Open { until } if now < until => Some(until),
            // A probe that never reported back (its caller went away) must not wedge the breaker.
            State::Probing { lost_at } if now < lost_at => Some(lost_at.min(now + OPEN_FIRST)),
            State::Closed | State::Open { .. } | State::Probing { .. } => None,
        }
    }

    /// Asks to send. True if what goes out now is the probe.
    ///
    /// # Errors
    /// The instant at which to ask again.
    pub(crate) fn permit(&mut self, now: Time) -> Result<bool, Time> {
        if let Some(at) = self.refusal(now) {
            return Err(at);
        }
        let probe = self.state != State::Closed;
        if probe {
            self.state = State::Probing { lost_at: now + PROBE_LOST_AFTER };
        }
        Ok(probe)
    }

    /// The probe was called off: the next one may go at once.
    pub(crate) fn release(&mut self, now: Time) {
        if matches!(self.state, State::Probing { .. }) {
            self.state = State::Open { until: now };
        }
    }

    /// Notes how an attempt of a call ended: `up` if the service answered as a service that
    /// is there does, whatever it said.
    pub(crate) fn note(&mut self, call: u64, up: bool, now: Time) {
        if up {
            if self.state != State::Closed {
                self.recent.clear();
            }
            self.state = State::Closed;
            self.open_for = OPEN_FIRST;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back((call, up));
        match self.state {
            State::Probing { .. } if !up => self.open(now),
            State::Closed if self.tripped() => self.open(now),
            State::Closed | State::Open { .. } | State::Probing { .. } => {}
        }
    }

    /// True while nothing but a probe may go out.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    fn open(&mut self, now: Time) {
        self.state = State::Open { until: now + self.open_for };
        self.open_for = (self.open_for * 2).min(OPEN_LAST);
    }

    fn tripped(&self) -> bool {
        let mut calls: Vec<u64> =
            self.recent.iter().filter(|(_, up)| !up).map(|(call, _)| *call).collect();
        if calls.len() < FAILED_MIN {
            return false;
        }
        calls.sort_unstable();
        calls.dedup();
        calls.len() >= CALLS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        for call in 0..16 {
            breaker.note(call, false, at(0));
        }
        assert!(breaker.is_open());
        breaker
    }

    #[test]
    fn one_poisonous_write_does_not_open_it() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.note(7, false, at(0));
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn half_open_it_lets_one_probe_through() {
        let mut breaker = open();
        assert!(breaker.permit(at(999)).is_err());
        assert!(breaker.permit(at(1_000)).is_ok());
        assert!(breaker.permit(at(1_000)).is_err(), "the probe is out");
        breaker.note(99, true, at(1_100));
        assert!(!breaker.is_open());
        assert!(breaker.permit(at(1_100)).is_ok());
    }

    #[test]
    fn a_failed_probe_doubles_the_time() {
        let mut breaker = open();
        assert!(breaker.permit(at(1_000)).is_ok());
        breaker.note(99, false, at(1_000));
        assert_eq!(breaker.permit(at(1_000)), Err(at(3_000)));
    }

    #[test]
    fn a_probe_that_is_called_off_leaves_its_place_to_the_next() {
        let mut breaker = open();
        assert_eq!(breaker.permit(at(1_000)), Ok(true));
        breaker.release(at(1_100));
        assert_eq!(breaker.permit(at(1_100)), Ok(true));
        assert!(breaker.permit(at(1_100)).is_err());
    }

    #[test]
    fn a_probe_that_never_returns_does_not_wedge_it() {
        let mut breaker = open();
        assert!(breaker.permit(at(1_000)).is_ok());
        assert!(breaker.permit(at(30_000)).is_err());
        assert!(breaker.permit(at(36_001)).is_ok());
    }
}
