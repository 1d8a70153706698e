//! A server with a limit, and callers who send writes to it one after another, in virtual time.
//!
//! The server has a token bucket: what comes when it is empty is refused with 429 and
//! `Retry-After: 1`. Of what it lets through it fails a share with 503. All that is random is
//! drawn from the seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{Account, Call, Draw, Event, Options, Reply, Request, Step, Time};

use crate::scenario::millis;

/// What the server is, and who calls it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) callers: usize,
    pub(super) writes: u32,
    /// The limit in writes a second, from that many milliseconds on.
    pub(super) limits: Vec<(u64, f64)>,
    pub(super) burst: f64,
    pub(super) failing: f64,
    /// How long an exchange takes on average, in milliseconds.
    pub(super) trip_ms: f64,
}

impl Case {
    pub(super) fn new(callers: usize, limit: f64) -> Self {
        let limits = vec![(0, limit)];
        Self { callers, writes: 2_000, limits, burst: 20.0, failing: 0.03, trip_ms: 2.0 }
    }

    /// How long it takes whoever knows the limit to have that many writes let through, in
    /// seconds.
    fn ideal_s(&self, let_through: u32) -> f64 {
        let mut left = f64::from(let_through) - self.burst;
        for (index, (from, limit)) in self.limits.iter().enumerate() {
            let until = self.limits.get(index + 1).map(|(until, _)| *until as f64 / 1_000.0);
            let from = *from as f64 / 1_000.0;
            let ends = from + left / limit;
            match until {
                Some(until) if until < ends => left -= limit * (until - from),
                _ => return ends,
            }
        }
        0.0
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) seconds: f64,
    /// The time that it took, over the least that it can take.
    pub(super) of_ideal: f64,
    pub(super) delivered: u32,
    pub(super) sent: u32,
    pub(super) refused: u32,
    pub(super) failed: u32,
}

#[derive(Debug)]
enum Happening {
    Event(usize, Event),
    Arrival(usize, Duration),
}

struct World {
    case: Case,
    dialect: Arc<Dialect>,
    account: Account,
    now: Time,
    agenda: BTreeMap<(Time, u64), Happening>,
    entered: u64,
    seed: u64,
    tokens: f64,
    filled_at: Time,
    begun: u32,
    calls: Vec<Option<Call>>,
    done: Played,
}

/// Plays the case to its end.
pub(super) fn play(case: Case, seed: u64) -> Played {
    let dialect = Arc::new(Dialect::parse(DIALECT).unwrap());
    let now = Time::from_millis(0);
    let done = Played { seconds: 0.0, of_ideal: 0.0, delivered: 0, sent: 0, refused: 0, failed: 0 };
    let mut world = World {
        account: Account::new(&dialect, None, now),
        dialect,
        now,
        agenda: BTreeMap::new(),
        entered: 0,
        seed: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        tokens: case.burst,
        filled_at: now,
        begun: 0,
        calls: (0..case.callers).map(|_| None).collect(),
        case,
        done,
    };
    for caller in 0..world.case.callers {
        world.begin(caller);
    }
    while let Some(((at, _), happening)) = world.agenda.pop_first() {
        world.now = at;
        match happening {
            Happening::Event(caller, event) => world.step(caller, event),
            Happening::Arrival(caller, back) => world.arrive(caller, back),
        }
    }
    let mut done = world.done;
    done.seconds = world.now.to_duration().as_secs_f64();
    done.of_ideal = done.seconds / world.case.ideal_s(done.sent - done.refused);
    done
}

impl World {
    /// xorshift64*: a number from 0 to 1.
    fn draw(&mut self) -> f64 {
        self.seed ^= self.seed >> 12;
        self.seed ^= self.seed << 25;
        self.seed ^= self.seed >> 27;
        (self.seed.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn enter(&mut self, at: Time, happening: Happening) {
        self.entered += 1;
        self.agenda.insert((at.max(self.now), self.entered), happening);
    }

    fn begin(&mut self, caller: usize) {
        if self.begun == self.case.writes {
            return;
        }
        self.begun += 1;
        let request = Request::new(Method::PUT, "/thing").json("{}");
        let call = Call::new(
            Arc::clone(&self.dialect),
            PolicyName::Recommended,
            request,
            Options::default(),
            Duration::from_secs(3_600),
            self.now,
            &mut self.account,
        );
        self.calls[caller] = Some(call);
        self.enter(self.now, Happening::Event(caller, Event::Started));
    }

    fn step(&mut self, caller: usize, event: Event) {
        let draw = Draw::new(self.draw());
        let call = self.calls[caller].as_mut().unwrap();
        match call.step(event, self.now, draw, &mut self.account) {
            Step::Send { .. } => {
                self.done.sent += 1;
                let there = self.trip();
                let back = self.trip();
                self.enter(self.now + there, Happening::Arrival(caller, back));
            }
            // A timer that counts in milliseconds.
            Step::WaitUntil { until, .. } => {
                let at =
                    Time::from_millis(until.to_duration().as_nanos().div_ceil(1_000_000) as u64);
                self.enter(at, Happening::Event(caller, Event::Woke));
            }
            Step::Done(result) => {
                match *result {
                    Ok(_) => self.done.delivered += 1,
                    Err(_) => self.done.failed += 1,
                }
                self.begin(caller);
            }
            step => panic!("{step:?}"),
        }
    }

    /// Half of an exchange: a fixed part and one that chance gives.
    fn trip(&mut self) -> Duration {
        let spread = -self.draw().max(1e-9).ln();
        Duration::from_secs_f64(self.case.trip_ms * (0.25 + 0.25 * spread) / 1_000.0)
    }

    fn arrive(&mut self, caller: usize, back: Duration) {
        let ms = millis(self.now);
        let limit = self.case.limits.iter().rev().find(|(from, _)| *from <= ms).unwrap().1;
        let passed = (self.now - self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * limit).min(self.case.burst);
        self.filled_at = self.now;
        let (status, hint) = if self.tokens < 1.0 {
            self.done.refused += 1;
            (429, Some("1"))
        } else {
            self.tokens -= 1.0;
            (if self.draw() < self.case.failing { 503 } else { 200 }, None)
        };
        let mut headers = HeaderMap::new();
        if let Some(hint) = hint {
            headers.insert("retry-after", HeaderValue::from_static(hint));
        }
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply::new(status, headers, "{}".into());
        self.enter(self.now + back, Happening::Event(caller, Event::Replied(reply)));
    }
}

const DIALECT: &str = r#"
dialect = 1
name = "limited"
title = "A limited API"
[reply]
[policy.recommended]
attempts = 8
attempt_timeout_ms = 30_000
connect_timeout_ms = 5_000
fault_base_ms = 100
throttle_base_ms = 1_000
wait_cap_ms = 8_000
hint_cap_ms = 60_000
jitter = "full"
rate_limited = "not_processed"
[policy.documented]
attempts = 3
attempt_timeout_ms = 30_000
connect_timeout_ms = 5_000
fault_base_ms = 100
throttle_base_ms = 1_000
wait_cap_ms = 8_000
hint_cap_ms = 60_000
jitter = "none"
rate_limited = "never"
[hints]
wait = [{ at = "header:retry-after", as = "seconds_or_date" }]
[[operation]]
method = "PUT"
path = "/thing"
idempotent = true
"#;
