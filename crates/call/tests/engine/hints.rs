//! The server's waits rule (DESIGN §3.5; I5).

use std::time::Duration;

use steadfast_call::{
    Account, AuthEvent, AuthFailure, AuthStep, Authentication, Class, Draw, Effect, Failure, Kind,
    Options, Outcome, Principal, Reach, Reply, Stop, Time, Wanted, Why,
};

use crate::scenario::{
    Answer, World, code, done, expired, gone_away, knosc, lockless, order, read, reply, same,
    script, stale_csrf,
};

fn nobody() -> Options {
    Options::default()
}

#[test]
fn hazard_33_a_hint_longer_than_our_own_wait_is_kept() {
    let mut world = World::new();
    let answers = [gone_away().with("retry-after", "7"), done()];
    let played = world.play(read(), nobody(), script(answers));
    assert_eq!(played.waits_ms(Why::Hint), [7_000]);
    let answers = [gone_away().with("retry-after", "0.2"), done()];
    let played = World::documented().play(read(), nobody(), script(answers));
    assert_eq!(played.waits_ms(Why::Backoff), [1_000], "the larger of the two");
}

#[test]
fn hazard_34_hints_that_make_no_sense_are_set_aside_and_the_reason_is_told() {
    for nonsense in ["inf", "NaN", "-5", "soon", "1e400", "Wed, 21 Oct 2015 07:28:00 GMT"] {
        let answers = [gone_away().with("retry-after", nonsense), done()];
        let played = World::documented().play(read(), nobody(), script(answers));
        assert_eq!(played.waits_ms(Why::Backoff), [1_000], "{nonsense}");
        let rule = &played.outcome().success().attempts[0].rule;
        assert!(rule.contains("ignored"), "{nonsense}: {rule}");
    }
}

#[test]
fn hazard_34_a_repeated_hint_is_kept_to_the_longest() {
    let answers = [gone_away().with("retry-after", "3").with("retry-after", "6"), done()];
    let played = World::new().play(read(), nobody(), script(answers));
    assert_eq!(played.waits_ms(Why::Hint), [6_000]);
}

#[test]
fn hazard_35_a_hint_of_nothing_is_bounded_by_the_attempts() {
    let mut world = World { draw: 0.0, ..World::new() };
    let answers = [0; 4].map(|_| reply(429, "").with("retry-after", "0"));
    let played = world.create(script(answers));
    assert_eq!(played.sent_ms.len(), 4);
    assert_eq!(played.error().kind(), Kind::Unreached(Class::RateLimited));
}

#[test]
fn a_hint_beyond_the_cap_or_the_deadline_ends_the_call_and_is_carried() {
    for mut world in [World::new(), World::documented()] {
        let answers = [gone_away().with("retry-after", "61")];
        let played = world.play(read(), nobody(), script(answers));
        assert_eq!(played.error().details().stop, Stop::HintTooLong);
        assert_eq!(played.error().details().retry_after, Some(Duration::from_secs(61)));
        assert!(played.ended_ms < 100, "now, not later");
    }
    let mut world = World { deadline: Duration::from_secs(10), ..World::new() };
    let played = world.create(script([reply(429, "").with("retry-after", "30")]));
    assert_eq!(played.error().details().stop, Stop::Deadline);
    assert_eq!(played.error().details().retry_after, Some(Duration::from_secs(30)));
    assert_eq!(played.error().effect(), Effect::None);
}

/// Found wrong: a look-up that proved absence led to the next attempt at once, whatever the
/// answer before it had asked for.
#[test]
fn a_hint_outlasts_the_look_up() {
    let answers = [gone_away().with("retry-after", "30"), done()];
    let played = World::of(lockless()).create(script(answers));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert_eq!(played.looked_ms, [3_010], "looking is another operation");
    assert!(played.sent_ms[1] >= 30_010, "{:?}", played.sent_ms);
}

/// Looking tells more than giving up would, and sends nothing.
#[test]
fn a_hint_that_is_too_long_does_not_keep_us_from_looking() {
    let answers = [gone_away().with("retry-after", "600")];
    let played = World::of(lockless()).create(script(answers.clone()));
    assert_eq!(played.error().details().stop, Stop::HintTooLong);
    assert_eq!(played.error().effect(), Effect::None, "proven not to be there");
    assert_eq!(played.error().details().retry_after, Some(Duration::from_secs(600)));
    let played = World::new().create(script(answers).looks([same()]));
    assert!(played.result.is_ok());
}

/// Found wrong: the cure of a stale session did not keep to the hint.
#[test]
fn a_hint_on_a_401_or_a_csrf_refusal_is_kept() {
    for refusal in [expired(), stale_csrf()] {
        let played = World::new().create(script([refusal.with("retry-after", "5"), done()]));
        assert!(played.sent_ms[1] >= 5_010, "{:?}", played.sent_ms);
    }
}

/// Found wrong: a refusal whose body broke off was sent again like a lost connection, and what
/// its headers asked for was not known.
#[test]
fn a_refusal_whose_body_breaks_off_is_read_by_its_status() {
    let broken = |status| Answer::Fail(Failure::new(Reach::ReplyBroken { status }, "cut"));
    let played = World::new().create(script([broken(400)]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Validation));
    let played = World::new().create(script([broken(401), done()]));
    assert_eq!((played.renewed, played.result.is_ok()), (1, true));
    let played = World::new().play(order(), nobody(), script([broken(503)]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    let played = World::new().play(read(), nobody(), script([broken(200), done()]));
    assert!(played.result.is_ok(), "half a list is no list: read it again");

    let Answer::Reply(arrived) = reply(429, "{").with("retry-after", "9") else { unreachable!() };
    let failure = Failure::new(Reach::ReplyBroken { status: 429 }, "cut").with_reply(arrived);
    let played = World::new().create(script([Answer::Fail(failure), done()]));
    assert_eq!(played.waits_ms(Why::Hint), [9_000]);
}

/// Found wrong: a log-in that was told to wait longer than the cap was asked again by the call's
/// own backoff.
#[test]
fn a_log_in_that_is_told_to_wait_is_not_asked_before() {
    let dialect = knosc();
    let (now, draw) = (Time::from_millis(0), Draw::new(0.5));
    let mut account = Account::new(&dialect, None, now);
    let wanted = Wanted { principal: Principal::Account, refreshable: false, route: 0 };
    let mut machine = Authentication::new(&dialect, Default::default(), wanted, &mut account);
    let _ = machine.step(AuthEvent::Go, now, draw, &mut account);
    let Answer::Reply(away) = gone_away().with("retry-after", "120") else { unreachable!() };
    let away: Reply = away;
    let event = AuthEvent::Replied { reply: &away, session: false };
    let step = machine.step(event, now, draw, &mut account);
    assert!(matches!(step, AuthStep::Failed(AuthFailure::Unreached { .. })));
    assert_eq!(machine.hold_until(), Some(Time::from_millis(120_000)));

    let mut world = World::new();
    let unreached = || Err(AuthFailure::Unreached { text: "HTTP 503".to_owned() });
    world.account.session = steadfast_call::Session::new(true);
    world.account.session.hold_until(Time::from_millis(120_000));
    let played = world.create(script([]).renewals([unreached()]));
    assert_eq!(played.renewed, 0);
    assert_eq!(played.error().details().stop, Stop::HintTooLong);

    world.account.session = steadfast_call::Session::new(true);
    world.account.session.hold_until(Time::from_millis(20_000));
    let played = world.create(script([done()]));
    assert_eq!((played.renewed, played.sent_ms[0]), (1, 20_010));
}

#[test]
fn codes_and_hints_of_the_last_answer_reach_the_error() {
    let answer = code(403, "User.NotPrivileged").with("x-request-id", "r-1");
    let played = World::new().create(script([answer]));
    let details = played.error().details();
    assert_eq!(details.request_id.as_deref(), Some("r-1"));
    assert_eq!(details.action.as_deref(), Some("ask an administrator for the privilege"));
}
