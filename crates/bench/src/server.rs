//! A small HTTP server in a process of its own, for measurements of clients: it answers at once with a
//! fixed reply, or it has a limit and fails a share.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::error::BenchError;

/// What the server is.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Args {
    /// Requests a second, in a bucket of `burst`; 0: no limit
    #[arg(long, default_value_t = 0.0)]
    pub(crate) limit: f64,
    /// How many may come at once
    #[arg(long, default_value_t = 20.0)]
    pub(crate) burst: f64,
    /// The share of what is let through that is answered with 503
    #[arg(long, default_value_t = 0.0)]
    pub(crate) failing: f64,
}

/// The server, in a child process. It stops when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// The server stops when this is closed, so also if we end without a word.
    life_line: Option<ChildStdin>,
    pub(crate) url: String,
}

/// What it has seen since it was last asked to forget.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    pub(crate) applied: u64,
}

impl Server {
    pub(crate) fn start(args: Args) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::io("this program's own path"))?;
        let mut child = Command::new(program)
            .arg("server")
            .arg(format!("--limit={}", args.limit))
            .arg(format!("--burst={}", args.burst))
            .arg(format!("--failing={}", args.failing))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::io("start the server"))?;
        let life_line = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(BenchError::io("read what the server says"))?;
        }
        match line.trim().starts_with("http://") {
            true => Ok(Self { child, life_line, url: line.trim().to_owned() }),
            false => Err(BenchError::Wrong(format!("the server is not ready: {line}"))),
        }
    }

    /// What it has seen, and lets it forget: the bucket is full again, and no key is known.
    pub(crate) async fn take_seen(&self) -> Result<Seen, BenchError> {
        let wrong = |error: reqwest::Error| BenchError::Wrong(error.to_string());
        let client = reqwest::Client::new();
        let text = client.post(format!("{}/__seen", self.url)).send().await.map_err(wrong)?;
        let text = text.text().await.map_err(wrong)?;
        let seen: Value =
            serde_json::from_str(&text).map_err(|error| BenchError::Wrong(error.to_string()))?;
        let number = |name: &str| seen.get(name).and_then(Value::as_u64).unwrap_or(0);
        Ok(Seen {
            requests: number("requests"),
            refused: number("refused"),
            failed: number("failed"),
            applied: number("applied"),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.life_line = None;
        let _ = self.child.wait();
    }
}

struct State {
    args: Args,
    tokens: f64,
    filled_at: Instant,
    seen: Seen,
    keys: HashSet<String>,
    draw: u64,
}

impl State {
    fn fresh(args: Args) -> Self {
        Self {
            args,
            tokens: args.burst,
            filled_at: Instant::now(),
            seen: Seen::default(),
            keys: HashSet::new(),
            draw: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// The status of a request.
    fn judge(&mut self, key: Option<&str>) -> u16 {
        self.seen.requests += 1;
        if self.args.limit > 0.0 {
            let passed = self.filled_at.elapsed().as_secs_f64();
            self.tokens = (self.tokens + passed * self.args.limit).min(self.args.burst);
            self.filled_at = Instant::now();
            if self.tokens < 1.0 {
                self.seen.refused += 1;
                return 429;
            }
            self.tokens -= 1.0;
        }
        if self.chance() < self.args.failing {
            self.seen.failed += 1;
            return 503;
        }
        if key.is_none_or(|key| self.keys.insert(key.to_owned())) {
            self.seen.applied += 1;
        }
        200
    }

    /// xorshift64*: a number from 0 to 1.
    fn chance(&mut self) -> f64 {
        self.draw ^= self.draw >> 12;
        self.draw ^= self.draw << 25;
        self.draw ^= self.draw >> 27;
        (self.draw.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Is the server, until standard input ends.
pub(crate) fn serve(args: Args) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(BenchError::io("start a thread"))?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind("127.0.0.1:0").await.map_err(BenchError::io("listen on loopback"))?;
        let address = listener.local_addr().map_err(BenchError::io("the server's address"))?;
        println!("http://{address}");
        let state = Arc::new(Mutex::new(State::fresh(args)));
        let ended = tokio::task::spawn_blocking(|| {
            let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        });
        let accepting = async {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let state = Arc::clone(&state);
                let service = hyper::service::service_fn(move |request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(answer(&state, request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        };
        tokio::select! {
            () = accepting => {}
            _ = ended => {}
        }
        Ok(())
    })
}

async fn answer(state: &Mutex<State>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path_is_seen = request.uri().path() == "/__seen";
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.map(str::to_owned);
    let _ = request.into_body().collect().await;
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if path_is_seen {
        let Seen { requests, refused, failed, applied } = state.seen;
        *state = State::fresh(state.args);
        let text = json!({ "requests": requests, "refused": refused, "failed": failed, "applied": applied });
        return Response::new(Full::from(text.to_string()));
    }
    let status = state.judge(key.as_deref());
    let mut response = Response::new(Full::from(BODY));
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    if status == 429 {
        headers.insert("retry-after", http::HeaderValue::from_static("1"));
    }
    response
}

/// 291 bytes, as a small resource has.
pub(crate) const BODY: &str = r#"{"id":"8f0b4a52-6c1c-4c2e-9d57-0f4f6d1b7c11","status":"created","number":"PO-000001","supplier":"SUP-1","warehouse":"WH-1","lines":[{"item":"ITEM-A","quantity":12,"price":"4.50"},{"item":"ITEM-B","quantity":3,"price":"19.90"}],"created_at":"2026-01-15T08:30:00.000Z","note":"as agreed by ph"}"#;
