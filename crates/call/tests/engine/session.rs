//! Sessions that end, and how calls get a newer one (DESIGN §3.9; K2–K5; I6).

use http::Method;
use steadfast_call::{
    AuthFailure, Class, CredentialsKind, Draw, Effect, Event, Kind, Options, Outcome, Request,
    Step, Time,
};

use crate::scenario::{
    Answer, World, code, done, expired, gone_away, named, order, read, reply, script, stale_csrf,
};

fn nobody() -> Options {
    Options::default()
}

/// V46: one refresh, two sends, and the second 401 is final.
#[test]
fn k2_v46_a_second_401_is_final() {
    let played = World::new().play(read(), nobody(), script([expired(), expired()]));
    assert_eq!((played.renewed, played.sent_ms.len()), (1, 2));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Unauthenticated));
    assert!(played.error().may_succeed_later());
}

#[test]
fn hazard_3_k2_the_refresh_is_there_at_every_attempt_and_once_a_call() {
    let played = World::new().play(read(), nobody(), script([gone_away(), expired(), done()]));
    assert_eq!((played.renewed, played.result.is_ok()), (1, true));
    let played = World::new().play(read(), nobody(), script([expired(), gone_away(), expired()]));
    assert_eq!((played.renewed, played.sent_ms.len()), (1, 3));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Unauthenticated));
}

#[test]
fn hazard_6_the_replay_is_read_like_any_answer() {
    let played = World::new().create(script([expired(), code(400, "OrderList.NoItems")]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Validation));
}

/// Two calls of one account, step by step.
struct Two {
    world: World,
    calls: [steadfast_call::Call; 2],
}

impl Two {
    fn sending() -> Self {
        let mut world = World::new();
        let calls = [world.call(order(), named()), world.call(order(), named())];
        let mut two = Self { world, calls };
        for call in 0..2 {
            assert!(matches!(two.step(call, Event::Started), Step::Send { .. }));
        }
        two
    }

    fn step(&mut self, call: usize, event: Event) -> Step {
        let now = Time::from_millis(1);
        self.calls[call].step(event, now, Draw::new(0.5), &mut self.world.account)
    }

    fn reply(&mut self, call: usize, answer: Answer) -> Step {
        let Answer::Reply(reply) = answer else { panic!("no reply") };
        self.step(call, Event::Replied(reply))
    }
}

/// K4: whoever finds the session newer than its own sends again without a refresh.
#[test]
fn hazard_2_k4_calls_refused_together_share_one_refresh() {
    let mut two = Two::sending();
    let Step::Authenticate { stale } = two.reply(0, expired()) else { panic!("no refresh") };
    assert_eq!(stale, two.world.account.session.current());
    // The second is refused while the first renews: it waits for the same renewal.
    assert!(matches!(two.reply(1, expired()), Step::Authenticate { stale: same } if same == stale));
    let fresh = two.world.account.session.renewed();
    for call in 0..2 {
        let step = two.step(call, Event::Authenticated);
        assert!(matches!(step, Step::Send { generation, .. } if generation == fresh));
    }
}

#[test]
fn k4_a_late_401_of_an_old_session_only_binds_anew() {
    let mut two = Two::sending();
    two.reply(0, expired());
    let fresh = two.world.account.session.renewed();
    assert!(
        matches!(two.reply(1, expired()), Step::Send { generation, .. } if generation == fresh)
    );
    assert!(
        matches!(two.step(0, Event::Authenticated), Step::Send { generation, .. } if generation == fresh)
    );
}

/// A CSRF refusal of the current session needs a refresh; of an older one only a new binding.
#[test]
fn hazard_1_a_stale_csrf_token_is_cured_once() {
    let played = World::new().create(script([stale_csrf(), done()]));
    assert_eq!((played.renewed, played.result.is_ok()), (1, true));
    let played = World::new().create(script([stale_csrf(), stale_csrf()]));
    assert_eq!((played.renewed, played.sent_ms.len()), (1, 2));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Csrf));

    let mut two = Two::sending();
    assert!(matches!(two.reply(0, stale_csrf()), Step::Authenticate { .. }));
    let fresh = two.world.account.session.renewed();
    assert!(
        matches!(two.reply(1, stale_csrf()), Step::Send { generation, .. } if generation == fresh)
    );
}

/// Somebody's reply rotated the cookies while ours was on its way.
#[test]
fn hazard_1_a_rotated_token_is_bound_anew_without_a_refresh() {
    let mut two = Two::sending();
    let bound = two.world.account.session.current();
    let rotated = two.world.account.session.rotated(bound).unwrap();
    assert!(
        matches!(two.reply(0, stale_csrf()), Step::Send { generation, .. } if generation == rotated)
    );
}

#[test]
fn hazard_9_a_bare_422_is_csrf_to_a_write_and_a_bad_token_to_a_read() {
    let bare = || reply(422, r#"{"msg":"Bad Authorization header"}"#);
    let played = World::new().create(script([bare(), done()]));
    assert_eq!(played.outcome().success().attempts[0].class, Class::Csrf);
    let played = World::new().play(read(), nobody(), script([bare(), done()]));
    assert_eq!(played.outcome().success().attempts[0].class, Class::Unauthenticated);
}

/// A 401 and a CSRF refusal of one call: each is cured once, so the sends stay bounded.
#[test]
fn hazard_4_the_cures_of_one_call_are_bounded() {
    let answers = [expired(), stale_csrf(), expired()];
    let played = World::new().create(script(answers));
    assert_eq!((played.renewed, played.sent_ms.len()), (2, 3));
    assert!(matches!(played.error().kind(), Kind::Refused(Class::Unauthenticated)));
}

/// Found wrong: twenty calls that were refused together shut the account for good, though a new
/// log-in would have helped.
#[test]
fn a_session_that_ends_under_many_calls_does_not_close_the_account() {
    let mut world = World::new();
    for _ in 0..20 {
        let played = world.play(read(), nobody(), script([done(), expired()]));
        assert!(played.result.is_ok());
    }
    let generation = world.account.session.renewed();
    for _ in 0..20 {
        world.account.session.refused(generation);
    }
    let played = world.play(read(), nobody(), script([done()]));
    assert_eq!((played.renewed, played.result.is_ok()), (1, true));
}

/// Log-ins work and no session is ever taken: after a few, the account is closed (I4, K17).
#[test]
fn hazard_4_sessions_that_are_never_taken_end() {
    let mut world = World::new();
    let mut renewed = 0;
    let mut sent = 0;
    for _ in 0..20 {
        let played = world.play(read(), nobody(), script([expired(), expired()]));
        renewed += played.renewed;
        sent += played.sent_ms.len();
        if played.sent_ms.is_empty() {
            let kind = played.error().kind();
            assert_eq!(kind, Kind::Credentials(CredentialsKind::SessionNotTaken));
            assert!(played.error().user_message().contains("Are cookies sent?"));
        }
    }
    assert!(renewed <= 5 && sent <= 10, "{renewed} renewals, {sent} sends");
}

/// K5: a 401 to a log-in, a refresh or a second factor is no reason for a refresh.
#[test]
fn hazard_5_k5_a_401_to_a_log_in_is_final() {
    for path in ["/login", "/authenticate", "/refresh", "/token-refresh", "/verify-2fa"] {
        let mut world = World::new();
        let request = Request::new(Method::POST, path).json("{}");
        let played = world.play(request, nobody(), script([code(401, "Token.Missing")]));
        assert_eq!((played.renewed, played.sent_ms.len()), (0, 1), "{path}");
        let played = world.play(read(), nobody(), script([done()]));
        assert_eq!(played.renewed, 0, "it says nothing of the session of others");
    }
}

/// I6: nobody tries a refused log-in again.
#[test]
fn a_refused_log_in_ends_every_call_of_the_account() {
    let mut world = World::new();
    let locked = code(403, "User.Locked").with("retry-after", "30");
    let played = world.create(script([locked]));
    assert_eq!(played.error().kind(), Kind::Credentials(CredentialsKind::Refused));
    let played = world.create(script([]));
    assert_eq!(played.error().kind(), Kind::Credentials(CredentialsKind::Refused));
    assert_eq!((played.renewed, played.sent_ms.len()), (0, 0));
}

#[test]
fn a_log_in_that_is_not_answered_is_tried_again_and_then_given_up() {
    let mut world = World::new();
    world.account.session = steadfast_call::Session::new(true);
    let unreached = || Err(AuthFailure::Unreached { text: "connection refused".to_owned() });
    let renewals = [unreached(), unreached(), Ok(())];
    let played = world.create(script([done()]).renewals(renewals));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert_eq!(played.renewed, 3);

    world.account.session = steadfast_call::Session::new(true);
    let renewals = [unreached(), unreached(), unreached(), unreached()];
    let played = world.create(script([]).renewals(renewals));
    assert_eq!((played.renewed, played.sent_ms.len()), (4, 0));
    assert!(played.error().may_succeed_later());
}

/// K1: a log-in that the policy has told at once is not asked for again by the call's own backoff.
#[test]
fn k1_a_log_in_that_failed_ends_the_call_that_it_was_for() {
    let mut world = World::new();
    world.account.session = steadfast_call::Session::new(true);
    let failed = Err(AuthFailure::Failed { status: 503, text: "HTTP 503".to_owned() });
    let played = world.create(script([]).renewals([failed]));
    assert_eq!((played.renewed, played.sent_ms.len()), (1, 0));
    let error = played.error();
    assert_eq!((error.kind(), error.effect()), (Kind::Unreached(Class::Network), Effect::None));
    assert!(error.may_succeed_later() && error.to_string().contains("HTTP 503"), "{error}");
    // Nobody is shut out: the next call asks again.
    let played = world.create(script([done()]).renewals([Ok(())]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
}

/// Found wrong: a driver that says "renewed" without a newer session was asked for ever.
#[test]
fn a_renewal_that_renews_nothing_does_not_go_round_for_ever() {
    let mut world = World::new();
    let mut call = world.call(read(), nobody());
    let draw = Draw::new(0.5);
    world.account.session = steadfast_call::Session::new(true);
    let mut now = Time::from_millis(0);
    let mut event = Event::Started;
    for _ in 0..50 {
        event = match call.step(event, now, draw, &mut world.account) {
            Step::Authenticate { .. } => Event::Authenticated,
            Step::WaitUntil { until, .. } => {
                now = until;
                Event::Woke
            }
            Step::Done(result) => {
                assert!(result.unwrap_err().to_string().contains("no newer session"));
                return;
            }
            step => panic!("{step:?}"),
        };
    }
    panic!("it goes round for ever");
}
