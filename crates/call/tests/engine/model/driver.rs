//! The driver of the model: a few calls at an account, as events in virtual time, and the judge.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{
    Account, AuthFailure, Call, Draw, Effect, Error, Event, Failure, Options, Outcome, Reach,
    Request, Step, Time,
};

use super::server::Fate;
use crate::scenario::{millis, order, put};

/// How the driver does what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    Honest,
    /// Reports an attempt that may have left as one that has not.
    SaysUnsent,
    /// Looks at a snapshot that is older than the question.
    ReadsTheStateOfTheStart,
    /// Reports the end of a wait before it is over.
    WakesEarly,
}

/// A write that the server may do later than it gave up answering it.
pub(super) const LATE_MS: u64 = 2_999;

#[derive(Debug)]
pub(super) enum Happening {
    Event(usize, Event),
    /// A request reaches the server.
    Arrival(usize, Fate, Time),
    /// A write takes effect though nobody waits for it any more.
    Commit(usize),
    /// A look-up reads the list.
    Look(usize, Time),
    Renewed(usize),
    Lock(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Replace,
    Item,
}

#[derive(Debug)]
pub(super) struct Player {
    pub(super) call: Call,
    pub(super) kind: Kind,
    pub(super) sent: u32,
    pub(super) held_until: Time,
    pub(super) hint: Option<Duration>,
    pub(super) result: Option<Result<Outcome, Error>>,
}

pub(super) struct Model<'c> {
    pub(super) chance: std::slice::Iter<'c, u8>,
    pub(super) driver: Driver,
    pub(super) unique: bool,
    pub(super) now: Time,
    pub(super) agenda: BTreeMap<(Time, u64), Happening>,
    pub(super) entered: u64,
    pub(super) locked: bool,
    pub(super) queue: Vec<usize>,
    pub(super) orders: Vec<u32>,
    pub(super) players: Vec<Player>,
    pub(super) account: Account,
    pub(super) trace: Vec<String>,
    pub(super) wrong: Option<String>,
}

impl<'c> Model<'c> {
    pub(super) fn new(dialect: Dialect, driver: Driver, unique: bool, chance: &'c [u8]) -> Self {
        let now = Time::from_millis(0);
        let mut account = Account::new(&dialect, None, now);
        account.session.renewed();
        let mut model = Self {
            chance: chance.iter(),
            driver,
            unique,
            now,
            agenda: BTreeMap::new(),
            entered: 0,
            locked: false,
            queue: Vec::new(),
            orders: Vec::new(),
            players: Vec::new(),
            account,
            trace: Vec::new(),
            wrong: None,
        };
        let dialect = Arc::new(dialect);
        for number in 0..model.draw(5) + 1 {
            model.add_call(&dialect, number as usize);
        }
        for _ in 0..model.draw(3) {
            let from = model.draw(256) * 150;
            let long = model.draw(256) * 100;
            model.enter(Time::from_millis(from), Happening::Lock(true));
            model.enter(Time::from_millis(from + long), Happening::Lock(false));
        }
        model
    }

    /// A number below the bound; 0 when chance has run out.
    pub(super) fn draw(&mut self, below: u64) -> u64 {
        u64::from(self.chance.next().copied().unwrap_or(0)) % below
    }

    pub(super) fn enter(&mut self, at: Time, happening: Happening) {
        self.entered += 1;
        self.agenda.insert((at.max(self.now), self.entered), happening);
    }

    fn add_call(&mut self, dialect: &Arc<Dialect>, number: usize) {
        let kind = match self.draw(4) {
            0 | 1 => Kind::Create,
            2 => Kind::Replace,
            _ => Kind::Item,
        };
        let request = match kind {
            Kind::Create => order(),
            Kind::Replace => put(),
            Kind::Item => Request::new(Method::POST, "/item-master").json("{}"),
        };
        let named = kind == Kind::Create;
        let options = Options {
            resource: named.then(|| "purchase-order".to_owned()),
            natural_key: named.then(|| format!("P-{number}")),
            known_absent: self.draw(2) == 1,
            in_doubt: named && self.draw(4) == 1,
            ..Options::default()
        };
        if options.in_doubt && self.draw(2) == 1 {
            let at = Time::from_millis(self.draw(256) * LATE_MS / 256);
            self.enter(at, Happening::Commit(number));
        }
        let deadline = Duration::from_millis(5_000 + self.draw(256) * 400);
        let policy = match self.draw(2) {
            0 => PolicyName::Recommended,
            _ => PolicyName::Documented,
        };
        // An attempt of an earlier process ended before this one began.
        let start = match options.in_doubt {
            true => Time::from_millis(0),
            false => Time::from_millis(self.draw(256) * 100),
        };
        let call = Call::new(
            Arc::clone(dialect),
            policy,
            request,
            options,
            deadline,
            start,
            &mut self.account,
        );
        self.orders.push(0);
        self.players.push(Player {
            call,
            kind,
            sent: 0,
            held_until: start,
            hint: None,
            result: None,
        });
        self.enter(start, Happening::Event(number, Event::Started));
        if self.draw(10) == 9 {
            let at = start + Duration::from_millis(self.draw(256) * 40);
            self.enter(at, Happening::Event(number, Event::Cancelled));
        }
    }

    /// Plays to the end, and says what was wrong.
    pub(super) fn play(mut self) -> Result<Vec<String>, String> {
        let mut steps = 0;
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.now = at;
            steps += 1;
            if steps > 50_000 {
                return Err(format!(
                    "it does not end: {:#?}",
                    self.trace.split_off(self.trace.len() - 20)
                ));
            }
            self.happen(happening);
        }
        self.unlock();
        for number in 0..self.players.len() {
            self.judge(number);
        }
        match self.wrong {
            Some(wrong) => Err(format!("{wrong}\n{}", self.trace.join("\n"))),
            None => Ok(self.trace),
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Event(number, event) => self.step(number, event),
            Happening::Arrival(number, fate, answered) => self.arrive(number, fate, answered),
            Happening::Commit(number) => {
                self.write(number);
            }
            Happening::Look(number, answered) => {
                let looked = self.look(number);
                self.enter(answered, Happening::Event(number, Event::LookedUp(looked)));
            }
            Happening::Renewed(number) => {
                let event = match self.draw(8) {
                    7 => Event::AuthFailed(AuthFailure::Unreached { text: "no answer".to_owned() }),
                    _ => {
                        self.account.session.renewed();
                        Event::Authenticated
                    }
                };
                self.enter(self.now, Happening::Event(number, event));
            }
            Happening::Lock(true) => self.locked = true,
            Happening::Lock(false) => self.unlock(),
        }
    }

    fn step(&mut self, number: usize, event: Event) {
        if self.players[number].result.is_some() {
            return;
        }
        let draw = Draw::new(self.draw(256) as f64 / 256.0);
        if let Event::Replied(_) = event {
            let player = &mut self.players[number];
            player.held_until = self.now + player.hint.take().unwrap_or_default();
        }
        let said = format!("{:>6} call {number}: {}", millis(self.now), brief(&event));
        let step = self.players[number].call.step(event, self.now, draw, &mut self.account);
        self.trace.push(format!("{said} -> {step:?}"));
        match step {
            Step::Send { timeout, .. } => self.send(number, timeout),
            Step::Authenticate { .. } => {
                let at = self.now + Duration::from_millis(self.draw(256));
                self.enter(at, Happening::Renewed(number));
            }
            Step::LookUp => {
                let read = self.now + Duration::from_millis(self.draw(256));
                let answered = read + Duration::from_millis(self.draw(256));
                self.enter(read, Happening::Look(number, answered));
            }
            Step::WaitUntil { until, .. } => {
                let deadline = self.players[number].call.deadline();
                if until > deadline {
                    self.blame(format!("call {number} sleeps past its deadline"));
                }
                let early = self.driver == Driver::WakesEarly && self.draw(2) == 1;
                let at = match early {
                    true => self.now + (until - self.now) / 2 + Duration::from_millis(1),
                    false => until,
                };
                self.enter(at, Happening::Event(number, Event::Woke));
            }
            Step::Done(result) => self.players[number].result = Some(*result),
        }
    }

    fn send(&mut self, number: usize, timeout: Duration) {
        let player = &mut self.players[number];
        player.sent += 1;
        let (sent, deadline, held) = (player.sent, player.call.deadline(), player.held_until);
        if self.now >= deadline || self.now + timeout > deadline {
            self.blame(format!("an attempt of call {number} outlives its deadline"));
        }
        if self.now < held {
            self.blame(format!("call {number} is sent before its hint"));
        }
        // Four tries, and the cures of one 401 and one CSRF refusal.
        if sent > 6 {
            self.blame(format!("call {number} is sent {sent} times"));
        }
        let took = Duration::from_millis(self.draw(256) * 8);
        let fate = self.fate();
        let arrival = self.now + took / 2;
        match took >= timeout {
            // The driver gives up; the server does not know that.
            true => {
                let failure = self.failure(Reach::MaybeSent);
                self.enter(self.now + timeout, Happening::Event(number, failure));
                self.enter(arrival, Happening::Commit(number));
            }
            false => self.enter(arrival, Happening::Arrival(number, fate, self.now + took)),
        }
    }

    pub(super) fn failure(&self, reach: Reach) -> Event {
        let reach = match self.driver {
            Driver::SaysUnsent => Reach::NotSent,
            _ => reach,
        };
        Event::Failed(Failure::new(reach, "no answer"))
    }

    fn judge(&mut self, number: usize) {
        let player = &self.players[number];
        if player.kind == Kind::Replace {
            return;
        }
        let times = self.orders[number];
        let wrong = match &player.result {
            _ if times > 1 => Some(format!("done {times} times")),
            None => Some("not ended".to_owned()),
            Some(Ok(outcome)) if times == 0 => Some(format!("claimed as done: {outcome:?}")),
            Some(Err(error)) if error.effect() == Effect::None && times > 0 => {
                Some(format!("claimed as not done: {error}"))
            }
            Some(_) => None,
        };
        if let Some(wrong) = wrong {
            self.blame(format!("call {number} ({:?}): {wrong}", self.players[number].kind));
        }
    }

    fn blame(&mut self, wrong: String) {
        self.wrong.get_or_insert(wrong);
    }
}

fn brief(event: &Event) -> String {
    match event {
        Event::Replied(reply) => format!("{} {}", reply.status.as_u16(), reply.text(60)),
        Event::Failed(failure) => format!("{:?}", failure.reach),
        other => format!("{other:?}"),
    }
}
