//! Writes to a server with a limit that also fails some: how long they take against the least that they
//! can take, and how many requests they cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use steadfast::dialect::Dialect;
use steadfast::{Client, IdempotencyKey, Options, Outcome, Request};
use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::figures::Series;
use crate::server::{self, Seen, Server};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many writes each round delivers
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    writes: u64,
    /// How many callers there are; may be given more than once
    #[arg(long, default_values_t = [16, 64])]
    callers: Vec<usize>,
    /// How many rounds are measured
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

const LIMIT: f64 = 200.0;
const BURST: f64 = 20.0;
const FAILING: f64 = 0.03;
const PATH: &str = "/writes";

/// Those that are compared.
#[derive(Clone)]
enum Leg {
    Steadfast(Client),
    ReqwestRetry(ClientWithMiddleware, String),
}

const TITLES: [&str; 2] = ["steadfast", "reqwest-middleware + reqwest-retry"];

/// What came of all rounds of a leg.
#[derive(Default)]
struct Column {
    of_ideal: Series,
    requests_each: Series,
    refused: Series,
    failures: u64,
}

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let server = Server::start(server::Args { limit: LIMIT, burst: BURST, failing: FAILING })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BenchError::io("start threads"))?;
    println!(
        "{} writes to {LIMIT} requests a second, burst {BURST}, {} % of them 503; {} rounds in turns",
        args.writes,
        FAILING * 100.0,
        args.rounds
    );
    for callers in &args.callers {
        let mut columns = [Column::default(), Column::default()];
        for _ in 0..args.rounds {
            for (number, column) in columns.iter_mut().enumerate() {
                runtime.block_on(play(&server, number, args.writes, *callers, column))?;
            }
        }
        for (title, column) in TITLES.iter().zip(&columns) {
            println!(
                "{callers:>3} callers  {title:<35} {:.3} x ideal   {:.3} requests each   {:.0} 429s   {} failed",
                column.of_ideal, column.requests_each, column.refused, column.failures
            );
        }
    }
    Ok(())
}

fn leg(number: usize, url: &str) -> Result<Leg, BenchError> {
    if number == 0 {
        let dialect =
            Dialect::parse(DIALECT).map_err(|error| BenchError::Wrong(error.to_string()))?;
        return Ok(Leg::Steadfast(Client::builder(dialect, url).build()?));
    }
    // As its own page shows it, with enough tries for nothing to fail.
    let policy = ExponentialBackoff::builder().build_with_max_retries(20);
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build();
    Ok(Leg::ReqwestRetry(client, format!("{url}{PATH}")))
}

async fn play(
    server: &Server,
    number: usize,
    writes: u64,
    callers: usize,
    column: &mut Column,
) -> Result<(), BenchError> {
    let leg = leg(number, &server.url)?;
    server.take_seen().await?;
    let (next, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (leg, next, failed) = (leg.clone(), Arc::clone(&next), Arc::clone(&failed));
        tasks.spawn(async move {
            loop {
                let write = next.fetch_add(1, Ordering::Relaxed);
                if write >= writes {
                    break;
                }
                if !leg.deliver(write).await {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let elapsed = started.elapsed();
    let seen = server.take_seen().await?;
    let failed = failed.load(Ordering::Relaxed);
    if seen.applied + failed < writes {
        let what = format!("of {writes} writes {} were applied, {failed} failed", seen.applied);
        return Err(BenchError::Wrong(what));
    }
    column.of_ideal.push(elapsed.as_secs_f64() / ideal(seen).as_secs_f64());
    column.requests_each.push(seen.requests as f64 / writes as f64);
    column.refused.push(seen.refused as f64);
    column.failures += failed;
    Ok(())
}

/// How long it takes whoever knows the limit to have as many let through as were.
fn ideal(seen: Seen) -> Duration {
    let let_through = seen.applied + seen.failed;
    Duration::from_secs_f64((let_through as f64 - BURST).max(1.0) / LIMIT)
}

impl Leg {
    async fn deliver(&self, write: u64) -> bool {
        let key = format!("write-{write}");
        match self {
            Leg::Steadfast(client) => {
                let request = Request::new(http::Method::POST, PATH).json(BODY);
                let options = Options {
                    idempotency_key: Some(IdempotencyKey::from(key.as_str())),
                    deadline: Some(Duration::from_secs(600)),
                    ..Options::default()
                };
                matches!(client.call(request, options).await, Ok(Outcome::Applied(_)))
            }
            Leg::ReqwestRetry(client, url) => {
                let request = client
                    .post(url)
                    .header("content-type", "application/json")
                    .header("idempotency-key", key)
                    .body(BODY);
                request.send().await.is_ok_and(|response| response.status().is_success())
            }
        }
    }
}

const BODY: &str = r#"{"supplier":"SUP-1","lines":[{"item":"ITEM-A","quantity":12}]}"#;

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
[idempotency]
at = "header:Idempotency-Key"
honoured = [{ method = "POST", path = "/writes" }]
retention_ms = 86_400_000
"#;
