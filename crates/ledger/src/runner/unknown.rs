//! A second look at what could not be proven.

use steadfast::LookUp;

use super::{News, Runner};
use crate::{LedgerError, Query, Reason, RunId, Settlement, State};

impl Runner {
    /// A write that could not be proven then may show now. It is only looked at, not sent.
    pub(super) async fn look_again_at_unknown(&self, run: RunId) -> Result<(), LedgerError> {
        let query = Query {
            run: Some(run),
            states: vec![State::Unknown],
            with_body: true,
            ..Query::default()
        };
        for delivery in self.ledger.list(&query)? {
            let Some(key) = &delivery.natural_key else { continue };
            let found = self.client.look_up(&delivery.resource, key, &delivery.body).await;
            let LookUp::Found(found) = found else { continue };
            if !found.differences.is_empty() || found.copies > 1 {
                continue;
            }
            let settlement = match delivery.known_absent {
                true => Settlement::Applied { status: None, resource_id: found.id },
                false => Settlement::Existing {
                    status: None,
                    resource_id: found.id,
                    reason: Some(Reason::new(
                        "found, equal to ours; it may be the work of an unanswered attempt",
                    )),
                },
            };
            self.ledger.settle(delivery.id, settlement.clone(), Vec::new()).await?;
            (self.observer)(News::Settled {
                delivery: &delivery,
                settlement: &settlement,
                attempts: &[],
            });
        }
        Ok(())
    }
}
