//! Where the API's documents disagree (contract 8): the client passes on every variant, and is told
//! of none. Each test is named by its row, and the rows are listed in `conflicts.toml`.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use http::Method;
use serde_json::json;
use steadfast::Effect;
use steadfast::dialect::PolicyName;
use steadfast_apis::Written;
use steadfast_apis::thredfi::guide::MAX_RETRIES;
use steadfast_apis::thredfi::{
    BusinessFilter, Code, CustomerFilter, Error, NewBusiness, NewCustomer, Thredfi,
};
use steadfast_sandbox::{Options, Profile, Quirk};

use crate::retries::{code, over_under};
use crate::rows::{each_has_its_test, named};
use crate::wire::{self, Wire, lost, with};
use crate::world::{BUSINESS, CUSTOMER, KEY, PARTNER, World, applied, hurried, invoice};

#[test]
fn every_row_of_the_table_has_its_test() {
    let tests = named![
        c1_a_number_that_is_taken,
        c2_a_401_is_cured_and_no_retry,
        c3_the_host_is_the_one_that_was_given,
        c4_every_page_in_either_envelope,
        c5_a_token_that_has_ended_is_renewed_whatever_its_life,
        c5_a_token_is_kept_for_its_life_and_no_longer,
        c6_what_belongs_to_a_business_is_asked_for_with_its_own_token,
        c7_both_names_of_a_currency,
        c8_both_names_of_a_price,
        c9_a_failure_is_sent_again_where_that_does_no_harm,
        c9_the_manual_recipe_repeats_a_write_if_it_is_wished_for,
        c10_either_recipe_counts_as_it_is_written,
        c11_the_first_retry_waits_as_the_guide_says,
        c12_one_form_of_the_request_for_a_token_does_for_all,
    ];
    each_has_its_test("thredfi", 12, tests);
}

/// Each double there is, one after the other, with a client that is not told which.
async fn on_every_variant(row: impl AsyncFn(&World)) {
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
        let world = World::hurried(Options { profile, quirks, ..Options::default() }).await;
        row(&world).await;
        world.is_clean();
    }
}

#[tokio::test]
async fn c1_a_number_that_is_taken() {
    on_every_variant(async |world| {
        applied(world.thredfi.create_invoice(BUSINESS, &invoice("C1", 5)).await.unwrap());
        let again = world.thredfi.create_invoice(BUSINESS, &invoice("C1", 5)).await.unwrap();
        assert!(matches!(again, Written::Existing(_)), "{again:?}");
        let error = world.thredfi.create_invoice(BUSINESS, &invoice("C1", 6)).await.unwrap_err();
        assert!(matches!(error, Error::Differs(_)), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn c2_a_401_is_cured_and_no_retry() {
    on_every_variant(async |world| {
        let fault =
            json!([{ "on": { "method": "GET", "nth": 1 }, "do": { "kind": "expire_access" } }]);
        world.faults(fault);
        world.thredfi.customer(BUSINESS, CUSTOMER).await.unwrap();
        world.sandbox.clear_faults();
    })
    .await;
}

/// One more than the client asks for at a time.
const MORE_THAN_A_PAGE: usize = 101;

async fn make_customers(thredfi: &Thredfi) {
    for n in 0..MORE_THAN_A_PAGE {
        let new = NewCustomer {
            external_id: Some(format!("C-{n:03}")),
            company_name: Some(format!("Paged {n:03}")),
            ..NewCustomer::default()
        };
        applied(thredfi.create_customer(BUSINESS, &new).await.unwrap());
    }
}

async fn all_are_listed_once(thredfi: &Thredfi) {
    let filter = CustomerFilter { name_contains: Some("Paged".into()), ..Default::default() };
    let all: Vec<_> = thredfi.customers(BUSINESS, &filter).try_collect().await.unwrap();
    let ids: BTreeSet<_> = all.iter().map(|one| one.id.clone()).collect();
    assert_eq!(all.len(), ids.len(), "each once");
    assert!(ids.len() >= MORE_THAN_A_PAGE, "{}", ids.len());
}

/// The host goes by two names here. Tokens, writes and the links to further pages, which hold the
/// name that was called, are as good under one as under the other.
#[tokio::test]
async fn c3_the_host_is_the_one_that_was_given() {
    on_every_variant(async |world| {
        make_customers(&world.thredfi).await;
        let other = world.sandbox.base_url().replace("127.0.0.1", "localhost");
        assert_ne!(other, world.sandbox.base_url());
        let other = hurried(&other, &[]);
        for (thredfi, number) in [(&world.thredfi, "C3"), (&other, "C3-other")] {
            all_are_listed_once(thredfi).await;
            let made = thredfi.create_invoice(BUSINESS, &invoice(number, 5)).await.unwrap();
            let id = applied(made).id;
            assert_eq!(thredfi.invoice(BUSINESS, &id).await.unwrap().id, id);
        }
    })
    .await;
}

#[tokio::test]
async fn c4_every_page_in_either_envelope() {
    on_every_variant(async |world| {
        make_customers(&world.thredfi).await;
        all_are_listed_once(&world.thredfi).await;
    })
    .await;
}

/// The life is the operator's to set, and may be shorter than the time before its end at which the
/// client renews a token. Here it ends by the double's clock, which the client cannot know.
#[tokio::test]
async fn c5_a_token_that_has_ended_is_renewed_whatever_its_life() {
    for profile in Profile::ALL {
        for token_ttl_s in [None, Some(86_400), Some(30)] {
            let options = Options { profile: *profile, token_ttl_s, ..Options::default() };
            let world = World::hurried(options).await;
            applied(world.thredfi.create_invoice(BUSINESS, &invoice("C5", 5)).await.unwrap());
            let life = Duration::from_secs(token_ttl_s.unwrap_or(3_600) + 1);
            world.sandbox.advance_clock(life);
            applied(world.thredfi.create_invoice(BUSINESS, &invoice("C5-2", 5)).await.unwrap());
            world.is_clean();
        }
    }
}

/// By the client's clock.
#[tokio::test(start_paused = true)]
async fn c5_a_token_is_kept_for_its_life_and_no_longer() {
    for life_s in [3_600, 86_400] {
        let wire = Wire::new(move |sent, n| match sent.is_for_a_token() {
            true => {
                wire::json(200, json!({ "access_token": format!("t{n}"), "expires_in": life_s }))
            }
            false => wire::json(200, json!({ "id": "v1" })),
        });
        let transport = wire.clone();
        let settings = move |builder: steadfast::Builder| builder.transport(transport);
        let thredfi = Thredfi::builder("https://host", PARTNER, KEY).settings(settings);
        let thredfi = thredfi.build().unwrap();
        for (wait_s, exchanges) in [(0, 2), (life_s - 120, 2), (90, 4)] {
            tokio::time::advance(Duration::from_secs(wait_s)).await;
            thredfi.invoice(BUSINESS, "v1").await.unwrap();
            assert_eq!(wire.exchanges().len(), exchanges, "{life_s}: {wait_s} s later");
        }
    }
}

#[tokio::test]
async fn c6_what_belongs_to_a_business_is_asked_for_with_its_own_token() {
    on_every_variant(async |world| {
        applied(world.thredfi.create_invoice(BUSINESS, &invoice("C6", 5)).await.unwrap());
        assert_eq!(world.thredfi.customer(BUSINESS, CUSTOMER).await.unwrap().id, CUSTOMER);
        assert_eq!(world.thredfi.business(BUSINESS).await.unwrap().id, BUSINESS);
        assert_eq!(world.statuses("POST", "/oauth2/token/"), [200, 200], "one of either tier");
        assert!(!world.statuses("POST", "/").contains(&403));
    })
    .await;
}

#[tokio::test]
async fn c7_both_names_of_a_currency() {
    on_every_variant(async |world| {
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
    })
    .await;
}

#[tokio::test]
async fn c8_both_names_of_a_price() {
    on_every_variant(async |world| {
        let made =
            applied(world.thredfi.create_invoice(BUSINESS, &invoice("C8", 77)).await.unwrap());
        assert_eq!((made.total_cents, made.line_items[0].price_cents()), (Some(77), Some(77)));
    })
    .await;
}

fn anonymous() -> NewCustomer {
    NewCustomer { company_name: Some("A".to_owned()), ..NewCustomer::default() }
}

/// A read is, and a write that its number keeps from being doubled, also where the failure hides
/// that it was done. A write that nothing keeps is not, and its end says that it may be done.
#[tokio::test]
async fn c9_a_failure_is_sent_again_where_that_does_no_harm() {
    on_every_variant(async |world| {
        for status in [500, 502, 503, 504] {
            let fails = json!({ "kind": "status", "status": status, "body": "html" });
            world.faults(json!([{ "on": { "method": "GET", "nth": 1 }, "do": fails }]));
            world.thredfi.customer(BUSINESS, CUSTOMER).await.unwrap();

            let hides = json!({ "kind": "commit_then_status", "status": status, "body": "empty" });
            world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": hides }]));
            let new = invoice(&format!("C9-{status}"), 5);
            let made = world.thredfi.create_invoice(BUSINESS, &new).await.unwrap();
            assert!(made.into_value().is_some(), "{status}");

            world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": fails }]));
            let error = world.thredfi.create_customer(BUSINESS, &anonymous()).await.unwrap_err();
            assert_eq!((error.status(), error.effect()), (Some(status), Effect::Unknown));
        }
        assert_eq!(world.statuses("POST", "/customers/"), [500, 502, 503, 504], "each once");
        world.sandbox.clear_faults();
    })
    .await;
}

#[tokio::test]
async fn c9_the_manual_recipe_repeats_a_write_if_it_is_wished_for() {
    for profile in Profile::ALL {
        let options = Options { profile: *profile, ..Options::default() };
        let world = World::hurried(options).await;
        let thredfi = hurried(world.sandbox.base_url(), &[("write_retry", "always")]);
        let fails = json!({ "kind": "status", "status": 503, "body": "html" });
        world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": fails }]));
        applied(thredfi.create_customer(BUSINESS, &anonymous()).await.unwrap());
        assert_eq!(world.statuses("POST", "/customers/"), [503, 201], "{profile}");
    }
}

/// The session retries three times; the manual recipe sends three times.
#[tokio::test]
async fn c10_either_recipe_counts_as_it_is_written() {
    on_every_variant(async |world| {
        let fails = json!({ "kind": "status", "status": 500, "body": "json" });
        world.faults(json!([{ "on": { "method": "GET" }, "do": fails }]));
        let error = world.thredfi.customer(BUSINESS, CUSTOMER).await.unwrap_err();
        assert_eq!(error.to_string(), "Server error after 4 attempts");
        assert_eq!(world.statuses("GET", "/"), [500; 4]);

        let path = format!("/v1/platform/businesses/{BUSINESS}/customers/{CUSTOMER}/");
        let read = world.thredfi.api_call_with_retry(Method::GET, &path, None::<&()>, MAX_RETRIES);
        assert_eq!(read.await.unwrap_err().to_string(), "Server error after 3 attempts");
        assert_eq!(world.statuses("GET", "/"), [500; 7]);
        world.sandbox.clear_faults();
    })
    .await;
}

/// Whatever the failure looks like. Beside the letter, chance shortens each wait.
#[tokio::test(start_paused = true)]
async fn c11_the_first_retry_waits_as_the_guide_says() {
    let failures = [
        || code(500, "server_error"),
        || with(502, &[("content-type", "text/html")], "<h1>Bad Gateway</h1>"),
        || with(503, &[], ""),
        || lost("connection refused"),
    ];
    for failure in failures {
        let (wire, thredfi) = over_under(PolicyName::Documented, move |_, _| failure());
        thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
        assert_eq!(wire.times(), [0, 1_000, 3_000, 7_000]);
        let (wire, thredfi) = over_under(PolicyName::Recommended, move |_, _| failure());
        thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
        let times = wire.times();
        let waits: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits.len(), 3, "{times:?}");
        assert!(waits.iter().zip([1_000, 2_000, 4_000]).all(|(wait, most)| *wait <= most));
        assert!(waits[0] > 0, "{times:?}");
    }
}

#[tokio::test]
async fn c12_one_form_of_the_request_for_a_token_does_for_all() {
    on_every_variant(async |world| {
        assert!(world.thredfi.get_business_token(BUSINESS, false).await.unwrap().is_some());
        world.thredfi.refresh_all_tokens(BUSINESS).await.unwrap();
        world.thredfi.customer(BUSINESS, CUSTOMER).await.unwrap();
        assert_eq!(world.statuses("POST", "/oauth2/token/"), [200; 4]);
    })
    .await;
}
