//! Writing down how calls ended, many at a time.

use std::sync::Arc;

use futures_util::FutureExt;
use steadfast::Kind;
use tokio::time::Instant;

use super::desk::{Desk, Settling, lock};
use super::doubt::is_remembered;
use super::exchange::{attempts_of, rows_of};
use super::settlement::{Verdict, reason, verdict};
use super::{GATHERED, News, Runner, refused};
use crate::{DeliveryId, LedgerError, Settlement};

impl Runner {
    pub(super) fn begin_settling(&self, desk: &mut Desk) {
        if desk.settling.is_some() || desk.to_settle.is_empty() {
            return;
        }
        // The first one shows the way to those after it, so it does not wait.
        let more_to_come = desk.calling > 0 && desk.has_witness && desk.to_settle.len() < GATHERED;
        if more_to_come && desk.settle_by.is_some_and(|by| Instant::now() < by) {
            return;
        }
        desk.settle_by = None;
        let now_ms = self.store.now_ms();
        let mut batch = Vec::new();
        for finished in std::mem::take(&mut desk.to_settle) {
            let rounds = desk.rounds.get(&finished.delivery.id).copied().unwrap_or(0);
            let on_unknown = self.options.on_unknown;
            desk.ended.attempts += attempts_of(&finished.result).len() as u64;
            if let (Some(principal), Err(error)) =
                (refused::to_blame(&self.client, &finished), &finished.result)
            {
                let reason = desk.refuse(principal, &reason(error));
                // What was sent before the credentials failed has to be looked for by the next run.
                if !matches!(error.kind(), Kind::Unknown) {
                    batch.push((finished, Settlement::Held(reason)));
                }
                continue;
            }
            let before = (rounds, is_remembered(&self.client, &finished, now_ms));
            match verdict(&finished.result, &finished.delivery, before, on_unknown, now_ms) {
                Verdict::Settle(settlement) => batch.push((finished, settlement)),
                Verdict::AgainInDoubt(wait) => {
                    *desk.rounds.entry(finished.delivery.id).or_default() += 1;
                    let rows = rows_of(&self.client, now_ms, attempts_of(&finished.result));
                    desk.doubt.wait(Instant::now() + wait, finished.delivery, rows);
                }
                Verdict::LeaveInDoubt => {}
            }
        }
        let (store, client) = (Arc::clone(&self.store), self.client.clone());
        let earlier: Vec<_> = batch
            .iter()
            .map(|(finished, _)| desk.doubt.attempts_of(finished.delivery.id))
            .collect();
        desk.settling = Some(
            async move {
                let rows = batch
                    .iter()
                    .zip(earlier)
                    .map(|((finished, settlement), mut rows)| {
                        let now_ms = store.now_ms();
                        rows.extend(rows_of(&client, now_ms, attempts_of(&finished.result)));
                        (finished.delivery.id, settlement.clone(), rows)
                    })
                    .collect();
                let settled = store.settle_many(rows).await;
                (batch, settled)
            }
            .boxed(),
        );
    }

    /// The batch is on disk: remember what matters later, and tell.
    pub(super) async fn settled(
        &self,
        desk: &mut Desk,
        (batch, settled): Settling,
    ) -> Result<(), LedgerError> {
        let settled = settled?;
        for ((finished, settlement), one) in batch.iter().zip(settled) {
            one?;
            let id = finished.delivery.id;
            let attempts = attempts_of(&finished.result);
            match settlement {
                Settlement::Applied { .. } => desk.has_witness = true,
                Settlement::Queued { .. } => {
                    // It will be one when the run is over.
                    desk.has_witness = true;
                    if let Some(first) = attempts.first() {
                        lock(&desk.queued).insert(id, first.sent_at);
                    }
                }
                Settlement::Waiting { .. } => {
                    *desk.rounds.entry(id).or_default() += 1;
                }
                _ => {}
            }
            let delivery = &finished.delivery;
            (self.observer)(News::Settled { delivery, settlement, attempts });
        }
        Ok(())
    }

    /// Settles one for which nothing more was sent.
    pub(super) async fn settle_one(
        &self,
        id: DeliveryId,
        settlement: Settlement,
    ) -> Result<(), LedgerError> {
        for settled in self.store.settle_many(vec![(id, settlement, Vec::new())]).await? {
            settled?;
        }
        Ok(())
    }

    /// After the loop: what has ended is settled, whatever the user wished.
    pub(super) async fn settle_the_rest(&self, desk: &mut Desk) -> Result<(), LedgerError> {
        if let Some(claiming) = desk.claiming.take() {
            desk.ready.extend(claiming.await?.into_iter().map(|delivery| (delivery, false)));
        }
        self.give_back(desk).await?;
        desk.looking = None;
        // Nothing more is to come.
        desk.settle_by = None;
        while let Ok(finished) = desk.finished.try_recv() {
            desk.to_settle.push(finished);
        }
        loop {
            if let Some(settling) = desk.settling.take() {
                let settled = settling.await;
                self.settled(desk, settled).await?;
            }
            self.begin_settling(desk);
            if desk.settling.is_none() {
                return self.hold_refused(desk).await;
            }
        }
    }
}
