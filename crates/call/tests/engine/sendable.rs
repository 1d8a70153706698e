//! What can be sent once only, and what cannot be sent at all.

use steadfast_call::{Class, Draw, Effect, Event, Kind, Options, Step, Stop, Time};

use crate::scenario::{World, done, expired, lost, named, order, put, reply, script, unsent};

fn one_shot() -> Options {
    Options { one_shot: true, ..Options::default() }
}

/// Whatever would be cured by sending again ends the call, and says so.
#[test]
fn a_body_that_can_be_had_once_is_sent_once() {
    for (answer, class) in [
        (reply(503, ""), Class::Unavailable),
        (reply(429, ""), Class::RateLimited),
        (expired(), Class::Unauthenticated),
        (unsent(), Class::Network),
    ] {
        let played = World::new().play(order(), one_shot(), script([answer, done()]));
        let error = played.error();
        assert_eq!(error.details().attempts.len(), 1, "{class:?}");
        match class {
            // May have been done, and nothing can look it up.
            Class::Unavailable => assert_eq!(error.kind(), Kind::Unknown),
            _ => {
                assert_eq!(error.kind(), Kind::Unreached(class));
                assert_eq!((error.effect(), error.details().stop), (Effect::None, Stop::Final));
                assert_eq!(error.details().rule, "its body can be sent once only");
            }
        }
    }
    let played = World::new().play(put(), one_shot(), script([lost(), done()]));
    assert_eq!((played.error().kind(), played.sent_ms.len()), (Kind::Unknown, 1));
    let played = World::new().play(order(), one_shot(), script([done()]));
    assert!(played.result.is_ok(), "once is enough where it goes well");
}

/// Nothing is tried again, and no attempt is counted, of what can never be made into a request.
#[test]
fn what_cannot_be_made_into_a_request_ends_at_once() {
    let text = "path \"/a/..\": a segment of dots leads elsewhere";
    for started in [false, true] {
        let mut world = World::new();
        let mut call = world.call(order(), Options::default());
        let mut step =
            |event| call.step(event, Time::from_millis(1), Draw::new(0.5), &mut world.account);
        if started {
            assert!(matches!(step(Event::Started), Step::Send { .. }));
        }
        let Step::Done(result) = step(Event::Unsendable(text.to_owned())) else { panic!("no end") };
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (Kind::Unsendable, Effect::None));
        assert!(error.details().attempts.is_empty() && !error.may_succeed_later());
        assert!(error.user_message().contains("Nothing was done"), "{}", error.user_message());
        assert!(error.to_string().contains(text), "{error}");
        // The permit that it held is free again for others.
        let mut next = world.call(order(), Options::default());
        let step =
            next.step(Event::Started, Time::from_millis(2), Draw::new(0.5), &mut world.account);
        assert!(matches!(step, Step::Send { .. }));
    }
}

/// What an earlier process may have sent stays in doubt, even if nobody can send it now.
#[test]
fn what_was_in_doubt_before_stays_in_doubt() {
    let mut world = World::new();
    let mut call = world.call(order(), Options { in_doubt: true, ..named() });
    let event = Event::Unsendable("the header is no header".to_owned());
    let step = call.step(event, Time::from_millis(1), Draw::new(0.5), &mut world.account);
    let Step::Done(result) = step else { panic!("no end") };
    assert_eq!(result.unwrap_err().kind(), Kind::Unknown);
}
