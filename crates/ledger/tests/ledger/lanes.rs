//! Deliveries of one lane go in order, one at a time.

use steadfast_ledger::{
    Delivery, DeliveryId, Initial, NewDelivery, Ordering, Run, RunId, Settlement, State,
};

use crate::fixture::{Fixture, applied, order, reason};

async fn run(f: &Fixture, ordering: Ordering) -> RunId {
    f.ledger.begin_run(Run { ordering, ..Run::default() }).await.unwrap()
}

/// A delivery about PO-1 that the user's key tells from the others about it.
fn about(run: RunId, key: &str) -> NewDelivery {
    NewDelivery { key_of_user: Some(key.to_owned()), ..order(run, "PO-1", key) }
}

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

/// Three of one lane and one beside it, released.
async fn three(f: &Fixture, run: RunId) -> [DeliveryId; 4] {
    let new = vec![about(run, "a"), about(run, "b"), about(run, "c"), order(run, "PO-2", "{}")];
    let accepted = f.ledger.accept(new).await.unwrap();
    f.release(run).await;
    [0, 1, 2, 3].map(|n: usize| accepted[n].id())
}

#[tokio::test]
async fn one_at_a_time_and_in_order() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Park).await;
    let [a, b, c, other] = three(&f, run).await;
    assert_eq!(ids(&f.claim(run, 10).await), [a, other], "a lane that waits never holds up others");
    assert!(f.claim(run, 10).await.is_empty());
    assert_eq!(f.ledger.next_due_ms(run).unwrap(), None, "what is behind is not due");
    f.settle(a, applied()).await;
    assert_eq!(ids(&f.claim(run, 10).await), [b]);
    f.settle(b, Settlement::Queued { status: Some(202), reason: None }).await;
    assert_eq!(ids(&f.claim(run, 10).await), [c], "queued releases the lane");
}

#[tokio::test]
async fn a_head_that_is_put_back_is_still_the_head() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Park).await;
    let [a, b, ..] = three(&f, run).await;
    f.claim(run, 10).await;
    f.settle(a, Settlement::Waiting { due_at_ms: f.now_ms() + 50, reason: None }).await;
    assert!(f.claim(run, 10).await.is_empty());
    assert_eq!(ids(&f.ledger.claim(run, f.now_ms() + 50, 10).await.unwrap()), [a]);
    f.settle(a, applied()).await;
    assert_eq!(ids(&f.claim(run, 10).await), [b]);
}

#[tokio::test]
async fn a_failed_head_parks_those_behind_it() {
    for end in [
        Settlement::Rejected(reason("no")),
        Settlement::Unknown(reason("no answer")),
        Settlement::Held(reason("tried often enough")),
    ] {
        let f = Fixture::new();
        let run = run(&f, Ordering::Park).await;
        let [a, b, c, _] = three(&f, run).await;
        f.claim(run, 10).await;
        let settled = f.ledger.settle(a, end.clone(), Vec::new()).await.unwrap();
        assert_eq!(settled.parked, 2);
        for id in [b, c] {
            let parked = f.get(id);
            assert_eq!(parked.state, State::Held);
            let why = parked.reason.unwrap();
            assert_eq!(why.code.as_deref(), Some("ledger.parked"));
            assert!(why.text.contains(&format!("delivery {a}")), "{}", why.text);
        }
        assert!(f.claim(run, 10).await.is_empty());
        let late = f.accept(about(run, "d")).await.id();
        f.release(run).await;
        assert_eq!(f.get(late).state, State::Held, "also those that come later");
        assert_eq!(f.ledger.counts(run).unwrap().total(), 5);
    }
}

#[tokio::test]
async fn a_failed_head_lets_those_behind_it_pass_if_told_to() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Skip).await;
    let [a, b, c, _] = three(&f, run).await;
    f.claim(run, 10).await;
    let settled = f.ledger.settle(a, Settlement::Rejected(reason("no")), Vec::new()).await.unwrap();
    assert_eq!(settled.parked, 0);
    assert_eq!(ids(&f.claim(run, 10).await), [b], "still one at a time");
    f.settle(b, Settlement::Unknown(reason("no answer"))).await;
    assert_eq!(ids(&f.claim(run, 10).await), [c]);
}

#[tokio::test]
async fn a_corrected_head_goes_again_before_those_it_parked() {
    let f = Fixture::new();
    let first = run(&f, Ordering::Park).await;
    let [a, b, c, _] = three(&f, first).await;
    f.claim(first, 10).await;
    f.settle(a, Settlement::Rejected(reason("no such item"))).await;

    let again = run(&f, Ordering::Park).await;
    let mut corrected = about(again, "a");
    corrected.body = b"corrected".to_vec();
    let input = vec![about(again, "c"), about(again, "b"), corrected];
    f.ledger.accept(input).await.unwrap();
    f.release(again).await;
    for id in [a, b, c] {
        assert_eq!(ids(&f.claim(again, 10).await), [id]);
        f.settle(id, applied()).await;
    }
}

#[tokio::test]
async fn a_retried_head_does_not_overtake_what_is_being_sent() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Skip).await;
    let [a, b, c, _] = three(&f, run).await;
    f.claim(run, 10).await;
    f.settle(a, Settlement::Held(reason("later"))).await;
    assert_eq!(ids(&f.claim(run, 10).await), [b]);
    f.settle(a, Settlement::Waiting { due_at_ms: 0, reason: None }).await;
    assert!(f.claim(run, 10).await.is_empty(), "one of the lane is being sent");
    f.settle(b, Settlement::Waiting { due_at_ms: 0, reason: None }).await;
    assert_eq!(ids(&f.claim(run, 10).await), [a], "then the first comes first again");
    f.settle(a, applied()).await;
    assert_eq!(ids(&f.claim(run, 10).await), [b]);
    f.settle(b, applied()).await;
    assert_eq!(ids(&f.claim(run, 10).await), [c]);
}

#[tokio::test]
async fn a_person_frees_a_lane_by_withdrawing_its_head() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Park).await;
    let [a, b, c, _] = three(&f, run).await;
    f.settle(a, Settlement::Rejected(reason("checked before sending"))).await;
    f.settle(b, Settlement::Waiting { due_at_ms: 0, reason: None }).await;
    assert_eq!(f.get(b).state, State::Held, "the head is still in the way");
    f.settle(a, Settlement::Cancelled).await;
    assert_eq!((f.get(b).state, f.get(c).state), (State::Waiting, State::Waiting));
    let claimed = f.claim(run, 100).await;
    assert!(claimed.iter().any(|delivery| delivery.id == b), "in order");
    assert!(claimed.iter().all(|delivery| delivery.id != c), "and one at a time");
}

#[tokio::test]
async fn a_lane_by_name_joins_the_delivery_that_has_the_name_as_its_key() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Park).await;
    let create = f.accept(order(run, "PO-1", "create")).await.id();
    let mut update = order(run, "PO-1-update", "update");
    update.lane = Some("PO-1".into());
    let update = f.accept(update).await.id();
    let mut another = order(run, "PO-9", "another");
    another.resource = "invoice".into();
    another.lane = Some("PO-1".into());
    let another = f.accept(another).await.id();
    f.release(run).await;
    assert_eq!(ids(&f.claim(run, 10).await), [create, another], "lanes belong to a resource");
    f.settle(create, applied()).await;
    assert_eq!(ids(&f.claim(run, 10).await), [update]);
    // Now that the resource has a shared lane, plain deliveries join theirs from the start.
    let plain = f.accept(order(run, "PO-2", "{}")).await.id();
    let mut behind = order(run, "PO-2-update", "{}");
    behind.lane = Some("PO-2".into());
    f.accept(behind).await;
    f.release(run).await;
    assert_eq!(ids(&f.claim(run, 10).await), [plain]);
}

#[tokio::test]
async fn an_input_that_was_refused_stands_in_its_lane() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Park).await;
    let mut create = about(run, "a");
    create.initial = Initial::Rejected(reason("a row without a supplier"));
    f.accept(create).await;
    let update = f.accept(about(run, "b")).await.id();
    f.release(run).await;
    assert_eq!(f.get(update).state, State::Held);
}

#[tokio::test]
async fn a_long_lane_does_not_slow_claims() {
    let f = Fixture::new();
    let run = run(&f, Ordering::Park).await;
    for chunk in 0..5 {
        let new = (0..1_000).map(|n| about(run, &format!("{chunk}-{n}"))).collect();
        f.ledger.accept(new).await.unwrap();
    }
    f.release(run).await;
    for _ in 0..200 {
        let claimed = f.claim(run, 100).await;
        assert_eq!(claimed.len(), 1);
        f.settle(claimed[0].id, applied()).await;
    }
}
