//! The search for the limit: what an empty bucket lets through until it is empty again.

use crate::time::Time;

/// With so many let through between two refusals the limit is known well enough: to one more or
/// less, so to half a percent.
const ENOUGH: u32 = 200;
/// The most that the rate grows in a round trip.
const GROWTH_MAX: f64 = 0.25;

/// A rate that has grown to so many times its mean, over at least so many, was a ramp.
const RAMP: f64 = 2.5;
const RAMP_MIN: u32 = 10;

/// What a refusal shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Finding {
    /// Nothing was measured.
    Nothing,
    /// The limit, to a few percent.
    Roughly(f64),
    /// The limit, to half a percent.
    Limit(f64),
}

/// What has been let through since the server's bucket was empty for the first time.
#[derive(Debug, Clone)]
pub(super) struct Search {
    since: Time,
    let_through: u32,
    /// To how many the limit is known: so many were let through until the last refusal.
    known: u32,
    /// Nothing was sent by the latest rate before that.
    grown_at: Time,
    ungrown: u32,
    /// The bucket may have run over meanwhile.
    spoilt: bool,
}

impl Search {
    /// The bucket is empty now, and the limit is known to one in so many.
    pub(super) fn new(known: u32, now: Time) -> Self {
        Self { since: now, let_through: 0, known, grown_at: now, ungrown: 0, spoilt: false }
    }

    /// Notes one that was let through, sent then, and says how much the rate grows. The less is
    /// known of the limit the more, so that the next refusal comes when a few times as many have
    /// been let through, whatever the limit is; and not before it shows what the last growth
    /// did.
    pub(super) fn let_through(&mut self, sent_at: Time, now: Time) -> f64 {
        self.let_through = self.let_through.saturating_add(1);
        self.ungrown += 1;
        if sent_at < self.grown_at {
            return 1.0;
        }
        let known = f64::from(self.known.max(1));
        let growth = 1.0 + (f64::from(self.ungrown) * 2.0 / (known * known)).min(GROWTH_MAX);
        (self.grown_at, self.ungrown) = (now, 0);
        growth
    }

    /// Notes that the bucket is empty again, at that rate of sending.
    pub(super) fn refused(&mut self, rate: f64, now: Time) -> Finding {
        let passed = (now - self.since).as_secs_f64();
        if self.spoilt || passed <= 0.0 {
            *self = Self::new(self.known, now);
            return Finding::Nothing;
        }
        (self.grown_at, self.ungrown) = (now, 0);
        self.known = self.let_through;
        let count = f64::from(self.let_through);
        let mean = (count + 0.5) / passed;
        if rate > mean * RAMP && self.let_through >= RAMP_MIN {
            // The rate had begun so far below the limit that the bucket ran over at first. The
            // limit lies in between.
            *self = Self::new(0, now);
            return Finding::Roughly((mean * rate).sqrt());
        }
        match self.let_through >= ENOUGH {
            true => Finding::Limit((count - 0.5) / passed),
            false => Finding::Roughly(mean),
        }
    }

    /// The bucket may have run over: what is let through from now on measures nothing.
    pub(super) fn spoil(&mut self) {
        self.spoilt = true;
    }
}
