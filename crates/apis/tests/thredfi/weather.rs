//! Bad days: the faults of the double's presets, all of them, and nothing is doubled.

use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use steadfast_apis::thredfi::{
    Allocation, Invoice, InvoiceFilter, NewPayment, Payment, PaymentFilter, Thredfi,
};
use steadfast_sandbox::{Api, FaultPlan, Options, Preset};

use crate::world::{BUSINESS, CUSTOMER, World, invoice};

const CENTS: i64 = 900;
const PAID_CENTS: i64 = 400;
/// How often somebody asks again for what did not end well.
const ROUNDS: usize = 10;

/// The plan of a preset, with each of its faults and their shares, but with short delays.
fn shortened(preset: Preset) -> FaultPlan {
    let mut plan = serde_json::to_value(preset.plan(Api::Thredfi, 7)).unwrap();
    for fault in plan["faults"].as_array_mut().unwrap() {
        let fault = fault["do"].as_object_mut().unwrap();
        for (name, short) in [("ms", 20), ("over_ms", 20), ("after_ms", 40)] {
            if let Some(delay) = fault.get_mut(name) {
                *delay = json!(short);
            }
        }
        if let Some(per_second) = fault.get_mut("per_second") {
            *per_second = json!(500);
        }
    }
    FaultPlan::from_value(plan).unwrap()
}

/// Asks for an invoice until it is there: the number stays the same.
async fn owed(thredfi: &Thredfi, number: &str) -> Option<Invoice> {
    for _ in 0..ROUNDS {
        if let Ok(made) = thredfi.create_invoice(BUSINESS, &invoice(number, CENTS)).await {
            return made.into_value();
        }
    }
    None
}

/// Asks for a payment until it is there: the key stays the same.
async fn paid(thredfi: &Thredfi, invoice_id: &str, key: &str) -> Option<Payment> {
    let allocation = Allocation { invoice_id: invoice_id.to_owned(), amount_cents: PAID_CENTS };
    let new = NewPayment {
        customer_id: CUSTOMER.to_owned(),
        total_amount_cents: PAID_CENTS,
        allocations: vec![allocation],
        payment_date: "2025-02-01".to_owned(),
        ..NewPayment::default()
    };
    for _ in 0..ROUNDS {
        if let Ok(made) = thredfi.create_payment(BUSINESS, &new, Some(key.into())).await {
            return made.into_value();
        }
    }
    None
}

/// Invoices by their number and payments by their key, several at once; then the double tells what
/// it holds. A day with fewer faults than that shows too little.
async fn survives(preset: Preset, invoices: usize, faults_least: usize) {
    let options = Options { faults: Some(shortened(preset)), ..Options::default() };
    let world = World::hurried(options).await;
    let thredfi = &world.thredfi;
    let ended: Vec<(usize, bool)> = stream::iter(0..invoices)
        .map(async |n| {
            let Some(made) = owed(thredfi, &format!("W-{n:03}")).await else { return (n, false) };
            (n, paid(thredfi, &made.id, &format!("key-{n:03}")).await.is_some())
        })
        .buffer_unordered(8)
        .collect()
        .await;
    let lost: Vec<_> = ended.iter().filter(|(_, well)| !well).collect();
    assert!(lost.is_empty(), "{preset}: {lost:?}");
    world.is_clean();

    let struck = |entry: &&Value| !entry["fault"].is_null();
    let journal = world.sandbox.journal();
    let faults = journal["entries"].as_array().unwrap().iter().filter(struck).count();
    assert!(faults >= faults_least, "{preset}: {faults} faults");

    world.sandbox.clear_faults();
    // What is done late is done by now.
    world.sandbox.advance_clock(Duration::from_secs(10));
    let all = thredfi.invoices(BUSINESS, &InvoiceFilter::default());
    let all: Vec<Invoice> = all.try_collect().await.unwrap();
    for n in 0..invoices {
        let number = format!("W-{n:03}");
        let ours: Vec<_> =
            all.iter().filter(|one| one.external_id.as_deref() == Some(&*number)).collect();
        assert_eq!(ours.len(), 1, "{preset}: {number}");
        let owed = ours[0].outstanding_amount_cents;
        assert_eq!(owed, Some(CENTS - PAID_CENTS), "{preset}: {number} is paid for once");
    }
    let all = thredfi.payments(BUSINESS, &PaymentFilter::default());
    let all: Vec<Payment> = all.try_collect().await.unwrap();
    let keyed =
        |one: &&Payment| one.idempotency_key.as_deref().is_some_and(|k| k.starts_with("key-"));
    assert_eq!(all.iter().filter(keyed).count(), invoices, "{preset}");
    world.is_clean();
}

/// As many writes as it takes to meet those of its faults that wait for the hundred-and-fiftieth.
#[tokio::test]
async fn a_rough_day_doubles_nothing() {
    survives(Preset::RoughDay, 80, 5).await;
}

#[tokio::test]
async fn a_storm_doubles_nothing() {
    survives(Preset::Storm, 40, 40).await;
}
