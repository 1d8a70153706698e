//! Idempotency keys, as people and programs see them.

use steadfast_ledger::{Initial, Ledger, NewDelivery, Options, Run, Terms};

use crate::place::Place;
use crate::prepared::{ledger, records};

/// An hour and a bit before now, so that the key's age is known to the minute.
const AGO_MS: i64 = 3_600_000 + 120_000;

/// A ledger with one delivery that was claimed to be sent that long ago, and one that never was.
async fn keyed(place: &Place) {
    let then_ms = jiff::Timestamp::now().as_millisecond() - AGO_MS;
    let clock = std::sync::Arc::new(move || then_ms);
    let options = Options { clock, ..Options::default() };
    let ledger = Ledger::open_with(&place.path("l.db"), options).unwrap();
    let run = ledger.begin_run(Run::default()).await.unwrap();
    let payment = |key: &str, initial| NewDelivery {
        run,
        account: "partner".to_owned(),
        resource: "payment".to_owned(),
        natural_key: Some(key.to_owned()),
        key_of_user: None,
        lane: None,
        method: "POST".to_owned(),
        path: "/payments".to_owned(),
        body: b"{}".to_vec(),
        headers: vec![("Prefer".to_owned(), "minimal".to_owned())],
        idempotency_key: Some(format!("key-of-{key}")),
        lines: "2".to_owned(),
        initial,
    };
    let waiting = Initial::Waiting(Terms::default());
    ledger
        .accept(vec![payment("PAY-1", waiting), payment("PAY-2", Initial::Staged)])
        .await
        .unwrap();
    assert_eq!(ledger.claim(run, then_ms, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_and_its_age_are_shown_and_exported() {
    let place = Place::new();
    keyed(&place).await;
    let sent = ledger(&place, &["show", "PAY-1"]).with_status(0);
    for wanted in ["key-of-PAY-1, 1 h 2 min old", "Prefer: minimal", "sent"] {
        assert!(sent.out.contains(wanted), "{wanted}: {sent:#?}");
    }
    let unsent = ledger(&place, &["show", "PAY-2"]).with_status(0);
    assert!(unsent.out.contains("key-of-PAY-2, not sent yet"), "{unsent:#?}");
    let exported = records(&ledger(&place, &["export"]).with_status(0));
    assert_eq!(exported[0]["idempotency_key"], "key-of-PAY-1");
    let age_s = exported[0]["idempotency_key_age_s"].as_i64().unwrap();
    assert!(age_s >= AGO_MS / 1_000, "{age_s}");
    assert_eq!(exported[1]["idempotency_key_age_s"], 0);
    let csv = ledger(&place, &["export", "--format", "csv"]).with_status(0);
    let header = csv.out.lines().next().unwrap();
    assert!(header.ends_with("idempotency_key,idempotency_key_age_s"), "{header}");
}
