//! Nothing outlives the deadline, and what is called off says what it may have done (I5, §3.6).

use std::time::Duration;

use steadfast_call::{Effect, Kind, Options, Stop, Why};

use crate::scenario::{World, done, lost, named, order, put, read, reply, same, script, unsent};

fn within(ms: u64) -> World {
    World { deadline: Duration::from_millis(ms), ..World::new() }
}

#[test]
fn every_attempt_is_trimmed_to_what_is_left() {
    let mut world = World { deadline: Duration::from_secs(31), draw: 0.999, ..World::new() };
    let played = world.play(read(), Options::default(), script([lost(), lost(), done()]));
    assert_eq!(played.timeouts[0], Duration::from_secs(30));
    assert!(played.timeouts[1] < Duration::from_secs(30) + Duration::from_millis(1));
    assert!(played.timeouts[2] < Duration::from_secs(29));
}

#[test]
fn hazard_41_a_wait_beyond_the_deadline_is_not_begun() {
    let mut world = World { deadline: Duration::from_millis(2_500), ..World::documented() };
    let played = world.play(read(), Options::default(), script([lost(), lost()]));
    assert_eq!(played.error().details().stop, Stop::Deadline);
    assert_eq!(played.sent_ms.len(), 2, "1 s was waited, 2 s would end too late");
    assert!(played.ended_ms < 2_500);
}

#[test]
fn a_call_whose_deadline_has_passed_sends_nothing() {
    let played = within(0).create(script([]));
    assert_eq!(played.error().details().stop, Stop::Deadline);
    assert_eq!(played.error().effect(), Effect::None);
    assert!(played.error().may_succeed_later());
}

/// What has no time to settle can still be found.
#[test]
fn where_the_deadline_comes_before_settling_a_look_is_made_at_once() {
    let played = within(2_000).create(script([lost()]).looks([same()]));
    assert!(played.result.is_ok());
    assert_eq!(played.looked_ms, [10]);
    let played = within(2_000).create(script([lost()]));
    assert_eq!(played.error().kind(), Kind::Unknown, "nothing found is no proof then");
    assert!(played.ended_ms <= 2_000);
}

#[test]
fn waiting_for_proof_ends_at_the_deadline_as_unknown() {
    let played = within(20_000).create(script([lost()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!(played.error().details().stop, Stop::Deadline);
    assert_eq!(played.ended_ms, 20_000);
    assert!(played.looked_ms.len() <= 5, "every 5 s, not all the time: {:?}", played.looked_ms);
}

#[test]
fn hazard_43_a_call_that_waits_can_be_called_off() {
    let played =
        World::new().play(read(), Options::default(), script([unsent()]).cancelled_at(400));
    assert_eq!(played.error().kind(), Kind::Cancelled);
    assert_eq!(played.error().effect(), Effect::None);
    assert!(played.error().may_succeed_later());
}

#[test]
fn hazard_43_a_write_that_is_called_off_on_its_way_may_have_taken_effect() {
    for (request, options) in [(order(), named()), (order(), Options::default()), (put(), named())]
    {
        let played = World::new().play(request, options, script([done()]).cancelled_at(5));
        let error = played.error();
        assert_eq!((error.kind(), error.effect()), (Kind::Cancelled, Effect::Unknown));
        assert!(!error.may_succeed_later());
        assert_eq!(error.details().attempts.len(), 1, "it says that it was sent");
        assert!(error.user_message().contains("may have been done"));
    }
    let played = World::new().play(read(), Options::default(), script([done()]).cancelled_at(5));
    assert_eq!(played.error().effect(), Effect::None, "a read changes nothing");
}

#[test]
fn a_write_that_is_called_off_while_it_is_in_doubt_stays_in_doubt() {
    let played = World::new().create(script([lost()]).cancelled_at(3_500));
    let error = played.error();
    assert_eq!((error.kind(), error.effect()), (Kind::Cancelled, Effect::Unknown));
    assert_eq!(error.details().attempts.len(), 1);
}

#[test]
fn the_end_is_told_once() {
    use steadfast_call::{Draw, Event, Step, Time};
    let mut world = World::new();
    let mut call = world.call(order(), named());
    let draw = Draw::new(0.5);
    let mut step = |event| call.step(event, Time::from_millis(1), draw, &mut world.account);
    step(Event::Started);
    let crate::scenario::Answer::Reply(created) = done() else { unreachable!() };
    assert!(matches!(step(Event::Replied(created)), Step::Done(result) if result.is_ok()));
    let Step::Done(again) = step(Event::Woke) else { panic!("it has ended") };
    let error = again.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Cancelled, Effect::Applied));
    assert!(!error.to_string().contains("before it took effect"));
}

#[test]
fn a_wait_that_is_cut_short_is_taken_up_again() {
    use steadfast_call::{Draw, Event, Step, Time};
    let mut world = World::documented();
    let mut call = world.call(read(), Options::default());
    let draw = Draw::new(0.5);
    let mut step = |event, ms| call.step(event, Time::from_millis(ms), draw, &mut world.account);
    step(Event::Started, 0);
    let crate::scenario::Answer::Reply(away) = reply(503, "") else { unreachable!() };
    let Step::WaitUntil { until, why: Why::Backoff } = step(Event::Replied(away), 10) else {
        panic!("no wait")
    };
    assert_eq!(until, Time::from_millis(1_010));
    assert!(
        matches!(step(Event::Woke, 500), Step::WaitUntil { until: again, .. } if again == until)
    );
    assert!(matches!(step(Event::Woke, 1_010), Step::Send { attempt: 2, .. }));
}
