//! What is sent again although it may be in effect, because the API recognises its idempotency key, or because twice
//! has the effect of once.
//!
//! It stays `sending` on disk all the while: whoever opens the ledger next finds it in doubt, with its key.

use std::collections::HashMap;

use steadfast::{Client, Error, Kind, Request};
use tokio::time::Instant;

use super::address::may_be_repeated;
use super::desk::{Desk, Finished};
use crate::{AttemptRow, Delivery, DeliveryId};

/// Deliveries that wait to be sent again, and what was tried so far.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    waiting: Vec<(Instant, Delivery)>,
    attempts: HashMap<DeliveryId, Vec<AttemptRow>>,
}

impl Doubt {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn wait(&mut self, until: Instant, delivery: Delivery, attempts: Vec<AttemptRow>) {
        self.attempts.entry(delivery.id).or_default().extend(attempts);
        self.waiting.push((until, delivery));
    }

    /// The attempts that are not written down yet, for one that is settled now.
    pub(super) fn attempts_of(&mut self, id: DeliveryId) -> Vec<AttemptRow> {
        self.attempts.remove(&id).unwrap_or_default()
    }
}

impl Desk {
    /// Those that have waited long enough are first in the line.
    pub(super) fn take_up_doubts(&mut self) {
        let now = Instant::now();
        let waiting = std::mem::take(&mut self.doubt.waiting);
        let (due, later) = waiting.into_iter().partition(|(until, _)| *until <= now);
        self.doubt.waiting = later;
        let due: Vec<(Instant, Delivery)> = due;
        for (_, delivery) in due {
            self.ready.push_front((delivery, true));
        }
    }
}

/// True if nobody knows the effect, and a repeat does no harm: the API recognises it by the delivery's key today, or
/// it leaves a record that was there as the first one left it.
pub(super) fn is_remembered(client: &Client, finished: &Finished, now_ms: i64) -> bool {
    let is_unknown = |error: &Error| error.kind() == Kind::Unknown;
    if !finished.result.as_ref().is_err_and(is_unknown) {
        return false;
    }
    let delivery = &finished.delivery;
    if may_be_repeated(client, delivery) {
        return true;
    }
    let (Some(key), Some(contract)) = (&delivery.idempotency_key, &client.dialect().idempotency)
    else {
        return false;
    };
    let method = delivery.method.parse().unwrap_or(http::Method::POST);
    let age_ms = key.age_at(now_ms).as_millis();
    contract.honours(&Request::new(method, delivery.path.clone()))
        && contract.retention_ms.is_none_or(|retention_ms| age_ms < u128::from(retention_ms))
}
