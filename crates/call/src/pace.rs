//! Pacing: send just under the server's limit, across all calls of an account.
//!
//! Nothing tells a limit that no header names, but being refused does. So:
//!
//! - **Opening.** Until the first 429 nothing is held back but a flood: how many attempts are on
//!   their way at once grows with what has been answered. Whoever sends hundreds at once to a
//!   server that lets through twenty has most of them refused, and these then wait.
//! - **Looking.** A bucket that refuses is empty. What it lets through until it refuses again is
//!   what flowed in meanwhile, whatever the rate of sending was: the limit is that number over
//!   that time, to one more or less. Each refusal makes it more exact, and the rate follows it.
//! - **Holding.** Once it is known well enough the rate stays just under it. Only after a quiet
//!   while it grows, slowly at first, since the limit may have been raised.
//!
//! A 429 holds back the one call by its hint, and everybody by the rate, never everybody by the
//! hint: that would leave unused what the server allows in between.

mod opening;
mod search;

use std::time::Duration;

use crate::time::Time;

use opening::Opening;
use search::{Finding, Search};

/// The rate is never cut below this, in sends a second.
const RATE_MIN: f64 = 1.0;
/// Beyond this nobody needs to be held back.
const RATE_MAX: f64 = 1_000_000.0;
/// The rate with which the search begins, where little had been sent before the first refusal.
const RATE_FIRST: f64 = 100.0;
/// No slot is given away that lies further ahead: the rate may be another until then.
const AHEAD: Duration = Duration::from_millis(5);
/// Whoever gets no slot asks again when those before have got theirs, and sooner than after so
/// many slots, within these bounds: the rate may have grown.
const ASK_AGAIN_SLOTS: f64 = 4.0;
const ASK_AGAIN_MIN: Duration = Duration::from_millis(25);
const ASK_AGAIN_MAX: Duration = Duration::from_millis(250);
/// What is kept below a limit that has been found.
const UNDER: f64 = 0.99;
/// How long, and for how many sends, a found limit is kept to before it is tried whether there is
/// more.
const QUIET: Duration = Duration::from_secs(15);
const QUIET_SENDS: u32 = 500;
/// How much the rate grows in the first second after that; in the next it is twice as much.
const GROWTH: f64 = 0.01;
/// Refused at a rate that has grown by less, the limit is what it was: the server's bucket was
/// full, and is empty now. Having grown by more, it is another.
const GROWN: f64 = 1.3;
/// What is left of the rate when it is refused after all.
const CUT: f64 = 0.97;
/// To one in how many a limit is known that was found before and is refused now.
const KNOWN_AGAIN: u32 = 30;
/// From when on a time in which nobody wanted to send counts as one: what flowed into the
/// server's bucket meanwhile may have run over, so that it measures nothing.
const IDLE: Duration = Duration::from_millis(100);

/// What is left of a window is spread once it is no more than this share of it; where the window
/// is not told, than this many.
const SCARCE_SHARE: f64 = 0.1;
const SCARCE: f64 = 10.0;
/// A window that ends no later than so much after another is the same.
const SAME_WINDOW: Duration = Duration::from_millis(1_500);
/// No longer than this is waited because of a limit that was told ahead.
const TOLD_MAX: Duration = Duration::from_secs(60);
/// Nobody is sent away for less than this.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// A rate limiter that learns.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    phase: Phase,
    /// Sends a second; none until the first 429 or if the user set none.
    rate: Option<f64>,
    ceiling: Option<f64>,
    next_slot: Time,
    /// How many slots were given away, and how many callers wait for one.
    served: u64,
    waiting: u64,
    /// Slots of an earlier round were given away at a rate that was too high.
    round: u32,
    /// Refusals of what was sent before this say nothing new.
    learned_at: Option<Time>,
    told: Option<Told>,
}

/// What the server told of its limit ahead of a refusal.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// How many more may be sent until then.
    left: f64,
    until: Time,
    next: Time,
}

#[derive(Debug, Clone)]
enum Phase {
    Opening(Opening),
    Looking(Search),
    Holding(Hold),
}

/// A limit that has been found.
#[derive(Debug, Clone)]
struct Hold {
    /// The rate when it was found.
    base: f64,
    quiet_until: Time,
    quiet_sends: u32,
    grown_at: Time,
}

impl Hold {
    fn new(base: f64, now: Time) -> Self {
        Self { base, quiet_until: now + QUIET, quiet_sends: QUIET_SENDS, grown_at: now }
    }

    /// By how much the rate grows now.
    fn growth(&mut self, now: Time) -> f64 {
        let passed = (now - self.grown_at).as_secs_f64().min(1.0);
        self.grown_at = self.grown_at.max(now);
        if self.quiet_sends > 0 {
            self.quiet_until = self.quiet_until.max(now);
        }
        let seconds = (now - self.quiet_until).as_secs_f64().ceil();
        1.0 + GROWTH * seconds * passed
    }
}

impl Pace {
    /// No pace, or the ceiling that the user set, in sends a second.
    #[must_use]
    pub(crate) fn new(ceiling: Option<f64>, now: Time) -> Self {
        let ceiling = ceiling.filter(|rate| rate.is_finite() && *rate > 0.0);
        Self {
            phase: Phase::Opening(Opening::new(now)),
            rate: ceiling,
            ceiling,
            next_slot: now,
            served: 0,
            waiting: 0,
            round: 0,
            learned_at: None,
            told: None,
        }
    }

    /// Takes the next slot and says when it is. Whoever gets none is given a place in the queue
    /// to come back with.
    ///
    /// # Errors
    /// The instant at which to ask again, if the next slot is too far ahead to be given away.
    pub(crate) fn slot(&mut self, now: Time, place: &mut Option<u64>) -> Result<Time, Time> {
        self.keep_to_what_was_told(now)?;
        if let Phase::Opening(opening) = &mut self.phase
            && self.ceiling.is_none()
        {
            return opening.enter(now).map(|()| now);
        }
        let Some(mut rate) = self.rate else { return Ok(now) };
        if now - self.next_slot > IDLE {
            self.idled(now);
        }
        if let Phase::Holding(hold) = &mut self.phase {
            rate = limited(rate * hold.growth(now), self.ceiling);
            self.rate = Some(rate);
        }
        let slot = self.next_slot.max(now);
        if slot > now + AHEAD {
            return Err(self.queue(slot, rate, now, place));
        }
        self.leave_queue(place);
        self.served += 1;
        self.next_slot = slot + Duration::from_secs_f64(1.0 / rate);
        Ok(slot)
    }

    /// Notes what the server said of its limit: of so many that a window has, so many are left,
    /// and it ends after that time. What is on its way already is not counted in.
    pub(crate) fn hear(&mut self, limit: Option<f64>, remaining: f64, reset: Duration, now: Time) {
        let until = now + reset.min(TOLD_MAX);
        let scarce = limit.map_or(SCARCE, |limit| (limit * SCARCE_SHARE).max(1.0));
        if remaining > scarce || reset.is_zero() {
            self.told = None;
            return;
        }
        // Of one window the answers may come in any order: the least that was left counts.
        let before = self.told.filter(|told| until - told.until <= SAME_WINDOW);
        let left = before.map_or(remaining, |told| told.left.min(remaining));
        let next = before.map_or(now, |told| told.next);
        self.told = Some(Told { left, until, next });
    }

    /// Spreads what is left over the rest of the window, and waits for the next one when nothing
    /// is.
    fn keep_to_what_was_told(&mut self, now: Time) -> Result<(), Time> {
        let Some(told) = &mut self.told else { return Ok(()) };
        if now >= told.until {
            self.told = None;
            return Ok(());
        }
        if told.left < 1.0 {
            return Err(told.until);
        }
        if now < told.next {
            return Err(told.next.min(told.until));
        }
        told.next = now + (told.until - now).div_f64(told.left.max(1.0));
        told.left -= 1.0;
        Ok(())
    }

    /// When to ask again: one after the other, so that not all of them ask for the same slot.
    fn queue(&mut self, slot: Time, rate: f64, now: Time, place: &mut Option<u64>) -> Time {
        let place = *place.get_or_insert_with(|| {
            self.waiting += 1;
            self.served + self.waiting - 1
        });
        let before = place.saturating_sub(self.served) as f64;
        let latest = Duration::from_secs_f64(ASK_AGAIN_SLOTS / rate);
        let latest = now + latest.clamp(ASK_AGAIN_MIN, ASK_AGAIN_MAX);
        let turn = (slot + Duration::from_secs_f64((before / rate).min(60.0))).to_duration();
        // Where the next slot lies further ahead than that, nobody needs to ask before it.
        let turn = Time::since_epoch(turn.saturating_sub(AHEAD));
        turn.min(latest.max(Time::since_epoch(slot.to_duration().saturating_sub(AHEAD))))
            .max(now + WAIT_MIN)
    }

    /// Whoever waited for a slot does so no more.
    pub(crate) fn leave_queue(&mut self, place: &mut Option<u64>) {
        if place.take().is_some() {
            self.waiting = self.waiting.saturating_sub(1);
        }
    }

    /// True if a slot that was given away in that round may still be used.
    #[must_use]
    pub(crate) fn is_of_this_round(&self, round: u32) -> bool {
        self.round == round
    }

    /// The round that slots are given away in.
    #[must_use]
    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    /// Takes back a slot that was not used, so that those who come later do not wait for nobody.
    pub(crate) fn give_back(&mut self, now: Time) {
        match (&mut self.phase, self.rate) {
            (Phase::Opening(opening), None) => opening.leave(),
            (_, Some(rate)) => {
                let earlier = self
                    .next_slot
                    .to_duration()
                    .saturating_sub(Duration::from_secs_f64(1.0 / rate));
                self.next_slot = Time::since_epoch(earlier).max(now);
            }
            (_, None) => {}
        }
    }

    /// Notes that an attempt, sent then, ended: `let_through` if the server's limit was not what ended it.
    pub(crate) fn ended(&mut self, let_through: bool, sent_at: Time, now: Time) {
        match &mut self.phase {
            Phase::Opening(opening) => opening.ended(let_through, now),
            Phase::Looking(search) if let_through => {
                let growth = search.let_through(sent_at, now);
                if self.next_slot > now
                    && let Some(rate) = self.rate
                {
                    self.rate = Some(limited(rate * growth, self.ceiling));
                }
            }
            Phase::Holding(hold) if let_through => {
                hold.quiet_sends = hold.quiet_sends.saturating_sub(1);
            }
            Phase::Looking(_) | Phase::Holding(_) => {}
        }
    }

    /// Notes that the server refused an attempt, sent then, because there were too many.
    pub(crate) fn refused(&mut self, sent_at: Time, now: Time) {
        self.ended(false, sent_at, now);
        if self.learned_at.is_some_and(|learned| sent_at < learned) {
            return;
        }
        self.learned_at = Some(now);
        let rate = self.rate.unwrap_or(RATE_FIRST);
        let rate = match &mut self.phase {
            Phase::Opening(opening) => {
                let rate = opening.rate(now).max(RATE_FIRST);
                self.phase = Phase::Looking(Search::new(0, now));
                rate
            }
            Phase::Looking(search) => match search.refused(rate, now) {
                Finding::Nothing => rate * CUT,
                Finding::Roughly(limit) => limit,
                Finding::Limit(limit) => {
                    self.phase = Phase::Holding(Hold::new(limit * UNDER, now));
                    limit * UNDER
                }
            },
            Phase::Holding(hold) if rate > hold.base && rate < hold.base * GROWN => {
                *hold = Hold::new(hold.base, now);
                hold.base
            }
            Phase::Holding(_) => {
                self.phase = Phase::Looking(Search::new(KNOWN_AGAIN, now));
                rate * CUT
            }
        };
        let rate = limited(rate, self.ceiling);
        self.rate = Some(rate);
        // The bucket is empty now.
        self.next_slot = now + Duration::from_secs_f64(1.0 / rate);
        self.round = self.round.wrapping_add(1);
    }

    /// The rate that is kept to, in sends a second.
    #[must_use]
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    fn idled(&mut self, now: Time) {
        match &mut self.phase {
            Phase::Opening(_) => {}
            Phase::Looking(search) => search.spoil(),
            Phase::Holding(hold) => {
                hold.quiet_until = hold.quiet_until + (now - hold.grown_at);
                hold.grown_at = now;
            }
        }
    }
}

fn limited(rate: f64, ceiling: Option<f64>) -> f64 {
    rate.clamp(RATE_MIN, RATE_MAX).min(ceiling.unwrap_or(RATE_MAX))
}

#[cfg(test)]
mod tests;
