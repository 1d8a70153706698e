//! A transport that answers from memory, so that a test may turn the clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use steadfast::{Exchanged, Failure, Limits, Reach, Reply, Transport};
use tokio::time::Instant;

/// A request as it left.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// When, in milliseconds from the start of the test.
    pub(crate) at_ms: u64,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn is_for_a_token(&self) -> bool {
        self.path.ends_with("/oauth2/token/")
    }
}

pub(crate) type Answer = Result<Reply, Failure>;
type Answers = dyn Fn(&Sent, usize) -> Answer + Send + Sync;

/// Answers each request with what a function says; it also gets how many others of its kind came
/// before: for a token, or not.
#[derive(Clone)]
pub(crate) struct Wire {
    start: Instant,
    sent: Arc<Mutex<Vec<Sent>>>,
    answers: Arc<Answers>,
}

impl Wire {
    pub(crate) fn new(answers: impl Fn(&Sent, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { start: Instant::now(), sent: Arc::default(), answers: Arc::new(answers) }
    }

    /// Everything that was sent, but for tokens.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|sent| !sent.is_for_a_token()).cloned().collect()
    }

    /// When each was sent, in milliseconds.
    pub(crate) fn times(&self) -> Vec<u64> {
        self.sent().iter().map(|sent| sent.at_ms).collect()
    }

    /// The paths that were asked for tokens, in order.
    pub(crate) fn exchanges(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|sent| sent.is_for_a_token()).map(|sent| sent.path.clone()).collect()
    }
}

impl Transport for Wire {
    fn exchange(&self, request: http::Request<bytes::Bytes>, _: Limits) -> Exchanged<'_> {
        let sent = Sent {
            method: request.method().to_string(),
            path: request.uri().path_and_query().unwrap().to_string(),
            headers: request.headers().clone(),
            body: String::from_utf8_lossy(request.body()).into_owned(),
            at_ms: self.start.elapsed().as_millis() as u64,
        };
        let before = {
            let mut all = self.sent.lock().unwrap();
            let same = |other: &&Sent| other.is_for_a_token() == sent.is_for_a_token();
            let before = all.iter().filter(same).count();
            all.push(sent.clone());
            before
        };
        let answer = (self.answers)(&sent, before);
        Box::pin(async move { answer })
    }
}

pub(crate) fn json(status: u16, body: Value) -> Answer {
    with(status, &[("content-type", "application/json")], &body.to_string())
}

pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        all.insert(name, HeaderValue::from_str(value).unwrap());
    }
    Ok(Reply::new(StatusCode::from_u16(status).unwrap(), all, body.to_owned().into()))
}

/// No answer: it may have been read.
pub(crate) fn lost(text: &str) -> Answer {
    let mut failure = Failure::new(Reach::MaybeSent, text);
    failure.source = Some(Arc::new(std::io::Error::other("the wire's own error")));
    Err(failure)
}

/// The client's own time for a call.
pub(crate) const DEADLINE: Duration = Duration::from_secs(300);
