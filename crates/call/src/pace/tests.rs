use super::*;

const fn at(ms: u64) -> Time {
    Time::from_millis(ms)
}

fn ask(pace: &mut Pace, ms: u64) -> Result<Time, Time> {
    pace.slot(at(ms), &mut None)
}

#[test]
fn before_the_first_refusal_only_a_flood_is_held_back() {
    let mut pace = Pace::new(None, at(0));
    let sent = (0..100).filter(|_| ask(&mut pace, 0).is_ok()).count();
    assert_eq!(sent, 4, "as long as nothing has been answered");
    for ms in 1..=1_000 {
        pace.ended(true, at(ms - 1), at(ms));
        assert!(ask(&mut pace, ms).is_ok(), "whoever waits for answers is not held back");
    }
    let more = (0..1_000).filter(|_| ask(&mut pace, 1_000).is_ok()).count();
    assert!(more > 100, "the more has been answered, the more may be on its way: {more}");
    assert_eq!(pace.rate(), None);
}

/// Callers who go away without a word must not keep others out.
#[test]
fn what_is_never_answered_is_forgotten() {
    let mut pace = Pace::new(None, at(0));
    for _ in 0..4 {
        assert!(ask(&mut pace, 0).is_ok());
    }
    assert!(ask(&mut pace, 30_000).is_err());
    assert!(ask(&mut pace, 35_000).is_ok());
}

#[test]
fn a_ceiling_spaces_the_sends() {
    let mut pace = Pace::new(Some(20.0), at(0));
    let slots: Vec<_> = (0..3).map(|_| ask(&mut pace, 0)).collect();
    assert_eq!(slots, [Ok(at(0)), Err(at(45)), Err(at(95))]);
    assert_eq!(ask(&mut pace, 45), Ok(at(50)));
    assert!(ask(&mut pace, 46).is_err());
}

#[test]
fn who_waits_longest_is_asked_to_come_back_first() {
    let mut pace = Pace::new(Some(100.0), at(0));
    let mut places = [None; 4];
    let asked: Vec<_> = places.iter_mut().map(|place| pace.slot(at(0), place)).collect();
    assert_eq!(asked, [Ok(at(0)), Err(at(5)), Err(at(15)), Err(at(25))]);
    pace.leave_queue(&mut places[1]);
    assert_eq!(pace.slot(at(15), &mut places[2]), Ok(at(15)), "nobody waits for who went away");
}

#[test]
fn slots_that_are_given_back_are_used_by_others() {
    let mut pace = Pace::new(Some(10.0), at(0));
    assert!(ask(&mut pace, 0).is_ok());
    assert!(ask(&mut pace, 0).is_err());
    pace.give_back(at(0));
    assert_eq!(ask(&mut pace, 0), Ok(at(0)));
}

#[test]
fn refusals_of_what_was_sent_before_the_last_one_was_known_say_nothing_new() {
    let mut pace = Pace::new(None, at(0));
    for _ in 0..4 {
        assert!(ask(&mut pace, 0).is_ok());
    }
    pace.refused(at(0), at(10));
    let rate = pace.rate();
    pace.refused(at(1), at(11));
    assert_eq!(pace.rate(), rate);
    pace.refused(at(12), at(20));
    assert!(pace.rate() < rate);
}

#[test]
fn one_refusal_in_the_midst_of_many_answers_does_not_bring_everything_to_a_halt() {
    let mut pace = Pace::new(None, at(0));
    for ms in 0..1_000 {
        assert!(ask(&mut pace, ms).is_ok());
        pace.ended(true, at(ms), at(ms));
    }
    pace.refused(at(1_900), at(1_900));
    assert!(pace.rate().unwrap() > 300.0, "{:?}", pace.rate());
}

#[test]
fn refusals_without_end_leave_one_send_a_second() {
    let mut pace = Pace::new(None, at(0));
    for s in 0..200 {
        pace.refused(at(s * 1_000), at(s * 1_000));
    }
    assert_eq!(pace.rate(), Some(RATE_MIN));
}
