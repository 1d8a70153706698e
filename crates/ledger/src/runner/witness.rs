//! Proof that no locked run is on, when no fresh write is left to show it.
//!
//! A write whose answer was lost, and that no look-up finds, may be hidden by a locked run. Any
//! fresh write that is answered as applied shows that no run is on. When there is none left to
//! send, a record that we made ourselves is written back unchanged. Without such a record the
//! write stays in doubt, and a person decides.

use std::time::Duration;

use steadfast::Testimony;

use super::Runner;
use super::desk::Rhythm;
use crate::{Delivery, LedgerError};

const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(20);
/// How many of our records are tried as a witness at a time.
const CANDIDATES: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Witness {
    rhythm: Rhythm,
}

impl Witness {
    pub(super) fn is_due(&self) -> bool {
        self.rhythm.is_due()
    }

    /// Calls a witness, if calls wait for one and it is time.
    pub(super) async fn call(&mut self, runner: &Runner) -> Result<(), LedgerError> {
        let (client, store) = (&runner.client, &runner.store);
        if client.activity().waiting_for_lock == 0 {
            self.rhythm.reset(FIRST);
            return Ok(());
        }
        if !self.rhythm.is_due() {
            return Ok(());
        }
        self.rhythm.slower(FIRST, LAST);
        for delivery in runner.witnesses().await? {
            // The list comes without bodies.
            let Some(delivery) = store.get(delivery.id).await? else { continue };
            let Some(id) = &delivery.resource_id else { continue };
            match client.witness(&delivery.resource, id, &delivery.body).await {
                Testimony::Unfit(why) => {
                    tracing::debug!(key = delivery.natural_key, why, "no witness");
                }
                Testimony::Free | Testimony::Locked => return Ok(()),
                Testimony::Failed(error) => {
                    tracing::debug!(key = delivery.natural_key, %error, "the witness failed");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Other evidence has come in: start over with short waits.
    pub(super) fn rest(&mut self) {
        self.rhythm.reset(FIRST);
    }
}

impl Runner {
    /// True if a witness can be called, or none will ever be needed.
    pub(super) async fn has_witness(&self) -> Result<bool, LedgerError> {
        Ok(self.client.dialect().lock.is_none() || !self.witnesses().await?.is_empty())
    }

    /// Records that we made, of every resource that names a witness, newest first.
    async fn witnesses(&self) -> Result<Vec<Delivery>, LedgerError> {
        let mut witnesses = Vec::new();
        for (name, resource) in &self.client.dialect().resource {
            if resource.witness.is_some() {
                let latest = self.store.latest_applied(&self.account, name, CANDIDATES);
                witnesses.extend(latest.await?);
            }
        }
        Ok(witnesses)
    }
}
