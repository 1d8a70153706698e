//! What people decide.

use steadfast_ledger::{Act, Hand, LedgerError, State, Store};

use super::{START_MS, Subject, World, applied, order, rejected, unknown};

fn ada() -> Hand {
    Hand { by: Some("ada".to_owned()), note: Some("seen in the list".to_owned()) }
}

pub(crate) async fn a_person_answers_for_what_is_unknown<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let one = w.sending(order(run, "1", "{}")).await;
    let two = w.sending(order(run, "2", "{}")).await;
    w.settle(one, unknown()).await;
    w.settle(two, unknown()).await;
    w.tick(70);
    for (id, act, to) in [(one, Act::Applied, State::Applied), (two, Act::NotApplied, State::Held)]
    {
        let settled = w.store.act(vec![id], act, ada()).await.unwrap().remove(0).unwrap();
        assert_eq!((settled.from, settled.to), (State::Unknown, to));
        let acts = w.store.acts(id).await.unwrap();
        assert_eq!(acts.len(), 1);
        assert_eq!((acts[0].act, acts[0].was, &acts[0].hand), (act, State::Unknown, &ada()));
        assert_eq!(acts[0].at_ms, START_MS + 70);
        assert_eq!(acts[0].reason.as_ref().unwrap().text, "no answer", "what was before them");
        // It is answered for.
        let again = w.store.act(vec![id], Act::Applied, ada()).await.unwrap().remove(0);
        assert!(matches!(again, Err(LedgerError::IllegalMove { .. })), "{again:?}");
        assert_eq!(w.store.acts(id).await.unwrap().len(), 1);
    }
}

pub(crate) async fn a_person_lets_try_again_and_withdraws<S: Subject>(w: World<S>) {
    let run = w.run().await;
    let refused = w.sending(order(run, "1", "{}")).await;
    w.settle(refused, rejected()).await;
    let done = w.sending(order(run, "2", "{}")).await;
    w.settle(done, applied()).await;
    let sending = w.sending(order(run, "3", "{}")).await;
    let each = w.store.act(vec![refused, done, sending], Act::Retry, ada()).await.unwrap();
    assert_eq!(each[0].as_ref().unwrap().to, State::Waiting);
    for one in &each[1..] {
        assert!(matches!(one, Err(LedgerError::IllegalMove { .. })), "{one:?}");
    }
    // Its input comes again, and it is checked like a new one.
    w.accept(order(w.run().await, "1", "{}")).await;
    assert_eq!(w.state(refused).await, State::Staged);
    let each = w.store.act(vec![refused, sending], Act::Cancel, ada()).await.unwrap();
    assert_eq!(each[0].as_ref().unwrap().to, State::Cancelled);
    assert!(matches!(each[1], Err(LedgerError::IllegalMove { .. })), "it may be in effect");
    let acts: Vec<_> = w.store.acts(refused).await.unwrap().iter().map(|act| act.act).collect();
    assert_eq!(acts, [Act::Retry, Act::Cancel]);
    // What must not be sent is not let go either.
    let changed = w.accept(order(w.run().await, "2", "{2}")).await.id();
    let each = w.store.act(vec![changed], Act::Retry, ada()).await.unwrap();
    assert!(matches!(each[0], Err(LedgerError::NotToBeSent { .. })), "{each:?}");
}
