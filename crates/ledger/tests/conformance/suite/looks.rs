//! Looking.

use steadfast_ledger::{Initial, NewDelivery, Query, Reason, Settlement, State, Store};

use super::{Subject, World, applied, order, rejected};

fn held(code: &str) -> Initial {
    Initial::Held(Reason::new("a person has to look").with_code(code))
}

pub(crate) async fn a_list_is_chosen_and_paged<S: Subject>(w: World<S>) {
    let (one, two) = (w.run().await, w.run().await);
    for (n, run, initial) in [
        (1, one, Initial::Staged),
        (2, one, held("input.bad")),
        (3, two, held("input.worse")),
        (4, two, held("other")),
        (5, two, Initial::Staged),
    ] {
        let key = format!("PO-{n}");
        w.accept(NewDelivery { initial, ..order(run, &key, "{}") }).await;
    }
    let listed = |query: Query| async {
        let page = w.store.list(query).await.unwrap();
        page.into_iter().map(|delivery| delivery.id.0).collect::<Vec<_>>()
    };
    let any = Query::default();
    assert_eq!(listed(any.clone()).await, [1, 2, 3, 4, 5]);
    assert_eq!(listed(Query { run: Some(two), ..any.clone() }).await, [3, 4, 5]);
    assert_eq!(listed(Query { states: vec![State::Held], ..any.clone() }).await, [2, 3, 4]);
    let code = Some("input.*".to_owned());
    assert_eq!(listed(Query { code, ..any.clone() }).await, [2, 3]);
    let key = Some("PO-4".to_owned());
    assert_eq!(listed(Query { key, ..any.clone() }).await, [4]);
    let mut page = Query { states: vec![State::Held], limit: 2, ..any.clone() };
    let first = w.store.list(page.clone()).await.unwrap();
    assert!(first.iter().all(|delivery| delivery.body.is_empty()), "nobody asked for bodies");
    page.after_id = first.last().map(|delivery| delivery.id);
    assert_eq!(listed(page).await, [4]);
    assert!(w.all().await.iter().all(|delivery| delivery.body == b"{}"));
}

pub(crate) async fn counts_are_those_of_the_list<S: Subject>(w: World<S>) {
    let run = w.run().await;
    for (n, settlement) in [applied(), applied(), rejected()].into_iter().enumerate() {
        let id = w.sending(order(run, &n.to_string(), "{}")).await;
        w.settle(id, settlement).await;
    }
    w.accept(order(run, "staged", "{}")).await;
    let counts = w.store.counts(run).await.unwrap();
    let states = w.states().await;
    for state in State::ALL {
        let there = states.iter().filter(|is| **is == state).count();
        assert_eq!(counts.of(state), there as u64, "{state}");
    }
    assert_eq!((counts.total(), counts.of(State::Applied)), (4, 2));
    // Whoever brings it in again has it counted.
    let again = w.run().await;
    w.accept(order(again, "0", "{}")).await;
    assert_eq!(w.store.counts(run).await.unwrap().total(), 3);
    assert_eq!(w.store.counts(again).await.unwrap().of(State::Applied), 1);
}

pub(crate) async fn the_latest_that_are_in_effect_come_newest_first<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let mut ids = Vec::new();
    for (n, settlement) in [
        applied(),
        Settlement::Applied { status: Some(201), resource_id: None },
        rejected(),
        applied(),
        applied(),
    ]
    .into_iter()
    .enumerate()
    {
        ids.push(w.sending(order(run, &n.to_string(), "{}")).await);
        w.settle(ids[n], settlement).await;
    }
    let latest = w.store.latest_applied("acme", "purchase-order", 2).await.unwrap();
    assert_eq!(latest.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [ids[4], ids[3]]);
    let all = w.store.latest_applied("acme", "purchase-order", 9).await.unwrap();
    assert_eq!(all.last().unwrap().id, ids[0]);
    assert_eq!(w.store.latest_applied("acme", "item", 9).await.unwrap(), []);
}
