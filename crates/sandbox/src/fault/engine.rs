//! Chooses the fault that a request meets.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::rule::{Act, Limit, Need, On};
use super::{FaultPlan, Rule};

/// What a rule can see of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probe<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) kind: &'a str,
}

/// The fault that a request meets.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub(crate) rule: usize,
    pub(crate) act: Act,
}

/// A plan and how far it has got.
#[derive(Debug)]
pub(crate) struct Engine {
    plan: FaultPlan,
    seed: u64,
    progress: Vec<Progress>,
    /// How often each operation has been seen, by its hash; kept only where the plan has chances.
    seen: HashMap<u64, u64>,
    /// How many faults in a row each operation has met.
    in_a_row: HashMap<u64, u32>,
}

#[derive(Debug, Clone, Default)]
struct Progress {
    matched: u64,
    fired: u64,
    bucket: Option<Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_ms: u64,
}

impl Engine {
    pub(crate) fn new(plan: FaultPlan, default_seed: u64) -> Self {
        let seed = plan.seed.unwrap_or(default_seed);
        let progress = vec![Progress::default(); plan.rules.len()];
        Engine { plan, seed, progress, seen: HashMap::new(), in_a_row: HashMap::new() }
    }

    pub(crate) fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// The same plan from its beginning.
    pub(crate) fn restart(&mut self) {
        *self = Engine::new(self.plan.clone(), self.seed);
    }

    /// The first rule that fires. Every rule whose filters fit counts the request, fired or not.
    pub(crate) fn choose(
        &mut self,
        probe: Probe<'_>,
        now_ms: u64,
        mut fact: impl FnMut(Need) -> bool,
    ) -> Option<Chosen> {
        if self.plan.rules.is_empty() {
            return None;
        }
        let operation = operation_hash(&probe);
        let seen = self.count_seen(operation);
        let spared = self.is_spared(operation);
        let mut known: [Option<bool>; 2] = [None, None];
        let mut chosen = None;
        for (position, rule) in self.plan.rules.iter().enumerate() {
            if !covers(&rule.on, &probe) {
                continue;
            }
            if let Some(need) = rule.act.need()
                && !*known[need as usize].get_or_insert_with(|| fact(need))
            {
                continue;
            }
            let Some(progress) = self.progress.get_mut(position) else { continue };
            progress.matched += 1;
            let spent = rule.on.times.is_some_and(|times| progress.fired >= times);
            if chosen.is_some() || spent || !rule.on.is_due(progress.matched) {
                continue;
            }
            let draws = Draws { seed: self.seed, rule: position, operation, seen };
            if rule
                .on
                .probability
                .is_some_and(|chance| spared || !draws.hit(chance, rule.on.repeat))
            {
                continue;
            }
            if let Act::RateLimit { limit: Some(limit), .. } = &rule.act
                && Bucket::take(&mut progress.bucket, *limit, now_ms)
            {
                continue;
            }
            progress.fired += 1;
            chosen = Some(Chosen { rule: position, act: rule.act.clone() });
        }
        self.count_row(operation, chosen.as_ref());
        chosen
    }

    fn count_seen(&mut self, operation: u64) -> u64 {
        if !self.plan.rules.iter().any(|rule| rule.on.probability.is_some()) {
            return 0;
        }
        let seen = self.seen.entry(operation).or_insert(0);
        *seen += 1;
        *seen
    }

    fn is_spared(&self, operation: u64) -> bool {
        let row = self.in_a_row.get(&operation).copied().unwrap_or(0);
        self.plan.max_in_a_row.is_some_and(|max| row >= max)
    }

    fn count_row(&mut self, operation: u64, chosen: Option<&Chosen>) {
        if self.plan.max_in_a_row.is_none() {
            return;
        }
        match chosen {
            None => {
                self.in_a_row.remove(&operation);
            }
            Some(chosen) if chosen.act.strikes() => {
                *self.in_a_row.entry(operation).or_insert(0) += 1
            }
            Some(_) => {}
        }
    }

    /// The rules that have not fired, as the audit shows them.
    pub(crate) fn unmet(&self) -> Vec<Value> {
        let unmet = |(position, (rule, progress)): (usize, (&Rule, &Progress))| {
            (progress.fired == 0).then(|| {
                json!({
                    "rule": position, "name": rule.name, "fault": rule.act.kind(), "matched": progress.matched,
                })
            })
        };
        self.plan.rules.iter().zip(&self.progress).enumerate().filter_map(unmet).collect()
    }

    /// How often each rule has matched and fired.
    pub(crate) fn counts(&self) -> Vec<Value> {
        let count = |(rule, progress): (&Rule, &Progress)| {
            json!({
                "name": rule.name, "fault": rule.act.kind(),
                "matched": progress.matched, "fired": progress.fired,
            })
        };
        self.plan.rules.iter().zip(&self.progress).map(count).collect()
    }
}

fn covers(on: &On, probe: &Probe<'_>) -> bool {
    let any =
        |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
    any(&on.methods, probe.method)
        && any(&on.paths, probe.path)
        && any(&on.kinds, probe.kind)
        && (on.keys.is_empty() || probe.key.is_some_and(|key| any(&on.keys, key)))
}

/// The draws of one rule for one operation. They follow from what is asked and how often it has been
/// asked, not from when, so that concurrent runs with the same seed agree.
struct Draws {
    seed: u64,
    rule: usize,
    operation: u64,
    seen: u64,
}

impl Draws {
    /// Whether this or one of the `repeat - 1` occurrences before it drew below the chance.
    fn hit(&self, chance: f64, repeat: u64) -> bool {
        let first = self.seen.saturating_sub(repeat.saturating_sub(1)).max(1);
        (first..=self.seen).any(|seen| self.draw(seen) < chance)
    }

    /// A number from 0 to just below 1.
    fn draw(&self, seen: u64) -> f64 {
        let mut value = mix(self.seed ^ 0x5eed);
        for part in [self.rule as u64, self.operation, seen] {
            value = mix(value ^ part);
        }
        (value >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let mut value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// FNV-1a over method, path, and natural key (or, without one, the query).
fn operation_hash(probe: &Probe<'_>) -> u64 {
    let subject = probe.key.or(probe.query).unwrap_or("");
    let parts = [probe.method, "\0", probe.path, "\0", subject];
    let bytes = parts.iter().flat_map(|part| part.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Bucket {
    /// Takes a token; false if there is none.
    fn take(slot: &mut Option<Bucket>, limit: Limit, now_ms: u64) -> bool {
        let bucket = slot.get_or_insert(Bucket { tokens: limit.burst, filled_ms: now_ms });
        let passed_s = now_ms.saturating_sub(bucket.filled_ms) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + passed_s * limit.per_second).min(limit.burst);
        bucket.filled_ms = now_ms;
        let granted = bucket.tokens >= 1.0;
        if granted {
            bucket.tokens -= 1.0;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::fault::Preset;
    use crate::options::Api;

    fn probe<'a>(kind: &'a str, key: &'a str) -> Probe<'a> {
        Probe { method: "POST", path: "/api/purchase-order", query: None, key: Some(key), kind }
    }

    fn engine(plan: &str) -> Engine {
        Engine::new(FaultPlan::from_json(plan).expect("a plan"), 1)
    }

    /// Which of the first twelve requests meet a fault.
    fn met(on: &str) -> Vec<usize> {
        let plan = format!(r#"{{"faults":[{{"on":{on},"do":{{"kind":"unlock"}}}}]}}"#);
        let mut engine = engine(&plan);
        (1..=12).filter(|_| engine.choose(probe("create", "K"), 0, |_| true).is_some()).collect()
    }

    #[test]
    fn counters_say_which_requests_meet_a_fault() {
        assert_eq!(met(r#"{"nth":3}"#), [3]);
        assert_eq!(met(r#"{"nth":[1,12]}"#), [1, 12]);
        assert_eq!(met(r#"{"from":10}"#), [10, 11, 12]);
        assert_eq!(met(r#"{"from":2,"to":4}"#), [2, 3, 4]);
        assert_eq!(met(r#"{"every":5}"#), [1, 6, 11]);
        assert_eq!(met(r#"{"from":3,"every":4}"#), [3, 7, 11]);
        assert_eq!(met(r#"{"times":2}"#), [1, 2]);
        assert_eq!(met(r#"{"probability":1,"times":1}"#), [1]);
        assert_eq!(met(r#"{"probability":0}"#), [0_usize; 0]);
        assert_eq!(met(r#"{"key":"other"}"#), [0_usize; 0]);
        assert_eq!(met(r#"{"kind":["read","create"],"key":["K"],"to":1}"#), [1]);
    }

    #[test]
    fn the_first_rule_wins_and_the_others_count_all_the_same() {
        let mut engine = engine(
            r#"{"faults":[{"on":{"nth":2},"do":{"kind":"unlock"}},{"on":{"nth":[2,3]},"do":{"kind":"lock"}}]}"#,
        );
        let mut next =
            || engine.choose(probe("create", "K"), 0, |_| true).map(|chosen| chosen.rule);
        assert_eq!([next(), next(), next(), next()], [None, Some(0), Some(1), None]);
    }

    #[test]
    fn chance_spares_what_has_met_enough() {
        let mut engine = engine(
            r#"{"max_in_a_row":2,"faults":[{"on":{"probability":1},"do":{"kind":"truncate_body"}}]}"#,
        );
        let mut next = || engine.choose(probe("create", "K"), 0, |_| true).is_some();
        assert_eq!([next(), next(), next(), next()], [true, true, false, true]);
    }

    #[test]
    fn a_limit_lets_through_what_its_bucket_holds() {
        let mut engine =
            engine(r#"{"faults":[{"do":{"kind":"rate_limit","per_second":10,"burst":2}}]}"#);
        let mut at = |now_ms| engine.choose(probe("create", "K"), now_ms, |_| true).is_some();
        assert_eq!(
            [at(0), at(0), at(0), at(100), at(100), at(5000), at(5000), at(5000)],
            [false, false, true, false, true, false, false, true]
        );
    }

    #[test]
    fn a_storm_strikes_about_half_and_leaves_nothing_out() {
        let mut struck: HashMap<&str, u32> = HashMap::new();
        let mut engine = Engine::new(Preset::Storm.plan(Api::Knosc, 3), 0);
        for n in 0..1000 {
            let key = format!("K{n}");
            // Fifty a second or fewer, so that the rate is never the reason.
            let chosen = engine.choose(probe("create", &key), n * 20, |_| true);
            *struck.entry(chosen.map_or("-", |chosen| chosen.act.kind())).or_insert(0) += 1;
        }
        assert!((300..600).contains(&struck["-"]), "{struck:?}");
        for kind in
            ["status", "delay", "dribble", "truncate_body", "malformed_body", "reset_before_commit"]
        {
            assert!(struck[kind] > 40, "{kind}: {struck:?}");
        }
        assert!(struck["lock"] == 3 && struck["late_commit"] > 20, "{struck:?}");
    }
}
