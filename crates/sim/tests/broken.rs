//! The checker can fail: an engine with a flaw is caught, and the same driver without one is not.

#![allow(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use steadfast_sim::{Flaw, Leg, Plan, campaign, run, shrink};

/// The first seed at which an engine with that flaw breaks that invariant.
fn caught(flaw: Flaw, invariant: &str, within: u64) -> u64 {
    let leg = Leg::Plain(Some(flaw));
    let breaks = |seed: &u64| {
        let found = run(&Plan::draw(*seed), leg, false).unwrap().violation;
        found.is_some_and(|found| found.invariant == invariant)
    };
    let seed = (0..within).find(breaks);
    seed.unwrap_or_else(|| panic!("{} is not caught in {within} worlds", flaw.name()))
}

#[test]
fn the_plain_driver_without_a_flaw_keeps_every_invariant() {
    let tally = campaign(0, 1_000, 2, Leg::Plain(None), |_| true);
    assert_eq!(tally.failures, []);
}

#[test]
fn a_write_of_unknown_effect_that_is_sent_again_is_caught() {
    caught(Flaw::ResendsUnknown, "I1", 300);
}

#[test]
fn absence_that_is_trusted_too_early_is_caught() {
    caught(Flaw::TrustsAbsence, "I1", 1_000);
}

#[test]
fn an_effect_that_is_forgotten_after_a_later_refusal_is_caught() {
    caught(Flaw::ForgetsEffect, "I3", 1_000);
}

#[test]
fn a_success_that_broke_off_and_is_taken_for_applied_is_caught() {
    caught(Flaw::TrustsCutSuccess, "I3", 1_000);
}

#[test]
fn a_refresh_stampede_is_caught() {
    caught(Flaw::Stampedes, "I6", 300);
}

#[test]
fn a_late_failure_that_wipes_newer_credentials_is_caught() {
    caught(Flaw::WipesSession, "I6", 1_000);
}

#[test]
fn unbounded_retry_is_caught() {
    caught(Flaw::NeverStops, "I4", 300);
}

#[test]
fn sleep_past_the_deadline_is_caught() {
    caught(Flaw::Oversleeps, "I5", 300);
}

#[test]
fn a_hint_that_is_ignored_is_caught() {
    caught(Flaw::IgnoresHints, "I5", 300);
}

/// What is printed is short: one call, and what has to go wrong with it.
#[test]
fn a_failure_is_shrunk_to_what_it_takes() {
    let leg = Leg::Plain(Some(Flaw::ResendsUnknown));
    let seed = caught(Flaw::ResendsUnknown, "I1", 300);
    let short = shrink(&Plan::draw(seed), leg);
    let found = run(&short, leg, false).unwrap().violation.unwrap();
    assert_eq!(found.invariant, "I1");
    assert_eq!((short.calls.len(), short.happenings.len()), (1, 0), "{short:?}");
    assert!(short.faults.len() <= 2, "{short:?}");
}
