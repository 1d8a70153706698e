//! A delivery as a record for machines.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use steadfast_ledger::{ActRow, AttemptRow, Delivery, Ledger, LedgerError, Run, RunId};

/// The members of every record, in their order.
pub(super) const MEMBERS: [&str; 25] = [
    "id",
    "key",
    "state",
    "code",
    "status",
    "reason",
    "action",
    "differences",
    "account",
    "resource",
    "resource_id",
    "method",
    "path",
    "identity",
    "run",
    "source",
    "lines",
    "attempts",
    "due_at",
    "first_sent_at",
    "last_sent_at",
    "created_at",
    "updated_at",
    "idempotency_key",
    "idempotency_key_age_s",
];

/// Makes records of the deliveries of one ledger.
pub(super) struct Records<'l> {
    ledger: &'l Ledger,
    runs: HashMap<RunId, Run>,
    /// When the records are made: how old a key is counts from here.
    now_ms: i64,
}

impl<'l> Records<'l> {
    pub(super) fn new(ledger: &'l Ledger) -> Self {
        Self { ledger, runs: HashMap::new(), now_ms: Timestamp::now().as_millisecond() }
    }

    /// The run that a delivery counts to.
    pub(super) fn run(&mut self, id: RunId) -> Result<&Run, LedgerError> {
        if !self.runs.contains_key(&id) {
            self.runs.insert(id, self.ledger.run(id)?.unwrap_or_default());
        }
        Ok(&self.runs[&id])
    }

    /// Everything but the body. Every record has every member, in one order.
    pub(super) fn of(&mut self, delivery: &Delivery) -> Result<Map<String, Value>, LedgerError> {
        let source = self.run(delivery.run)?.source.clone();
        let reason = delivery.reason.clone().unwrap_or_default();
        let has_reason = delivery.reason.is_some();
        let key = delivery.idempotency_key.as_ref();
        let values = [
            json!(delivery.id),
            json!(delivery.natural_key),
            json!(delivery.state.as_str()),
            json!(reason.code),
            json!(reason.status.or(delivery.status)),
            json!(has_reason.then_some(reason.text)),
            json!(reason.action),
            json!(reason.differences),
            json!(delivery.account),
            json!(delivery.resource),
            json!(delivery.resource_id),
            json!(delivery.method),
            json!(delivery.path),
            json!(delivery.identity),
            json!(delivery.run),
            json!(source),
            json!(delivery.lines),
            json!(delivery.attempts),
            instant(delivery.due_at_ms),
            instant(delivery.first_sent_at_ms),
            instant(delivery.last_sent_at_ms),
            instant(Some(delivery.created_at_ms)),
            instant(Some(delivery.updated_at_ms)),
            json!(key.map(|key| &key.value)),
            json!(key.map(|key| key.age_at(self.now_ms).as_secs())),
        ];
        Ok(MEMBERS.map(str::to_owned).into_iter().zip(values).collect())
    }
}

pub(super) fn attempt(attempt: &AttemptRow) -> Value {
    json!({
        "n": attempt.n,
        "started_at": instant(Some(attempt.started_at_ms)),
        "elapsed_ms": attempt.elapsed_ms,
        "class": attempt.class,
        "status": attempt.status,
        "code": attempt.code,
        "effect": attempt.effect,
        "wait_ms": attempt.wait_ms,
        "rule": attempt.rule,
        "request_id": attempt.request_id,
    })
}

pub(super) fn act(act: &ActRow) -> Value {
    json!({
        "at": instant(Some(act.at_ms)),
        "act": act.act.as_str(),
        "by": act.hand.by,
        "note": act.hand.note,
        "was": act.was.as_str(),
        "reason": act.reason.as_ref().map(|reason| &reason.text),
    })
}

/// The body without secrets: as JSON, or in words where it is none.
pub(super) fn body(body: &[u8]) -> Value {
    steadfast::redacted_payload(body)
        .unwrap_or_else(|| Value::String(format!("({} bytes that are not JSON)", body.len())))
}

/// An instant as RFC 3339 has it, in UTC.
pub(super) fn instant(at_ms: Option<i64>) -> Value {
    let at = at_ms.and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    at.map_or(Value::Null, |at| Value::String(format!("{at:.3}")))
}
