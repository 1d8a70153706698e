//! Sends what the ledger holds: claims, calls, settles, reconciles, confirms.
//!
//! ```text
//!  ledger ─ claim ─► ready ─► call (client) ─► ended ─ settle ─► ledger ─► observer
//!                      ▲                          │
//!                      └── in doubt, first ───────┘ queued ─► confirm
//! ```
//!
//! The intent is on disk before the first byte leaves, since only claimed deliveries are sent.
//! The result is on disk before the observer hears of it. Calls, claims and settlements run
//! side by side, so that nobody waits for the disk who could be sending.

mod address;
mod ahead;
mod confirm;
mod desk;
mod doubt;
mod exchange;
mod refused;
mod settlement;
mod settling;
mod unknown;
mod witness;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use steadfast::{Attempt, Client};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::{Delivery, LedgerError, Reason, RunId, Settlement, Store};

use ahead::Ahead;
pub use confirm::NOT_SEEN;
use desk::{Desk, Finished, Looks, Queued, maybe};
use exchange::make_call;
pub use settlement::OnUnknown;

/// So many calls may wait (for a settled write, a hint) beside those that are sending.
const PARKED_MAX: usize = 4_096;
/// How often the runner looks around when nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// How long a result waits for others, to be written down with them in one transaction.
const GATHER: Duration = Duration::from_millis(2);
/// So many do not wait for more.
const GATHERED: usize = 256;

/// How a runner sends.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// How many calls are sending at the same time.
    pub concurrency: usize,
    /// How long each delivery may take, waits included. It counts within a run: what an earlier
    /// run left behind gets its time anew.
    pub allowance: Duration,
    /// What to do with a write whose effect cannot be proven.
    pub on_unknown: OnUnknown,
    /// How long queued writes are looked for after everything was sent; none: not at all.
    pub confirm_for: Option<Duration>,
}

/// What the user has asked for while a run is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Wish {
    /// Go on.
    #[default]
    GoOn,
    /// Let what is in flight end, and start nothing.
    WindDown,
    /// Stop now. What is in flight stays in doubt until the next run.
    Cut,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// The account's own credentials do not let us in, and why.
    pub credentials: Option<String>,
    /// Resource owners at the account whose credentials were refused, and why. The others went on.
    pub refused_owners: BTreeMap<String, String>,
    /// The user stopped it.
    pub stopped: bool,
    /// Attempts of writes that were made.
    pub attempts: u64,
}

/// What the observer hears.
#[derive(Debug, Clone)]
pub enum News<'n> {
    /// A delivery was settled, and the ledger has it on disk.
    Settled {
        /// The delivery, as it was claimed.
        delivery: &'n Delivery,
        /// How it was settled.
        settlement: &'n Settlement,
        /// The attempts of its call.
        attempts: &'n [Attempt],
    },
    /// So many others are held for one reason: everything that goes out with the same credentials.
    HeldAll(u64, &'n Reason),
}

/// Hears of every settlement, after it is on disk.
pub type Observer = Arc<dyn Fn(News<'_>) + Send + Sync>;

/// Sends the deliveries of a run.
#[derive(Clone)]
pub struct Runner {
    store: Arc<dyn Store>,
    client: Client,
    account: String,
    options: RunnerOptions,
    observer: Observer,
}

impl Runner {
    /// A runner of this store over this client, which is logged in as that account.
    #[must_use]
    pub fn new(
        store: impl Store,
        client: Client,
        account: impl Into<String>,
        options: RunnerOptions,
        observer: Observer,
    ) -> Self {
        Self { store: Arc::new(store), client, account: account.into(), options, observer }
    }

    /// Sends everything of a run that is waiting, after finding out what became of what an
    /// earlier process left in doubt. Ends when nothing is left to send and queued writes have
    /// been seen or given up, or as the user wishes.
    ///
    /// It is best spawned on the runtime: then it runs on the threads where the calls run, and no
    /// other thread has to be woken for each of them.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger cannot be read or written. Nothing that was sent is lost:
    /// it is in doubt on disk.
    pub async fn run(
        &self,
        run: RunId,
        mut wish: watch::Receiver<Wish>,
    ) -> Result<Ended, LedgerError> {
        let (done, finished) = mpsc::unbounded_channel();
        let mut desk = Desk {
            run,
            ready: self.in_doubt().await?,
            calls: JoinSet::new(),
            calling: 0,
            finished,
            done,
            to_settle: Vec::new(),
            settling: None,
            claiming: None,
            nothing_due: false,
            ahead: Ahead::new(self.options.concurrency),
            settle_by: None,
            has_witness: self.has_witness().await?,
            rounds: HashMap::new(),
            started_at_ms: self.store.now_ms(),
            deadlines: HashMap::new(),
            looks: Some(Looks {
                confirm: confirm::Confirmer::new(self.options.confirm_for),
                witness: witness::Witness::default(),
            }),
            looking: None,
            queued: Queued::default(),
            doubt: doubt::Doubt::default(),
            refused: BTreeMap::new(),
            to_hold: Vec::new(),
            ended: Ended::default(),
        };
        self.look_again_at_unknown(run).await?;
        loop {
            // Not in the condition below, where it would be held while waiting.
            let wished = *wish.borrow();
            if self.is_over(&mut desk, wished).await? {
                break;
            }
            self.turn(&mut desk, &mut wish).await?;
            if *wish.borrow() == Wish::Cut {
                desk.calls.abort_all();
                desk.ended.stopped = true;
                break;
            }
        }
        self.settle_the_rest(&mut desk).await?;
        Ok(desk.ended)
    }

    /// What an earlier process may have sent. What another login left in doubt is not for this
    /// client to look for, let alone to send.
    async fn in_doubt(&self) -> Result<VecDeque<(Delivery, bool)>, LedgerError> {
        let left = self.store.in_doubt().await?.into_iter();
        let ours = left.filter(|delivery| delivery.account == self.account);
        Ok(ours.map(|delivery| (delivery, true)).collect())
    }

    /// One turn: start what can be started, then wait for something to happen.
    async fn turn(
        &self,
        desk: &mut Desk,
        wish: &mut watch::Receiver<Wish>,
    ) -> Result<(), LedgerError> {
        if !desk.refused.is_empty() {
            self.hold_refused(desk).await?;
        }
        let stopping = *wish.borrow() > Wish::GoOn || desk.ended.credentials.is_some();
        if stopping {
            self.give_back(desk).await?;
        } else {
            desk.take_up_doubts();
            self.start(desk);
            self.look_around(desk);
        }
        self.begin_settling(desk);
        let tick = Instant::now() + TICK;
        // While a batch is being written, the next one gathers anyway.
        let by = desk.settle_by.filter(|_| desk.settling.is_none());
        let tick = tokio::time::sleep_until(by.map_or(tick, |by| by.min(tick)));
        tokio::select! {
            Some(finished) = desk.finished.recv() => {
                desk.calling -= 1;
                desk.to_settle.push(finished);
                desk.settle_by.get_or_insert_with(|| Instant::now() + GATHER);
                while let Ok(finished) = desk.finished.try_recv() {
                    desk.calling -= 1;
                    desk.to_settle.push(finished);
                }
            }
            claimed = maybe(&mut desk.claiming) => {
                desk.claiming = None;
                let claimed = claimed?;
                desk.nothing_due = claimed.is_empty();
                desk.ahead.claimed(claimed.len());
                desk.ready.extend(claimed.into_iter().map(|delivery| (delivery, false)));
            }
            settled = maybe(&mut desk.settling) => {
                desk.settling = None;
                self.settled(desk, settled).await?;
            }
            changed = wish.changed() => {
                if changed.is_ok() && *wish.borrow() > Wish::GoOn {
                    desk.ended.stopped = true;
                    self.client.wind_down();
                }
            }
            looked = maybe(&mut desk.looking) => {
                desk.looking = None;
                desk.looks = Some(looked?);
            }
            () = tick => desk.nothing_due &= by.is_some(),
        }
        while desk.calls.try_join_next().is_some() {}
        Ok(())
    }

    /// Starts calls as long as there is room, and claims ahead so that there is always one ready.
    fn start(&self, desk: &mut Desk) {
        let activity = self.client.activity();
        let parked = activity.parked.min(desk.calling);
        // Until one write is through, only one is on its way: whatever happens to it, there is
        // another after it to show whether a locked run is on.
        let concurrency = if desk.has_witness { self.options.concurrency } else { 1 };
        let mut room = concurrency.saturating_sub(desk.calling - parked);
        while room > 0 && desk.calling < PARKED_MAX {
            let Some((delivery, in_doubt)) = desk.ready.pop_front() else { break };
            self.call(desk, delivery, in_doubt);
            room -= 1;
        }
        // Ahead of the calls, but not while it is one at a time: what is claimed may be in doubt.
        let ahead = if desk.has_witness { desk.ahead.many() } else { usize::from(room > 0) };
        let full = desk.ready.len() > ahead / 2 || ahead == 0 || desk.calling >= PARKED_MAX;
        if room > 0 && desk.calling > 0 && desk.claiming.is_some() {
            desk.ahead.ran_dry();
        }
        if desk.claiming.is_none() && !desk.nothing_due && !full {
            let (store, run, limit) = (Arc::clone(&self.store), desk.run, ahead);
            let now_ms = store.now_ms();
            desk.claiming = Some(async move { store.claim(run, now_ms, limit).await }.boxed());
        }
    }

    fn call(&self, desk: &mut Desk, mut delivery: Delivery, in_doubt: bool) {
        desk.calling += 1;
        delivery.deadline_at_ms = Some(desk.deadline(&delivery, self));
        let client = self.client.clone();
        let done = desk.done.clone();
        let now_ms = self.store.now_ms();
        desk.calls.spawn(async move {
            let result = make_call(&client, &mut delivery, in_doubt, now_ms).await;
            let _ = done.send(Finished { delivery, result });
        });
    }

    /// What was claimed and not begun goes back, untouched.
    async fn give_back(&self, desk: &mut Desk) -> Result<(), LedgerError> {
        let now_ms = self.store.now_ms();
        let ready = std::mem::take(&mut desk.ready).into_iter();
        let back: Vec<_> = ready
            .filter(|(_, in_doubt)| !in_doubt)
            .map(|(delivery, _)| {
                let settlement = match self.refusal(desk, &delivery) {
                    Some(reason) => Settlement::Held(reason),
                    None => Settlement::Waiting { due_at_ms: now_ms, reason: None },
                };
                (delivery.id, settlement, Vec::new())
            })
            .collect();
        if !back.is_empty() {
            self.store.settle_many(back).await?;
        }
        Ok(())
    }

    /// Now and then: look for queued writes, and for a witness if calls wait for one and no
    /// fresh write is there to be it.
    fn look_around(&self, desk: &mut Desk) {
        let idle = desk.ready.is_empty() && desk.calling <= self.client.activity().parked;
        let is_due = |looks: &mut Looks| looks.confirm.is_due() || (idle && looks.witness.is_due());
        let Some(mut looks) = desk.looks.take_if(is_due) else { return };
        let (runner, run, queued) = (self.clone(), desk.run, Arc::clone(&desk.queued));
        desk.looking = Some(
            async move {
                if idle {
                    looks.witness.call(&runner).await?;
                }
                if looks.confirm.look(&runner, run, &queued).await? > 0 {
                    looks.witness.rest();
                }
                Ok(looks)
            }
            .boxed(),
        );
    }

    async fn is_over(&self, desk: &mut Desk, wish: Wish) -> Result<bool, LedgerError> {
        let busy = desk.calling > 0
            || !desk.to_settle.is_empty()
            || desk.settling.is_some()
            || desk.claiming.is_some()
            || desk.looking.is_some()
            || !desk.to_hold.is_empty();
        if busy {
            return Ok(false);
        }
        if wish > Wish::GoOn || desk.ended.credentials.is_some() {
            self.give_back(desk).await?;
            return Ok(true);
        }
        if !desk.ready.is_empty() || !desk.doubt.is_empty() || !desk.nothing_due {
            return Ok(false);
        }
        if self.store.next_due_ms(desk.run).await?.is_some() {
            return Ok(false);
        }
        // The last look has to be one that was made after everything was settled.
        Ok(desk.looks.as_ref().is_some_and(|looks| looks.confirm.is_over(&desk.queued)))
    }
}
