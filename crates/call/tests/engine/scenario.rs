//! A call played to its end in virtual time against a script: what each attempt, renewal and
//! look-up comes to, and what becomes known of the account at which time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{
    Account, AuthFailure, Call, Draw, Error, Event, Failure, Found, LookUp, Options, Outcome,
    Reach, Reply, Request, Step, Time, Why,
};

/// How long every exchange takes.
pub(crate) const TOOK: Duration = Duration::from_millis(10);

/// How an attempt ends.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Reply(Reply),
    Fail(Failure),
}

type News = (u64, fn(&mut Account));

/// What happens to a call.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) answers: VecDeque<Answer>,
    pub(crate) renewals: VecDeque<Result<(), AuthFailure>>,
    pub(crate) looks: VecDeque<LookUp>,
    /// What becomes known of the account, and at how many milliseconds.
    pub(crate) news: VecDeque<News>,
    /// When the call is called off.
    pub(crate) cancel_ms: Option<u64>,
}

pub(crate) fn script(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script {
        answers: answers.into_iter().collect(),
        renewals: VecDeque::new(),
        looks: VecDeque::new(),
        news: VecDeque::new(),
        cancel_ms: None,
    }
}

impl Script {
    pub(crate) fn looks(mut self, looks: impl IntoIterator<Item = LookUp>) -> Self {
        self.looks = looks.into_iter().collect();
        self
    }

    pub(crate) fn renewals(
        mut self,
        renewals: impl IntoIterator<Item = Result<(), AuthFailure>>,
    ) -> Self {
        self.renewals = renewals.into_iter().collect();
        self
    }

    pub(crate) fn news(mut self, at_ms: u64, news: fn(&mut Account)) -> Self {
        self.news.push_back((at_ms, news));
        self
    }

    pub(crate) fn cancelled_at(mut self, at_ms: u64) -> Self {
        self.cancel_ms = Some(at_ms);
        self
    }
}

/// What a call did, and how it ended.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) result: Result<Outcome, Error>,
    /// When each attempt was sent, in milliseconds.
    pub(crate) sent_ms: Vec<u64>,
    /// The time-outs that the attempts were given.
    pub(crate) timeouts: Vec<Duration>,
    /// Every wait as the machine asked for it: how long and for what.
    pub(crate) waits: Vec<(Duration, Why)>,
    pub(crate) renewed: usize,
    /// When each look-up was asked for, in milliseconds.
    pub(crate) looked_ms: Vec<u64>,
    /// Every step, in words.
    pub(crate) trace: Vec<String>,
    pub(crate) ended_ms: u64,
}

impl Played {
    pub(crate) fn error(&self) -> &Error {
        self.result.as_ref().err().unwrap_or_else(|| panic!("it ended well: {:#?}", self.trace))
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        self.result.as_ref().unwrap_or_else(|error| panic!("{error}: {:#?}", self.trace))
    }

    /// The waits of that kind, in milliseconds.
    pub(crate) fn waits_ms(&self, why: Why) -> Vec<u64> {
        let fitting = self.waits.iter().filter(|(_, w)| *w == why);
        fitting.map(|(wait, _)| wait.as_millis() as u64).collect()
    }
}

/// An account and the time at it.
pub(crate) struct World {
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) account: Account,
    pub(crate) now: Time,
    pub(crate) policy: PolicyName,
    pub(crate) draw: f64,
    pub(crate) deadline: Duration,
}

impl World {
    /// Logged in at Knosc, under the recommended policy, with draws of one half.
    pub(crate) fn new() -> Self {
        Self::of(knosc())
    }

    pub(crate) fn documented() -> Self {
        Self { policy: PolicyName::Documented, ..Self::new() }
    }

    pub(crate) fn of(dialect: Dialect) -> Self {
        let now = Time::from_millis(0);
        let mut account = Account::new(&dialect, None, now);
        account.session.renewed();
        Self {
            dialect: Arc::new(dialect),
            account,
            now,
            policy: PolicyName::Recommended,
            draw: 0.5,
            deadline: Duration::from_secs(60),
        }
    }

    pub(crate) fn call(&mut self, request: Request, options: Options) -> Call {
        Call::new(
            Arc::clone(&self.dialect),
            self.policy,
            request,
            options,
            self.deadline,
            self.now,
            &mut self.account,
        )
    }

    /// Creates an order that can be looked up.
    pub(crate) fn create(&mut self, script: Script) -> Played {
        self.play(order(), named(), script)
    }

    pub(crate) fn play(&mut self, request: Request, options: Options, script: Script) -> Played {
        let call = self.call(request, options);
        self.play_call(call, script)
    }

    pub(crate) fn play_call(&mut self, mut call: Call, mut script: Script) -> Played {
        let mut played = Record::default();
        let mut event = Event::Started;
        for _ in 0..10_000 {
            let step = call.step(event, self.now, Draw::new(self.draw), &mut self.account);
            played.trace.push(format!("{:?} {step:?}", self.now));
            event = match step {
                Step::Done(result) => return played.ended(*result, self.now),
                step => self.answer(step, &mut script, &mut played),
            };
            if script.cancel_ms.is_some_and(|at| self.now >= Time::from_millis(at)) {
                event = Event::Cancelled;
            }
        }
        panic!("the call goes round for ever: {:#?}", played.trace.split_off(9_990));
    }

    fn answer(&mut self, step: Step, script: &mut Script, played: &mut Record) -> Event {
        match step {
            Step::Send { timeout, attempt, .. } => {
                played.sent_ms.push(millis(self.now));
                played.timeouts.push(timeout);
                assert_eq!(attempt as usize, played.sent_ms.len(), "attempts are counted from 1");
                self.pass(TOOK.min(timeout), script);
                match script.answers.pop_front() {
                    Some(Answer::Reply(reply)) => Event::Replied(reply),
                    Some(Answer::Fail(failure)) => Event::Failed(failure),
                    None => panic!("no answer is left: {:#?}", played.trace),
                }
            }
            Step::Authenticate { .. } => {
                played.renewed += 1;
                self.pass(TOOK, script);
                match script.renewals.pop_front().unwrap_or(Ok(())) {
                    Ok(()) => {
                        self.account.session.renewed();
                        Event::Authenticated
                    }
                    Err(failure) => Event::AuthFailed(failure),
                }
            }
            Step::LookUp => {
                played.looked_ms.push(millis(self.now));
                self.pass(TOOK, script);
                Event::LookedUp(script.looks.pop_front().unwrap_or(LookUp::Absent))
            }
            Step::WaitUntil { until, why } => {
                played.waits.push((until - self.now, why));
                self.pass(until - self.now, script);
                Event::Woke
            }
            Step::Done(_) => unreachable!("the caller returns it"),
        }
    }

    fn pass(&mut self, time: Duration, script: &mut Script) {
        self.now = self.now + time;
        while script.news.front().is_some_and(|(at, _)| Time::from_millis(*at) <= self.now) {
            if let Some((_, news)) = script.news.pop_front() {
                news(&mut self.account);
            }
        }
    }
}

#[derive(Default)]
struct Record {
    sent_ms: Vec<u64>,
    timeouts: Vec<Duration>,
    waits: Vec<(Duration, Why)>,
    renewed: usize,
    looked_ms: Vec<u64>,
    trace: Vec<String>,
}

impl Record {
    fn ended(self, result: Result<Outcome, Error>, now: Time) -> Played {
        let Self { sent_ms, timeouts, waits, renewed, looked_ms, trace } = self;
        let ended_ms = millis(now);
        Played { result, sent_ms, timeouts, waits, renewed, looked_ms, trace, ended_ms }
    }
}

pub(crate) fn millis(time: Time) -> u64 {
    time.to_duration().as_millis() as u64
}

pub(crate) fn knosc() -> Dialect {
    Dialect::built_in("knosc").unwrap()
}

/// Knosc's dialect with one line written otherwise.
pub(crate) fn knosc_with(from: &str, to: &str) -> Dialect {
    let text = include_str!("../../dialects/knosc.toml");
    assert!(text.contains(from), "{from} is not in the dialect");
    Dialect::parse(&text.replacen(from, to, 1)).unwrap()
}

/// An API without a lock: absence is proven by time alone.
pub(crate) fn lockless() -> Dialect {
    knosc_with("\"/purchase-order*\", ", "")
}

pub(crate) fn order() -> Request {
    let body = json!({"PO List Number": "P-1", "PO List Document Status": "Open",
        "Supplier Number": "S1", "details": [{"Item Number": "I1", "PO Details Quantity": 5}]});
    Request::new(Method::POST, "/purchase-order").json(body.to_string())
}

pub(crate) fn read() -> Request {
    Request::new(Method::GET, "/item-master")
}

pub(crate) fn put() -> Request {
    Request::new(Method::PUT, "/purchase-order/42").json("{}")
}

pub(crate) fn delete() -> Request {
    Request::new(Method::DELETE, "/purchase-order/42")
}

/// The options of an order that can be looked up.
pub(crate) fn named() -> Options {
    Options {
        resource: Some("purchase-order".to_owned()),
        natural_key: Some("P-1".to_owned()),
        ..Options::default()
    }
}

pub(crate) fn seen_absent() -> Options {
    Options { known_absent: true, ..named() }
}

pub(crate) fn reply(status: u16, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
    headers.insert("content-type", HeaderValue::from_static(kind));
    let status = StatusCode::from_u16(status).unwrap();
    Answer::Reply(Reply::new(status, headers, body.to_owned().into()))
}

pub(crate) fn code(status: u16, code: &str) -> Answer {
    reply(status, &json!({"Message": "In words", "Code": code}).to_string())
}

pub(crate) fn done() -> Answer {
    reply(200, r#"{"message":"Created.","notification_type":"Success","id":42}"#)
}

pub(crate) fn queued() -> Answer {
    reply(200, r#"{"message":"Later.","notification_type":"Warning"}"#)
}

pub(crate) fn duplicate() -> Answer {
    code(400, "PurchaseOrderList.AlreadyExists")
}

pub(crate) fn expired() -> Answer {
    code(401, "Token.Expired")
}

pub(crate) fn stale_csrf() -> Answer {
    code(422, "CSRF.Mismatch")
}

pub(crate) fn gone_away() -> Answer {
    reply(503, "")
}

impl Answer {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Reply(reply) = &mut self {
            let value = HeaderValue::from_str(value).unwrap();
            reply.headers.append(HeaderName::from_static(name), value);
        }
        self
    }
}

pub(crate) fn failed(reach: Reach) -> Answer {
    Answer::Fail(Failure::new(reach, "the connection broke"))
}

pub(crate) fn unsent() -> Answer {
    failed(Reach::NotSent)
}

pub(crate) fn lost() -> Answer {
    failed(Reach::MaybeSent)
}

fn found(differences: Vec<steadfast_call::Difference>, copies: usize) -> LookUp {
    LookUp::Found(Found { id: Some("42".to_owned()), record: json!({}), differences, copies })
}

pub(crate) fn same() -> LookUp {
    found(Vec::new(), 1)
}

pub(crate) fn twice() -> LookUp {
    found(Vec::new(), 2)
}

pub(crate) fn other() -> LookUp {
    let difference = steadfast_call::Difference {
        at: "/Supplier Number".to_owned(),
        ours: "\"S1\"".to_owned(),
        theirs: "\"S2\"".to_owned(),
    };
    found(vec![difference], 1)
}

pub(crate) fn cannot_tell() -> LookUp {
    LookUp::CannotTell("the list cannot be read".to_owned())
}

/// A write sent at that time was answered as applied.
pub(crate) fn free_at<const MS: u64>(account: &mut Account) {
    account.lock.applied(Time::from_millis(MS));
}
