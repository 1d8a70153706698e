//! Writing down how calls ended, many at a time.

use futures_util::FutureExt;
use steadfast::Kind;
use tokio::time::Instant;

use super::desk::{Desk, Settling, lock};
use super::exchange::{attempts_of, rows_of};
use super::settlement::{Verdict, verdict};
use super::{GATHERED, News, Runner};
use crate::{LedgerError, Settlement};

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
        let now_ms = self.ledger.now_ms();
        let mut batch = Vec::new();
        for finished in std::mem::take(&mut desk.to_settle) {
            let rounds = desk.rounds.get(&finished.delivery.id).copied().unwrap_or(0);
            let on_unknown = self.options.on_unknown;
            desk.ended.attempts += attempts_of(&finished.result).len() as u64;
            match verdict(&finished.result, &finished.delivery, rounds, on_unknown, now_ms) {
                Verdict::Settle(settlement) => batch.push((finished, settlement)),
                Verdict::SettleAndHoldAll(settlement, reason) => {
                    desk.ended.credentials.get_or_insert(reason.text);
                    batch.push((finished, settlement));
                }
                Verdict::LeaveInDoubt => {
                    if let Err(error) = &finished.result
                        && matches!(error.kind(), Kind::Credentials(_))
                    {
                        desk.ended.credentials.get_or_insert_with(|| error.summary());
                    }
                }
            }
        }
        let (ledger, client) = (self.ledger.clone(), self.client.clone());
        desk.settling = Some(
            async move {
                let rows = batch
                    .iter()
                    .map(|(finished, settlement)| {
                        let rows = rows_of(&client, &ledger, attempts_of(&finished.result));
                        (finished.delivery.id, settlement.clone(), rows)
                    })
                    .collect();
                let settled = ledger.settle_many(rows).await;
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
        let mut reason_for_all = None;
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
            if let (Settlement::Held(reason), Err(error)) = (settlement, &finished.result)
                && matches!(error.kind(), Kind::Credentials(_))
            {
                reason_for_all.get_or_insert((finished.delivery.account.clone(), reason.clone()));
            }
            let delivery = &finished.delivery;
            (self.observer)(News::Settled { delivery, settlement, attempts });
        }
        if let Some((account, reason)) = reason_for_all {
            let held = self.ledger.hold_all(&account, reason.clone()).await?;
            (self.observer)(News::HeldAll(held, &reason));
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
                return Ok(());
            }
        }
    }
}
