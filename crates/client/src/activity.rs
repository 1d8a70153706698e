use std::collections::BTreeMap;
use std::sync::Mutex;

use steadfast_call::Why;

/// What a client is doing right now, for a progress line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Activity {
    /// Calls that are sending, or about to.
    pub active: usize,
    /// Calls that wait for something else than a slot: for a write to settle, after a fault, for
    /// an instant that the API named. They leave room for others.
    pub parked: usize,
    /// Calls that wait, by what they wait for.
    pub waiting: BTreeMap<&'static str, usize>,
    /// Calls that wait for proof that no locked run hides their write.
    pub waiting_for_lock: usize,
    /// The last fault, in words, such as `503`.
    pub last_fault: Option<String>,
    /// The latest that is known is that writes are being queued.
    pub tables_locked: bool,
    /// The service is taken to be away.
    pub breaker_open: bool,
    /// The rate that is kept to, in sends a second.
    pub rate: Option<f64>,
    /// Attempts of all calls so far.
    pub attempts: u64,
}

/// The counters behind [`Activity`].
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    active: usize,
    waiting: [usize; 7],
    last_fault: Option<String>,
    attempts: u64,
}

/// What a call is doing. Dropping it takes the call off the count, however the call ended.
#[derive(Debug)]
pub(crate) struct Place<'c> {
    counters: &'c Counters,
    waits: Option<usize>,
}

const ORDER: [Why; 7] =
    [Why::Backoff, Why::Hint, Why::Breaker, Why::Pace, Why::Budget, Why::Settle, Why::Lock];

/// Those who wait for a slot are about to send; the others make room for other calls.
fn is_parked(why: Why) -> bool {
    match why {
        Why::Backoff | Why::Hint | Why::Settle | Why::Lock => true,
        Why::Breaker | Why::Pace | Why::Budget => false,
    }
}

impl Counters {
    pub(crate) fn enter(&self) -> Place<'_> {
        self.with(|counts| counts.active += 1);
        Place { counters: self, waits: None }
    }

    pub(crate) fn note_attempt(&self, fault: Option<String>) {
        self.with(|counts| {
            counts.attempts += 1;
            if fault.is_some() {
                counts.last_fault = fault;
            }
        });
    }

    pub(crate) fn read(&self) -> Activity {
        self.with(|counts| {
            let named = ORDER.iter().zip(counts.waiting).filter(|(_, n)| *n > 0);
            let unparked: usize = ORDER
                .iter()
                .zip(counts.waiting)
                .filter(|(w, _)| !is_parked(**w))
                .map(|(_, n)| n)
                .sum();
            Activity {
                active: counts.active + unparked,
                parked: counts.waiting.iter().sum::<usize>() - unparked,
                waiting: named.map(|(why, n)| (why.as_str(), n)).collect(),
                waiting_for_lock: counts.waiting[6],
                last_fault: counts.last_fault.clone(),
                attempts: counts.attempts,
                ..Activity::default()
            }
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Counts) -> T) -> T {
        // Counting cannot fail a call: a poisoned lock still counts.
        f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Place<'_> {
    pub(crate) fn waits(&mut self, why: Why) {
        let index = ORDER.iter().position(|w| *w == why);
        let before = std::mem::replace(&mut self.waits, index);
        self.counters.with(|counts| {
            leave(counts, before);
            enter(counts, index);
        });
    }

    pub(crate) fn works(&mut self) {
        if let before @ Some(_) = self.waits.take() {
            self.counters.with(|counts| {
                leave(counts, before);
                enter(counts, None);
            });
        }
    }
}

fn leave(counts: &mut Counts, place: Option<usize>) {
    match place {
        Some(index) => counts.waiting[index] -= 1,
        None => counts.active -= 1,
    }
}

fn enter(counts: &mut Counts, place: Option<usize>) {
    match place {
        Some(index) => counts.waiting[index] += 1,
        None => counts.active += 1,
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let place = self.waits;
        self.counters.with(|counts| leave(counts, place));
    }
}
