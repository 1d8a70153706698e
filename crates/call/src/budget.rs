//! The retry budget of an account: what keeps many callers from multiplying an outage (I4).

use std::time::Duration;

use crate::time::Time;

/// Tokens that a success earns.
const EARNED_BY_SUCCESS: f64 = 0.1;
/// Tokens that time earns each second: the floor for low traffic.
const EARNED_BY_SECOND: f64 = 10.0;
/// No more tokens than this are kept.
const CAPACITY: f64 = 100.0;

/// Nobody is sent away for less than this.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// A token bucket. A retry costs one token; a success earns a tenth of one; time earns a few,
/// so that a caller who makes ten calls a day may still retry.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    tokens: f64,
    filled_at: Time,
}

impl Budget {
    /// A full bucket.
    #[must_use]
    pub(crate) fn new(now: Time) -> Self {
        Self { tokens: CAPACITY, filled_at: now }
    }

    /// Pays for a retry.
    ///
    /// # Errors
    /// The instant at which there will be a token, if there is none now.
    pub(crate) fn pay(&mut self, now: Time) -> Result<(), Time> {
        let passed = (now - self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * EARNED_BY_SECOND).min(CAPACITY);
        self.filled_at = self.filled_at.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // A token that is all but there must not be waited for no time at all, again and again.
        let missing = Duration::from_secs_f64((1.0 - self.tokens) / EARNED_BY_SECOND);
        Err(now + missing.max(WAIT_MIN))
    }

    /// Takes back a token that was paid for a retry that was never sent.
    pub(crate) fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(CAPACITY);
    }

    /// Notes an attempt that was answered as it should be.
    pub(crate) fn earn(&mut self) {
        self.tokens = (self.tokens + EARNED_BY_SUCCESS).min(CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_total_failure_only_the_floor_is_left() {
        let mut budget = Budget::new(Time::default());
        let mut paid = 0;
        for ms in 0..60_000 {
            if budget.pay(Time::from_millis(ms)).is_ok() {
                paid += 1;
            }
        }
        assert!((690..=705).contains(&paid), "100 at first, then 10 a second: {paid}");
    }

    #[test]
    fn successes_pay_for_a_tenth_of_their_number() {
        let mut budget = Budget::new(Time::default());
        while budget.pay(Time::default()).is_ok() {}
        for _ in 0..1_000 {
            budget.earn();
        }
        let mut paid = 0;
        while budget.pay(Time::default()).is_ok() {
            paid += 1;
        }
        assert!((99..=100).contains(&paid), "{paid}");
    }

    /// Found wrong: what was left of a token could be so little that the instant to come back at
    /// was now.
    #[test]
    fn the_wait_for_a_token_is_never_nothing() {
        let mut budget = Budget { tokens: 1.0 - f64::EPSILON, filled_at: Time::default() };
        let at = budget.pay(Time::default()).unwrap_err();
        assert!(at > Time::default());
        assert!(budget.pay(at).is_ok());
    }

    #[test]
    fn an_empty_bucket_says_when_to_come_back() {
        let mut budget = Budget::new(Time::default());
        while budget.pay(Time::default()).is_ok() {}
        let at = budget.pay(Time::default()).unwrap_err();
        assert!(budget.pay(at).is_ok());
    }
}
