//! A call can be called off in every state, and says what may have been done (hazard 43).

use steadfast_call::{
    Account, Call, Draw, Effect, Error, Event, Failure, Kind, Options, Reach, Request, Step, Stop,
    Time, Why,
};

use crate::payments::{keyed, pay};
use crate::scenario::{
    Answer, World, delete, duplicate, expired, gone_away, knosc, named, order, put, read,
};

/// How far a call has got.
#[derive(Debug, Clone, Copy)]
enum At {
    Ready,
    Sending,
    Backoff,
    Hint,
    Authenticating,
    Settling,
    LookingUp,
    Comparing,
    Pace,
}

fn answer(answer: Answer) -> Event {
    match answer {
        Answer::Reply(reply) => Event::Replied(reply),
        Answer::Fail(failure) => Event::Failed(failure),
    }
}

fn lost() -> Event {
    Event::Failed(Failure::new(Reach::MaybeSent, "no answer"))
}

/// Brings a call there, and says at what step it is.
fn bring(world: &mut World, call: &mut Call, at: At) -> Option<Step> {
    let events = match at {
        At::Ready => vec![],
        At::Sending | At::Pace => vec![Event::Started],
        At::Backoff => vec![Event::Started, answer(gone_away())],
        At::Hint => {
            vec![Event::Started, answer(crate::scenario::reply(429, "").with("retry-after", "9"))]
        }
        At::Authenticating => vec![Event::Started, answer(expired())],
        At::Settling | At::LookingUp => vec![Event::Started, lost()],
        At::Comparing => vec![Event::Started, answer(duplicate())],
    };
    let mut last = None;
    for event in events {
        last = Some(call.step(event, world.now, Draw::new(0.5), &mut world.account));
    }
    if matches!(at, At::LookingUp) {
        let Some(Step::WaitUntil { until, .. }) = last else { panic!("{last:?}") };
        world.now = until;
        last = Some(call.step(Event::Woke, world.now, Draw::new(0.5), &mut world.account));
    }
    last
}

fn cancelled(
    world: &mut World,
    request: Request,
    options: Options,
    at: At,
) -> (Option<Step>, Error) {
    let mut call = world.call(request, options);
    let step = bring(world, &mut call, at);
    match call.step(Event::Cancelled, world.now, Draw::new(0.5), &mut world.account) {
        Step::Done(result) => (step, result.unwrap_err()),
        step => panic!("{at:?}: {step:?}"),
    }
}

#[test]
fn hazard_43_a_call_can_be_called_off_in_every_state() {
    let none = Options::default;
    let table: Vec<(At, Request, Options, Effect)> = vec![
        (At::Ready, order(), named(), Effect::None),
        (At::Ready, order(), Options { in_doubt: true, ..named() }, Effect::Unknown),
        (At::Sending, order(), named(), Effect::Unknown),
        (At::Sending, put(), none(), Effect::Unknown),
        (At::Sending, delete(), none(), Effect::Unknown),
        (At::Sending, read(), none(), Effect::None),
        (At::Backoff, read(), none(), Effect::None),
        (At::Backoff, put(), none(), Effect::Unknown),
        (At::Hint, order(), named(), Effect::None),
        (At::Authenticating, order(), named(), Effect::None),
        (At::Settling, order(), named(), Effect::Unknown),
        (At::LookingUp, order(), named(), Effect::Unknown),
        (At::Comparing, order(), named(), Effect::None),
    ];
    for (at, request, options, effect) in table {
        let mut world = World::new();
        let told = format!("{at:?} {} {options:?}", request.method);
        let (step, error) = cancelled(&mut world, request, options, at);
        let there = match at {
            At::Ready => step.is_none(),
            At::Sending | At::Pace => matches!(step, Some(Step::Send { .. })),
            At::Backoff => matches!(step, Some(Step::WaitUntil { why: Why::Backoff, .. })),
            At::Hint => matches!(step, Some(Step::WaitUntil { why: Why::Hint, .. })),
            At::Authenticating => matches!(step, Some(Step::Authenticate { .. })),
            At::Settling => matches!(step, Some(Step::WaitUntil { why: Why::Settle, .. })),
            At::LookingUp | At::Comparing => matches!(step, Some(Step::LookUp)),
        };
        assert!(there, "{told}: {step:?}");
        assert_eq!((error.kind(), error.effect()), (Kind::Cancelled, effect), "{told}");
        assert!(error.is_cancelled() && error.details().stop == Stop::Cancelled, "{told}");
        assert_eq!(error.is_in_doubt(), effect == Effect::Unknown, "{told}");
        let doubt = error.user_message().contains("may have been done");
        assert_eq!(doubt, effect == Effect::Unknown, "{told}: {}", error.user_message());
    }
}

/// The key is needed by whoever sends it again.
#[test]
fn a_keyed_write_that_is_called_off_keeps_its_key() {
    let mut world = crate::payments::world();
    let (_, error) = cancelled(&mut world, pay(), keyed(), At::Sending);
    assert_eq!((error.effect(), error.idempotency_key()), (Effect::Unknown, Some("k-1")));
}

#[test]
fn what_a_called_off_call_held_is_there_for_others() {
    // Places among those that may be on their way before a limit is known.
    let mut world = World::new();
    for _ in 0..100 {
        cancelled(&mut world, read(), Options::default(), At::Sending);
    }
    let mut next = world.call(read(), Options::default());
    let step = next.step(Event::Started, world.now, Draw::new(0.5), &mut world.account);
    assert!(matches!(step, Step::Send { .. }), "{step:?}");
    // Slots of the pace, and places in the queue for one.
    let mut world = World::new();
    world.account = Account::new(&knosc(), Some(10.0), world.now);
    world.account.session.renewed();
    for _ in 0..100 {
        cancelled(&mut world, read(), Options::default(), At::Pace);
    }
    let mut next = world.call(read(), Options::default());
    match next.step(Event::Started, world.now, Draw::new(0.5), &mut world.account) {
        Step::WaitUntil { until, why: Why::Pace } => assert!(until <= Time::from_millis(100)),
        step => panic!("{step:?}"),
    }
}
