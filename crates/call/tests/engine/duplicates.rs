//! Whose is what is there already? (DESIGN §3.3; hazards 21 and 22)

use steadfast_call::{Class, Effect, Kind, LookUp, Options, Outcome};

use crate::scenario::{
    World, cannot_tell, code, duplicate, lockless, lost, named, order, other, put, same, script,
    seen_absent, unsent,
};

#[test]
fn hazard_21_22_a_duplicate_at_once_is_compared() {
    for options in [named(), seen_absent()] {
        let played = World::new().play(order(), options, script([duplicate()]).looks([same()]));
        let Outcome::Existing(success) = played.outcome() else { panic!("{:?}", played.result) };
        assert!(!success.may_be_ours, "no attempt of ours was unanswered");
    }
    let played = World::new().create(script([duplicate()]).looks([other()]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Duplicate));
    assert_eq!(played.error().effect(), Effect::None);
    assert_eq!(played.error().details().differences.len(), 1);
}

#[test]
fn a_duplicate_after_an_attempt_that_never_left_is_somebody_elses() {
    let played = World::new().create(script([unsent(), duplicate()]).looks([same()]));
    assert!(matches!(played.outcome(), Outcome::Existing(success) if !success.may_be_ours));
}

/// It was proven absent, sent again, and is a duplicate now: ours came late, something on the way
/// doubled it, or somebody was faster. Nobody can say, so nobody says "applied".
///
/// Found wrong: the doubt was forgotten, and other content ended as a plain refusal.
#[test]
fn a_duplicate_after_a_proof_of_absence_brings_the_doubt_back() {
    let looks = |last| [LookUp::Absent, last];
    for options in [named(), seen_absent()] {
        let answers = [lost(), duplicate()];
        let mut world = World::of(lockless());
        let played =
            world.play(order(), options.clone(), script(answers.clone()).looks(looks(same())));
        let Outcome::Existing(success) = played.outcome() else { panic!("{:?}", played.result) };
        assert!(success.may_be_ours);
        assert_eq!(played.sent_ms.len(), 2);

        let mut world = World::of(lockless());
        let played =
            world.play(order(), options.clone(), script(answers.clone()).looks(looks(other())));
        assert_eq!(played.error().kind(), Kind::Differs);
        assert_eq!(played.error().effect(), Effect::Unknown);

        let mut world = World::of(lockless());
        let played = world.play(order(), options, script(answers).looks(looks(LookUp::Absent)));
        assert_eq!(played.error().kind(), Kind::Unknown, "it is there, and cannot be seen");
    }
}

#[test]
fn a_duplicate_after_an_unanswered_idempotent_write_is_compared_too() {
    let answers = [lost(), duplicate()];
    let played = World::new().play(put(), named(), script(answers.clone()).looks([same()]));
    assert!(matches!(played.outcome(), Outcome::Existing(success) if success.may_be_ours));
    let played = World::new().play(put(), seen_absent(), script(answers.clone()).looks([same()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    let played = World::new().play(put(), named(), script(answers.clone()).looks([other()]));
    assert_eq!(played.error().kind(), Kind::Differs);
    let played = World::new().play(put(), Options::default(), script(answers));
    assert_eq!(played.error().kind(), Kind::Unknown, "and without a look-up it stays in doubt");
}

#[test]
fn a_duplicate_that_cannot_be_seen_is_told_as_the_api_told_it() {
    let played = World::new().create(script([duplicate()]).looks([LookUp::Absent]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Duplicate));
    assert_eq!(played.error().code(), Some("PurchaseOrderList.AlreadyExists"));
    let played = World::new().play(order(), Options::default(), script([duplicate()]));
    assert_eq!(played.error().kind(), Kind::Refused(Class::Duplicate));
}

/// Found wrong: the look-up was made again at once, three times in a row.
#[test]
fn a_duplicate_is_looked_into_three_times_with_waits() {
    let played = World::new().create(script([duplicate()]).looks(vec![cannot_tell(); 9]));
    assert_eq!(played.looked_ms.len(), 3);
    assert!(played.looked_ms[1] - played.looked_ms[0] >= 250);
    assert_eq!(played.error().kind(), Kind::Refused(Class::Duplicate));
}

#[test]
fn every_already_exists_is_a_duplicate() {
    for name in ["ItemMaster.AlreadyExists", "SupplierMaster.AlreadyExists"] {
        for status in [400, 409] {
            let played = World::new().create(script([code(status, name)]).looks([same()]));
            assert!(matches!(played.outcome(), Outcome::Existing(_)));
        }
    }
}
