//! What calls of an account share: the breaker, the retry budget and the pace (§3.7, §3.8; I4).

use std::time::Duration;

use steadfast_call::{Call, Draw, Event, Failure, Options, Reach, Step, Time, Why};

use crate::scenario::{Answer, World, done, gone_away, knosc, named, order, read, reply, script};

fn nobody() -> Options {
    Options::default()
}

/// Opens the breaker: sixteen calls that nobody answers.
fn with_breaker_open() -> World {
    let mut world = World::new();
    for _ in 0..16 {
        let mut call = world.call(read(), nobody());
        step(&mut world, &mut call, Event::Started);
        step(&mut world, &mut call, lost_event());
    }
    assert!(world.account.breaker_is_open());
    world
}

fn step(world: &mut World, call: &mut Call, event: Event) -> Step {
    call.step(event, world.now, Draw::new(0.5), &mut world.account)
}

fn lost_event() -> Event {
    Event::Failed(Failure::new(Reach::MaybeSent, "nobody answered"))
}

#[test]
fn an_open_breaker_lets_one_probe_out_and_an_answer_closes_it() {
    let mut world = with_breaker_open();
    let mut calls: Vec<Call> = (0..3).map(|_| world.call(read(), nobody())).collect();
    for call in &mut calls {
        let waits = step(&mut world, call, Event::Started);
        assert!(matches!(waits, Step::WaitUntil { why: Why::Breaker, .. }));
    }
    world.now = Time::from_millis(1_000);
    assert!(matches!(step(&mut world, &mut calls[0], Event::Woke), Step::Send { .. }));
    assert!(matches!(step(&mut world, &mut calls[1], Event::Woke), Step::WaitUntil { .. }));
    let Answer::Reply(refused) = reply(404, "") else { unreachable!() };
    step(&mut world, &mut calls[0], Event::Replied(refused));
    assert!(!world.account.breaker_is_open(), "a service that refuses is there");
    world.now = Time::from_millis(2_000);
    assert!(matches!(step(&mut world, &mut calls[1], Event::Woke), Step::Send { .. }));
    assert!(matches!(step(&mut world, &mut calls[2], Event::Woke), Step::Send { .. }));
}

/// Found wrong: a probe that was called off held the breaker shut for 35 s.
#[test]
fn a_probe_that_is_called_off_makes_room_for_the_next() {
    let mut world = with_breaker_open();
    let (mut first, mut second) = (world.call(read(), nobody()), world.call(read(), nobody()));
    world.now = Time::from_millis(1_000);
    assert!(matches!(step(&mut world, &mut first, Event::Started), Step::Send { .. }));
    assert!(matches!(step(&mut world, &mut first, Event::Cancelled), Step::Done(_)));
    assert!(matches!(step(&mut world, &mut second, Event::Started), Step::Send { .. }));
}

#[test]
fn one_call_that_always_fails_does_not_open_the_breaker() {
    let mut world = World::new();
    for _ in 0..5 {
        world.play(read(), nobody(), script([0; 4].map(|_| reply(500, ""))));
    }
    assert!(!world.account.breaker_is_open());
}

#[test]
fn an_open_breaker_is_waited_for_no_longer_than_the_deadline() {
    let mut world = with_breaker_open();
    world.deadline = Duration::from_millis(500);
    let played = world.create(script([]));
    assert_eq!(played.ended_ms, 500);
    assert!(played.error().may_succeed_later());
}

/// A retry costs a token. The cures of a session are attempts too, and pay (DESIGN §3.7).
#[test]
fn i4_under_total_failure_retries_are_bounded_by_the_budget() {
    for (answer, each) in [(gone_away(), 4), (crate::scenario::stale_csrf(), 2)] {
        let mut world = World { deadline: Duration::from_millis(50), draw: 0.0, ..World::new() };
        let (mut first, mut again) = (0, 0);
        for _ in 0..1_000 {
            let mut call = world.call(read(), nobody());
            let mut event = Event::Started;
            loop {
                event = match step(&mut world, &mut call, event) {
                    Step::Send { attempt, .. } => {
                        first += u32::from(attempt == 1);
                        again += u32::from(attempt > 1);
                        assert!(attempt <= each);
                        let Answer::Reply(reply) = answer.clone() else { unreachable!() };
                        Event::Replied(reply)
                    }
                    Step::Authenticate { .. } => {
                        let fresh = world.account.session.renewed();
                        world.account.session.accepted(fresh);
                        Event::Authenticated
                    }
                    Step::WaitUntil { .. } => Event::Cancelled,
                    Step::LookUp | Step::Done(_) => break,
                };
            }
        }
        assert!(f64::from(again) <= 101.0 + 0.1 * f64::from(first), "{again} of {first}");
    }
}

/// Found wrong: a token that was paid for a retry which was then called off was lost, and so was
/// a place in the pace.
#[test]
fn permits_come_back_when_a_call_is_called_off() {
    let mut world = World::new();
    world.account = steadfast_call::Account::new(&knosc(), Some(10.0), world.now);
    world.account.session.renewed();
    let mut calls: Vec<Call> = (0..50).map(|_| world.call(read(), nobody())).collect();
    for call in &mut calls {
        step(&mut world, call, Event::Started);
    }
    for call in calls.iter_mut().skip(1) {
        step(&mut world, call, Event::Cancelled);
    }
    let mut next = world.call(read(), nobody());
    let Step::WaitUntil { until, why: Why::Pace } = step(&mut world, &mut next, Event::Started)
    else {
        panic!("one was sent, so the next waits");
    };
    assert!(until <= Time::from_millis(100), "for the next place, not for the fiftieth");
}

/// Found wrong: calls that waited for the breaker held on to slots of long ago, and all of them
/// went out at once when it closed.
#[test]
fn after_an_outage_the_pace_is_kept() {
    let mut world = World::new();
    world.account = steadfast_call::Account::new(&knosc(), Some(10.0), world.now);
    world.account.session.renewed();
    let mut calls = Vec::new();
    for ms in 0..16 {
        world.now = Time::from_millis(ms * 100);
        let mut call = world.call(read(), nobody());
        assert!(matches!(step(&mut world, &mut call, Event::Started), Step::Send { .. }));
        step(&mut world, &mut call, lost_event());
    }
    assert!(world.account.breaker_is_open());
    for _ in 0..20 {
        let mut call = world.call(read(), nobody());
        step(&mut world, &mut call, Event::Started);
        calls.push(call);
    }
    world.now = Time::from_millis(60_000);
    let Answer::Reply(ok) = done() else { unreachable!() };
    let mut probe = calls.swap_remove(0);
    assert!(matches!(step(&mut world, &mut probe, Event::Woke), Step::Send { .. }));
    step(&mut world, &mut probe, Event::Replied(ok));
    let mut sent = 0;
    for call in &mut calls {
        sent += u32::from(matches!(step(&mut world, call, Event::Woke), Step::Send { .. }));
    }
    assert!(sent <= 1, "{sent} at once");
}

/// A write that an earlier process may have sent is a retry, whoever sent it first.
#[test]
fn a_write_that_is_sent_again_after_a_restart_is_paid_for() {
    let mut world =
        World { deadline: Duration::from_secs(600), ..World::of(crate::scenario::lockless()) };
    let mut waited = 0;
    for _ in 0..150 {
        world.now = Time::from_millis(0);
        let options = Options { in_doubt: true, ..named() };
        let played = world.play(order(), options, script([done()]));
        waited += usize::from(!played.waits_ms(Why::Budget).is_empty());
    }
    assert!(waited > 0, "a hundred are in the bucket, and then it is empty");
}

/// The ledger makes a new call for a write that an earlier call could not place: whichever layer
/// sends it again, it is a retry.
#[test]
fn a_write_that_an_earlier_call_has_tried_is_paid_for() {
    let mut world = World { deadline: Duration::from_secs(600), ..World::new() };
    let mut waited = 0;
    for _ in 0..150 {
        world.now = Time::from_millis(0);
        let options = Options { tried_before: true, ..named() };
        let played = world.play(order(), options, script([done()]));
        waited += usize::from(!played.waits_ms(Why::Budget).is_empty());
    }
    assert!(waited > 0, "a hundred are in the bucket, and then it is empty");
}

/// Found wrong: a call that gave up at its deadline kept its place in the pace.
#[test]
fn a_call_that_gives_up_waiting_gives_its_place_back() {
    let mut world = World { deadline: Duration::from_millis(50), ..World::new() };
    world.account = steadfast_call::Account::new(&knosc(), Some(10.0), world.now);
    world.account.session.renewed();
    let mut calls: Vec<Call> = (0..50).map(|_| world.call(read(), nobody())).collect();
    for call in &mut calls {
        step(&mut world, call, Event::Started);
    }
    world.now = Time::from_millis(50);
    for call in calls.iter_mut().skip(1) {
        assert!(matches!(step(&mut world, call, Event::Woke), Step::Done(_)));
    }
    world.deadline = Duration::from_secs(1);
    let mut next = world.call(read(), nobody());
    let Step::WaitUntil { until, .. } = step(&mut world, &mut next, Event::Started) else {
        panic!("one was sent, so the next waits");
    };
    assert!(until <= Time::from_millis(100), "for the next place, not for the fiftieth");
}
