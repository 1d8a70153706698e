//! Tokens of two tiers, and what the logs show of them: T7, T11, T12, T14, T16.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use steadfast_apis::thredfi::guide::create_session_with_retries;
use steadfast_apis::thredfi::{Code, Error, Thredfi};

use crate::lines::Lines;
use crate::retries::{code, over};
use crate::wire::{DEADLINE, Wire, json, lost};
use crate::world::{BUSINESS, KEY, PARTNER, World, invoice};

const PARTNERS: &str = "/v1/platform/oauth2/token/";

fn of_business() -> String {
    format!("/v1/platform/{BUSINESS}/oauth2/token/")
}

/// V29: three sends; the first acquisition aside, three exchanges.
#[tokio::test(start_paused = true)]
async fn t07_a_401_renews_one_tier_then_both_and_then_ends() {
    let (wire, thredfi) = over(|_, _| code(401, "invalid_token"));
    let error = thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
    assert!(matches!(error, Error::Authentication(_)), "{error:?}");
    assert_eq!(error.to_string(), "In words (invalid_token)");
    assert_eq!(wire.sent().len(), 3);
    let business = of_business();
    let business = business.as_str();
    assert_eq!(wire.exchanges(), [PARTNERS, business, business, PARTNERS, business]);
}

#[tokio::test(start_paused = true)]
async fn t07_an_exchange_that_is_refused_rebuilds_both_tiers_once() {
    let wire = Wire::new(|sent, n| match (sent.is_for_a_token(), n) {
        (true, 2) | (false, 1) => code(401, "invalid_token"),
        (true, n) => json(200, json!({ "access_token": format!("t{n}"), "expires_in": 3600 })),
        (false, _) => json(200, json!({ "id": "v1" })),
    });
    let transport = wire.clone();
    let thredfi = Thredfi::builder("https://host", PARTNER, KEY)
        .settings(move |builder| builder.transport(transport).deadline(DEADLINE))
        .build()
        .unwrap();
    thredfi.invoice(BUSINESS, "v1").await.unwrap();
    thredfi.invoice(BUSINESS, "v1").await.unwrap();
    let business = of_business();
    let business = business.as_str();
    assert_eq!(wire.exchanges(), [PARTNERS, business, business, PARTNERS, business]);
}

#[tokio::test]
async fn t07_a_revoked_token_is_renewed_without_the_callers_help() {
    let world = World::new().await;
    world.thredfi.create_invoice(BUSINESS, &invoice("i1", 1)).await.unwrap();
    world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "revoke" } }]));
    world.thredfi.create_invoice(BUSINESS, &invoice("i2", 1)).await.unwrap();
    world.is_clean();
}

#[tokio::test(start_paused = true)]
async fn t11_errors_are_logged_with_the_fields_of_the_guide() {
    let (lines, _guard) = Lines::capture();
    let (_, thredfi) = over(|_, _| code(404, "invoice_not_found"));
    thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
    let event = &lines.events("guide")[0];
    let fields = &event["fields"];
    assert_eq!((&event["level"], &fields["message"]), (&json!("ERROR"), &json!("API error")));
    let url = format!("https://host/v1/platform/businesses/{BUSINESS}/invoices/v1/");
    assert_eq!((&fields["url"], &fields["status_code"]), (&json!(url), &json!(404)));
    assert_eq!(fields["error_code"], "invoice_not_found");
    assert_eq!(fields["error_message"], "In words");
    assert_eq!(fields["request_data"], "");

    let (lines, _guard) = Lines::capture();
    let (_, thredfi) = over(|_, _| lost("connection reset by peer"));
    thredfi.invoice(BUSINESS, "v1").await.unwrap_err();
    let event = &lines.events("guide")[0]["fields"];
    assert_eq!(event["message"], "API request failed");
    assert!(event["exception"].as_str().unwrap().contains("reset by peer"), "{event}");
}

#[tokio::test(start_paused = true)]
async fn t12_logs_hold_no_secret_and_never_throw() {
    let (lines, _guard) = Lines::capture();
    let (_, thredfi) = over(|_, _| crate::wire::with(400, &[], "\u{fffd} no JSON: token-canary"));
    let mut new = invoice("i1", 1);
    new.memo = Some("é".repeat(2_000));
    new.document = Some(json!({ "content": "document-canary" }));
    thredfi.create_invoice(BUSINESS, &new).await.unwrap_err();
    let fields = lines.events("guide")[0]["fields"].clone();
    assert_eq!((&fields["error_code"], &fields["error_message"]), (&json!(null), &json!(null)));
    assert!(fields["request_data"].as_str().unwrap().chars().count() <= 500);
    for canary in ["document-canary", KEY, "token-0", "token-1"] {
        assert!(!lines.text().contains(canary), "{canary}");
    }
    assert!(!format!("{thredfi:?}").contains(KEY));
}

#[tokio::test]
async fn t14_calls_at_once_share_one_exchange_for_each_tier() {
    let world = World::new().await;
    let reads = (0..20).map(|_| world.thredfi.customer(BUSINESS, crate::world::CUSTOMER));
    for read in join_all(reads).await {
        read.unwrap();
    }
    world.thredfi.business(BUSINESS).await.unwrap();
    assert_eq!(world.statuses("POST", "/oauth2/token/"), [200, 200]);
}

#[tokio::test(start_paused = true)]
async fn t14_a_token_is_renewed_before_its_end() {
    let (wire, thredfi) = over(|_, _| json(200, json!({ "id": "v1" })));
    thredfi.invoice(BUSINESS, "v1").await.unwrap();
    tokio::time::advance(Duration::from_secs(3_545)).await;
    thredfi.invoice(BUSINESS, "v1").await.unwrap();
    let sent = wire.sent();
    assert_ne!(sent[0].header("authorization"), sent[1].header("authorization"));
    assert_eq!(wire.exchanges().len(), 4);
}

/// C6: the guide's API wants the business's own token, and nothing falls back silently.
#[tokio::test]
async fn t14_the_partners_token_is_for_the_partner_unless_configured() {
    let options = || steadfast_sandbox::Options::default();
    let world = World::built(options(), |builder| builder.partner_token_everywhere()).await;
    let error = world.thredfi.create_invoice(BUSINESS, &invoice("i1", 1)).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::PermissionDenied));
    let profile = steadfast_sandbox::Profile::Reference;
    let options = steadfast_sandbox::Options { profile, ..options() };
    let world = World::built(options, |builder| builder.partner_token_everywhere()).await;
    world.thredfi.create_invoice(BUSINESS, &invoice("i1", 1)).await.unwrap();
    assert_eq!(world.statuses("POST", "/oauth2/token/").len(), 1);
}

#[tokio::test]
async fn t16_the_helpers_of_the_guide_are_there() {
    let world = World::new().await;
    let thredfi = create_session_with_retries(world.sandbox.base_url(), PARTNER, KEY).unwrap();
    let token = thredfi.get_business_token(BUSINESS, false).await.unwrap().unwrap();
    let same = thredfi.get_business_token(BUSINESS, false).await.unwrap().unwrap();
    assert!(token == same, "it is held");
    let fresh = thredfi.get_business_token(BUSINESS, true).await.unwrap().unwrap();
    assert!(token != fresh, "it is a new one");
    thredfi.refresh_all_tokens(BUSINESS).await.unwrap();
    thredfi.create_invoice(BUSINESS, &invoice("i1", 1)).await.unwrap();
    let page = thredfi.make_authenticated_request("/invoices/", BUSINESS).await.unwrap().unwrap();
    assert!(page["count"].as_u64().unwrap() >= 1);
    let path = format!("/v1/platform/businesses/{BUSINESS}/invoices/");
    let error = thredfi.make_api_call(&path, Some(&json!({}))).await.unwrap_err();
    assert!(error.fault().unwrap().details().contains_key("line_items"), "{error:?}");
}
