//! The suite: one function for each thing that a store promises.

mod acts;
mod claims;
mod identities;
mod lanes;
mod looks;
mod moves;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use steadfast_ledger::{
    Accepted, Delivery, DeliveryId, Initial, NewDelivery, Query, Reason, Run, RunId, Settled,
    Settlement, State, Store, Terms, Which,
};

pub(crate) use {acts::*, claims::*, identities::*, lanes::*, looks::*, moves::*};

pub(crate) const START_MS: i64 = 1_000_000;

/// A kind of store.
pub(crate) trait Subject: Sized {
    type Store: Store;

    /// An empty one, whose time is what the clock shows.
    fn make(clock: &Arc<AtomicI64>) -> (Self, Self::Store);

    /// The process that had it is gone, and another one has it now.
    fn after_the_process(&self, store: Self::Store) -> Self::Store;
}

/// A store under test.
pub(crate) struct World<S: Subject> {
    subject: S,
    pub(crate) store: S::Store,
    clock: Arc<AtomicI64>,
}

impl<S: Subject> World<S> {
    pub(crate) fn new() -> World<S> {
        let clock = Arc::new(AtomicI64::new(START_MS));
        let (subject, store) = S::make(&clock);
        World { subject, store, clock }
    }

    pub(crate) fn after_the_process(self) -> World<S> {
        let World { subject, store, clock } = self;
        let store = subject.after_the_process(store);
        World { subject, store, clock }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub(crate) fn tick(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    pub(crate) async fn run(&self) -> RunId {
        self.store.begin_run(Run::default()).await.unwrap()
    }

    pub(crate) async fn accept(&self, new: NewDelivery) -> Accepted {
        self.store.accept(vec![new]).await.unwrap().remove(0)
    }

    pub(crate) async fn release(&self, run: RunId) -> u64 {
        self.store.release(run, Which::All, Terms::default()).await.unwrap()
    }

    pub(crate) async fn claim(&self, run: RunId) -> Vec<DeliveryId> {
        let claimed = self.store.claim(run, self.now_ms(), 100).await.unwrap();
        claimed.into_iter().map(|delivery| delivery.id).collect()
    }

    /// Accepted, released and claimed.
    pub(crate) async fn sending(&self, new: NewDelivery) -> DeliveryId {
        let new = NewDelivery { initial: Initial::Waiting(Terms::default()), ..new };
        let (run, id) = (new.run, self.accept(new).await.id());
        assert!(self.claim(run).await.contains(&id));
        id
    }

    pub(crate) async fn settle(&self, id: DeliveryId, settlement: Settlement) -> Settled {
        let each = self.store.settle_many(vec![(id, settlement, Vec::new())]).await;
        each.unwrap().remove(0).unwrap()
    }

    pub(crate) async fn get(&self, id: DeliveryId) -> Delivery {
        self.store.get(id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: DeliveryId) -> State {
        self.get(id).await.state
    }

    pub(crate) async fn states(&self) -> Vec<State> {
        self.all().await.into_iter().map(|delivery| delivery.state).collect()
    }

    pub(crate) async fn all(&self) -> Vec<Delivery> {
        self.store.list(Query { with_body: true, ..Query::default() }).await.unwrap()
    }
}

pub(crate) fn order(run: RunId, key: &str, body: &str) -> NewDelivery {
    NewDelivery { natural_key: Some(key.to_owned()), ..keyless(run, body) }
}

pub(crate) fn keyless(run: RunId, body: &str) -> NewDelivery {
    NewDelivery {
        run,
        account: "acme".to_owned(),
        resource: "purchase-order".to_owned(),
        natural_key: None,
        key_of_user: None,
        lane: None,
        method: "POST".to_owned(),
        path: "/purchase-order".to_owned(),
        body: body.as_bytes().to_vec(),
        headers: Vec::new(),
        idempotency_key: None,
        lines: "2".to_owned(),
        initial: Initial::Staged,
    }
}

/// In a lane that it may share.
pub(crate) fn in_lane(run: RunId, lane: &str, key: &str) -> NewDelivery {
    NewDelivery { lane: Some(lane.to_owned()), ..order(run, key, key) }
}

pub(crate) fn applied() -> Settlement {
    Settlement::Applied { status: Some(201), resource_id: Some("42".to_owned()) }
}

pub(crate) fn rejected() -> Settlement {
    Settlement::Rejected(Reason::new("refused"))
}

pub(crate) fn unknown() -> Settlement {
    Settlement::Unknown(Reason::new("no answer"))
}

pub(crate) fn later(due_at_ms: i64) -> Settlement {
    Settlement::Waiting { due_at_ms, reason: None }
}

macro_rules! every_case {
    ($subject:ty) => {
        crate::suite::cases! { $subject;
            what_was_told_outlives_the_process
            a_command_is_done_as_a_whole_or_not_at_all
            many_who_claim_at_once_share_what_there_is
            the_longest_due_are_claimed_first
            a_due_time_holds_to_the_instant_and_over_a_restart
            what_a_process_left_behind_is_in_doubt_and_claimed_by_nobody
            a_deadline_begins_with_the_first_claim_and_stays
            every_move_that_the_table_lacks_is_refused_and_changes_nothing
            a_command_for_many_refuses_one_and_does_the_others
            attempts_are_numbered_over_all_claims
            holding_takes_what_waits_and_nothing_else
            the_same_input_again_finds_its_deliveries
            other_content_is_sent_only_if_none_was
            without_a_key_equal_ones_are_told_apart_by_their_number
            a_key_stays_while_its_content_does
            a_refusal_ends_the_operation_of_a_key
            a_lane_goes_in_order_one_at_a_time
            a_lane_that_waits_holds_up_no_other
            a_queued_head_lets_its_lane_go_on
            a_failed_head_parks_those_behind_it_or_lets_them_pass
            those_behind_a_head_go_on_when_a_person_has_settled_it
            a_head_settled_by_machine_frees_its_lane_too
            what_comes_after_a_failed_head_is_parked
            a_person_answers_for_what_is_unknown
            a_person_lets_try_again_and_withdraws
            a_list_is_chosen_and_paged
            counts_are_those_of_the_list
            the_latest_that_are_in_effect_come_newest_first
        }
    };
}

macro_rules! cases {
    ($subject:ty; $($case:ident)*) => {
        $(#[tokio::test]
        async fn $case() {
            crate::suite::$case(crate::suite::World::<$subject>::new()).await;
        })*
    };
}

pub(crate) use {cases, every_case};
