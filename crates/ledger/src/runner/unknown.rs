//! A second look at what could not be proven.

use steadfast::{Found, LookUp};

use super::exchange::look_for;
use super::{News, OnUnknown, Runner};
use crate::{Delivery, LedgerError, Query, Reason, RunId, Settlement, State};

/// How many are looked at between two reads of the ledger.
const PAGE: usize = 200;

impl Runner {
    /// A write that could not be proven then may show now. What is still not to be seen stays
    /// as it is, unless the user has decided that it is to be sent again.
    pub(super) async fn look_again_at_unknown(&self, run: RunId) -> Result<(), LedgerError> {
        let mut query = Query {
            run: Some(run),
            states: vec![State::Unknown],
            limit: PAGE,
            with_body: true,
            ..Query::default()
        };
        loop {
            let page = self.store.list(query.clone()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            query.after_id = Some(last.id);
            for delivery in &page {
                let Some(settlement) = self.second_look(delivery).await else { continue };
                self.settle_one(delivery.id, settlement.clone()).await?;
                let settlement = &settlement;
                (self.observer)(News::Settled { delivery, settlement, attempts: &[] });
            }
        }
    }

    async fn second_look(&self, delivery: &Delivery) -> Option<Settlement> {
        let found = look_for(&self.client, delivery).await;
        match found {
            LookUp::Found(found) => same(delivery, found),
            LookUp::Absent | LookUp::CannotTell(_) => {
                (self.options.on_unknown == OnUnknown::Resend).then(|| Settlement::Waiting {
                    due_at_ms: self.store.now_ms(),
                    reason: Some(Reason::new("not to be seen; sent again by the user's decision")),
                })
            }
        }
    }
}

fn same(delivery: &Delivery, found: Found) -> Option<Settlement> {
    if !found.differences.is_empty() || found.copies > 1 {
        return None;
    }
    Some(match delivery.known_absent {
        true => Settlement::Applied { status: None, resource_id: found.id },
        false => Settlement::Existing {
            status: None,
            resource_id: found.id,
            reason: Some(Reason::new(
                "found, equal to ours; it may be the work of an unanswered attempt",
            )),
        },
    })
}
