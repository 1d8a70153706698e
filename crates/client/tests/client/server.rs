//! A server written by hand, for what no well-behaved one sends.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use steadfast::dialect::{Auth, Dialect};
use steadfast::{Builder, Client, Credentials};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use tokio_rustls::TlsAcceptor;

use crate::double::quick;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Which connection it came over.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        let named = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn route(&self) -> &str {
        self.path.split('?').next().unwrap()
    }
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
    delay: Duration,
    close: bool,
}

impl Answer {
    /// These bytes, and nothing else.
    pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut text =
            format!("HTTP/1.1 {status} Some Reason\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        Self::bytes(format!("{text}\r\n{body}"))
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::with(status, &[("Content-Type", "application/json")], &body.to_string())
    }

    /// The answer to a log-in or refresh: the pair of the access token, and of the refresh.
    pub(crate) fn session(access: &str, csrf: &str) -> Self {
        let cookies = [
            format!("access_token_cookie={access}; HttpOnly; SameSite=Lax; Path=/"),
            format!("csrf_access_token={csrf}; SameSite=Lax; Path=/"),
            "refresh_token_cookie=refresh-canary-R1; HttpOnly; Path=/api/refresh".to_owned(),
            "csrf_refresh_token=refresh-csrf-U1; Path=/api/refresh".to_owned(),
        ];
        let headers: Vec<(&str, &str)> =
            cookies.iter().map(|cookie| ("Set-Cookie", cookie.as_str())).collect();
        Self::with(200, &headers, r#"{"login":true}"#)
    }

    pub(crate) fn rows(rows: &[Value]) -> Self {
        Self::json(200, &serde_json::json!({ "data": { "rows": rows } }))
    }

    pub(crate) fn late(mut self, ms: u64) -> Self {
        self.delay = Duration::from_millis(ms);
        self
    }

    /// Closes the connection afterwards.
    pub(crate) fn close(mut self) -> Self {
        self.close = true;
        self
    }
}

/// A server on a free loopback port. It stops with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) base_url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Handler = dyn Fn(&Seen, usize) -> Answer + Send + Sync;

impl Server {
    /// Answers each request with what `answer` says; it also gets how many requests with the
    /// same method and route came before.
    pub(crate) async fn start(
        answer: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api", listener.local_addr().unwrap());
        let server = Self { base_url, seen: Arc::default() };
        let (seen, answer): (_, Arc<Handler>) = (Arc::clone(&server.seen), Arc::new(answer));
        tokio::spawn(async move {
            for connection in 1.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(serve(stream, connection, Arc::clone(&seen), Arc::clone(&answer)));
            }
        });
        server
    }

    /// The same over TLS, with what the acceptor has.
    pub(crate) async fn start_tls(
        acceptor: TlsAcceptor,
        answer: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://{}/api", listener.local_addr().unwrap());
        let server = Self { base_url, seen: Arc::default() };
        let (seen, answer): (_, Arc<Handler>) = (Arc::clone(&server.seen), Arc::new(answer));
        tokio::spawn(async move {
            for connection in 1.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, connection, seen, answer).await;
                    }
                });
            }
        });
        server
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, method: &str, route: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|s| s.method == method && s.route() == route).count()
    }

    /// A client that has to log in.
    pub(crate) fn client(&self) -> Client {
        self.builder(quick()).build().unwrap()
    }

    /// A client of an API that asks for no log-in.
    pub(crate) fn open_client(&self) -> Client {
        self.builder(open_dialect()).build().unwrap()
    }

    pub(crate) fn builder(&self, dialect: Dialect) -> Builder {
        Client::builder(dialect, &self.base_url)
            .credentials(Credentials::password("ada", "password-canary"))
            .deadline(Duration::from_secs(20))
    }
}

/// Knosc, were it open to everybody.
pub(crate) fn open_dialect() -> Dialect {
    let mut dialect = quick();
    dialect.auth = Auth::None;
    dialect.csrf = None;
    dialect
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: Arc<Handler>,
) {
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer, connection).await {
        let before = {
            let mut seen = seen.lock().unwrap();
            let same = |s: &&Seen| s.method == request.method && s.route() == request.route();
            let before = seen.iter().filter(same).count();
            seen.push(request.clone());
            before
        };
        let answer = answer(&request, before);
        tokio::time::sleep(answer.delay).await;
        if stream.write_all(&answer.bytes).await.is_err() || answer.close {
            return;
        }
    }
}

async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    connection: usize,
) -> Option<Seen> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let mut lines = head.split("\r\n");
            let mut first = lines.next()?.split(' ').map(str::to_owned);
            let (method, path) = (first.next()?, first.next()?);
            let headers: Vec<(String, String)> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let mut seen = Seen { method, path, headers, body: String::new(), connection };
            let length: usize = seen.header("content-length").parse().unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                seen.body =
                    String::from_utf8_lossy(&buffer[end + 4..end + 4 + length]).into_owned();
                buffer.drain(..end + 4 + length);
                return Some(seen);
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
