//! Pacing: send just under the server's limit, across all calls of an account.
//!
//! Additive increase, multiplicative decrease. Nothing is held back until the first 429; then
//! the rate is cut below what was being sent and grows slowly while nothing is refused.

use std::time::Duration;

use crate::time::Time;

/// What is left of the rate after a 429.
const CUT: f64 = 0.85;
/// What a second without a 429 adds, as a share of the rate: much while the limit is still
/// being looked for, little once it has been met a few times.
const GROWTH_LOOKING: f64 = 0.40;
const GROWTH_FOUND: f64 = 0.04;
/// After this many cuts the limit counts as found.
const CUTS_TO_FIND: u32 = 3;
/// 429s within this time of a cut are answers to what was sent before it.
const CUT_EVERY: Duration = Duration::from_millis(1_000);
/// The rate is never cut below this.
const RATE_MIN: f64 = 1.0;
/// Over how long the rate that is being sent is measured.
const MEASURE: Duration = Duration::from_millis(1_000);
/// What is left of an earlier measure after each window, where the new one is lower.
const FORGET: f64 = 0.7;
/// No slot is given away that lies further ahead: the rate may have grown until then.
const AHEAD: Duration = Duration::from_millis(100);

/// A rate limiter that learns.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Sends a second; none until the first 429 or if the user set none.
    rate: Option<f64>,
    ceiling: Option<f64>,
    next_slot: Time,
    grown_at: Time,
    cut_at: Option<Time>,
    cuts: u32,
    window_start: Time,
    window_sent: u32,
    measured: f64,
}

impl Pace {
    /// No pace, or the ceiling that the user set, in sends a second.
    #[must_use]
    pub(crate) fn new(ceiling: Option<f64>, now: Time) -> Self {
        let ceiling = ceiling.filter(|rate| rate.is_finite() && *rate > 0.0);
        Self {
            rate: ceiling,
            ceiling,
            next_slot: now,
            grown_at: now,
            cut_at: None,
            cuts: 0,
            window_start: now,
            window_sent: 0,
            measured: 0.0,
        }
    }

    /// Takes the next slot and says when it is.
    ///
    /// # Errors
    /// The instant at which to ask again, if the next slot is too far ahead to be given away.
    pub(crate) fn slot(&mut self, now: Time) -> Result<Time, Time> {
        let Some(rate) = self.rate else {
            self.measure(now);
            return Ok(now);
        };
        let grown = (now - self.grown_at).as_secs_f64();
        let growth = if self.cuts < CUTS_TO_FIND { GROWTH_LOOKING } else { GROWTH_FOUND };
        let rate =
            (rate * (1.0 + growth * grown.min(10.0))).min(self.ceiling.unwrap_or(f64::INFINITY));
        self.rate = Some(rate);
        self.grown_at = self.grown_at.max(now);
        let slot = self.next_slot.max(now);
        if slot > now + AHEAD {
            return Err(now + AHEAD);
        }
        self.measure(now);
        self.next_slot = slot + Duration::from_secs_f64(1.0 / rate);
        Ok(slot)
    }

    /// Takes back a slot that was not used, so that those who come later do not wait for nobody.
    pub(crate) fn give_back(&mut self, now: Time) {
        if let Some(rate) = self.rate {
            let earlier =
                self.next_slot.to_duration().saturating_sub(Duration::from_secs_f64(1.0 / rate));
            self.next_slot = Time::since_epoch(earlier).max(now);
        }
    }

    /// Notes that the server refused an attempt because there were too many.
    pub(crate) fn refused(&mut self, now: Time) {
        if self.cut_at.is_some_and(|cut| now - cut < CUT_EVERY) {
            return;
        }
        self.cut_at = Some(now);
        self.cuts += 1;
        // A window that has only just begun, or in which we waited, says little: the best of the
        // last few is what was being sent when the server had enough.
        let sent = self.measured.max(f64::from(self.window_sent)).max(RATE_MIN);
        let rate = self.rate.map_or(sent, |rate| rate.min(sent.max(rate * 0.5)));
        self.rate = Some((rate * CUT).max(RATE_MIN));
        self.grown_at = now;
    }

    /// The rate that is kept to, in sends a second.
    #[must_use]
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    fn measure(&mut self, now: Time) {
        let passed = now - self.window_start;
        if passed >= MEASURE {
            let measured = f64::from(self.window_sent) / passed.as_secs_f64();
            self.measured = measured.max(self.measured * FORGET);
            self.window_start = now;
            self.window_sent = 0;
        }
        self.window_sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_held_back_before_the_first_refusal() {
        let mut pace = Pace::new(None, Time::default());
        for _ in 0..1_000 {
            assert_eq!(pace.slot(Time::default()), Ok(Time::default()));
        }
    }

    #[test]
    fn a_ceiling_spaces_the_sends() {
        let mut pace = Pace::new(Some(20.0), Time::default());
        let slots: Vec<_> = (0..4).map(|_| pace.slot(Time::default())).collect();
        let at = Time::from_millis;
        assert_eq!(slots, [Ok(at(0)), Ok(at(50)), Ok(at(100)), Err(at(100))]);
        assert_eq!(pace.slot(at(100)), Ok(at(150)));
    }

    #[test]
    fn slots_that_are_given_back_are_used_by_others() {
        let mut pace = Pace::new(Some(10.0), Time::default());
        for _ in 0..100 {
            let _ = pace.slot(Time::default());
        }
        for _ in 0..100 {
            pace.give_back(Time::default());
        }
        assert_eq!(pace.slot(Time::default()), Ok(Time::default()));
    }

    #[test]
    fn one_refusal_after_a_pause_does_not_bring_everything_to_a_halt() {
        let mut pace = Pace::new(None, Time::default());
        for ms in 0..1_000 {
            let _ = pace.slot(Time::from_millis(ms));
        }
        let _ = pace.slot(Time::from_millis(1_900));
        pace.refused(Time::from_millis(1_900));
        assert!(pace.rate().unwrap() > 300.0, "{:?}", pace.rate());
    }

    /// A server that allows 50 a second in a bucket of 10, and 64 callers who want more.
    #[test]
    fn it_settles_just_under_the_servers_limit() {
        let mut pace = Pace::new(None, Time::default());
        let (mut tokens, mut filled, mut sent, mut refused) = (10.0_f64, 0_u64, 0, 0);
        let mut due: Vec<u64> = vec![0; 64];
        let end = 60_000;
        while let Some(at) = due.iter().copied().min().filter(|at| *at < end) {
            let caller = due.iter().position(|d| *d == at).unwrap();
            let millis = |time: Time| time.to_duration().as_millis() as u64;
            let slot = match pace.slot(Time::from_millis(at)) {
                Ok(slot) => millis(slot).max(at),
                Err(again) => {
                    due[caller] = millis(again).max(at + 1);
                    continue;
                }
            };
            tokens = (tokens + (slot.saturating_sub(filled)) as f64 * 0.05).min(10.0);
            filled = filled.max(slot);
            sent += 1;
            if tokens >= 1.0 {
                tokens -= 1.0;
                due[caller] = slot + 5;
            } else {
                refused += 1;
                pace.refused(Time::from_millis(slot));
                due[caller] = slot + 1_000;
            }
        }
        let accepted = sent - refused;
        assert!(accepted > 2_100, "of 3,000 possible: {accepted}");
        assert!(refused < accepted / 5, "{refused} refused of {sent}");
    }
}
