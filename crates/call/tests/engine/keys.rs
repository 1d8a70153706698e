//! Idempotency keys (DESIGN §3.2b; hazards 16 to 20).

use std::time::Duration;

use http::{HeaderValue, Method, StatusCode};
use steadfast_call::{Class, Effect, IdempotencyKey, Kind, Options, Outcome, Request, Stop, Why};

use crate::payments::{cancel, dialect, keyed, made, pay, said, with, world};
use crate::scenario::{World, gone_away, lost, reply, script, unsent};

const DAY: Duration = Duration::from_secs(86_400);

fn key(value: &str) -> Options {
    Options { idempotency_key: Some(IdempotencyKey::from(value)), ..Options::default() }
}

fn aged(age: Duration) -> Options {
    let value = "k-1".to_owned();
    Options { idempotency_key: Some(IdempotencyKey { value, age }), ..Options::default() }
}

fn header(world: &mut World, request: Request, options: Options) -> Option<String> {
    let call = world.call(request, options);
    let value = call.outgoing().headers.get("idempotency-key");
    value.map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn hazard_15_a_keyed_write_is_sent_again_after_a_doubtful_attempt() {
    for doubtful in [lost(), gone_away(), reply(500, "")] {
        let played = world().play(pay(), keyed(), script([doubtful, made()]));
        assert!(matches!(played.outcome(), Outcome::Applied(_)));
        assert_eq!((played.sent_ms.len(), played.looked_ms.len()), (2, 0));
    }
    let played = world().play(pay(), Options::default(), script([lost()]));
    assert_eq!(played.error().kind(), Kind::Unknown, "without a key it is not");
}

#[test]
fn hazard_16_every_attempt_carries_the_same_key_and_so_does_the_error() {
    let mut world = world();
    let mut call = world.call(pay(), keyed());
    assert_eq!(call.outgoing().headers["idempotency-key"], "k-1");
    assert_eq!(call.idempotency_key(), Some("k-1"));
    assert!(!call.request().headers.contains_key("idempotency-key"), "what is compared is ours");
    call = world.call(pay(), keyed());
    let played = world.play_call(call, script([lost(), lost(), lost(), lost()]));
    let details = played.error().details();
    assert_eq!(details.idempotency_key.as_deref(), Some("k-1"));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!((details.attempts.len(), details.stop), (4, Stop::Attempts));
}

#[test]
fn hazard_16_no_key_is_made_for_a_write_that_may_have_been_sent_before() {
    let dialect = dialect();
    let filled = |mut options: Options, request: &Request| {
        options.fill_in(&dialect, request, || "made".to_owned());
        options.idempotency_key.map(|key| key.value)
    };
    assert_eq!(filled(Options::default(), &pay()).as_deref(), Some("made"));
    assert_eq!(filled(keyed(), &pay()).as_deref(), Some("k-1"));
    assert_eq!(filled(Options { in_doubt: true, ..Options::default() }, &pay()), None);
    assert_eq!(filled(Options::default(), &Request::new(Method::GET, "/payments")), None);
    let mut own = pay();
    own.headers.insert("idempotency-key", HeaderValue::from_static("mine"));
    assert_eq!(filled(Options::default(), &own), None, "the caller's own is there");
    let silent = with("length_max = 256", "length_max = 256\ngenerate = false");
    let mut options = Options::default();
    options.fill_in(&silent, &pay(), || "made".to_owned());
    assert_eq!(options.idempotency_key, None);
    assert_eq!(options.request_id.as_deref(), Some("made"), "the id of the call is made");
}

#[test]
fn hazard_17_a_key_that_was_used_for_something_else_ends_the_call() {
    let conflict = said(StatusCode::CONFLICT, "key_conflict");
    let played = world().play(pay(), keyed(), script([conflict.clone()]));
    assert!(played.error().is(Class::IdempotencyMismatch) && played.error().is_refused());
    assert_eq!(played.error().effect(), Effect::None);
    let played = world().play(pay(), keyed(), script([lost(), conflict]));
    assert_eq!(played.error().kind(), Kind::Unknown, "the doubt stays");
}

#[test]
fn hazard_18_a_key_that_cannot_be_meant_is_refused_before_anything_is_sent() {
    let long = "x".repeat(257);
    for (value, says) in [
        ("", "blank"),
        (" \t ", "blank"),
        ("a\nb", "control character"),
        ("a\u{7f}b", "control character"),
        (long.as_str(), "257 characters, and the API takes 256"),
        ("schlüssel", "a header cannot carry"),
    ] {
        let played = world().play(pay(), key(value), script([]));
        let error = played.error();
        assert_eq!((error.kind(), error.effect()), (Kind::Unsendable, Effect::None), "{value:?}");
        assert!(error.details().rule.contains(says), "{value:?}: {}", error.details().rule);
        assert!(!error.to_string().contains('\n'));
    }
    let played = World::new().play(pay(), keyed(), script([]));
    assert!(played.error().details().rule.contains("has no [idempotency]"), "{}", played.error());
}

#[test]
fn hazard_18_a_key_is_trimmed_and_then_measured() {
    let padded = format!("  {}\r\n", "x".repeat(256));
    assert_eq!(header(&mut world(), pay(), key(&padded)), Some("x".repeat(256)));
}

#[test]
fn hazard_19_a_conflict_is_a_mismatch_only_if_the_api_says_so() {
    let state = said(StatusCode::CONFLICT, "run_state");
    let played = world().play(pay(), keyed(), script([state.clone()]));
    assert!(played.error().is(Class::Conflict));
    // Old servers send no code; then the key is the likeliest reason.
    let played = world().play(pay(), keyed(), script([reply(409, "")]));
    assert!(played.error().is(Class::IdempotencyMismatch));
    let played = world().play(pay(), Options::default(), script([reply(409, "")]));
    assert!(played.error().is(Class::Conflict));
}

#[test]
fn hazard_19_the_guides_letter_is_an_option_that_is_off() {
    let mut dialect = dialect();
    dialect.set_option("mismatch", "any-keyed-409").unwrap();
    let state = said(StatusCode::CONFLICT, "run_state");
    let played = World::of(dialect.clone()).play(pay(), keyed(), script([state.clone()]));
    assert!(played.error().is(Class::IdempotencyMismatch));
    let played = World::of(dialect).play(pay(), Options::default(), script([state]));
    assert!(played.error().is(Class::Conflict), "only with a key");
}

#[test]
fn hazard_20_what_is_in_progress_is_asked_for_again_with_the_same_key() {
    let busy = || said(StatusCode::CONFLICT, "key_in_progress").with("retry-after", "5");
    let played = world().play(pay(), keyed(), script([lost(), busy(), busy(), made()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    assert_eq!(played.waits_ms(Why::Hint), [5_000, 5_000]);
    // It is bounded, and what goes on over there may still take effect.
    let played = world().play(pay(), keyed(), script([busy(), busy(), busy(), busy()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert_eq!(played.error().details().attempts.len(), 4);
}

#[test]
fn hazard_20_waiting_for_what_is_in_progress_is_paid_for() {
    let mut world = world();
    let mut waited = 0;
    for _ in 0..150 {
        world.now = steadfast_call::Time::from_millis(0);
        let busy = said(StatusCode::CONFLICT, "key_in_progress").with("retry-after", "0");
        let played = world.play(pay(), keyed(), script([busy, made()]));
        waited += usize::from(!played.waits_ms(Why::Budget).is_empty());
    }
    assert!(waited > 0, "a hundred retries are in the bucket, and then it is empty");
}

#[test]
fn a_replayed_answer_is_the_answer_to_the_earlier_attempt() {
    let replayed = made().with("idempotency-replayed", "true");
    let played = world().play(pay(), keyed(), script([lost(), replayed]));
    let Outcome::Applied(success) = played.outcome() else { panic!("{:?}", played.result) };
    assert!(success.rule.contains("stored answer"), "{}", success.rule);
}

#[test]
fn a_key_that_the_api_has_forgotten_is_none() {
    let fresh = world().play(pay(), aged(DAY / 2), script([lost(), made()]));
    assert!(fresh.result.is_ok());
    for age in [DAY, DAY * 2, DAY - Duration::from_secs(30)] {
        let played = world().play(pay(), aged(age), script([lost()]));
        assert_eq!(played.error().kind(), Kind::Unknown, "{age:?}: sent {:?}", played.sent_ms);
        let rule = &played.error().details().rule;
        assert!(rule.contains("older than the API remembers"), "{rule}");
    }
    // It runs out while the call waits.
    let nearly = DAY - Duration::from_secs(65);
    let hinted = gone_away().with("retry-after", "10");
    let played = world().play(pay(), aged(nearly), script([hinted]));
    assert_eq!((played.error().kind(), played.sent_ms.len()), (Kind::Unknown, 1));
}

/// Found wrong: a key counted as long as it was remembered when its attempt was given up, and what
/// is given up may still take effect after that.
#[test]
fn a_key_has_to_outlive_an_attempt_that_takes_effect_late() {
    let sent = |left_ms: u64, options: Options| {
        let options = Options { in_doubt: true, ..options };
        let value = "k-1".to_owned();
        let key = IdempotencyKey { value, age: DAY - Duration::from_millis(left_ms) };
        let options = Options { idempotency_key: Some(key), ..options };
        world().play(pay(), options, script([made()])).sent_ms.len()
    };
    // An attempt takes 30 s at the most, and how late it takes effect is not known.
    assert_eq!((sent(60_001, Options::default()), sent(60_000, Options::default())), (1, 0));
    // It is known of customers: a second.
    let customer = || Options { resource: Some("customer".to_owned()), ..Options::default() };
    assert_eq!((sent(31_001, customer()), sent(31_000, customer())), (1, 0));
}

#[test]
fn a_route_that_does_not_heed_keys_is_not_trusted_to() {
    assert_eq!(header(&mut world(), cancel(), keyed()).as_deref(), Some("k-1"), "it is sent");
    let played = world().play(cancel(), keyed(), script([lost()]));
    assert_eq!(played.error().kind(), Kind::Unknown);
    assert!(played.error().details().rule.contains("does not recognise keys"));
    let played = world().play(cancel(), keyed(), script([unsent(), made()]));
    assert!(played.result.is_ok(), "what did not leave is sent again all the same");
}

#[test]
fn what_an_earlier_process_sent_is_sent_again_with_its_key() {
    let options = Options { in_doubt: true, ..aged(Duration::from_secs(3_600)) };
    let played = world().play(pay(), options, script([made()]));
    assert!(matches!(played.outcome(), Outcome::Applied(_)));
    let options = Options { in_doubt: true, ..aged(DAY) };
    let played = world().play(pay(), options, script([]));
    assert_eq!(played.error().kind(), Kind::Unknown);
}

#[test]
fn hazard_70_one_key_header_is_sent_however_the_caller_wrote_it() {
    let mut request = pay();
    request.headers.append("IDEMPOTENCY-KEY", HeaderValue::from_static("theirs"));
    request.headers.append("idempotency-key", HeaderValue::from_static("theirs"));
    let call = world().call(request.clone(), keyed());
    let values: Vec<_> = call.outgoing().headers.get_all("idempotency-key").iter().collect();
    assert_eq!(values, ["k-1"]);
    // A key in the caller's own headers is the call's key.
    let call = world().call(request, Options::default());
    assert_eq!(call.idempotency_key(), Some("theirs"));
    assert_eq!(call.outgoing().headers.get_all("idempotency-key").iter().count(), 1);
}

#[test]
fn a_key_goes_where_the_dialect_says() {
    let at = |place: &str| with("at = \"header:Idempotency-Key\"", place);
    let mut quoted = World::of(at("at = \"header:Idempotency-Key\"\nquoted = true"));
    assert_eq!(header(&mut quoted, pay(), key("a\"b\\")).as_deref(), Some(r#""a\"b\\""#));

    let mut body = World::of(at("at = \"json:/meta/key\""));
    let call = body.call(pay(), keyed());
    let sent: serde_json::Value =
        serde_json::from_slice(call.outgoing().body.as_deref().unwrap()).unwrap();
    assert_eq!(sent, serde_json::json!({"amount": 100, "meta": {"key": "k-1"}}));
    let own = Request::new(Method::POST, "/payments").json(r#"{"meta":{"key":"mine"}}"#);
    assert_eq!(body.call(own.clone(), Options::default()).idempotency_key(), Some("mine"));
    let played = body.play(own, keyed(), script([]));
    assert!(played.error().details().rule.contains("another idempotency key"));
    for wrong in ["[1]", "no json", r#"{"meta":7}"#] {
        let request = Request::new(Method::POST, "/payments").json(wrong);
        let played = body.play(request, keyed(), script([]));
        assert_eq!(played.error().kind(), Kind::Unsendable, "{wrong}");
    }

    let mut query = World::of(at("at = \"query:requestid\""));
    let request = Request::new(Method::POST, "/payments?a=1&requestid=x").json("{}");
    let call = query.call(request, key("k 1"));
    assert_eq!(call.outgoing().path, "/payments?a=1&requestid=k+1");
}

#[test]
fn hazard_69_the_id_of_a_call_is_the_same_on_every_attempt_and_on_its_error() {
    let mut world = world();
    let options = Options { request_id: Some("id-1".to_owned()), ..keyed() };
    let call = world.call(pay(), options.clone());
    assert_eq!(call.outgoing().headers["x-request-id"], "id-1");
    let played = world.play(pay(), options, script([lost(), lost(), unsent(), unsent()]));
    let error = played.error();
    assert_eq!(error.details().request_id_sent.as_deref(), Some("id-1"));
    assert_eq!(error.request_id(), Some("id-1"), "no answer, so ours is the only name");
}
