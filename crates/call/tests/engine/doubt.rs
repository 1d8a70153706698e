//! What becomes of a write that may have taken effect: settle, lock, look, and only then send
//! again (I1, I3; DESIGN §3.2, §3.3).

use std::time::Duration;

use http::Method;
use steadfast_call::{
    AuthFailure, CredentialsKind, Effect, Kind, Nature, Options, Outcome, Request, Stop, Time, Why,
};

use crate::scenario::{
    World, cannot_tell, code, done, free_at, lockless, lost, named, order, other, put, queued,
    reply, same, script, seen_absent, twice, unsent,
};

#[test]
fn k7_what_is_found_equal_is_not_sent_again() {
    let played = World::new().create(script([lost()]).looks([same()]));
    assert!(matches!(played.outcome(), Outcome::Existing(success) if success.may_be_ours));
    assert_eq!(played.sent_ms.len(), 1);
    let played = World::new().play(order(), seen_absent(), script([lost()]).looks([same()]));
    let Outcome::Applied(success) = played.outcome() else { panic!("{:?}", played.result) };
    assert_eq!(success.resource_id.as_deref(), Some("42"));
}

#[test]
fn what_is_found_with_other_content_is_held() {
    for options in [named(), seen_absent()] {
        let played = World::new().play(order(), options, script([lost()]).looks([other()]));
        assert_eq!(played.error().kind(), Kind::Differs);
        assert_eq!(played.error().details().differences.len(), 1);
        assert!(!played.error().may_succeed_later());
    }
}

#[test]
fn two_with_the_same_key_are_held_even_if_equal() {
    let played = World::new().play(order(), seen_absent(), script([lost()]).looks([twice()]));
    assert_eq!(played.error().kind(), Kind::Differs);
}

#[test]
fn absence_is_asked_for_when_the_write_has_settled() {
    let played = World::of(lockless()).create(script([lost(), done()]));
    assert_eq!(played.waits_ms(Why::Settle), [3_000]);
    assert_eq!((played.looked_ms, played.sent_ms), (vec![3_010], vec![0, 3_020]));
}

#[test]
fn absence_proves_nothing_while_a_lock_may_hide_the_write() {
    let played = World::new().create(script([lost()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!(played.sent_ms.len(), 1);
    assert!(played.looked_ms.len() > 2, "it keeps looking");
}

/// The proof has to be of a write that was first sent after ours had settled.
#[test]
fn evidence_of_before_the_settling_proves_nothing() {
    for early in [free_at::<0>, free_at::<10>, free_at::<3_009>] {
        let played = World::new().create(script([lost()]).news(0, early));
        assert_eq!(played.error().kind(), Kind::Unknown);
    }
    let played = World::new().create(script([lost(), done()]).news(4_000, free_at::<3_010>));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert!(played.looked_ms.last() >= Some(&4_000), "looked for after the news came");
    assert_eq!(played.sent_ms.len(), 2);
}

/// Found wrong: a write to master data, which is never queued, was taken for proof that the run
/// was over.
#[test]
fn a_write_that_no_run_queues_shows_nothing_of_the_lock() {
    let mut world = World::new();
    world.now = Time::from_millis(5_000);
    let item = Request::new(Method::POST, "/item-master").json("{}");
    assert!(world.play(item, Options::default(), script([done()])).result.is_ok());
    assert!(!world.account.lock.over_since(Time::from_millis(0)));
    assert!(world.play(put(), Options::default(), script([done()])).result.is_ok());
    assert!(world.account.lock.over_since(Time::from_millis(5_000)));
}

/// The same the other way round: what no run queues need not wait for one.
#[test]
fn a_write_that_no_run_queues_is_not_hidden_by_one() {
    let mut world = World::new();
    let mut item = order();
    item.path = "/item-master".to_owned();
    let played = world.play(item, named(), script([lost(), done()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert_eq!(played.looked_ms, [3_010]);
}

/// An empty answer to a delete says that it is done, and nothing of a queue.
#[test]
fn an_answer_without_a_word_is_no_evidence_of_the_lock() {
    let mut world = World::new();
    let played =
        world.play(crate::scenario::delete(), Options::default(), script([reply(200, "")]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert!(!world.account.lock.over_since(Time::from_millis(0)));
}

#[test]
fn a_queued_answer_is_no_evidence_that_the_run_is_over() {
    let mut world = World::new();
    world.now = Time::from_millis(9_000);
    assert!(matches!(world.create(script([queued()])).outcome(), Outcome::Queued(_)));
    assert!(world.account.lock.is_on());
    assert!(!world.account.lock.over_since(Time::from_millis(0)));
}

/// A write that was sent before the settling and repeated after it does not testify: its answer
/// may be that of its first attempt.
#[test]
fn a_repeated_write_testifies_from_its_first_attempt_on() {
    let mut world = World::new();
    let played = world.play(put(), Options::default(), script([lost(), done()]));
    assert!(played.sent_ms[1] > 0);
    assert!(world.account.lock.over_since(Time::from_millis(0)));
    assert!(!world.account.lock.over_since(Time::from_millis(1)));
}

/// Every attempt of unknown effect needs a proof of its own.
#[test]
fn the_proof_for_one_attempt_is_none_for_the_next() {
    let played = World::new().create(script([lost(), lost()]).news(3_100, free_at::<3_050>));
    assert_eq!(played.sent_ms.len(), 2);
    assert_eq!(played.error().kind(), Kind::Unknown);
    let played = World::of(lockless()).create(script([lost(), lost(), lost(), lost()]));
    assert_eq!(played.looked_ms.len(), 4);
    for (sent, looked) in played.sent_ms.iter().zip(&played.looked_ms) {
        assert!(looked - sent >= 3_010);
    }
}

#[test]
fn what_is_found_after_a_second_doubtful_attempt_is_ours() {
    let looks = [steadfast_call::LookUp::Absent, same()];
    let played = World::of(lockless()).create(script([lost(), lost()]).looks(looks));
    assert!(matches!(played.outcome(), Outcome::Applied(_)), "a look-up had seen it absent");
}

/// K8, hazard 23: accepted, and never sent again.
#[test]
fn hazard_23_24_a_queued_write_ends_as_queued() {
    for request in [order(), put(), crate::scenario::delete()] {
        let played = World::new().play(request, named(), script([queued()]));
        assert!(matches!(played.outcome(), Outcome::Queued(_)));
        assert_eq!(played.sent_ms.len(), 1);
    }
}

/// A record in such a state leaves the list once it is there.
#[test]
fn hazard_64_what_is_not_listed_once_it_is_there_is_never_proven_absent() {
    let closed = order();
    let body = String::from_utf8(closed.body.clone().unwrap().to_vec()).unwrap();
    let closed = closed.json(body.replace("Open", "Closed"));
    let played = World::of(lockless()).play(closed, named(), script([lost()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!(played.looked_ms.len(), 1);
    assert!(played.ended_ms < 4_000, "more looking would not help");
}

/// Found wrong: once the lock was known to be over, a look-up that could not be made was asked
/// for again four times a second.
#[test]
fn a_look_up_that_cannot_be_made_is_made_again_later_and_later() {
    let looks = vec![cannot_tell(); 100];
    let mut world = World { draw: 0.999, ..World::of(lockless()) };
    let played = world.create(script([lost()]).looks(looks));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert!(played.looked_ms.len() < 12, "{:?}", played.looked_ms);
    let mut world = World { draw: 0.0, deadline: Duration::from_secs(10), ..World::of(lockless()) };
    let played = world.create(script([lost()]).looks(vec![cannot_tell(); 100]));
    assert!(played.looked_ms.len() < 30, "bounded by chance too: {}", played.looked_ms.len());
}

#[test]
fn a_look_up_that_fails_and_then_succeeds_settles_it() {
    let played =
        World::new().create(script([lost()]).looks([cannot_tell(), cannot_tell(), same()]));
    assert!(played.result.is_ok());
}

/// Nobody gets in, so nobody can look: the doubt stays, and the call does not wait in vain.
#[test]
fn a_closed_account_ends_the_waiting_and_leaves_the_doubt() {
    let close = |account: &mut steadfast_call::Account| {
        account.session.close(CredentialsKind::Refused, "Invalid username or password.");
    };
    let played = World::new().create(script([lost()]).news(100, close));
    let error = played.error();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    assert!(played.ended_ms < 4_000);
    // An idempotent write that meets the closed door on its second try is in doubt as well.
    let refused =
        || Err(AuthFailure::Closed { kind: CredentialsKind::Refused, text: "no".to_owned() });
    let answers = [lost(), crate::scenario::expired()];
    let played =
        World::new().play(put(), Options::default(), script(answers).renewals([refused()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
}

fn resumed(options: Options) -> Options {
    Options { in_doubt: true, ..options }
}

#[test]
fn a_write_of_an_earlier_process_is_looked_for_before_it_is_sent() {
    let played = World::of(lockless()).play(order(), resumed(named()), script([done()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert_eq!((played.looked_ms, played.sent_ms), (vec![3_000], vec![3_010]));
    let played = World::new().play(order(), resumed(named()), script([]).looks([same()]));
    assert!(matches!(played.outcome(), Outcome::Existing(success) if success.may_be_ours));
    let played = World::new().play(order(), resumed(seen_absent()), script([]).looks([same()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    let played = World::new().play(order(), resumed(named()), script([]));
    assert_eq!(played.error().kind(), Kind::Unknown, "no proof that no run hides it");
}

#[test]
fn a_write_of_an_earlier_process_that_cannot_be_looked_up_is_unknown_at_once() {
    let played = World::new().play(order(), resumed(Options::default()), script([]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!(played.error().details().stop, Stop::Final);
    assert!(played.sent_ms.is_empty());
}

#[test]
fn an_idempotent_write_of_an_earlier_process_is_sent_again() {
    let mut world = World::new();
    let call = world.call(put(), resumed(Options::default()));
    assert_eq!(call.nature(), Nature::Idempotent { gone_is_done: false });
    assert!(matches!(world.play_call(call, script([done()])).outcome(), Outcome::Applied(_)));
    let played = World::new().play(
        put(),
        resumed(Options::default()),
        script([code(403, "User.NotPrivileged")]),
    );
    assert_eq!(played.error().kind(), Kind::Unknown, "the earlier process may have been let in");
    let answers = [code(404, "PurchaseOrderList.NotFound")];
    let played =
        World::new().play(crate::scenario::delete(), resumed(Options::default()), script(answers));
    assert!(played.result.is_ok());
    let played = World::new().play(
        put(),
        resumed(Options::default()),
        script([unsent(), unsent(), unsent(), unsent()]),
    );
    assert_eq!(played.error().kind(), Kind::Unknown);
}

#[test]
fn proven_absent_it_is_sent_no_oftener_than_allowed() {
    let mut world = World { deadline: Duration::from_secs(600), ..World::of(lockless()) };
    let played = world.create(script([lost(), lost(), lost(), lost()]));
    assert_eq!(played.sent_ms.len(), 4);
    assert_eq!(played.error().details().stop, Stop::Attempts);
    assert_eq!(played.error().effect(), Effect::None);
    assert!(played.error().may_succeed_later());
}
