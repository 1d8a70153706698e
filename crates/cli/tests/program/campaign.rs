//! Many seeds of bad days, each judged by what the double saw.
//!
//! ```text
//! cargo test --release -p steadfast-cli --test program campaign -- --ignored --nocapture
//! ```
//!
//! runs forty seeds of every preset with every set of quirks for every example file; `CAMPAIGN_SEEDS=41-80` takes
//! others, `CAMPAIGN_PARALLEL` says how many run at the same time. An ordinary test run takes two.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use crate::example::{
    CUSTOMERS, Example, FORECASTS, INVENTORY, INVOICES, PAYMENTS, PURCHASE_ORDERS, RUNS,
    WORK_ORDERS,
};
use crate::place::{Ended, Place, Running};

/// A run of a storm waits a good deal, and more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);
const PARALLEL: usize = 16;

/// A set of the double's deviations, and the arguments that ask for it.
type Quirks = (&'static str, &'static [&'static str]);

const NO_QUIRK: Quirks = ("-", &[]);
const ALLOW_DUPLICATES: Quirks = ("allow-duplicates", &["--quirk", "allow-duplicates"]);
const FILTER_IGNORED: Quirks = ("filter-ignored", &["--quirk", "filter-ignored"]);
const BOTH: Quirks = ("both", &["--quirk", "allow-duplicates", "--quirk", "filter-ignored"]);

/// One delivery to a fresh double.
#[derive(Debug, Clone, Copy)]
struct Case {
    example: Example,
    preset: &'static str,
    quirks: Quirks,
    seed: u64,
    writes: usize,
}

impl Case {
    fn run(&self) -> Ended {
        let place = Place::new();
        place.write(self.example.file, &self.example.head(self.writes).0);
        let seed = self.seed.to_string();
        let mut arguments =
            vec!["deliver", self.example.file, "--json", "--sandbox", self.preset, "--seed", &seed];
        arguments.extend(self.example.arguments);
        arguments.extend(self.quirks.1);
        Running::start(&mut place.program(&arguments)).end_within(PATIENCE)
    }

    /// What is wrong with how it ended; nothing, if all is well.
    fn judge(&self, ended: &Ended) -> Option<String> {
        let line: Value =
            serde_json::from_str(ended.out.lines().last().unwrap_or_default()).unwrap_or_default();
        let none = |place: &Value, name: &str| place[name].as_u64() == Some(0);
        let clean = ["doubled", "lost", "false", "early"];
        let well = ended.status == Some(0)
            && line["accepted"].as_u64() == Some(self.writes as u64)
            && clean.iter().all(|name| none(&line["audit"], name))
            && ["unknown", "held", "rejected", "queued"].iter().all(|name| none(&line, name));
        (!well).then(|| format!("{self:?}: status {:?}\n{}{}", ended.status, ended.out, ended.err))
    }
}

/// The sums of the runs of one preset with one set of quirks.
#[derive(Default)]
struct Sums {
    runs: u64,
    counts: BTreeMap<&'static str, u64>,
    longest: Duration,
}

const COUNTS: [&str; 8] =
    ["accepted", "applied", "confirmed", "existing", "unknown", "held", "attempts", "rejected"];
const FINDINGS: [&str; 4] = ["doubled", "lost", "false", "early"];

impl Sums {
    fn add(&mut self, ended: &Ended) {
        self.runs += 1;
        self.longest = self.longest.max(ended.took);
        let line: Value =
            serde_json::from_str(ended.out.lines().last().unwrap_or_default()).unwrap_or_default();
        for (names, place) in [(&COUNTS[..], &line), (&FINDINGS[..], &line["audit"])] {
            for name in names {
                *self.counts.entry(name).or_default() += place[*name].as_u64().unwrap_or(0);
            }
        }
    }
}

/// File, preset, quirks.
type Kind = (&'static str, &'static str, &'static str);

fn table(sums: &BTreeMap<Kind, Sums>) -> String {
    let names: Vec<&str> = COUNTS.into_iter().chain(FINDINGS).collect();
    let mut text = format!("{:20} {:10} {:17} {:>4}", "file", "preset", "quirks", "runs");
    for name in &names {
        let _ = write!(text, " {name:>9}");
    }
    let _ = writeln!(text, " {:>9}", "longest");
    for ((file, preset, quirks), sums) in sums {
        let _ = write!(text, "{file:20} {preset:10} {quirks:17} {:>4}", sums.runs);
        for name in &names {
            let _ = write!(text, " {:>9}", sums.counts[name]);
        }
        let _ = writeln!(text, " {:>7} s", sums.longest.as_secs());
    }
    text
}

/// Runs them all, so many at the same time, prints the table, and fails on any finding.
fn run_all(cases: Vec<Case>, parallel: usize) {
    let left = Mutex::new(VecDeque::from(cases));
    let done = Mutex::new((BTreeMap::<Kind, Sums>::new(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..parallel {
            scope.spawn(|| {
                loop {
                    let Some(case) = left.lock().expect("no worker fails").pop_front() else {
                        return;
                    };
                    let ended = case.run();
                    let mut done = done.lock().expect("no worker fails");
                    let kind = (case.example.file, case.preset, case.quirks.0);
                    done.0.entry(kind).or_default().add(&ended);
                    if let Some(wrong) = case.judge(&ended) {
                        println!("{wrong}");
                        done.1.push(wrong);
                    }
                }
            });
        }
    });
    let (sums, wrong) = done.into_inner().expect("no worker fails");
    println!("{}", table(&sums));
    assert!(wrong.is_empty(), "{} runs did not end well:\n{}", wrong.len(), wrong.join("\n"));
}

pub(crate) fn setting<T>(name: &str, read: impl Fn(&str) -> Option<T>, otherwise: T) -> T {
    match std::env::var(name) {
        Ok(text) => read(&text).unwrap_or_else(|| panic!("{name}={text} cannot be read")),
        Err(_) => otherwise,
    }
}

pub(crate) fn range(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = text.split_once('-')?;
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[test]
#[ignore = "takes a quarter of an hour; see the head of this file"]
fn campaign() {
    let seeds = setting("CAMPAIGN_SEEDS", range, 1..=40);
    let parallel = setting("CAMPAIGN_PARALLEL", |text| text.parse().ok(), PARALLEL);
    let mut cases = Vec::new();
    for seed in seeds {
        for quirks in [NO_QUIRK, ALLOW_DUPLICATES, FILTER_IGNORED, BOTH] {
            let case = |example, preset, writes| Case { example, preset, quirks, seed, writes };
            cases.push(case(PURCHASE_ORDERS, "rough-day", 1_200));
            cases.push(case(PURCHASE_ORDERS, "storm", 250));
            cases.push(case(WORK_ORDERS, "rough-day", 240));
            cases.push(case(WORK_ORDERS, "storm", 120));
            for example in [CUSTOMERS, INVOICES, PAYMENTS, RUNS, INVENTORY, FORECASTS] {
                cases.push(case(example, "rough-day", 220));
                cases.push(case(example, "storm", 150));
            }
        }
    }
    run_all(cases, parallel);
}

#[test]
fn two_seeds_of_the_campaign() {
    let case =
        |example, preset, quirks, seed, writes| Case { example, preset, quirks, seed, writes };
    let rough = |quirks, seed| case(PURCHASE_ORDERS, "rough-day", quirks, seed, 400);
    // Enough for the first of the storm's locked runs.
    let storm = |quirks, seed| case(PURCHASE_ORDERS, "storm", quirks, seed, 90);
    let cases = vec![
        storm(NO_QUIRK, 1),
        storm(BOTH, 2),
        rough(NO_QUIRK, 1),
        rough(ALLOW_DUPLICATES, 1),
        rough(FILTER_IGNORED, 2),
        rough(BOTH, 2),
        case(WORK_ORDERS, "rough-day", NO_QUIRK, 1, 60),
        case(WORK_ORDERS, "storm", BOTH, 2, 40),
        case(CUSTOMERS, "storm", FILTER_IGNORED, 1, 60),
        case(INVOICES, "storm", NO_QUIRK, 2, 60),
        case(PAYMENTS, "rough-day", NO_QUIRK, 1, 120),
        case(RUNS, "rough-day", NO_QUIRK, 1, 120),
        case(INVENTORY, "rough-day", NO_QUIRK, 1, 120),
        case(FORECASTS, "rough-day", NO_QUIRK, 1, 120),
    ];
    run_all(cases, 10);
}
