//! Where the API's documents disagree (contract 8): the client passes on every variant, and is told
//! of none. One row of the table after the other, on each double there is.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use serde_json::json;
use steadfast_apis::Written;
use steadfast_apis::thredfi::{
    BusinessFilter, Code, CustomerFilter, Error, NewBusiness, NewCustomer,
};
use steadfast_sandbox::{Profile, Quirk};

use crate::world::{BUSINESS, World, applied, invoice};

async fn c1_a_number_that_is_taken(world: &World) {
    applied(world.thredfi.create_invoice(BUSINESS, &invoice("C1", 5)).await.unwrap());
    let again = world.thredfi.create_invoice(BUSINESS, &invoice("C1", 5)).await.unwrap();
    assert!(matches!(again, Written::Existing(_)), "{again:?}");
    let error = world.thredfi.create_invoice(BUSINESS, &invoice("C1", 6)).await.unwrap_err();
    assert!(matches!(error, Error::Differs(_)), "{error:?}");
}

async fn c2_a_401_is_cured_and_no_retry(world: &World) {
    let fault = json!([{ "on": { "method": "GET", "nth": 1 }, "do": { "kind": "expire_access" } }]);
    world.faults(fault);
    world.thredfi.customer(BUSINESS, crate::world::CUSTOMER).await.unwrap();
    world.sandbox.clear_faults();
}

async fn c4_every_page_in_either_envelope(world: &World) {
    let made = 120;
    for n in 0..made {
        let new = NewCustomer {
            external_id: Some(format!("C4-{n:03}")),
            company_name: Some(format!("Paged {n:03}")),
            ..NewCustomer::default()
        };
        applied(world.thredfi.create_customer(BUSINESS, &new).await.unwrap());
    }
    let filter = CustomerFilter { name_contains: Some("Paged".into()), ..Default::default() };
    let all: Vec<_> = world.thredfi.customers(BUSINESS, &filter).try_collect().await.unwrap();
    let ids: BTreeSet<_> = all.iter().map(|one| one.id.clone()).collect();
    assert_eq!((all.len(), ids.len()), (ids.len(), ids.len()), "each once");
    assert!(ids.len() >= made, "{}", ids.len());
}

async fn c7_both_names_of_a_currency(world: &World) {
    let new = |currency: &str| NewBusiness {
        external_id: format!("C7-{currency}"),
        legal_name: "A".to_owned(),
        entity_type: "limited".to_owned(),
        email: "a@example.com".to_owned(),
        base_currency: Some(currency.to_owned()),
        ..NewBusiness::default()
    };
    let made = applied(world.thredfi.create_business(&new("EUR")).await.unwrap());
    assert_eq!(made.currency(), Some("EUR"));
    let again = world.thredfi.create_business(&new("EUR")).await.unwrap();
    assert!(matches!(again, Written::Existing(_)), "{again:?}");
    let error = world.thredfi.create_business(&new("XXX")).await.unwrap_err();
    let fault = error.fault().unwrap();
    assert_eq!(fault.code(), Some(Code::ValidationError));
    assert!(fault.details().keys().any(|field| field.ends_with("currency")), "{fault:?}");
    let filter = BusinessFilter { external_id: Some("C7-EUR".into()), ..Default::default() };
    let found: Vec<_> = world.thredfi.businesses(&filter).try_collect().await.unwrap();
    assert!(found.iter().any(|one| one.id == made.id));
    assert!(made.is_active.unwrap());
    let archived = applied(world.thredfi.archive_business(&made.id).await.unwrap());
    assert_eq!(archived.is_active, Some(false));
    applied(world.thredfi.unarchive_business(&made.id).await.unwrap());
}

async fn c8_both_names_of_a_price(world: &World) {
    let made = applied(world.thredfi.create_invoice(BUSINESS, &invoice("C8", 77)).await.unwrap());
    assert_eq!((made.total_cents, made.line_items[0].price_cents()), (Some(77), Some(77)));
}

/// C6 and C12 are passed by every call here: the token is the business's own, and its request has
/// a form. C3, C5, C9, C10 and C11 are no differences of the wire: see `t01`, `t02`, `t05`, `t14`.
#[tokio::test]
async fn every_conflict_is_passed_on_every_variant() {
    let variants = [
        (Profile::Guide, vec![]),
        (Profile::Reference, vec![]),
        (Profile::Both, vec![]),
        (Profile::Guide, vec![Quirk::PagingDrf]),
        (Profile::Reference, vec![Quirk::PagingInfo]),
        (Profile::Guide, vec![Quirk::NextDropsParams]),
        (Profile::Both, vec![Quirk::FilterIgnored]),
    ];
    for (profile, quirks) in variants {
        let world = World::variant(profile, quirks).await;
        c1_a_number_that_is_taken(&world).await;
        c2_a_401_is_cured_and_no_retry(&world).await;
        c4_every_page_in_either_envelope(&world).await;
        c7_both_names_of_a_currency(&world).await;
        c8_both_names_of_a_price(&world).await;
        world.is_clean();
    }
}
