//! Many seeds, on a few threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::checker::Violation;
use crate::engine::Leg;
use crate::plan::Plan;
use crate::run::run;

/// One seed in so many is run twice, and both times have to be alike (I8).
const TWICE_EVERY: u64 = 64;

/// What came of a campaign.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many worlds ran.
    pub worlds: u64,
    /// How many calls they made.
    pub calls: u64,
    /// How many exchanges those took.
    pub exchanges: u64,
    /// The seeds that broke an invariant, and which.
    pub failures: Vec<(u64, Violation)>,
}

impl Tally {
    fn add(&mut self, seed: u64, leg: Leg) {
        let plan = Plan::draw(seed);
        let wrong = |text: String| Violation { invariant: "I2", text };
        self.worlds += 1;
        self.calls += plan.calls.len() as u64;
        match run(&plan, leg, false) {
            Err(text) => self.failures.push((seed, wrong(text))),
            Ok(report) => {
                self.exchanges += report.exchanges;
                self.failures.extend(report.violation.map(|violation| (seed, violation)));
                if seed.is_multiple_of(TWICE_EVERY) && !is_the_same(&plan, leg, report.hash) {
                    let text = "the same seed ran another way".to_owned();
                    self.failures.push((seed, Violation { invariant: "I8", text }));
                }
            }
        }
    }
}

fn is_the_same(plan: &Plan, leg: Leg, hash: u64) -> bool {
    run(plan, leg, false).is_ok_and(|again| again.hash == hash)
}

/// Runs so many seeds from one on. `told` hears of every world that ended, with all there were
/// by then; it stops the campaign by answering false.
pub fn campaign(
    from: u64,
    seeds: u64,
    threads: usize,
    leg: Leg,
    told: impl Fn(&Tally) -> bool + Sync,
) -> Tally {
    let next = AtomicU64::new(from);
    let all = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(seeds) {
                        return;
                    }
                    let mut one = Tally::default();
                    one.add(seed, leg);
                    let mut all = all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    all.worlds += one.worlds;
                    all.calls += one.calls;
                    all.exchanges += one.exchanges;
                    all.failures.append(&mut one.failures);
                    if !told(&all) {
                        next.store(u64::MAX, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.failures.sort_by_key(|(seed, _)| *seed);
    all
}
