//! Another origin: a listener that no client has any business with. What reaches it is written down.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const LARGEST: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);
/// As an API might answer, so that a client that follows believes it.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// A request that came to the other origin.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Method and path.
    pub line: String,
    /// What it carried that was meant for the API alone, in words that do not show it.
    pub carried: Vec<String>,
}

/// The listener. It ends when it is dropped.
pub(crate) struct Elsewhere {
    /// `http://localhost:PORT`; the doubles are at `127.0.0.1`, so neither cookies nor anything else may come along.
    pub(crate) origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

impl Elsewhere {
    /// Listens on a free port. `secrets` are texts that must not arrive.
    pub(crate) async fn start(secrets: Vec<String>) -> std::io::Result<Elsewhere> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, secrets) = (Arc::clone(&seen), Arc::new(secrets));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, secrets) = (Arc::clone(&kept), Arc::clone(&secrets));
                tokio::spawn(async move {
                    if let Some(request) = receive(stream).await {
                        let seen = describe(&request, &secrets);
                        kept.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                    }
                });
            }
        });
        Ok(Elsewhere { origin: format!("http://localhost:{port}"), seen, accepting })
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads a request as far as it comes, and answers it.
async fn receive(mut stream: TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    while !is_whole(&bytes) && bytes.len() < LARGEST {
        match tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await {
            Ok(Ok(count)) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    // Whoever has hung up has been seen all the same.
    let _ = stream.write_all(ANSWER).await;
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let announced = header(head, "content-length").and_then(|length| length.parse().ok());
    body.len() >= announced.unwrap_or(0usize)
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .next()
}

/// Headers that stand for who the client is.
const CREDENTIAL_HEADERS: [&str; 4] = ["authorization", "cookie", "x-xsrf-token", "x-kneo-api-key"];

fn describe(request: &str, secrets: &[String]) -> Seen {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    let line = head.lines().next().unwrap_or_default();
    let line = line.rsplit_once(' ').map_or(line, |(asked, _)| asked);
    let mut carried: Vec<String> = CREDENTIAL_HEADERS
        .iter()
        .filter(|name| header(head, name).is_some_and(|value| !value.is_empty()))
        .map(|name| format!("the header {name}"))
        .collect();
    if secrets.iter().any(|secret| body.contains(secret.as_str())) {
        carried.push("a secret in the body".to_owned());
    }
    if !body.is_empty() {
        carried.push("the body of a request that was meant for the API".to_owned());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Seen { at_ms: now.as_millis() as u64, line: line.to_owned(), carried }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_arrives_is_told_without_being_shown() {
        let elsewhere =
            Elsewhere::start(vec!["pass-word".to_owned()]).await.unwrap_or_else(|e| panic!("{e}"));
        let address = elsewhere.origin.replace("http://localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(address).await.unwrap_or_else(|e| panic!("{e}"));
        let body = "{\"p\":\"pass-word\"}";
        let request = format!(
            "POST /api/login HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap_or_else(|e| panic!("{e}"));
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(answer, ANSWER);
        let seen = loop {
            match elsewhere.seen().pop() {
                Some(seen) => break seen,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(seen.line, "POST /api/login");
        assert_eq!(seen.carried.len(), 3, "{:?}", seen.carried);
        assert!(!format!("{seen:?}").contains("pass-word"));
    }
}
