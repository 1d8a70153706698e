//! Many callers and an API that is gone for a while, in virtual time: what they load on it, and how soon they
//! are back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{Account, Call, Draw, Event, Options, Reply, Request, Step, Time};

use crate::error::BenchError;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many callers there are; each makes a call, and the next one a second after its end
    #[arg(long, default_value_t = 1_000)]
    callers: usize,
    /// How long the API is gone, in seconds; it answers 503
    #[arg(long, default_value_t = 60)]
    outage_s: u64,
    /// How long a caller gives a call, in seconds
    #[arg(long, default_value_t = 30)]
    deadline_s: u64,
}

const STEADY_S: u64 = 20;
const AFTER_S: u64 = 60;
const ANSWER_MS: u64 = 20;
const PAUSE_MS: u64 = 1_000;

#[derive(Debug)]
enum Happening {
    Begin(usize),
    Event(usize, Event),
}

/// What happened in each second.
#[derive(Debug, Default, Clone, Copy)]
struct Second {
    sent: u64,
    first: u64,
    applied: u64,
}

struct World<'a> {
    args: &'a Args,
    dialect: Arc<Dialect>,
    account: Account,
    now: Time,
    agenda: BTreeMap<(Time, u64), Happening>,
    entered: u64,
    calls: Vec<Option<Call>>,
    seconds: Vec<Second>,
    draw: fastrand::Rng,
}

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let dialect = Dialect::built_in("problem")
        .ok_or_else(|| BenchError::Wrong("there is no dialect problem".to_owned()))?;
    let mut world = World {
        args,
        account: Account::new(&dialect, None, Time::from_millis(0)),
        dialect: Arc::new(dialect),
        now: Time::from_millis(0),
        agenda: BTreeMap::new(),
        entered: 0,
        calls: (0..args.callers).map(|_| None).collect(),
        seconds: Vec::new(),
        draw: fastrand::Rng::with_seed(7),
    };
    for caller in 0..args.callers {
        let at = Time::from_millis(world.draw.u64(..PAUSE_MS));
        world.enter(at, Happening::Begin(caller));
    }
    let end = Time::from_millis((STEADY_S + args.outage_s + AFTER_S) * 1_000);
    while let Some(((at, _), happening)) = world.agenda.pop_first() {
        if at >= end {
            break;
        }
        world.now = at;
        match happening {
            Happening::Begin(caller) => world.begin(caller),
            Happening::Event(caller, event) => world.step(caller, event),
        }
    }
    world.tell();
    Ok(())
}

impl World<'_> {
    fn enter(&mut self, at: Time, happening: Happening) {
        self.entered += 1;
        self.agenda.insert((at.max(self.now), self.entered), happening);
    }

    fn second(&mut self) -> &mut Second {
        let at = self.now.to_duration().as_secs() as usize;
        if self.seconds.len() <= at {
            self.seconds.resize(at + 1, Second::default());
        }
        &mut self.seconds[at]
    }

    fn begin(&mut self, caller: usize) {
        let call = Call::new(
            Arc::clone(&self.dialect),
            PolicyName::Recommended,
            Request::new(Method::GET, "/thing"),
            Options::default(),
            Duration::from_secs(self.args.deadline_s),
            self.now,
            &mut self.account,
        );
        self.calls[caller] = Some(call);
        self.step(caller, Event::Started);
    }

    fn step(&mut self, caller: usize, event: Event) {
        let draw = Draw::new(self.draw.f64());
        let Some(call) = self.calls[caller].as_mut() else { return };
        match call.step(event, self.now, draw, &mut self.account) {
            Step::Send { attempt, .. } => {
                let second = self.second();
                second.sent += 1;
                second.first += u64::from(attempt == 1);
                let ms = self.now.to_duration().as_secs();
                let gone = (STEADY_S..STEADY_S + self.args.outage_s).contains(&ms);
                let status = if gone { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
                let reply = Reply::new(status, HeaderMap::new(), "{}".into());
                let at = self.now + Duration::from_millis(ANSWER_MS);
                self.enter(at, Happening::Event(caller, Event::Replied(reply)));
            }
            Step::WaitUntil { until, .. } => {
                self.enter(until, Happening::Event(caller, Event::Woke));
            }
            Step::Done(result) => {
                self.second().applied += u64::from(result.is_ok());
                let at = self.now + Duration::from_millis(PAUSE_MS);
                self.enter(at, Happening::Begin(caller));
            }
            Step::Authenticate { .. } | Step::LookUp => {}
        }
    }

    fn tell(&self) {
        let steady = &self.seconds[STEADY_S as usize / 2..STEADY_S as usize];
        let of = |seconds: &[Second], figure: fn(&Second) -> u64| {
            seconds.iter().map(figure).sum::<u64>() as f64 / seconds.len().max(1) as f64
        };
        let over = (STEADY_S + self.args.outage_s) as usize;
        let gone = &self.seconds[STEADY_S as usize..over];
        let first = of(steady, |second| second.first);
        let sent = of(gone, |second| second.sent);
        let peak = gone.iter().map(|second| second.sent).max().unwrap_or(0);
        let back = self.seconds[over..].iter().position(|s| s.applied as f64 >= 0.95 * first);
        println!("{} callers, gone for {} s", self.args.callers, self.args.outage_s);
        println!("  steady state: {first:.0} first attempts a second");
        println!(
            "  while it is gone: {sent:.1} requests a second ({:.3} x), {peak} in the worst second ({:.3} x)",
            sent / first,
            peak as f64 / first
        );
        match back {
            Some(seconds) => {
                println!("  full rate again in second {} after it is back", seconds + 1)
            }
            None => println!("  not at full rate {AFTER_S} s after it is back"),
        }
    }
}
