//! Deliveries about the same thing go in order.

use steadfast_ledger::{
    Act, DeliveryId, Hand, Ordering, Run, RunId, Settlement, State, Store, Terms, Which,
};

use super::{START_MS, Subject, World, applied, in_lane, later, rejected, unknown};

const QUEUED: Settlement = Settlement::Queued { status: Some(202), reason: None };

/// Three in one lane, released.
async fn three<S: Subject>(w: &World<S>, run: RunId, lane: &str) -> [DeliveryId; 3] {
    let new = [1, 2, 3].map(|n| in_lane(run, lane, &format!("{lane}-{n}")));
    let accepted = w.store.accept(new.to_vec()).await.unwrap();
    let ids = [accepted[0].id(), accepted[1].id(), accepted[2].id()];
    w.store.release(run, Which::These(ids.to_vec()), Terms::default()).await.unwrap();
    ids
}

async fn states_of<S: Subject>(w: &World<S>, ids: [DeliveryId; 3]) -> [State; 3] {
    [w.state(ids[0]).await, w.state(ids[1]).await, w.state(ids[2]).await]
}

pub(crate) async fn a_lane_goes_in_order_one_at_a_time<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let ids = three(&w, run, "A").await;
    for id in ids {
        assert_eq!(w.claim(run).await, [id]);
        assert_eq!(w.claim(run).await, []);
        w.settle(id, applied()).await;
    }
}

pub(crate) async fn a_lane_that_waits_holds_up_no_other<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let (a, b) = (three(&w, run, "A").await, three(&w, run, "B").await);
    assert_eq!(w.claim(run).await, [a[0], b[0]]);
    w.settle(a[0], later(START_MS + 60_000)).await;
    w.settle(b[0], applied()).await;
    assert_eq!(w.claim(run).await, [b[1]], "and nothing of the lane that waits");
    assert_eq!(w.store.next_due_ms(run).await.unwrap(), Some(START_MS + 60_000));
    // An instant in the past of one that stands behind is not what is waited for.
    w.settle(b[1], applied()).await;
    w.claim(run).await;
    w.settle(b[2], applied()).await;
    assert_eq!(w.store.next_due_ms(run).await.unwrap(), Some(START_MS + 60_000));
}

pub(crate) async fn a_queued_head_lets_its_lane_go_on<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let ids = three(&w, run, "A").await;
    w.claim(run).await;
    w.settle(ids[0], QUEUED).await;
    assert_eq!(w.claim(run).await, [ids[1]]);
}

pub(crate) async fn a_failed_head_parks_those_behind_it_or_lets_them_pass<S: Subject>(w: World<S>) {
    for failure in [rejected(), unknown()] {
        let parks = w.run().await;
        let ids = three(&w, parks, &format!("parks {:?}", failure.state())).await;
        w.claim(parks).await;
        assert_eq!(w.settle(ids[0], failure.clone()).await.parked, 2);
        assert_eq!(states_of(&w, ids).await, [failure.state(), State::Held, State::Held]);
        let reason = w.get(ids[2]).await.reason.unwrap();
        assert_eq!(reason.code.as_deref(), Some("ledger.parked"));
        assert!(reason.text.contains(&ids[0].to_string()), "{reason:?}");

        let skips = Run { ordering: Ordering::Skip, ..Run::default() };
        let skips = w.store.begin_run(skips).await.unwrap();
        let ids = three(&w, skips, &format!("skips {:?}", failure.state())).await;
        w.claim(skips).await;
        assert_eq!(w.settle(ids[0], failure).await.parked, 0);
        assert_eq!(w.claim(skips).await, [ids[1]]);
    }
}

async fn act<S: Subject>(w: &World<S>, id: DeliveryId, act: Act) {
    w.store.act(vec![id], act, Hand::default()).await.unwrap().remove(0).unwrap();
}

pub(crate) async fn those_behind_a_head_go_on_when_a_person_has_settled_it<S: Subject>(
    w: World<S>,
) {
    for (n, (failure, decision)) in
        [(unknown(), Act::Applied), (rejected(), Act::Cancel)].into_iter().enumerate()
    {
        let run = w.run().await;
        let ids = three(&w, run, &n.to_string()).await;
        w.claim(run).await;
        w.settle(ids[0], failure).await;
        act(&w, ids[0], decision).await;
        let states = states_of(&w, ids).await;
        assert_eq!(states[1..], [State::Waiting, State::Waiting], "{decision}");
        let reason = w.get(ids[1]).await.reason.unwrap();
        assert_eq!(reason.code.as_deref(), Some("ledger.unparked"));
        assert_eq!(w.claim(run).await, [ids[1]], "in order, one at a time");
        // The next that fails stands in the way again.
        w.settle(ids[1], rejected()).await;
        assert_eq!(w.state(ids[2]).await, State::Held);
    }
    // Not in effect is no end: those behind wait for the head.
    let run = w.run().await;
    let ids = three(&w, run, "not applied").await;
    w.claim(run).await;
    w.settle(ids[0], unknown()).await;
    act(&w, ids[0], Act::NotApplied).await;
    assert_eq!(states_of(&w, ids).await, [State::Held; 3]);
}

pub(crate) async fn a_head_settled_by_machine_frees_its_lane_too<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let ids = three(&w, run, "A").await;
    w.claim(run).await;
    w.settle(ids[0], unknown()).await;
    // A second look found it.
    w.settle(ids[0], applied()).await;
    assert_eq!(states_of(&w, ids).await, [State::Applied, State::Waiting, State::Waiting]);
    // A person lets a refused head try again, and it goes well.
    let ids = three(&w, run, "B").await;
    w.store.claim(run, w.now_ms(), 100).await.unwrap();
    w.settle(ids[0], rejected()).await;
    act(&w, ids[0], Act::Retry).await;
    assert_eq!(states_of(&w, ids).await, [State::Waiting, State::Held, State::Held]);
    assert!(w.claim(run).await.contains(&ids[0]));
    w.settle(ids[0], applied()).await;
    assert_eq!(states_of(&w, ids).await, [State::Applied, State::Waiting, State::Waiting]);
}

pub(crate) async fn what_comes_after_a_failed_head_is_parked<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let ids = three(&w, run, "A").await;
    w.claim(run).await;
    w.settle(ids[0], unknown()).await;
    let next = w.run().await;
    let late = w.accept(in_lane(next, "A", "A-4")).await.id();
    w.release(next).await;
    assert_eq!(w.state(late).await, State::Held);
    act(&w, ids[0], Act::Applied).await;
    assert_eq!(w.state(late).await, State::Waiting);
}
