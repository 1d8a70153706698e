//! The two that are compared, with the same words.

use std::path::Path;
use std::sync::Arc;

use steadfast_ledger::{AttemptRow, Initial, Ledger, NewDelivery, Run, RunId, Settlement, Terms};

use super::raw::Raw;
use crate::error::BenchError;

/// A numbered state of the raw table.
const SENDING: i64 = 2;
const APPLIED: i64 = 3;

#[derive(Clone)]
pub(super) enum Store {
    Raw(Arc<Raw>),
    Ledger(Ledger, RunId),
}

impl Store {
    pub(super) fn raw(path: &Path) -> Result<Self, BenchError> {
        Ok(Self::Raw(Arc::new(Raw::open(path)?)))
    }

    pub(super) async fn ledger(path: &Path) -> Result<Self, BenchError> {
        let ledger = Ledger::open(path)?;
        let run = ledger.begin_run(Run { command: "bench".to_owned(), ..Run::default() }).await?;
        Ok(Self::Ledger(ledger, run))
    }

    pub(super) fn commits(&self) -> u64 {
        match self {
            Self::Raw(raw) => raw.commits(),
            Self::Ledger(ledger, _) => ledger.commits(),
        }
    }

    /// Writes down deliveries with these keys, ready to be sent. On disk when it returns.
    pub(super) async fn accept(
        &self,
        keys: Vec<String>,
        body: &[u8],
    ) -> Result<Vec<i64>, BenchError> {
        match self {
            Self::Raw(raw) => {
                raw.insert(keys.into_iter().map(|key| (key, body.to_vec())).collect()).await
            }
            Self::Ledger(ledger, run) => {
                let new = |key| delivery(*run, key, body.to_vec());
                let accepted = ledger.accept(keys.into_iter().map(new).collect()).await?;
                Ok(accepted.into_iter().map(|one| one.id().0).collect())
            }
        }
    }

    /// Takes up to so many that wait, which are being sent from then on. The raw table has no order of
    /// its own: those that were accepted last are taken, by their ids.
    pub(super) async fn claim(&self, accepted: Vec<i64>) -> Result<Vec<i64>, BenchError> {
        match self {
            Self::Raw(raw) => raw.update(SENDING, accepted).await,
            Self::Ledger(ledger, run) => {
                let claimed = ledger.claim(*run, i64::MAX, accepted.len()).await?;
                Ok(claimed.into_iter().map(|delivery| delivery.id.0).collect())
            }
        }
    }

    /// Writes down that these were applied.
    pub(super) async fn settle(&self, claimed: Vec<i64>) -> Result<(), BenchError> {
        match self {
            Self::Raw(raw) => raw.update(APPLIED, claimed).await.map(drop),
            Self::Ledger(ledger, _) => {
                let ended = claimed.into_iter().map(applied).collect();
                for settled in ledger.settle_many(ended).await? {
                    settled?;
                }
                Ok(())
            }
        }
    }

    /// Accepts, claims and settles so many in three commits.
    pub(super) async fn lives(&self, keys: Vec<String>, body: &[u8]) -> Result<u64, BenchError> {
        let accepted = self.accept(keys, body).await?;
        let claimed = self.claim(accepted).await?;
        let lives = claimed.len() as u64;
        self.settle(claimed).await?;
        Ok(lives)
    }
}

fn delivery(run: RunId, key: String, body: Vec<u8>) -> NewDelivery {
    NewDelivery {
        run,
        account: "bench".to_owned(),
        resource: "purchase-order".to_owned(),
        natural_key: Some(key),
        key_of_user: None,
        lane: None,
        method: "POST".to_owned(),
        path: "/purchase-order".to_owned(),
        body,
        headers: Vec::new(),
        idempotency_key: None,
        lines: "2-4".to_owned(),
        initial: Initial::Waiting(Terms::default()),
    }
}

fn applied(id: i64) -> (steadfast_ledger::DeliveryId, Settlement, Vec<AttemptRow>) {
    let attempt = AttemptRow {
        n: 1,
        started_at_ms: 1_770_000_000_000,
        elapsed_ms: 12,
        class: "ok".to_owned(),
        status: Some(201),
        effect: "applied".to_owned(),
        ..AttemptRow::default()
    };
    let settlement = Settlement::Applied { status: Some(201), resource_id: Some(id.to_string()) };
    (steadfast_ledger::DeliveryId(id), settlement, vec![attempt])
}
