//! What is sent again, how often, and after which waits (DESIGN §3.2, §3.5; K6, K7, K10, K12).

use std::time::Duration;

use steadfast_call::dialect::PolicyName;
use steadfast_call::{Class, Effect, Kind, Options, Outcome, Reach, Stop, Why};

use crate::scenario::{
    World, code, delete, done, expired, failed, gone_away, knosc_with, lockless, lost, named,
    order, put, read, reply, script, seen_absent, stale_csrf, unsent,
};

fn nobody() -> Options {
    Options::default()
}

/// K6, V47: four attempts, with waits of exactly 1, 2 and 4 s, and the last answer is told.
#[test]
fn k6_v47_documented_waits_are_one_two_and_four_seconds() {
    let mut world = World::documented();
    let answers = [503, 503, 503, 503].map(|status| reply(status, ""));
    let played = world.play(read(), nobody(), script(answers));
    assert_eq!(played.waits_ms(Why::Backoff), [1_000, 2_000, 4_000]);
    assert_eq!(played.sent_ms.len(), 4);
    let error = played.error();
    assert_eq!(error.kind(), Kind::Unreached(Class::Unavailable));
    assert_eq!((error.status(), error.details().stop), (Some(503), Stop::Attempts));
}

/// Found wrong: the replay after a refresh counted as a try, so the first wait was 2 s and the
/// fourth try was never made.
#[test]
fn k6_a_replay_after_a_refresh_is_no_try_of_its_own() {
    let mut world = World::documented();
    let answers = [expired(), gone_away(), gone_away(), gone_away(), gone_away()];
    let played = world.play(read(), nobody(), script(answers));
    assert_eq!(played.waits_ms(Why::Backoff), [1_000, 2_000, 4_000]);
    assert_eq!(played.sent_ms.len(), 5);
}

#[test]
fn hazard_36_attempts_are_sends_and_the_last_failure_is_not_waited_for() {
    let mut world = World::new();
    let played = world.play(read(), nobody(), script([lost(), lost(), lost(), lost()]));
    assert_eq!(played.sent_ms.len(), 4);
    assert_eq!(played.waits_ms(Why::Backoff).len(), 3);
    assert_eq!(played.error().details().attempts.len(), 4);
    assert_eq!(played.error().details().attempts[3].wait, Duration::ZERO);
}

#[test]
fn hazard_38_under_the_recommended_policy_chance_shortens_the_waits() {
    let mut world = World::new();
    world.draw = 0.25;
    let played = world.play(read(), nobody(), script([lost(), lost(), lost(), lost()]));
    assert_eq!(played.waits_ms(Why::Backoff), [250, 500, 1_000]);
}

/// K12: what is refused is refused.
#[test]
fn hazard_30_k12_refusals_are_sent_once() {
    for (status, name, class) in [
        (400, "ItemMaster.NotFound", Class::Validation),
        (403, "User.NotPrivileged", Class::Forbidden),
        (404, "PurchaseOrderList.NotFound", Class::NotFound),
        (405, "Route.MethodNotAllowed", Class::Validation),
        (409, "Somewhere.Else", Class::Conflict),
        (422, "Somewhere.Else", Class::Validation),
    ] {
        for mut world in [World::new(), World::documented()] {
            let played = world.create(script([code(status, name)]));
            assert_eq!(played.error().kind(), Kind::Refused(class), "{status}");
            assert_eq!(played.error().effect(), Effect::None);
        }
    }
}

/// K10: a message that says one thing and a code that says another.
#[test]
fn k10_hazard_50_the_message_decides_nothing() {
    let misleading =
        r#"{"Message":"Token has expired, PO P-1 already exists","Code":"OrderList.NoItems"}"#;
    let played = World::new().create(script([reply(400, misleading)]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Validation));
    assert_eq!(played.error().code(), Some("OrderList.NoItems"));
}

#[test]
fn hazard_53_a_code_that_nobody_knows_is_carried_through() {
    let played = World::new().create(script([code(400, "Brand.New")]));
    assert_eq!(played.error().code(), Some("Brand.New"));
    assert_eq!(played.error().summary(), "[Brand.New] In words");
}

#[test]
fn hazard_32_a_429_was_not_processed_and_is_sent_again_unless_the_documents_forbid_it() {
    let played = World::new().create(script([reply(429, ""), done()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert!(played.looked_ms.is_empty(), "it was not processed: nothing to look for");
    let played = World::documented().create(script([reply(429, "")]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::RateLimited));
    assert!(played.error().may_succeed_later());
}

/// K7: what never left is sent again freely.
#[test]
fn k7_a_create_that_was_not_sent_is_sent_again_without_a_look() {
    let played = World::new().create(script([unsent(), unsent(), done()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert!(played.looked_ms.is_empty());
    let played = World::new().create(script([unsent(), unsent(), unsent(), unsent()]));
    assert_eq!(played.error().kind(), Kind::Unreached(Class::Network));
    assert_eq!(played.error().effect(), Effect::None);
}

#[test]
fn hazard_15_a_create_without_a_key_is_never_sent_again_after_a_doubtful_attempt() {
    let broken = failed(Reach::ReplyBroken { status: 200 });
    for answer in
        [lost(), reply(500, ""), gone_away(), reply(504, "<html>"), reply(408, ""), broken]
    {
        for mut world in [World::new(), World::documented()] {
            let played = world.play(order(), nobody(), script([answer.clone()]));
            assert_eq!(played.error().kind(), Kind::Unknown, "{answer:?}");
            assert_eq!(played.error().effect(), Effect::Unknown);
            assert_eq!(played.sent_ms.len(), 1);
        }
    }
}

/// Moving lines is a PUT that is not idempotent.
#[test]
fn a_put_that_the_dialect_calls_not_idempotent_is_not_sent_again() {
    let mut moved = put();
    moved.path = "/purchase-order-details-move-lines".to_owned();
    let mut slashed = moved.clone();
    slashed.path.push('/');
    for moved in [moved, slashed] {
        let played = World::new().play(moved, nobody(), script([lost()]));
        assert_eq!(played.error().kind(), Kind::Unknown);
    }
}

#[test]
fn hazard_40_what_is_idempotent_is_sent_again_after_time_outs() {
    for request in [put(), delete()] {
        let played = World::new().play(request, nobody(), script([lost(), gone_away(), done()]));
        assert!(matches!(played.outcome(), Outcome::Applied(_)));
    }
}

/// A later refusal does not clear what an earlier attempt may have done (DESIGN §3.2).
#[test]
fn a_refusal_after_a_doubtful_attempt_is_no_proof_that_nothing_was_done() {
    for later in [
        code(400, "OrderList.NoItems"),
        code(403, "User.NotPrivileged"),
        code(404, "PurchaseOrderList.NotFound"),
        code(401, "User.InvalidCredentials"),
    ] {
        let played = World::new().play(put(), nobody(), script([lost(), later.clone()]));
        assert_eq!(played.error().kind(), Kind::Unknown, "{later:?}");
        assert_eq!(played.error().effect(), Effect::Unknown);
        assert!(!played.error().may_succeed_later());
    }
    let played = World::new().play(put(), nobody(), script([lost(), unsent(), unsent(), unsent()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    let twice = [lost(), stale_csrf(), stale_csrf()];
    assert_eq!(World::new().play(put(), nobody(), script(twice)).error().kind(), Kind::Unknown);
}

#[test]
fn hazard_25_not_found_after_an_unanswered_delete_is_what_was_wished_for() {
    let answers = [lost(), code(404, "PurchaseOrderList.NotFound")];
    let played = World::new().play(delete(), nobody(), script(answers));
    assert!(matches!(played.outcome(), Outcome::Existing(success) if success.may_be_ours));
    // As the reference says it.
    let answers = [lost(), code(400, "PurchaseOrderList.NotFound")];
    assert!(World::new().play(delete(), nobody(), script(answers)).result.is_ok());
    let first = [code(404, "PurchaseOrderList.NotFound")];
    let played = World::new().play(delete(), nobody(), script(first));
    assert_eq!(
        played.error().kind(),
        Kind::Refused(Class::NotFound),
        "nothing of ours came before"
    );
    let put_again = [lost(), code(404, "PurchaseOrderList.NotFound")];
    let played = World::new().play(put(), nobody(), script(put_again));
    assert_eq!(played.error().kind(), Kind::Unknown, "only of a delete is it the wish");
}

/// Found wrong: a gateway that knows no route, or a wrong path, was taken for "it is gone".
#[test]
fn hazard_25_a_404_that_is_not_about_the_record_is_no_proof_that_it_is_gone() {
    for not_found in
        [reply(404, "<html>no such route</html>"), reply(404, ""), code(404, "Route.NotFound")]
    {
        let played = World::new().play(delete(), nobody(), script([lost(), not_found]));
        assert_eq!(played.error().kind(), Kind::Unknown);
    }
}

/// Found wrong: `again = "not_processed"` left the effect of a 503 unknown, and a rule with
/// `again = "if_safe"` did nothing.
#[test]
fn rules_say_what_may_be_sent_again() {
    let rule = |class: &str, again: &str| {
        let rule = format!(
            "[[rule]]\nname = \"ours\"\nwhen = {{ code = [\"X\"] }}\nclass = \"{class}\"\nagain = \"{again}\"\n\n[[rule]]\nname = \"the CSRF token"
        );
        World::of(knosc_with("[[rule]]\nname = \"the CSRF token", &rule))
    };
    let mut world = rule("unavailable", "not_processed");
    let played = world.play(order(), nobody(), script([code(503, "X"), done()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    let all = [code(503, "X"), code(503, "X"), code(503, "X"), code(503, "X")];
    let played = rule("unavailable", "not_processed").play(order(), nobody(), script(all));
    assert_eq!(played.error().kind(), Kind::Unreached(Class::Unavailable));
    assert_eq!(played.error().effect(), Effect::None);

    let played =
        rule("validation", "if_safe").play(order(), nobody(), script([code(400, "X"), done()]));
    assert!(played.result.is_ok(), "a 400 has no effect, so it is safe");
    let played = rule("server_error", "if_safe").play(order(), nobody(), script([code(500, "X")]));
    assert_eq!(played.error().kind(), Kind::Unknown, "after a 500 it is not");

    let played = rule("unavailable", "never").play(read(), nobody(), script([code(503, "X")]));
    assert_eq!(
        played.error().kind(),
        Kind::Unreached(Class::Unavailable),
        "no refusal, all the same"
    );
}

/// Found wrong: an idempotent write whose success could not be read ended as unknown at once,
/// though sending it again settles it.
#[test]
fn hazard_47_an_unreadable_success_of_an_idempotent_write_is_sent_again() {
    let portal = reply(200, "<html>Please log in</html>");
    let played = World::new().play(put(), nobody(), script([portal.clone(), done()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    let played = World::new().play(read(), nobody(), script([portal]));
    assert_eq!(played.error().kind(), Kind::Protocol, "a read is told at once (V35)");
}

/// K7: the waits of K6 hold for creates too, even where the look-up is quick.
#[test]
fn k7_a_create_is_sent_again_after_a_look_and_not_before_its_backoff() {
    let mut world =
        World { policy: steadfast_call::dialect::PolicyName::Documented, ..World::of(lockless()) };
    let played = world.create(script([lost(), lost(), lost(), lost()]));
    let gaps: Vec<u64> = played.sent_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= 3_000 && gaps[1] >= 3_000, "settled before each: {gaps:?}");
    assert!(gaps[2] >= 4_010, "the third wait is 4 s: {gaps:?}");
    assert_eq!(played.looked_ms.len(), 4);
    assert_eq!(played.error().kind(), Kind::Unreached(Class::Network), "proven absent at the end");
    assert_eq!(played.error().effect(), Effect::None);
}

#[test]
fn hazard_42_the_error_carries_every_attempt_and_its_cause() {
    let played = World::new().play(
        put(),
        named(),
        script([lost(), reply(502, "<html>"), code(500, "Server.Error"), gone_away()]),
    );
    let details = played.error().details();
    let classes: Vec<Class> = details.attempts.iter().map(|attempt| attempt.class).collect();
    assert_eq!(
        classes,
        [Class::Network, Class::Unavailable, Class::ServerError, Class::Unavailable]
    );
    assert!(details.attempts.iter().all(|attempt| !attempt.rule.is_empty()));
    assert_eq!(details.attempts[2].code.as_deref(), Some("Server.Error"));
}

#[test]
fn hazard_37_many_attempts_do_not_make_hours_of_waiting() {
    let policy = "[policy.documented]\nattempts = 4";
    let dialect = knosc_with(policy, "[policy.documented]\nattempts = 80");
    let mut world = World { deadline: Duration::from_secs(3_600), ..World::of(dialect) };
    world.policy = PolicyName::Documented;
    let played = world.play(read(), nobody(), script(vec![reply(429, ""); 1]));
    assert_eq!(played.sent_ms.len(), 1, "the documents do not send a 429 again");
    let answers: Vec<_> = (0..80).map(|_| gone_away()).collect();
    let played = world.play(read(), nobody(), script(answers));
    let waits = played.waits_ms(Why::Backoff);
    assert_eq!((waits.len(), waits[3], waits[78]), (79, 8_000, 8_000));
}

/// Hazard 20, by a rule of ours: the same call is being worked on.
#[test]
fn hazard_20_what_is_in_progress_is_waited_for() {
    let first = "[[rule]]\nname = \"the CSRF token";
    let rule = "[[rule]]\nname = \"ours\"\nwhen = { code = [\"X\"] }\nclass = \"in_progress\"\n\n";
    let mut world = World::of(knosc_with(first, &format!("{rule}{first}")));
    let answers = [code(409, "X").with("retry-after", "2"), done()];
    let played = world.play(order(), nobody(), script(answers));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert_eq!(played.waits_ms(Why::Hint), [2_000]);
}

/// What was seen before the write is no guarantee for it.
#[test]
fn hazard_58_a_write_that_passed_the_pre_flight_may_still_name_what_is_gone() {
    for name in ["ItemMaster.NotFound", "SupplierMaster.NotFound", "WarehouseMaster.NotFound"] {
        let played = World::new().play(order(), seen_absent(), script([code(400, name)]));
        assert_eq!(played.error().kind(), Kind::Refused(Class::Validation));
        assert!(played.error().details().action.is_some());
    }
}

#[test]
fn hazard_28_an_empty_object_is_a_body() {
    for body in ["{}", "[]", "0", ""] {
        let request = put().json(body);
        assert_eq!(request.body.as_deref(), Some(body.as_bytes()));
        assert_eq!(request.method, http::Method::PUT);
    }
}

/// What people are told names the code, and never holds what a gateway wrote.
#[test]
fn hazard_52_people_are_not_shown_bodies() {
    let played = World::new().create(script([reply(403, "<html>stack trace</html>")]));
    assert!(!played.error().user_message().contains("stack trace"));
    assert!(!played.error().to_string().contains("stack trace"));
}
