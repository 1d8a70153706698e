//! Tokens in two tiers, in virtual time: the account's own, and one for each resource owner
//! (Thredfi T7, T14, V29).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{
    Account, AuthEvent, AuthFailure, AuthStep, Authentication, Call, Class, CredentialsKind, Draw,
    Error, Event, Exchange, Kind, Options, Outcome, Principal, Request, Step, Time, Wanted, token,
};

use crate::scenario::{Answer, code, reply};

const INVOICES: &str = "/v1/platform/businesses/b1/invoices/";

/// An account at Thredfi, and what was sent.
struct Tiers {
    dialect: Arc<Dialect>,
    account: Account,
    now: Time,
    answers: VecDeque<Answer>,
    /// `send`, or the exchange.
    sent: Vec<&'static str>,
}

fn granted() -> Answer {
    reply(200, r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#)
}

fn void() -> Answer {
    reply(401, r#"{"error":"Token is invalid or expired","error_code":"invalid_token"}"#)
}

fn fine() -> Answer {
    reply(200, r#"{"results":[]}"#)
}

impl Tiers {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let dialect = Dialect::built_in("thredfi").unwrap();
        let now = Time::from_millis(0);
        Self {
            account: Account::new(&dialect, None, now),
            dialect: Arc::new(dialect),
            now,
            answers: answers.into_iter().collect(),
            sent: Vec::new(),
        }
    }

    fn answer(&mut self) -> steadfast_call::Reply {
        match self.answers.pop_front() {
            Some(Answer::Reply(reply)) => reply,
            other => panic!("{other:?} after {:?}", self.sent),
        }
    }

    fn renew(&mut self, principal: &Principal) -> Result<(), AuthFailure> {
        let dialect = Arc::clone(&self.dialect);
        let draw = Draw::new(0.5);
        let wanted = Wanted { principal: principal.clone(), refreshable: false, route: 0 };
        let policy = PolicyName::Recommended;
        let mut machine = Authentication::new(&dialect, policy, wanted, &mut self.account);
        let mut step = machine.step(AuthEvent::Go, self.now, draw, &mut self.account);
        loop {
            step = match step {
                AuthStep::Send { exchange, .. } => {
                    self.sent.push(match exchange {
                        Exchange::Token => "partner",
                        Exchange::OwnerToken => "business",
                        other => panic!("{other:?}"),
                    });
                    let reply = self.answer();
                    assert!(
                        reply.status != 200 || token(&dialect.auth, exchange, &reply).is_some()
                    );
                    let event = AuthEvent::Replied { reply: &reply, session: false };
                    machine.step(event, self.now, draw, &mut self.account)
                }
                AuthStep::Parent { .. } => {
                    let parent = self.renew(&Principal::Account);
                    machine.step(AuthEvent::Parent(parent), self.now, draw, &mut self.account)
                }
                AuthStep::WaitUntil(until) => {
                    self.now = until;
                    machine.step(AuthEvent::Go, self.now, draw, &mut self.account)
                }
                AuthStep::Done { renewed, .. } => {
                    self.account.session_of(principal).renewed_with(renewed);
                    return Ok(());
                }
                AuthStep::Failed(failure) => {
                    if let (true, AuthFailure::Closed { kind, text }) = (machine.closes(), &failure)
                    {
                        self.account.session_of(principal).close(*kind, text.clone());
                    }
                    return Err(failure);
                }
            };
        }
    }

    fn get(&mut self, path: &str) -> Result<Outcome, Error> {
        let request = Request::new(Method::GET, path);
        let (dialect, deadline) = (Arc::clone(&self.dialect), Duration::from_secs(600));
        let (policy, options) = (PolicyName::Recommended, Options::default());
        let account = &mut self.account;
        let mut call = Call::new(dialect, policy, request, options, deadline, self.now, account);
        let mut event = Event::Started;
        loop {
            event = match call.step(event, self.now, Draw::new(0.5), &mut self.account) {
                Step::Send { .. } => {
                    self.sent.push("send");
                    Event::Replied(self.answer())
                }
                Step::Authenticate { .. } => match self.renew(call.principal()) {
                    Ok(()) => Event::Authenticated,
                    Err(failure) => Event::AuthFailed(failure),
                },
                Step::WaitUntil { until, .. } => {
                    self.now = until;
                    Event::Woke
                }
                Step::Done(result) => return *result,
                step => panic!("{step:?}"),
            };
        }
    }

    /// Holds both tokens.
    fn logged_in(mut self) -> Self {
        self.answers.extend([granted(), granted(), fine()]);
        self.answers.rotate_right(3);
        self.get(INVOICES).unwrap();
        assert_eq!(std::mem::take(&mut self.sent), ["partner", "business", "send"]);
        self
    }
}

#[test]
fn hazard_04_v29_t7_the_ladder_has_three_sends_and_three_exchanges() {
    let answers = [void(), granted(), void(), granted(), granted(), void()];
    let mut tiers = Tiers::new(answers).logged_in();
    let error = tiers.get(INVOICES).unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::TokenNotTaken));
    assert_eq!(error.status(), Some(401));
    assert_eq!(tiers.sent, ["send", "business", "send", "partner", "business", "send"]);
}

#[test]
fn hazard_04_t7_a_refused_exchange_rebuilds_both_tiers_once() {
    let mut tiers = Tiers::new([void(), void(), granted(), granted(), fine()]).logged_in();
    tiers.get(INVOICES).unwrap();
    assert_eq!(tiers.sent, ["send", "business", "partner", "business", "send"]);

    // With both tiers fresh, another 401 is final: no exchange is made that has been made.
    let mut tiers = Tiers::new([void(), void(), granted(), granted(), void()]).logged_in();
    let error = tiers.get(INVOICES).unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::TokenNotTaken));
    assert_eq!(tiers.sent, ["send", "business", "partner", "business", "send"]);

    let mut tiers = Tiers::new([void(), void(), granted(), void()]).logged_in();
    let error = tiers.get(INVOICES).unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
    assert_eq!(tiers.sent, ["send", "business", "partner", "business"]);
    tiers.get(INVOICES).unwrap_err();
    assert_eq!(tiers.sent.len(), 4, "a refused exchange is not repeated by machine");
}

/// Whose credentials are wrong is said by the partner's route; the businesses ask no more.
#[test]
fn hazard_05_wrong_partner_credentials_are_tried_once_for_all_businesses() {
    let mut tiers = Tiers::new([void()]);
    for business in ["b1", "b2", "b3"] {
        let error =
            tiers.get(&format!("/v1/platform/businesses/{business}/invoices/")).unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
    }
    assert_eq!(tiers.sent, ["partner"]);
}

#[test]
fn hazard_10_a_business_that_is_refused_is_no_matter_of_the_others() {
    let refused = || code(403, "permission_denied");
    let mut tiers = Tiers::new([refused(), granted(), fine(), fine()]).logged_in();
    let error = tiers.get("/v1/platform/businesses/b2/customers/").unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
    assert_eq!(tiers.sent, ["business"], "the partner's token stands in for nobody's");
    tiers.get("/v1/platform/businesses/b3/customers/").unwrap();
    tiers.get("/v1/platform/businesses/").unwrap();
    assert_eq!(tiers.sent, ["business", "business", "send", "send"]);
}

#[test]
fn hazard_11_tokens_are_renewed_a_minute_ahead_of_their_end() {
    let mut tiers = Tiers::new([fine(), granted(), granted(), fine()]).logged_in();
    tiers.now = Time::from_millis(3_539_000);
    tiers.get(INVOICES).unwrap();
    assert_eq!(tiers.sent, ["send"]);
    tiers.now = Time::from_millis(3_541_000);
    tiers.get(INVOICES).unwrap();
    assert_eq!(tiers.sent, ["send", "partner", "business", "send"]);
}

/// A token that lives less long than it is renewed ahead would be renewed without end.
#[test]
fn a_short_life_is_used_to_its_half() {
    let brief = || reply(200, r#"{"access_token":"t","expires_in":"20"}"#);
    let mut tiers = Tiers::new([brief(), brief(), fine(), fine(), brief(), brief(), fine()]);
    for at_ms in [0, 9_900, 10_100] {
        tiers.now = Time::from_millis(at_ms);
        tiers.get(INVOICES).unwrap();
    }
    let sent = ["partner", "business", "send", "send", "partner", "business", "send"];
    assert_eq!(tiers.sent, sent);
}

#[test]
fn a_token_route_that_is_away_is_asked_again_and_shuts_nobody_out() {
    let away = || reply(503, "");
    let answers = [granted(), away(), away(), granted(), fine()];
    let mut tiers = Tiers::new(answers);
    tiers.get(INVOICES).unwrap();
    assert_eq!(tiers.sent, ["partner", "business", "business", "business", "send"]);
    assert!(tiers.now > Time::from_millis(0), "it backs off");
}

#[test]
fn a_late_failure_of_an_old_token_does_not_discard_a_newer_one() {
    let mut tiers = Tiers::new([]).logged_in();
    let owner = Principal::Owner("b1".into());
    let old = tiers.account.session_of(&owner).current();
    tiers.answers.push_back(granted());
    tiers.account.session_of(&owner).refused(old);
    tiers.renew(&owner).unwrap();
    let newer = tiers.account.session_of(&owner).current();
    tiers.account.session_of(&owner).refused(old);
    assert!(tiers.account.session_of(&owner).is_newer_than(old));
    assert_eq!(tiers.account.session_of(&owner).current(), newer);
}

/// Renewals are load: each is paid for, and waits while the service is plainly not there.
#[test]
fn i4_renewals_pay_into_the_budget() {
    let mut tiers = Tiers::new([]);
    let owner = Principal::Owner("b1".into());
    tiers.answers.push_back(granted());
    for _ in 0..150 {
        tiers.answers.push_back(granted());
        tiers.renew(&owner).unwrap();
        let current = tiers.account.session_of(&owner).current();
        tiers.account.session_of(&owner).accepted(current);
        tiers.account.session_of(&owner).refused(current);
    }
    assert!(
        tiers.now >= Time::from_millis(4_000),
        "100 at once, then 10 a second: {:?}",
        tiers.now
    );
}

#[test]
fn o12_static_credentials_that_were_never_let_in_are_sent_once() {
    let dialect = Arc::new(Dialect::built_in("operations1").unwrap());
    let now = Time::from_millis(0);
    let mut account = Account::new(&dialect, None, now);
    let mut ends = Vec::new();
    for _ in 0..3 {
        let request = Request::new(Method::GET, "/anything");
        let (options, deadline) = (Options::default(), Duration::from_secs(60));
        let policy = PolicyName::Recommended;
        let mut call =
            Call::new(Arc::clone(&dialect), policy, request, options, deadline, now, &mut account);
        let mut event = Event::Started;
        let mut sends = 0;
        loop {
            event = match call.step(event, now, Draw::new(0.5), &mut account) {
                Step::Send { .. } => {
                    sends += 1;
                    let Answer::Reply(reply) = reply(401, "{}") else { unreachable!() };
                    Event::Replied(reply)
                }
                Step::Done(result) => {
                    let error = result.unwrap_err();
                    assert_eq!(error.kind(), Kind::Credentials(CredentialsKind::Refused));
                    assert!(!error.may_succeed_later());
                    ends.push((sends, error.details().attempts.last().map(|a| a.class)));
                    break;
                }
                step => panic!("{step:?}"),
            };
        }
    }
    assert_eq!(ends, [(1, Some(Class::Unauthenticated)), (0, None), (0, None)]);
}
