//! What a request costs over loopback, in processor time of the client's process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use steadfast::dialect::Dialect;
use steadfast::{Client, Options, Request};
use tokio::task::JoinSet;

use crate::error::BenchError;
use crate::figures::{Series, own_cpu};
use crate::server::{self, Server};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many requests each round sends
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests: u64,
    /// How many are on their way at the same time
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// How many rounds are measured, after one that is not
    #[arg(long, default_value_t = 7)]
    rounds: u32,
}

type Hyper = hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>;

/// Those that are compared, each with the address.
#[derive(Clone)]
enum Leg {
    Hyper(Hyper, String),
    Steadfast(Client),
    Reqwest(reqwest::Client, String),
    ReqwestRetry(ClientWithMiddleware, String),
}

const TITLES: [&str; 4] =
    ["hyper-util client", "steadfast", "reqwest", "reqwest-middleware + reqwest-retry"];

pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let server = Server::start(server::Args { limit: 0.0, burst: 0.0, failing: 0.0 })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BenchError::io("start threads"))?;
    let legs = runtime.block_on(async { legs(&server.url) })?;
    for (method, body) in [(http::Method::GET, 0), (http::Method::PUT, 1_024)] {
        let body = Bytes::from(vec![b' '; body]);
        let mut columns: Vec<Series> = legs.iter().map(|_| Series::default()).collect();
        let mut over: Vec<Series> = legs.iter().map(|_| Series::default()).collect();
        for round in 0..=args.rounds {
            let mut costs = vec![0.0; legs.len()];
            // In turns, and not always the same one first.
            for turn in 0..legs.len() {
                let at = (turn + round as usize) % legs.len();
                costs[at] = runtime.block_on(play(args, &legs[at], &method, &body))?;
            }
            if round > 0 {
                columns.iter_mut().zip(&costs).for_each(|(column, cost)| column.push(*cost));
                over.iter_mut().zip(&costs).for_each(|(over, cost)| over.push(cost / costs[0]));
            }
        }
        println!(
            "{method}, {} bytes sent, {} at a time: processor time",
            body.len(),
            args.concurrency
        );
        for ((title, column), over) in TITLES.iter().zip(&columns).zip(&over) {
            println!("  {title:<35} {column:.1} us   {over:.2} x hyper-util");
        }
    }
    Ok(())
}

fn legs(url: &str) -> Result<Vec<Leg>, BenchError> {
    let dialect = Dialect::built_in("problem")
        .ok_or_else(|| BenchError::Wrong("there is no dialect problem".to_owned()))?;
    let hyper: Hyper =
        hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
    let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    let with_retry = ClientBuilder::new(reqwest::Client::new())
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build();
    let address = format!("{url}/thing");
    Ok(vec![
        Leg::Hyper(hyper, address.clone()),
        Leg::Steadfast(Client::builder(dialect, url).build()?),
        Leg::Reqwest(reqwest::Client::new(), address.clone()),
        Leg::ReqwestRetry(with_retry, address),
    ])
}

/// Microseconds of processor time for each request.
async fn play(
    args: &Args,
    leg: &Leg,
    method: &http::Method,
    body: &Bytes,
) -> Result<f64, BenchError> {
    let (next, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let before = own_cpu();
    let mut tasks = JoinSet::new();
    for _ in 0..args.concurrency {
        let (leg, method, body) = (leg.clone(), method.clone(), body.clone());
        let (next, done, all) = (Arc::clone(&next), Arc::clone(&done), args.requests);
        tasks.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < all {
                let received = leg.send(&method, &body).await;
                done.fetch_add(
                    u64::from(received == Some(crate::server::BODY.len())),
                    Ordering::Relaxed,
                );
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let took = own_cpu().saturating_sub(before);
    match done.load(Ordering::Relaxed) {
        done if done == args.requests => Ok(took.as_secs_f64() * 1e6 / args.requests as f64),
        done => {
            Err(BenchError::Wrong(format!("of {} requests {done} were answered", args.requests)))
        }
    }
}

impl Leg {
    /// How many bytes the reply has.
    async fn send(&self, method: &http::Method, body: &Bytes) -> Option<usize> {
        match self {
            Leg::Hyper(client, url) => {
                let request = http::Request::builder()
                    .method(method)
                    .uri(url)
                    .body(Full::new(body.clone()))
                    .ok()?;
                let response = client.request(request).await.ok()?;
                Some(response.into_body().collect().await.ok()?.to_bytes().len())
            }
            Leg::Steadfast(client) => {
                let mut request = Request::new(method.clone(), "/thing");
                if !body.is_empty() {
                    request = request.json(body.clone());
                }
                let outcome = client.call(request, Options::default()).await.ok()?;
                Some(outcome.success().reply.as_ref()?.body.len())
            }
            Leg::Reqwest(client, url) => {
                let response =
                    client.request(method.clone(), url).body(body.clone()).send().await.ok()?;
                Some(response.bytes().await.ok()?.len())
            }
            Leg::ReqwestRetry(client, url) => {
                let response =
                    client.request(method.clone(), url).body(body.clone()).send().await.ok()?;
                Some(response.bytes().await.ok()?.len())
            }
        }
    }
}
