//! What deciding costs: the engine alone, without a transport, beside a stack of the same parts.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region};
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{Account, Call, Draw, Event, Options, Reply, Request, Step, Time, classify};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::ratelimiter::RateLimiterLayer;
use tower_resilience::retry::RetryLayer;

use crate::error::BenchError;
use crate::figures::Series;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each thing is done in a round
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// How many rounds are measured, after one that is not
    #[arg(long, default_value_t = 15)]
    rounds: u32,
}

const TITLES: [&str; 5] = [
    "reply to class, 200",
    "reply to class and decision, 503",
    "whole first try, answered 200",
    "  of which the request is made",
    "tower-resilience: retry + breaker + limiter",
];

/// What one thing took in a round: nanoseconds and allocations each.
type Cost = (f64, f64);

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(BenchError::io("start a runtime"))?;
    let dialect = Dialect::built_in("problem")
        .ok_or_else(|| BenchError::Wrong("there is no dialect problem".to_owned()))?;
    let bench = Bench { dialect: Arc::new(dialect), times: args.times };
    let mut columns: Vec<(Series, Series)> =
        TITLES.iter().map(|_| (Series::default(), Series::default())).collect();
    for round in 0..=args.rounds {
        let costs: [Cost; 5] = [
            bench.classify(),
            bench.decide(),
            bench.first_try(),
            bench.request(),
            runtime.block_on(bench.tower())?,
        ];
        if round > 0 {
            for ((time, allocations), cost) in columns.iter_mut().zip(costs) {
                time.push(cost.0);
                allocations.push(cost.1);
            }
        }
    }
    println!("{} times in each of {} rounds, in turns", args.times, args.rounds);
    for (title, (time, allocations)) in TITLES.iter().zip(&columns) {
        println!("  {title:<45} {time:.0} ns   {:.1} allocations", allocations.median());
    }
    Ok(())
}

struct Bench {
    dialect: Arc<Dialect>,
    times: u32,
}

impl Bench {
    fn measure(&self, mut once: impl FnMut()) -> Cost {
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let started = Instant::now();
        for _ in 0..self.times {
            once();
        }
        let (took, change) = (started.elapsed(), region.change());
        let times = f64::from(self.times);
        let allocations = change.allocations + change.reallocations;
        (took.as_secs_f64() * 1e9 / times, allocations as f64 / times)
    }

    fn classify(&self) -> Cost {
        let (request, reply) = (thing(), reply(200));
        self.measure(|| drop(black_box(classify(&self.dialect, &request, black_box(&reply)))))
    }

    /// Calls that were sent are told of a 503. Making and sending them is not measured. Each has an account of its
    /// own, whose breaker is closed and whose budget is full.
    fn decide(&self) -> Cost {
        let (sent_at, now) = (Time::from_millis(0), Time::from_millis(1_000));
        let mut sent: Vec<(Call, Account)> = (0..self.times)
            .map(|_| {
                let mut account = self.account();
                let mut call = self.call(&mut account);
                let step = call.step(Event::Started, sent_at, draw(), &mut account);
                assert!(matches!(step, Step::Send { .. }), "{step:?}");
                (call, account)
            })
            .collect();
        let mut sent = sent.iter_mut();
        let reply = reply(503);
        self.measure(|| {
            let Some((call, account)) = sent.next() else { return };
            let step = call.step(Event::Replied(reply.clone()), now, draw(), account);
            assert!(matches!(black_box(step), Step::WaitUntil { .. }));
        })
    }

    /// With budget, breaker, a limit and a deadline.
    fn first_try(&self) -> Cost {
        let mut account = self.account();
        let (reply, mut at) = (reply(200), Time::from_millis(0));
        self.measure(|| {
            at = at + Duration::from_millis(1);
            let mut call = self.call(&mut account);
            let sent = call.step(Event::Started, at, draw(), &mut account);
            assert!(matches!(sent, Step::Send { .. }), "{sent:?}");
            let step = call.step(Event::Replied(reply.clone()), at, draw(), &mut account);
            assert!(matches!(black_box(step), Step::Done(result) if result.is_ok()));
        })
    }

    /// What the caller hands in, and what the transport hands back.
    fn request(&self) -> Cost {
        let reply = reply(200);
        self.measure(|| drop(black_box((thing(), reply.clone()))))
    }

    async fn tower(&self) -> Result<Cost, BenchError> {
        let limiter = RateLimiterLayer::per_second(1_000_000_000)
            .build()
            .map_err(|error| BenchError::Wrong(format!("{error:?}")))?;
        let breaker = CircuitBreakerLayer::standard()
            .build()
            .map_err(|error| BenchError::Wrong(format!("{error:?}")))?;
        let reply = reply(200);
        let service = tower::service_fn(move |request: Request| {
            drop(request);
            std::future::ready(Ok::<_, Infallible>(reply.clone()))
        });
        let mut stack = ServiceBuilder::new()
            .layer(RetryLayer::exponential_backoff().build())
            .layer(breaker)
            .layer(limiter)
            .service(service);
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let started = Instant::now();
        for _ in 0..self.times {
            let ready = stack.ready().await.map_err(|error| wrong(&error))?;
            let reply = ready.call(thing()).await.map_err(|error| wrong(&error))?;
            drop(black_box(reply));
        }
        let (took, change) = (started.elapsed(), region.change());
        let times = f64::from(self.times);
        let allocations = change.allocations + change.reallocations;
        Ok((took.as_secs_f64() * 1e9 / times, allocations as f64 / times))
    }

    /// With a limit, so that every call asks for its place.
    fn account(&self) -> Account {
        Account::new(&self.dialect, Some(1_000_000.0), Time::from_millis(0))
    }

    fn call(&self, account: &mut Account) -> Call {
        Call::new(
            Arc::clone(&self.dialect),
            PolicyName::Recommended,
            thing(),
            Options::default(),
            Duration::from_secs(60),
            Time::from_millis(0),
            account,
        )
    }
}

fn wrong(error: &dyn std::fmt::Debug) -> BenchError {
    BenchError::Wrong(format!("tower-resilience: {error:?}"))
}

fn thing() -> Request {
    Request::new(Method::GET, "/thing")
}

fn reply(status: u16) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    Reply::new(status, HeaderMap::new(), r#"{"id":"8f0b4a52","status":"created"}"#.into())
}

fn draw() -> Draw {
    Draw::new(0.5)
}
