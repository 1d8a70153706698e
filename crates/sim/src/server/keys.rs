use std::collections::HashMap;

use bytes::Bytes;

use super::{Incoming, Outgoing};

/// How long a key is remembered, as the dialect says.
const RETENTION_MS: u64 = 120_000;

/// The idempotency keys that the API has seen.
#[derive(Debug)]
pub(super) struct Keys {
    works_ms: u64,
    seen: HashMap<String, Record>,
}

#[derive(Debug)]
struct Record {
    born_ms: u64,
    body: Bytes,
    answer: Outgoing,
}

/// What is known of a key.
pub(super) enum Seen {
    Never,
    InProgress,
    Done(Outgoing),
    OfSomethingElse,
}

impl Keys {
    pub(super) fn new(works_ms: u64) -> Self {
        Self { works_ms, seen: HashMap::new() }
    }

    pub(super) fn look(&self, request: &Incoming, now_ms: u64) -> Seen {
        let record = request.key.as_ref().and_then(|key| self.seen.get(key));
        match record.filter(|record| now_ms - record.born_ms < RETENTION_MS) {
            None => Seen::Never,
            Some(record) if record.body != request.body => Seen::OfSomethingElse,
            Some(record) if now_ms - record.born_ms < self.works_ms => Seen::InProgress,
            Some(record) => Seen::Done(Outgoing { replayed: true, ..record.answer.clone() }),
        }
    }

    pub(super) fn remember(&mut self, request: &Incoming, answer: &Outgoing, now_ms: u64) {
        if let Some(key) = request.key.clone() {
            let (body, answer) = (request.body.clone(), answer.clone());
            self.seen.insert(key, Record { born_ms: now_ms, body, answer });
        }
    }
}
