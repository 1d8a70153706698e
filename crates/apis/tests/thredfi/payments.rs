//! Money: payments, refunds and voids, each once (T5, contract 5).

use serde_json::json;
use steadfast_apis::Written;
use steadfast_apis::thredfi::{
    Allocation, Code, Error, InvoiceStatus, NewPayment, NewRefund, NewRefundPayment, PaymentChange,
    PaymentFilter, PaymentStatus, RefundMethod,
};

use crate::world::{BUSINESS, CUSTOMER, World, applied, invoice};
use futures_util::TryStreamExt;
use http::Method;

async fn owed(world: &World, number: &str) -> String {
    applied(world.thredfi.create_invoice(BUSINESS, &invoice(number, 900)).await.unwrap()).id
}

fn payment(invoice_id: &str, cents: i64) -> NewPayment {
    NewPayment {
        customer_id: CUSTOMER.to_owned(),
        total_amount_cents: cents,
        allocations: vec![Allocation { invoice_id: invoice_id.to_owned(), amount_cents: cents }],
        payment_date: "2025-02-01".to_owned(),
        ..NewPayment::default()
    }
}

#[tokio::test]
async fn t05_a_payment_whose_answer_is_lost_is_made_once() {
    let world = World::new().await;
    let id = owed(&world, "INV-1").await;
    world.faults(json!([
        { "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ]));
    let made = world.thredfi.create_payment(BUSINESS, &payment(&id, 400), None).await.unwrap();
    let made = applied(made);
    assert_eq!(made.status, Some(PaymentStatus::Completed));
    let key = made.idempotency_key.unwrap();
    assert_eq!((key.len(), key.as_bytes()[14]), (36, b'4'), "a UUID of version 4: {key}");
    let read = world.thredfi.invoice(BUSINESS, &id).await.unwrap();
    assert_eq!(read.outstanding_amount_cents, Some(500));
    assert_eq!(read.status, Some(InvoiceStatus::PartiallyPaid));
    world.is_clean();
}

/// V18 to V20.
#[tokio::test]
async fn t05_a_key_of_the_callers_is_kept_and_guards_its_payment() {
    let world = World::new().await;
    let id = owed(&world, "INV-1").await;
    let pay = |cents| {
        let new = payment(&id, cents);
        let thredfi = world.thredfi.clone();
        async move { thredfi.create_payment(BUSINESS, &new, Some("k1".into())).await }
    };
    let first = applied(pay(100).await.unwrap());
    let again = pay(100).await.unwrap().into_value().unwrap();
    assert_eq!(
        (first.id.as_str(), first.idempotency_key.as_deref()),
        (again.id.as_str(), Some("k1"))
    );
    let error = pay(200).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::IdempotencyKeyConflict));
    assert_eq!(error.fault().unwrap().idempotency_key(), Some("k1"));
    let filter = PaymentFilter { invoice_id: Some(id.clone()), ..PaymentFilter::default() };
    let all: Vec<_> = world.thredfi.payments(BUSINESS, &filter).try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(world.thredfi.payment(BUSINESS, &first.id).await.unwrap(), all[0]);
    let change = PaymentChange { note: Some("late".to_owned()), ..PaymentChange::default() };
    let changed = world.thredfi.update_payment(BUSINESS, &first.id, &change).await.unwrap();
    assert_eq!(applied(changed).note.as_deref(), Some("late"));
}

#[tokio::test]
async fn a_payment_with_a_number_that_is_there_is_existing() {
    let world = World::new().await;
    let id = owed(&world, "INV-1").await;
    let mut new = payment(&id, 100);
    new.more.external_id = Some("PAY-1".to_owned());
    applied(world.thredfi.create_payment(BUSINESS, &new, None).await.unwrap());
    let again = world.thredfi.create_payment(BUSINESS, &new, None).await.unwrap();
    assert!(matches!(again, Written::Existing(_)), "{again:?}");
    new.total_amount_cents = 200;
    let error = world.thredfi.create_payment(BUSINESS, &new, None).await.unwrap_err();
    assert!(matches!(error, Error::Differs(_)), "{error:?}");
}

/// V21, and what a repeat of a deletion shows.
#[tokio::test]
async fn a_payment_is_deleted_while_it_can_be() {
    let world = World::new().await;
    let id = owed(&world, "INV-1").await;
    let made =
        applied(world.thredfi.create_payment(BUSINESS, &payment(&id, 100), None).await.unwrap());
    let error = world.thredfi.delete_payment(BUSINESS, &made.id).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::StateConflict));
    assert_eq!(error.to_string(), "Completed payments cannot be deleted (state_conflict)");
    let pending = json!({ "payment_id": made.id, "status": "pending" });
    let steered =
        world.sandbox.steer(&Method::POST, "payment-status", pending.as_object().unwrap());
    steered.unwrap().unwrap();
    world.faults(json!([
        { "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ]));
    let deleted = world.thredfi.delete_payment(BUSINESS, &made.id).await.unwrap();
    assert!(matches!(deleted, Written::Existing(_)), "{deleted:?}");
}

#[tokio::test]
async fn an_invoice_whose_void_was_not_answered_is_read_and_void_is_success() {
    let world = World::new().await;
    let id = owed(&world, "INV-1").await;
    world.faults(json!([
        { "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ]));
    let Written::Existing(void) = world.thredfi.void_invoice(BUSINESS, &id).await.unwrap() else {
        panic!("the second try was told that it is void already");
    };
    assert_eq!(void.status, Some(InvoiceStatus::Voided));
    assert!(void.voided_at.is_some() && void.success.may_be_ours);
    assert_eq!(world.statuses("POST", "/void/"), [0, 409]);

    let error = world.thredfi.void_invoice(BUSINESS, &id).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::StateConflict), "the first try of a call is told so");
    let other = owed(&world, "INV-2").await;
    let void = world.thredfi.void_invoice(BUSINESS, &other).await.unwrap();
    assert!(matches!(void, Written::Applied(_)));
}

#[tokio::test]
async fn t05_a_refund_is_made_and_paid_out_once() {
    let world = World::new().await;
    let id = owed(&world, "INV-1").await;
    applied(world.thredfi.create_payment(BUSINESS, &payment(&id, 900), None).await.unwrap());
    world.faults(json!([
        { "on": { "method": "POST", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ]));
    let new = NewRefund::of_all(&id, RefundMethod::BankTransfer, "2025-03-01");
    let made = applied(world.thredfi.create_refund(BUSINESS, &new, None).await.unwrap());
    assert_eq!(made.refunded_amount, Some(900));
    assert_eq!(made.allocations[0].amount_cents, 900);
    let paid = NewRefundPayment {
        amount_cents: 300,
        method: RefundMethod::Cash,
        external_id: None,
        completed_at: None,
        processor: None,
        memo: None,
        transaction_tags: None,
        refund_processing_fee_cents: None,
    };
    let paid = world.thredfi.create_refund_payment(BUSINESS, &made.id, &paid, None).await.unwrap();
    applied(paid);
    assert_eq!(world.thredfi.refund(BUSINESS, &made.id).await.unwrap().refund_payments.len(), 1);
    let all: Vec<_> = world.thredfi.refunds(BUSINESS).try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
    let error = world.thredfi.refund(BUSINESS, "nothing").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::RefundNotFound));
    world.is_clean();
}
