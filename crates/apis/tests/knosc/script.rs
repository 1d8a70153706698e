//! A transport that answers from a script, in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use steadfast::{Exchanged, Failure, Limits, Reach, Reply, Transport};
use tokio::time::Instant;

/// What to answer: status, headers, body. None: the connection breaks.
pub(crate) type Answer = Option<(u16, &'static [(&'static str, &'static str)], &'static str)>;

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Log-ins and refreshes are answered by themselves with a session; all else is answered in the
/// order of the script, the last answer over and over.
#[derive(Clone)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub(crate) fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { answers, seen: Arc::default() }
    }

    /// All that was sent but for log-ins and refreshes.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap().clone();
        seen.into_iter().filter(|seen| session(&seen.path).is_none()).collect()
    }

    /// How often a session was got or renewed.
    #[allow(dead_code, reason = "not every API that is tested has sessions")]
    pub(crate) fn sessions(&self) -> usize {
        let all = self.seen.lock().unwrap().len();
        all - self.seen().len()
    }

    /// The waits between the sends, in whole milliseconds.
    pub(crate) fn waits_ms(&self) -> Vec<u128> {
        let seen = self.seen();
        seen.windows(2).map(|two| (two[1].at - two[0].at).as_millis()).collect()
    }

    fn answer(&self) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        match answers.len() {
            0 | 1 => answers.front().copied().unwrap_or(None),
            _ => answers.pop_front().unwrap_or(None),
        }
    }
}

fn session(path: &str) -> Option<&'static str> {
    match path {
        "/api/login" => Some("1"),
        "/api/refresh" => Some("2"),
        _ => None,
    }
}

impl Transport for Script {
    fn exchange(&self, request: Request<Bytes>, _: Limits) -> Exchanged<'_> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().to_owned();
        self.seen.lock().unwrap().push(Seen {
            at: Instant::now(),
            method: head.method.to_string(),
            path: path.clone(),
            headers: head.headers,
            body,
        });
        let mut headers = HeaderMap::new();
        if let Some(number) = session(&path) {
            for cookie in ["access_token_cookie", "csrf_access_token", "refresh_token_cookie"] {
                let value = format!("{cookie}=canary-{cookie}-{number}; Path=/");
                headers.append("set-cookie", HeaderValue::from_str(&value).unwrap());
            }
            let reply = Reply::new(StatusCode::OK, headers, r#"{"login":true}"#.into());
            return Box::pin(async move { Ok(reply) });
        }
        let answer = self.answer();
        Box::pin(async move {
            let broke = || Failure::new(Reach::MaybeSent, "the connection broke");
            let (status, named, body) = answer.ok_or_else(broke)?;
            for (name, value) in named {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            Ok(Reply::new(StatusCode::from_u16(status).unwrap(), headers, body.into()))
        })
    }
}
