//! `explain` tells what the engine does, and nothing that it would not do.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{
    Class, Effect, Explanation, Kind, Nature, Next, Options, Outcome, Reply, Request, Waits,
    explain,
};

use crate::scenario::knosc;
use crate::vectors::{Contract, Vector, contracts};

const POLICIES: [PolicyName; 2] = [PolicyName::Recommended, PolicyName::Documented];

/// What a caller says who knows what is made: a purchase order where there are any.
fn keyed(dialect: &Dialect) -> Options {
    let mut resources = dialect.resource.keys();
    let order = resources.clone().find(|name| *name == "purchase-order");
    Options {
        resource: order.or_else(|| resources.next()).cloned(),
        natural_key: Some("P-1".to_owned()),
        ..Options::default()
    }
}

fn reply(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Reply {
    let pairs = headers.iter().map(|(name, value)| {
        (http::HeaderName::from_static(name), HeaderValue::from_static(value))
    });
    let headers: HeaderMap = pairs.collect();
    Reply::new(StatusCode::from_u16(status).unwrap(), headers, body.into())
}

fn told(policy: PolicyName, request: Request, options: Options, reply: &Reply) -> Explanation {
    explain(&Arc::new(knosc()), policy, request, options, reply)
}

fn post() -> Request {
    Request::new(Method::POST, "/purchase-order").json("{}")
}

fn get() -> Request {
    Request::new(Method::GET, "/purchase-order")
}

fn between(earliest_ms: u64, latest_ms: u64) -> Waits {
    let ms = Duration::from_millis;
    Waits { earliest: ms(earliest_ms), latest: ms(latest_ms) }
}

#[test]
fn every_vector_is_explained_with_its_class_and_sent_again_only_where_that_does_no_harm() {
    for contract in contracts() {
        for vector in &contract.vectors {
            for policy in POLICIES {
                for options in [Options::default(), keyed(&contract.dialect)] {
                    explained(&contract, vector, policy, options);
                }
            }
        }
    }
}

fn explained(contract: &Contract, vector: &Vector, policy: PolicyName, options: Options) {
    let dialect = &contract.dialect;
    let (request, reply) = (vector.request(), vector.reply());
    let told = explain(dialect, policy, request, options, &reply);
    let id = format!("{} {}, {policy:?}", dialect.name, vector.name);
    assert_eq!(Some(told.class), contract.class(vector), "{id}");
    assert!(!told.rule.is_empty() && !told.action.is_empty(), "{id}: {told:?}");
    let sends = told.again.len() + 1;
    assert!(sends <= dialect.policy(policy).attempts as usize, "{id}: {told:?}");
    let repeats = !told.again.is_empty();
    let harmful = told.nature == Nature::Once && told.effect == Effect::Unknown;
    assert!(!(repeats && harmful), "{id}: {told:?}");
    assert!(!(repeats && told.effect == Effect::Applied), "{id}: {told:?}");
    let looks = matches!(told.next, Next::LookUp { .. } | Next::Compare);
    assert_eq!(told.end.is_none(), looks, "{id}: {told:?}");
    if told.nature == Nature::Safe {
        assert_eq!(told.effect, Effect::None, "{id}");
    }
}

#[test]
fn documented_waits_are_told_to_the_second() {
    let unavailable = reply(503, &[], "");
    let told = told(PolicyName::Documented, get(), Options::default(), &unavailable);
    assert_eq!(told.again, [between(1000, 1000), between(2000, 2000), between(4000, 4000)]);
    assert_eq!(told.next, Next::SendAgain(between(1000, 1000)));
    let error = told.end.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Unreached(Class::Unavailable));
    assert_eq!(error.details().attempts.len(), 4);
}

#[test]
fn chance_is_told_as_a_span_and_not_as_one_draw() {
    let unavailable = reply(503, &[], "");
    let told = told(PolicyName::Recommended, get(), Options::default(), &unavailable);
    assert_eq!(told.again, [between(0, 1000), between(0, 2000), between(0, 4000)]);
    assert_eq!(told.again[0].to_string(), "after 0 to 1 s");
    assert_eq!(told.rule, "status 503 means unavailable");
}

#[test]
fn a_hint_is_told_whether_kept_ignored_or_too_long() {
    let policy = PolicyName::Recommended;
    let told_of = |header: &'static str| {
        told(policy, post(), keyed(&knosc()), &reply(429, &[("retry-after", header)], ""))
    };
    let kept = told_of("7");
    assert_eq!((kept.hint, kept.effect), (Some(Duration::from_secs(7)), Effect::None));
    assert_eq!(kept.next, Next::SendAgain(between(7000, 7000)));
    let ignored = told_of("soon");
    assert_eq!((ignored.hint, ignored.hints_ignored.len()), (None, 1));
    assert_eq!(ignored.next, Next::SendAgain(between(0, 1000)));
    let too_long = told_of("3600");
    assert_eq!(too_long.next, Next::End);
    assert!(too_long.rule.contains("longer than we may"), "{}", too_long.rule);
}

#[test]
fn a_429_is_final_where_the_guide_says_so() {
    let limited = reply(429, &[("retry-after", "7")], "");
    let told = told(PolicyName::Documented, post(), Options::default(), &limited);
    assert_eq!((told.next, told.again.len()), (Next::End, 0));
    assert_eq!(told.action, "send less at a time, and later; wait at least 7 s");
}

#[test]
fn a_write_in_doubt_is_looked_up_only_with_its_key() {
    let gone = reply(504, &[], "<html>");
    let with = told(PolicyName::Recommended, post(), keyed(&knosc()), &gone);
    let after = Duration::from_secs(3);
    assert_eq!(with.next, Next::LookUp { after, again: between(0, 1000) });
    assert_eq!((with.effect, with.end.is_none()), (Effect::Unknown, true));
    let without = told(PolicyName::Recommended, post(), Options::default(), &gone);
    assert_eq!(without.next, Next::End);
    assert_eq!(without.end.unwrap().unwrap_err().kind(), Kind::Unknown);
    assert!(without.action.contains("look whether it is there"), "{}", without.action);
}

#[test]
fn an_expired_session_is_renewed_once() {
    let expired = reply(401, &[], r#"{"Message":"Token has expired","Code":"Token.Expired"}"#);
    let told = told(PolicyName::Recommended, post(), Options::default(), &expired);
    assert_eq!(told.next, Next::Authenticate(between(0, 0)));
    assert_eq!((told.again.len(), told.effect), (1, Effect::None));
    assert!(told.rule.contains("renew the session"), "{}", told.rule);
    assert!(told.action.starts_with("nothing, unless it stays like this"), "{}", told.action);
    let login = Request::new(Method::POST, "/login").json("{}");
    let refused =
        explain(&Arc::new(knosc()), PolicyName::Recommended, login, Options::default(), &expired);
    assert_eq!(refused.next, Next::End);
}

#[test]
fn duplicates_successes_and_refusals() {
    let policy = PolicyName::Recommended;
    let taken = r#"{"Message":"PO P-1 already exists","Code":"PurchaseOrderList.AlreadyExists"}"#;
    let duplicate = told(policy, post(), keyed(&knosc()), &reply(400, &[], taken));
    assert_eq!((duplicate.next, duplicate.effect), (Next::Compare, Effect::None));
    let queued = r#"{"message":"later","notification_type":"Warning"}"#;
    let queued = told(policy, post(), keyed(&knosc()), &reply(200, &[], queued));
    assert_eq!((queued.class, queued.effect), (Class::Queued, Effect::Applied));
    assert!(matches!(queued.end.as_deref(), Some(Ok(Outcome::Queued(_)))));
    assert!(queued.action.contains("never send it again"), "{}", queued.action);
    let body = r#"{"Message":"Item i1 not found in Item Master","Code":"ItemMaster.NotFound"}"#;
    let refused = told(policy, post(), keyed(&knosc()), &reply(400, &[], body));
    assert_eq!((refused.next, refused.code.as_deref()), (Next::End, Some("ItemMaster.NotFound")));
    assert_eq!(refused.message.as_deref(), Some("Item i1 not found in Item Master"));
    assert!(refused.action.starts_with("create the item first"), "{}", refused.action);
}

/// However often a policy would send, the explanation ends.
#[test]
fn a_policy_without_measure_is_explained_in_finite_time() {
    let mut dialect = knosc();
    dialect.policy.recommended.attempts = u32::MAX;
    let unavailable = reply(503, &[], "");
    let policy = PolicyName::Recommended;
    let told = explain(&Arc::new(dialect), policy, get(), Options::default(), &unavailable);
    assert!(!told.again.is_empty() && told.end.is_none());
}

#[test]
fn a_deadline_ends_it() {
    let unavailable = reply(503, &[("retry-after", "30")], "");
    let options = Options { deadline: Some(Duration::from_secs(20)), ..Options::default() };
    let told = told(PolicyName::Recommended, get(), options, &unavailable);
    assert_eq!(told.next, Next::End);
    assert!(told.rule.contains("deadline"), "{}", told.rule);
}
