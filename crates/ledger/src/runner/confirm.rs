//! Looks for queued writes until they are seen in effect (K19).

use std::time::Duration;

use futures_util::future::join_all;
use steadfast::LookUp;
use steadfast::dialect::Act;
use tokio::time::Instant;

use super::desk::{Queued, Rhythm, lock};
use super::{News, Runner, address, exchange};
use crate::{Delivery, LedgerError, Query, Reason, RunId, Settlement, State};

const FIRST: Duration = Duration::from_millis(400);
const LAST: Duration = Duration::from_secs(5);
/// The code of a queued delivery that was looked for until the end and not seen. It was last looked for when it was
/// last [updated](Delivery::updated_at_ms).
pub const NOT_SEEN: &str = "ledger.not_seen";

/// How many are looked for at a time.
const BATCH: usize = 200;

#[derive(Debug)]
pub(super) struct Confirmer {
    patience: Option<Duration>,
    give_up_at: Option<Instant>,
    rhythm: Rhythm,
    /// There may be queued deliveries: a run that resumes may find some from before.
    expecting: bool,
    /// How many writes had been queued by this run when it last looked.
    known: usize,
}

impl Confirmer {
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Self { patience, give_up_at: None, rhythm: Rhythm::default(), expecting: true, known: 0 }
    }

    pub(super) fn is_due(&self) -> bool {
        self.patience.is_some() && self.rhythm.is_due()
    }

    /// True if nothing is left to look for, or it is not to be looked for.
    pub(super) fn is_over(&self, queued: &Queued) -> bool {
        self.patience.is_none() || (!self.expecting && lock(queued).len() <= self.known)
    }

    /// Looks for all queued deliveries of the run, if it is time. Gives how many were seen.
    pub(super) async fn look(
        &mut self,
        runner: &Runner,
        run: RunId,
        queued: &Queued,
    ) -> Result<usize, LedgerError> {
        let Some(patience) = self.patience.filter(|_| self.rhythm.is_due()) else {
            return Ok(0);
        };
        let known = lock(queued).len();
        if known > self.known {
            // More was queued since: the patience starts over.
            self.give_up_at = None;
        }
        let give_up_at = *self.give_up_at.get_or_insert_with(|| Instant::now() + patience);
        let mut query = Query {
            run: Some(run),
            states: vec![State::Queued],
            limit: BATCH,
            with_body: true,
            ..Query::default()
        };
        let (mut seen, mut left) = (0, 0);
        loop {
            let batch = runner.store.list(query.clone()).await?;
            let Some(last) = batch.last() else { break };
            query.after_id = Some(last.id);
            let found = look_for(runner, &batch, queued, Instant::now() >= give_up_at).await?;
            seen += found;
            left += batch.len() - found;
        }
        self.expecting = left > 0 && Instant::now() < give_up_at;
        self.known = known.min(lock(queued).len());
        match seen {
            0 => self.rhythm.slower(FIRST, LAST),
            _ => self.rhythm.reset(FIRST),
        }
        Ok(seen)
    }
}

async fn look_for(
    runner: &Runner,
    batch: &[Delivery],
    queued: &Queued,
    last_look: bool,
) -> Result<usize, LedgerError> {
    let looks = batch.iter().map(|delivery| exchange::look_for(&runner.client, delivery));
    let found = join_all(looks).await;
    let mut rows = Vec::new();
    for (delivery, found) in batch.iter().zip(found) {
        let settlement = match found {
            LookUp::Found(found) if found.differences.is_empty() && found.copies == 1 => {
                let first_sent_at = lock(queued).remove(&delivery.id);
                // What a replace or a delete leads to may have been there before, and shows nothing of the run.
                let is_create = address::act(&runner.client, delivery) == Act::Create;
                if let Some(first_sent_at) = first_sent_at.filter(|_| is_create) {
                    runner.client.saw_queued_write(first_sent_at);
                }
                Some(Settlement::Confirmed { resource_id: found.id })
            }
            LookUp::Found(found) if last_look => Some(still_queued(
                "there is one with this key, and it is not (only) what we sent",
                found.differences.iter().map(ToString::to_string).collect(),
            )),
            LookUp::Absent if last_look => {
                Some(still_queued("looked for until the end, and not seen", Vec::new()))
            }
            LookUp::CannotTell(why) if last_look => {
                Some(still_queued(&format!("it could not be looked for: {why}"), Vec::new()))
            }
            LookUp::Found(_) | LookUp::Absent | LookUp::CannotTell(_) => None,
        };
        if let Some(settlement) = settlement {
            rows.push((delivery, settlement));
        }
    }
    let moves = rows.iter().map(|(d, s)| (d.id, s.clone(), Vec::new())).collect();
    let mut confirmed = 0;
    let settled = runner.store.settle_many(moves).await?;
    for ((delivery, settlement), one) in rows.iter().zip(settled) {
        one?;
        confirmed += usize::from(matches!(settlement, Settlement::Confirmed { .. }));
        (runner.observer)(News::Settled { delivery, settlement, attempts: &[] });
    }
    Ok(confirmed)
}

fn still_queued(text: &str, differences: Vec<String>) -> Settlement {
    Settlement::Queued {
        status: None,
        reason: Some(Reason {
            code: Some(NOT_SEEN.to_owned()),
            text: text.to_owned(),
            action: Some(
                "ask the API's people whether the run has ended; deliver the file again to look once more".to_owned(),
            ),
            differences,
            ..Reason::default()
        }),
    }
}
