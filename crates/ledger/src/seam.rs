//! The seam between what the ledger promises and what keeps it.
//!
//! [`Store`] is all that sending knows of a store: no word of files, tables or transactions. [`Ledger`] keeps it
//! in SQLite. Whatever else implements it has to pass the suite under `tests/conformance`, which is
//! written against this trait alone and also run against a store in memory, so that it cannot lean on SQLite.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::by_hand::{Act, ActRow, Hand};
use crate::delivery::{
    Accepted, AttemptRow, Delivery, DeliveryId, NewDelivery, Reason, Run, RunId, Settled,
    Settlement, Terms,
};
use crate::error::LedgerError;
use crate::query::{Counts, Query};
use crate::store::{Ledger, Which};

/// What a store gives back, in time.
pub type Kept<'s, T> = BoxFuture<'s, Result<T, LedgerError>>;

/// For each delivery of a command, in order, what was done or why it was not.
pub type Each = Vec<Result<Settled, LedgerError>>;

/// What keeps deliveries.
///
/// # What every store promises
///
/// - **Kept when told.** When a command has been answered, what it did outlives the process and the power.
///   Commands do all or nothing, except that those with an answer for each delivery do or refuse each by itself.
/// - **One sender.** [`claim`](Store::claim) gives a delivery to one caller, who has it until it is settled, however
///   many ask at the same time. When the process that claimed it is gone, it is [`in_doubt`](Store::in_doubt), and is
///   claimed by nobody.
/// - **In order.** Deliveries of one lane are claimed one at a time, the earlier one first. Behind a failed one those
///   of a run that parks are held, those of a run that skips go on. A lane never keeps another one waiting.
/// - **By the table.** A delivery moves only as [`state::MOVES`](crate::state::MOVES) allows; another move is refused as
///   [`LedgerError::IllegalMove`] and changes nothing.
/// - **To the instant.** A delivery is not claimed before it is due, whoever was restarted in between.
/// - **One identity, one delivery.** As [`identity`](crate::identity) says, and with the idempotency key that it had at
///   first, as long as its content is the same and was not rejected.
///
/// All times are milliseconds since 1970. Dropping a future that has not answered yet leaves the command done or not
/// done; of a claim, nothing stays claimed.
///
/// # Errors
///
/// [`LedgerError`] where the store cannot be read or written, and where the method says so.
pub trait Store: Send + Sync + 'static {
    /// The time, by the clock that dates moves.
    fn now_ms(&self) -> i64;

    /// Writes down a new run.
    fn begin_run(&self, run: Run) -> Kept<'_, RunId>;

    /// Accepts deliveries, all or none, and says what became of each. Ids grow in their order.
    fn accept(&self, deliveries: Vec<NewDelivery>) -> Kept<'_, Vec<Accepted>>;

    /// Lets staged deliveries of a run go. Says how many.
    fn release(&self, run: RunId, which: Which, terms: Terms) -> Kept<'_, u64>;

    /// Claims up to `limit` deliveries of a run that are due and whose lane is free, the longest due first.
    fn claim(&self, run: RunId, now_ms: i64, limit: usize) -> Kept<'_, Vec<Delivery>>;

    /// Ends deliveries, or puts them back, and writes down their attempts. Each is settled or refused by itself.
    fn settle_many(&self, many: Vec<(DeliveryId, Settlement, Vec<AttemptRow>)>) -> Kept<'_, Each>;

    /// Holds those of these that are waiting, for one reason. Says how many.
    fn hold(&self, ids: Vec<DeliveryId>, reason: Reason) -> Kept<'_, u64>;

    /// Holds all of an account that are waiting, for one reason. Says how many.
    fn hold_all(&self, account: &str, reason: Reason) -> Kept<'_, u64>;

    /// What a person decides about deliveries, written down with who it was. Each is done or refused by itself.
    fn act(&self, ids: Vec<DeliveryId>, act: Act, hand: Hand) -> Kept<'_, Each>;

    /// What a process which is gone left `sending`: whether it is in effect has to be found out.
    fn in_doubt(&self) -> Kept<'_, Vec<Delivery>>;

    /// The earliest instant at which a delivery of the run may be claimed; `None` when none waits.
    fn next_due_ms(&self, run: RunId) -> Kept<'_, Option<i64>>;

    /// One delivery with its body.
    fn get(&self, id: DeliveryId) -> Kept<'_, Option<Delivery>>;

    /// Deliveries in the order of their ids, a page at a time.
    fn list(&self, query: Query) -> Kept<'_, Vec<Delivery>>;

    /// The latest of a resource that are in effect and whose name at the API is known, newest first.
    fn latest_applied(
        &self,
        account: &str,
        resource: &str,
        limit: usize,
    ) -> Kept<'_, Vec<Delivery>>;

    /// How many deliveries of the run are in each state.
    fn counts(&self, run: RunId) -> Kept<'_, Counts>;

    /// Every attempt of a delivery, in order.
    fn attempts(&self, id: DeliveryId) -> Kept<'_, Vec<AttemptRow>>;

    /// What people did to a delivery, in order.
    fn acts(&self, id: DeliveryId) -> Kept<'_, Vec<ActRow>>;
}

/// An answer that is there at once.
fn ready<'s, T: Send + 's>(answer: Result<T, LedgerError>) -> Kept<'s, T> {
    futures_util::future::ready(answer).boxed()
}

impl Store for Ledger {
    fn now_ms(&self) -> i64 {
        Ledger::now_ms(self)
    }

    fn begin_run(&self, run: Run) -> Kept<'_, RunId> {
        Ledger::begin_run(self, run).boxed()
    }

    fn accept(&self, deliveries: Vec<NewDelivery>) -> Kept<'_, Vec<Accepted>> {
        Ledger::accept(self, deliveries).boxed()
    }

    fn release(&self, run: RunId, which: Which, terms: Terms) -> Kept<'_, u64> {
        Ledger::release(self, run, which, terms).boxed()
    }

    fn claim(&self, run: RunId, now_ms: i64, limit: usize) -> Kept<'_, Vec<Delivery>> {
        Ledger::claim(self, run, now_ms, limit).boxed()
    }

    fn settle_many(&self, many: Vec<(DeliveryId, Settlement, Vec<AttemptRow>)>) -> Kept<'_, Each> {
        Ledger::settle_many(self, many).boxed()
    }

    fn hold(&self, ids: Vec<DeliveryId>, reason: Reason) -> Kept<'_, u64> {
        Ledger::hold(self, ids, reason).boxed()
    }

    fn hold_all(&self, account: &str, reason: Reason) -> Kept<'_, u64> {
        let account = account.to_owned();
        async move { Ledger::hold_all(self, &account, reason).await }.boxed()
    }

    fn act(&self, ids: Vec<DeliveryId>, act: Act, hand: Hand) -> Kept<'_, Each> {
        self.act_on(ids, act, hand).boxed()
    }

    fn in_doubt(&self) -> Kept<'_, Vec<Delivery>> {
        ready(Ledger::in_doubt(self))
    }

    fn next_due_ms(&self, run: RunId) -> Kept<'_, Option<i64>> {
        ready(Ledger::next_due_ms(self, run))
    }

    fn get(&self, id: DeliveryId) -> Kept<'_, Option<Delivery>> {
        ready(Ledger::get(self, id))
    }

    fn list(&self, query: Query) -> Kept<'_, Vec<Delivery>> {
        ready(Ledger::list(self, &query))
    }

    fn latest_applied(
        &self,
        account: &str,
        resource: &str,
        limit: usize,
    ) -> Kept<'_, Vec<Delivery>> {
        ready(Ledger::latest_applied(self, account, resource, limit))
    }

    fn counts(&self, run: RunId) -> Kept<'_, Counts> {
        ready(Ledger::counts(self, run))
    }

    fn attempts(&self, id: DeliveryId) -> Kept<'_, Vec<AttemptRow>> {
        ready(Ledger::attempts(self, id))
    }

    fn acts(&self, id: DeliveryId) -> Kept<'_, Vec<ActRow>> {
        ready(Ledger::acts(self, id))
    }
}
