//! Random histories against a model of the API in virtual time: whatever happens, nothing is
//! done twice, nothing is claimed that is not so, and the bounds hold (I1, I3, I5, I8).
//!
//! The model commits before it loses the answer, commits late but within the settle time, holds
//! its tables, and refuses a second copy or does not. That the checker can fail is shown by
//! drivers and dialects that are wrong on purpose.

mod driver;
mod server;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use steadfast_call::dialect::Dialect;

use crate::scenario::{knosc, knosc_with};
use driver::{Driver, Model};

const CASES: u32 = 250;

/// Plays a history: what happens is drawn from these bytes, and when there are none left
/// everything goes well.
fn play(
    dialect: Dialect,
    driver: Driver,
    unique: bool,
    chance: &[u8],
) -> Result<Vec<String>, String> {
    Model::new(dialect, driver, unique, chance).play()
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn histories() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

fn holds(dialect: &Dialect, unique: bool) {
    let test = |chance: Vec<u8>| {
        play(dialect.clone(), Driver::Honest, unique, &chance).map_err(TestCaseError::fail)?;
        Ok(())
    };
    if let Err(error) = runner(CASES).run(&histories(), test) {
        panic!("{error}");
    }
}

/// The number of histories, of so many, in which the checker finds that.
fn caught(dialect: &Dialect, driver: Driver, what: &str, of: u32) -> usize {
    let mut runner = runner(of);
    (0..of)
        .filter(|_| {
            let chance = histories().new_tree(&mut runner).unwrap().current();
            play(dialect.clone(), driver, false, &chance).is_err_and(|error| error.contains(what))
        })
        .count()
}

#[test]
fn nothing_is_done_twice_where_the_api_takes_every_copy() {
    holds(&knosc(), false);
}

#[test]
fn nothing_is_done_twice_where_the_api_refuses_a_second_copy() {
    holds(&knosc(), true);
}

/// I8.
#[test]
fn the_same_history_gives_the_same_steps() {
    let mut runner = runner(50);
    for _ in 0..50 {
        let chance = histories().new_tree(&mut runner).unwrap().current();
        let once = play(knosc(), Driver::Honest, false, &chance);
        assert_eq!(once, play(knosc(), Driver::Honest, false, &chance));
    }
}

#[test]
fn a_driver_that_says_that_nothing_was_sent_is_caught() {
    assert!(caught(&knosc(), Driver::SaysUnsent, "done 2 times", 200) > 10);
}

#[test]
fn a_look_up_that_reads_too_early_is_caught() {
    assert!(caught(&knosc(), Driver::ReadsTheStateOfTheStart, "done 2 times", 200) > 1);
}

#[test]
fn a_driver_that_wakes_too_early_is_told_to_wait_on() {
    assert_eq!(caught(&knosc(), Driver::WakesEarly, "", 200), 0, "the machine does not trust it");
}

#[test]
fn a_dialect_that_forgets_the_lock_is_caught() {
    let dialect = knosc_with("\"/purchase-order*\", ", "");
    assert!(caught(&dialect, Driver::Honest, "done 2 times", 200) > 1);
}

#[test]
fn a_dialect_that_takes_every_write_for_a_witness_is_caught() {
    let dialect = knosc_with("holds = [", "holds = [\"/*\", ");
    assert!(caught(&dialect, Driver::Honest, "done 2 times", 200) > 0);
}

#[test]
fn a_dialect_that_lets_nothing_settle_is_caught() {
    let dialect = knosc_with("settle_ms = 3000", "settle_ms = 0");
    assert!(caught(&dialect, Driver::Honest, "done 2 times", 1_000) > 0);
}
