//! SIGKILL at random moments of a delivery, again and again.
//!
//! After every kill the ledger is compared with what the double, in its own process, saw: what the
//! ledger claims is true, what it claims not to have sent has no effect, and whatever was sent is in
//! it. In the end the double holds every order exactly once.
//!
//! ```text
//! cargo test --release -p steadfast-cli --test program kill::campaign -- --ignored --nocapture
//! ```
//!
//! kills thousands of times; `kill::other_apis` does it to the example files of other APIs.
//! `KILLS_SEEDS=21-40` takes other seeds, `KILLS_EACH` says how often each delivery is killed at the
//! most, `KILLS_PARALLEL` how many are under way at the same time.

mod delivery;
pub(crate) mod moment;
mod table;
mod truth;
mod weather;

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::campaign::{range, setting};
use crate::example::{CUSTOMERS, INVOICES, PAYMENTS, RUNS, WORK_ORDERS};

use delivery::{Case, Story};
use table::Table;
use weather::Weather;

const PARALLEL: usize = 24;
const KILLS: u32 = 60;
const QUIRKS: [&[&str]; 4] =
    [&[], &["allow-duplicates"], &["filter-ignored"], &["allow-duplicates", "filter-ignored"]];

/// A delivery of a size that takes a few seconds if nobody kills it.
fn case(weather: Weather, quirks: &'static [&'static str], seed: u64, kills: u32) -> Case {
    let (orders, rate) = if weather == Weather::Fast { (4_000, None) } else { (150, Some(60)) };
    Case { example: None, weather, quirks, seed, orders, rate, kills }
}

/// The example files of other APIs, whose sessions and tables know fewer ways to fail. Lists of
/// payments and runs know no filter of the number, and are read whole with no quirk as well.
fn of_others(seed: u64, kills: u32) -> Vec<Case> {
    const UNFILTERED: &[&str] = &["filter-ignored"];
    let files = [
        (WORK_ORDERS, QUIRKS[0]),
        (WORK_ORDERS, UNFILTERED),
        (CUSTOMERS, QUIRKS[0]),
        (CUSTOMERS, UNFILTERED),
        (INVOICES, QUIRKS[0]),
        (INVOICES, UNFILTERED),
        (PAYMENTS, QUIRKS[0]),
        (RUNS, QUIRKS[0]),
    ];
    let mut cases = Vec::new();
    for weather in [Weather::Calm, Weather::Lost, Weather::Late] {
        cases.extend(files.map(|(example, quirks)| Case {
            example: Some(example),
            orders: 60,
            rate: Some(30),
            ..case(weather, quirks, seed, kills)
        }));
    }
    cases
}

/// Runs them all, so many at the same time, and gives what became of each.
fn run_all(cases: Vec<Case>, parallel: usize) -> Vec<(Case, Story)> {
    let left = Mutex::new(VecDeque::from(cases));
    let stories = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..parallel {
            scope.spawn(|| {
                loop {
                    let Some(case) = left.lock().expect("no worker fails").pop_front() else {
                        return;
                    };
                    let story = case.run();
                    story.findings.iter().for_each(|finding| println!("{finding}"));
                    stories.lock().expect("no worker fails").push((case, story));
                }
            });
        }
    });
    stories.into_inner().expect("no worker fails")
}

/// Prints the table and fails on any finding.
fn judge(stories: &[(Case, Story)]) -> Table {
    let mut table = Table::default();
    stories.iter().for_each(|(case, story)| table.add(case, story));
    println!("{table}");
    let findings: Vec<&String> = stories.iter().flat_map(|(_, story)| &story.findings).collect();
    assert!(findings.is_empty(), "{} findings: {findings:#?}", findings.len());
    table
}

/// Kills what is made of every seed, as the environment says.
fn kill_all(of_seed: impl Fn(u64, u32) -> Vec<Case>) {
    let seeds = setting("KILLS_SEEDS", range, 1..=20);
    let kills = setting("KILLS_EACH", |text| text.parse().ok(), KILLS);
    let parallel = setting("KILLS_PARALLEL", |text| text.parse().ok(), PARALLEL);
    judge(&run_all(seeds.flat_map(|seed| of_seed(seed, kills)).collect(), parallel));
}

#[test]
#[ignore = "takes a quarter of an hour; see the head of this file"]
fn campaign() {
    kill_all(|seed, kills| {
        let of_weather = |weather| QUIRKS.map(|quirks| case(weather, quirks, seed, kills));
        Weather::ALL.into_iter().flat_map(of_weather).collect()
    });
}

#[test]
#[ignore = "takes some minutes; see the head of this file"]
fn other_apis() {
    kill_all(of_others);
}

#[test]
fn nothing_is_lost_or_doubled_however_often_it_is_killed() {
    let cases: Vec<Case> = Weather::ALL
        .into_iter()
        .zip(QUIRKS.into_iter().cycle())
        .map(|(weather, quirks)| Case { orders: 90, ..case(weather, quirks, 1, 15) })
        .collect();
    let (number, slow) = (cases.len(), cases.iter().filter(|case| case.rate.is_some()).count());
    let table = judge(&run_all(cases, number));
    // Sending takes longer than any of the first runs lives.
    assert!(table.kills() >= slow as u64, "killed {} times only", table.kills());
}
