//! A few thousand worlds from fixed seeds: every invariant holds in each.

#![allow(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use steadfast_sim::{Leg, Plan, campaign, run};

/// How many worlds an ordinary test run plays.
const SEEDS: u64 = 2_000;

#[test]
fn every_invariant_holds_in_every_world() {
    let tally = campaign(0, SEEDS, 2, Leg::Client, |_| true);
    assert_eq!(tally.failures, [], "replay one with: steadfast-sim --seed N");
    assert_eq!(tally.worlds, SEEDS);
    assert!(tally.exchanges > 10 * SEEDS, "much happens: {}", tally.exchanges);
}

/// I8: beside the worlds above that run twice, these are compared line by line.
#[test]
fn the_same_seed_gives_the_same_log() {
    for seed in 0..20 {
        let plan = Plan::draw(seed);
        let (once, again) = (run(&plan, Leg::Client, true), run(&plan, Leg::Client, true));
        assert_eq!(once.unwrap().log, again.unwrap().log, "seed {seed}");
    }
}

#[test]
fn another_seed_gives_another_world() {
    let hash = |seed| run(&Plan::draw(seed), Leg::Client, false).unwrap().hash;
    assert_ne!(hash(1), hash(2));
}

#[test]
fn a_plan_survives_the_way_to_a_file_and_back() {
    for seed in 0..200 {
        let plan = Plan::draw(seed);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    }
}
