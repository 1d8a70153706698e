//! What worlds have found wrong, as the shortest plans that showed it.

#![allow(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use steadfast_sim::{
    Answer, Api, Body, CallPlan, Fate, Fault, Hint, Kind, Leg, On, Plan, Quirks, Report, run,
};

fn plan(calls: u32, faults: Vec<Fault>) -> Plan {
    let call = |op| CallPlan {
        op,
        kind: Kind::Create,
        at_ms: 0,
        deadline_ms: 300_000,
        known_absent: true,
        cancel_after_ms: None,
        again: 0,
    };
    Plan {
        seed: 1,
        api: Api::Knosc,
        documented: true,
        quirks: Quirks::default(),
        calls: (0..calls).map(call).collect(),
        faults,
        happenings: Vec::new(),
    }
}

fn unavailable(body: Body, wait_s: u64) -> Fate {
    Fate::Answer(Answer { status: 503, done: false, body, hints: vec![Hint::Seconds(wait_s)] })
}

/// The report of a world in which every invariant holds.
fn holds(plan: &Plan) -> Report {
    let report = run(plan, Leg::Client, true).unwrap();
    assert_eq!(report.violation, None, "{}", report.log.join("\n"));
    report
}

/// Each look-up was a read of its own, which did not know what the one before it was told.
#[test]
fn a_look_up_does_not_ask_again_before_the_hint_of_the_one_before_it() {
    let mut faults = vec![Fault { on: On::Op(0), nth: 0, fate: Fate::LostAfter { silent: false } }];
    faults.extend((0..4).map(|nth| Fault { on: On::List, nth, fate: unavailable(Body::Html, 50) }));
    let report = holds(&plan(1, faults));
    assert!(report.exchanges >= 7, "the list is asked again: {}", report.log.join("\n"));
}

/// A wait of a look-up went with the call that waited for it.
#[test]
fn a_look_up_keeps_to_a_hint_that_was_told_to_a_call_that_has_ended() {
    let faults = vec![
        Fault { on: On::Op(0), nth: 0, fate: Fate::LostAfter { silent: false } },
        Fault { on: On::Record, nth: 0, fate: unavailable(Body::Empty, 50) },
    ];
    let mut plan = plan(1, faults);
    plan.calls[0].deadline_ms = 20_000;
    plan.calls[0].again = 2;
    holds(&plan);
}

/// What was left of an answer whose body broke off was not read.
#[test]
fn a_log_in_whose_answer_breaks_off_is_not_repeated_before_its_hint() {
    let faults = vec![Fault { on: On::LogIn, nth: 0, fate: unavailable(Body::HtmlCut, 30) }];
    holds(&plan(1, faults));
}

/// As above, and worse: a few wrong passwords lock an account.
#[test]
fn a_log_in_that_was_refused_is_not_repeated_though_its_answer_breaks_off() {
    let mut plan = plan(1, vec![Fault { on: On::LogIn, nth: 0, fate: Fate::Cut }]);
    plan.quirks.wrong_password = true;
    assert_eq!(holds(&plan).exchanges, 1);
}

/// A late answer may quote credentials that have been replaced since.
#[test]
fn no_error_quotes_credentials_of_a_session_that_has_been_replaced() {
    let faults = vec![
        Fault { on: On::Op(0), nth: 0, fate: Fate::StaleCsrf },
        Fault { on: On::Op(0), nth: 1, fate: Fate::StaleCsrf },
        Fault { on: On::Op(1), nth: 0, fate: Fate::Expired },
        Fault { on: On::Op(1), nth: 1, fate: Fate::Expired },
    ];
    let mut plan = plan(3, faults);
    plan.quirks.quotes_secrets = true;
    holds(&plan);
}

/// As above, in the world that found it, made as short as it could be.
#[test]
fn no_error_quotes_what_an_attempt_was_sent_with_before_a_renewal() {
    holds(&serde_json::from_str(include_str!("quoted.json")).unwrap());
}

/// Those who waited for a renewal were woken in an order that no seed decides (I8).
#[test]
fn many_who_wait_for_one_renewal_go_on_in_the_order_in_which_they_came() {
    let plan = plan(40, Vec::new());
    let first = holds(&plan);
    for _ in 0..5 {
        assert_eq!(holds(&plan).log, first.log);
    }
}
