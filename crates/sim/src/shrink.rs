//! Makes a plan that fails as short as it can: takes out calls, faults and happenings, half of
//! them at first and then one by one, and makes plain what is left, while it still fails.

use crate::engine::Leg;
use crate::plan::{Fate, Plan, Quirks};
use crate::run::run;

/// A plan is not tried out more often than that.
const RUNS_MAX: u32 = 3_000;

/// The shortest plan that could be found which breaks the same invariant; the plan itself if it
/// breaks none.
#[must_use]
pub fn shrink(plan: &Plan, leg: Leg) -> Plan {
    let broken = |plan: &Plan| {
        run(plan, leg, false).ok().and_then(|report| report.violation).map(|found| found.invariant)
    };
    let Some(invariant) = broken(plan) else { return plan.clone() };
    let mut runs = 0;
    let fails = |plan: &Plan| {
        runs += 1;
        runs <= RUNS_MAX && broken(plan) == Some(invariant)
    };
    let mut shrinker = Shrinker { plan: plan.clone(), fails };
    loop {
        let before = shrinker.plan.clone();
        shrinker.drop_parts(|plan| &mut plan.calls);
        shrinker.drop_parts(|plan| &mut plan.happenings);
        shrinker.drop_parts(|plan| &mut plan.faults);
        shrinker.plain_world();
        shrinker.plain_calls();
        shrinker.plain_faults();
        if shrinker.plan == before {
            return before;
        }
    }
}

struct Shrinker<F> {
    plan: Plan,
    fails: F,
}

impl<F: FnMut(&Plan) -> bool> Shrinker<F> {
    /// Keeps the change if the plan fails with it, too.
    fn try_out(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut changed = self.plan.clone();
        change(&mut changed);
        let kept = changed != self.plan && (self.fails)(&changed);
        if kept {
            self.plan = changed;
        }
        kept
    }

    fn drop_parts<T>(&mut self, parts: impl Fn(&mut Plan) -> &mut Vec<T>) {
        let mut size = parts(&mut self.plan).len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < parts(&mut self.plan).len() {
                let end = (at + size).min(parts(&mut self.plan).len());
                let dropped = self.try_out(|plan| {
                    parts(plan).drain(at..end);
                });
                if !dropped {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn plain_world(&mut self) {
        self.try_out(|plan| plan.quirks = Quirks::default());
        self.try_out(|plan| plan.documented = false);
        self.try_out(|plan| plan.quirks.unique = false);
        self.try_out(|plan| plan.quirks.filter_ignored = false);
        self.try_out(|plan| plan.quirks.page_rows_max = None);
        self.try_out(|plan| plan.quirks.session_ms = None);
        self.try_out(|plan| plan.quirks.skew_s = 0);
        self.try_out(|plan| plan.quirks.limit_per_s = None);
        self.try_out(|plan| plan.quirks.wrong_password = false);
        self.try_out(|plan| plan.quirks.quotes_secrets = false);
        self.try_out(|plan| plan.quirks.slow = false);
        self.try_out(|plan| plan.quirks.no_witness = false);
    }

    fn plain_calls(&mut self) {
        for at in 0..self.plan.calls.len() {
            self.try_out(|plan| plan.calls[at].again = 0);
            self.try_out(|plan| plan.calls[at].cancel_after_ms = None);
            self.try_out(|plan| plan.calls[at].known_absent = false);
            self.try_out(|plan| plan.calls[at].at_ms = 0);
            self.try_out(|plan| plan.calls[at].deadline_ms = 60_000);
        }
        for at in 0..self.plan.happenings.len() {
            self.try_out(|plan| plan.happenings[at].at_ms = 0);
        }
    }

    fn plain_faults(&mut self) {
        for at in 0..self.plan.faults.len() {
            self.try_out(|plan| {
                if let Fate::Answer(answer) = &mut plan.faults[at].fate {
                    answer.hints.clear();
                }
            });
            self.try_out(|plan| match &mut plan.faults[at].fate {
                Fate::LostBefore { silent } | Fate::LostAfter { silent } => *silent = false,
                Fate::Late { silent, .. } => *silent = false,
                _ => {}
            });
            self.try_out(|plan| plan.faults[at].fate = Fate::LostBefore { silent: false });
        }
    }
}
