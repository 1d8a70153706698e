//! What the runner remembers while it runs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use steadfast::{Error, Outcome, Principal, Time};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ahead::Ahead;
use super::doubt::Doubt;
use super::{Ended, Runner, confirm, witness};
use crate::{Delivery, DeliveryId, LedgerError, Reason, RunId, Settled, Settlement};

/// A call that has ended and has to be settled.
pub(super) struct Finished {
    pub(super) delivery: Delivery,
    pub(super) result: Result<Outcome, Error>,
}

/// What the runner remembers while it runs.
pub(super) struct Desk {
    pub(super) run: RunId,
    pub(super) ready: VecDeque<(Delivery, bool)>,
    pub(super) calls: JoinSet<()>,
    pub(super) calling: usize,
    pub(super) finished: mpsc::UnboundedReceiver<Finished>,
    pub(super) done: mpsc::UnboundedSender<Finished>,
    pub(super) to_settle: Vec<Finished>,
    pub(super) settling: Option<BoxFuture<'static, Settling>>,
    pub(super) claiming: Option<BoxFuture<'static, Result<Vec<Delivery>, LedgerError>>>,
    pub(super) nothing_due: bool,
    pub(super) ahead: Ahead,
    /// When the first of those to settle has waited long enough for others.
    pub(super) settle_by: Option<Instant>,
    /// There is, or soon will be, a record that can be called as a witness.
    pub(super) has_witness: bool,
    pub(super) rounds: HashMap<DeliveryId, u32>,
    pub(super) started_at_ms: i64,
    /// Deadlines of what an earlier run left behind.
    pub(super) deadlines: HashMap<DeliveryId, i64>,
    /// Looks that are made now and then; away while they are under way.
    pub(super) looks: Option<Looks>,
    pub(super) looking: Option<BoxFuture<'static, Result<Looks, LedgerError>>>,
    pub(super) queued: Queued,
    pub(super) doubt: Doubt,
    /// Whose credentials were refused, and what to say of all that goes out with them.
    pub(super) refused: BTreeMap<Principal, Reason>,
    /// Those of them whose waiting deliveries are still to be held.
    pub(super) to_hold: Vec<Principal>,
    pub(super) ended: Ended,
}

/// When queued writes were first sent, on the client's clock.
pub(super) type Queued = Arc<Mutex<HashMap<DeliveryId, Time>>>;

/// What is looked for now and then.
pub(super) struct Looks {
    pub(super) confirm: confirm::Confirmer,
    pub(super) witness: witness::Witness,
}

pub(super) type Settling =
    (Vec<(Finished, Settlement)>, Result<Vec<Result<Settled, LedgerError>>, LedgerError>);

impl Desk {
    /// By when a delivery has to end. A deadline that an earlier run set is none any more.
    pub(super) fn deadline(&mut self, delivery: &Delivery, runner: &Runner) -> i64 {
        let allowance_ms = i64::try_from(runner.options.allowance.as_millis()).unwrap_or(i64::MAX);
        let first_possible = self.started_at_ms.saturating_add(allowance_ms);
        match delivery.deadline_at_ms {
            Some(deadline) if deadline >= first_possible => deadline,
            Some(_) | None => *self
                .deadlines
                .entry(delivery.id)
                .or_insert_with(|| runner.store.now_ms().saturating_add(allowance_ms)),
        }
    }
}

pub(super) fn lock(queued: &Queued) -> MutexGuard<'_, HashMap<DeliveryId, Time>> {
    queued.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits for a future that may not be there: then for ever.
pub(super) async fn maybe<T>(future: &mut Option<BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// When something was last done, for things that are done now and then.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    pub(super) next: Option<Instant>,
    pub(super) wait: Duration,
}

impl Rhythm {
    pub(super) fn is_due(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    /// The next time is after a longer wait, up to a bound.
    pub(super) fn slower(&mut self, first: Duration, last: Duration) {
        self.wait = (self.wait * 2).clamp(first, last);
        self.next = Some(Instant::now() + self.wait);
    }

    /// The next time is soon, and waits grow from there.
    pub(super) fn reset(&mut self, first: Duration) {
        self.wait = Duration::ZERO;
        self.next = Some(Instant::now() + first);
    }
}
