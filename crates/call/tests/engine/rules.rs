//! What a dialect says beyond classes: effects, policies, operations, hints, and options that
//! are off.

use http::{Method, StatusCode};
use steadfast_call::dialect::PolicyName;
use steadfast_call::{Account, Class, Effect, Kind, Options, Request, Stop, Time, Why};

use crate::payments::{dialect, keyed, made, pay, said, world};
use crate::scenario::{Answer, World, gone_away, lost, reply, script};

fn get(path: &str) -> Request {
    Request::new(Method::GET, path)
}

fn nothing() -> Options {
    Options::default()
}

fn guided() -> World {
    World { policy: PolicyName::Documented, ..world() }
}

#[test]
fn a_rule_can_say_what_took_effect() {
    let none = said(StatusCode::INTERNAL_SERVER_ERROR, "no_database");
    let played = world().play(pay(), nothing(), script([none, made()]));
    assert_eq!(played.sent_ms.len(), 2, "it is known to have done nothing");
    let unknown = said(StatusCode::BAD_REQUEST, "timed_out");
    let played = world().play(pay(), nothing(), script([unknown]));
    assert_eq!(played.error().effect(), Effect::Unknown, "a refusal that refuses nothing");
    let turned_away = said(StatusCode::SERVICE_UNAVAILABLE, "overloaded");
    let played = world().play(pay(), nothing(), script([turned_away, made()]));
    assert_eq!(played.sent_ms.len(), 2, "not processed means no effect");
}

#[test]
fn a_rule_can_hold_under_one_policy_only() {
    let broken = || said(StatusCode::INTERNAL_SERVER_ERROR, "broken");
    let played = guided().play(get("/payments"), nothing(), script([broken()]));
    assert_eq!(played.sent_ms.len(), 1);
    let played = world().play(get("/payments"), nothing(), script([broken(), reply(200, "{}")]));
    assert_eq!(played.sent_ms.len(), 2);
}

#[test]
fn of_several_errors_the_rules_say_which_one_wins() {
    let body =
        r#"{"errors":[{"code":"odd","message":"one"},{"code":"account_closed","message":"two"}]}"#;
    let played = world().play(pay(), nothing(), script([reply(400, body)]));
    assert!(played.error().is(Class::Forbidden) && played.error().code_is("account_*"));
    assert_eq!(played.error().details().message.as_deref(), Some("two"));
}

#[test]
fn hazard_44_a_probe_is_sent_once() {
    let played = world().play(get("/ready"), nothing(), script([reply(503, "")]));
    assert_eq!((played.sent_ms.len(), played.error().status()), (1, Some(503)));
    assert_eq!(played.error().details().stop, Stop::Attempts);
}

/// What one API wants tried again, another does not.
#[test]
fn hazard_31_each_api_has_its_own_set_of_what_is_tried_again() {
    for (name, path, sends) in [("knosc", "/item-master", 4), ("kneo", "/v1/runs", 1)] {
        let dialect = steadfast_call::dialect::Dialect::built_in(name).unwrap();
        let mut world = World { policy: PolicyName::Documented, ..World::of(dialect) };
        let answers = script([0; 4].map(|_| reply(500, "")));
        assert_eq!(world.play(get(path), nothing(), answers).sent_ms.len(), sends, "{name}");
    }
}

#[test]
fn a_post_that_only_reads_is_sent_again_like_any_read() {
    let search = Request::new(Method::POST, "/search").json("{}");
    let played = world().play(search, nothing(), script([lost(), reply(200, "{}")]));
    assert_eq!(played.sent_ms.len(), 2);
    assert!(played.result.is_ok());
}

#[test]
fn a_hint_holds_only_where_its_condition_does() {
    let limited = |left: &str| reply(429, "").with("x-reset", "7").with("x-remaining", left);
    let played =
        world().play(get("/payments"), nothing(), script([limited("0"), reply(200, "{}")]));
    assert_eq!(played.waits_ms(Why::Hint), [7_000]);
    let played =
        world().play(get("/payments"), nothing(), script([limited("5"), reply(200, "{}")]));
    assert!(played.waits_ms(Why::Hint).is_empty());
}

#[test]
fn hazard_33_a_hint_is_exact_where_the_guide_says_so_and_the_least_elsewhere() {
    let hinted = || gone_away().with("retry-after", "0.5");
    let played = guided().play(get("/payments"), nothing(), script([hinted(), reply(200, "{}")]));
    assert_eq!(played.waits_ms(Why::Hint), [500], "our own wait would be two seconds");
    let mut world = World { draw: 1.0, ..world() };
    let played = world.play(get("/payments"), nothing(), script([hinted(), reply(200, "{}")]));
    assert_eq!(played.waits_ms(Why::Backoff), [1_000]);
}

#[test]
fn hazard_34_a_negative_hint_is_none_unless_the_guide_takes_it_for_zero() {
    let hinted = || gone_away().with("retry-after", "-3");
    let played = guided().play(get("/payments"), nothing(), script([hinted(), reply(200, "{}")]));
    assert_eq!(played.waits_ms(Why::Backoff), [] as [u64; 0], "at once");
    let played = world().play(get("/payments"), nothing(), script([hinted(), reply(200, "{}")]));
    assert_eq!(played.waits_ms(Why::Backoff), [500]);
    let outcome = played.outcome().success();
    assert!(outcome.attempts[0].rule.contains("it is negative"), "{}", outcome.attempts[0].rule);
}

#[test]
fn hazard_38_proportional_jitter_moves_a_wait_by_its_share() {
    for (draw, ms) in [(0.0, 1_800), (0.5, 2_000), (1.0, 2_200)] {
        let mut world = World { draw, ..guided() };
        let answers = script([gone_away(), reply(200, "{}")]);
        let played = world.play(get("/payments"), nothing(), answers);
        assert_eq!(played.waits_ms(Why::Backoff), [ms]);
    }
}

#[test]
fn write_retry_always_is_the_guides_letter_and_off() {
    let played = world().play(pay(), nothing(), script([lost()]));
    assert_eq!((played.error().kind(), played.sent_ms.len()), (Kind::Unknown, 1));
    let mut dialect = dialect();
    dialect.set_option("write_retry", "always").unwrap();
    let played = World::of(dialect.clone()).play(pay(), nothing(), script([lost(), made()]));
    assert_eq!(played.sent_ms.len(), 2);
    let rule = &played.outcome().success().attempts[0].rule;
    assert!(rule.contains("as the user wished"), "{rule}");
    let answers = script([lost(), lost(), lost(), lost()]);
    let played = World::of(dialect).play(pay(), nothing(), answers);
    assert_eq!(played.error().kind(), Kind::Unknown, "and what it did is not claimed");
}

fn told(limit: &'static str) -> Answer {
    reply(200, "{}").with("ratelimit", limit)
}

/// What a header tells of the limit is kept to before anything is refused, by every call of the
/// account.
#[test]
fn hazard_72_a_limit_that_is_told_ahead_holds_back_every_call() {
    let mut world = world();
    world.play(get("/payments"), nothing(), script([told("\"p\";r=0;t=5")]));
    let before = world.now;
    let played = world.play(get("/payments"), nothing(), script([told("\"p\";r=100;t=5")]));
    assert!(world.now - before >= std::time::Duration::from_millis(4_990));
    assert_eq!(played.waits_ms(Why::Pace).len(), 1);
    let played = world.play(get("/payments"), nothing(), script([reply(200, "{}")]));
    assert!(played.waits.is_empty(), "there is plenty left");
}

#[test]
fn what_is_left_of_a_window_is_spread_over_it() {
    let mut world = world();
    world.play(get("/payments"), nothing(), script([told("\"p\";r=4;t=8")]));
    let start = world.now;
    let mut sent = Vec::new();
    for _ in 0..4 {
        let played = world.play(get("/payments"), nothing(), script([reply(200, "{}")]));
        sent.push(played.sent_ms[0] - start.to_duration().as_millis() as u64);
    }
    assert_eq!(sent[0], 0);
    assert!(sent.windows(2).all(|pair| (1_900..2_100).contains(&(pair[1] - pair[0]))), "{sent:?}");
}

#[test]
fn a_limit_that_cannot_be_read_or_lies_far_off_wedges_nobody() {
    for limit in ["\"p\";r=nan;t=5", "\"p\";r=0", "\"p\";r=0;t=inf", "\"p\";r=0;t=-1", "r=;t="] {
        let mut world = world();
        world.play(get("/payments"), nothing(), script([told(limit)]));
        let played = world.play(get("/payments"), nothing(), script([reply(200, "{}")]));
        assert!(played.waits.is_empty(), "{limit}: {:?}", played.waits);
    }
    let mut world = World { deadline: std::time::Duration::from_secs(600), ..world() };
    world.play(get("/payments"), nothing(), script([told("\"p\";r=0;t=1000000")]));
    let played = world.play(get("/payments"), nothing(), script([reply(200, "{}")]));
    assert!(played.ended_ms <= 61_000, "no more than a minute: {}", played.ended_ms);
}

#[test]
fn hazard_72_one_429_slows_the_whole_account_and_stops_only_the_one_call() {
    let mut world = world();
    let limited = reply(429, "").with("retry-after", "30");
    let mut first = world.call(pay(), keyed());
    let draw = steadfast_call::Draw::new(0.5);
    first.step(steadfast_call::Event::Started, world.now, draw, &mut world.account);
    let Answer::Reply(limited) = limited else { unreachable!() };
    let event = steadfast_call::Event::Replied(limited);
    let step = first.step(event, world.now, draw, &mut world.account);
    let steadfast_call::Step::WaitUntil { until, why: Why::Hint } = step else {
        panic!("{step:?}")
    };
    assert_eq!(until, Time::from_millis(30_000));
    assert!(rate(&world.account).is_some(), "the rate of all of them is kept");
    let played = world.play(pay(), keyed(), script([made()]));
    assert!(played.ended_ms < 1_000, "the others do not wait for its hint");
}

fn rate(account: &Account) -> Option<f64> {
    account.rate()
}
