//! Credentials that are refused: all that goes out with them is held at once, and no more.

use serde_json::{Value, json};
use steadfast::{Client, Credentials};
use steadfast_ledger::{Delivery, Hand, NewDelivery, State};
use steadfast_sandbox::{Api, Options, Sandbox};

use crate::world::{ACCOUNT, World, kneo, kneo_run, quick};

const PARTNER: &str = "11111111-1111-4111-8111-111111111111";

fn held(world: &World) -> Vec<Delivery> {
    world.all().into_iter().filter(|delivery| delivery.state == State::Held).collect()
}

/// All have the same reason, which this gives.
#[track_caller]
fn one_reason(held: &[Delivery]) -> steadfast_ledger::Reason {
    let reason = held[0].reason.clone().unwrap();
    assert!(held.iter().all(|delivery| delivery.reason.as_ref() == Some(&reason)), "{held:#?}");
    assert!(reason.code.is_some() && reason.action.is_some(), "{reason:?}");
    reason
}

#[tokio::test]
async fn a_key_that_is_refused_holds_all_of_its_account_with_one_reason() {
    let mut world = World::of_kneo().await;
    world.client = kneo(world.sandbox.base_url(), "wrong-key");
    let run = world.begin().await;
    for number in 0..40 {
        world.accept(kneo_run(run, number, &format!("k{number}"))).await;
    }
    let other = NewDelivery { account: "elsewhere".to_owned(), ..kneo_run(run, 99, "k99") };
    let other = world.accept(other).await;
    // Accepted by another run, and due all the same.
    let earlier = world.begin().await;
    world.accept(kneo_run(earlier, 41, "k41")).await;
    let ended = world.send(run).await;
    assert!(ended.credentials.is_some() && ended.refused_owners.is_empty(), "{ended:?}");
    let held = held(&world);
    assert_eq!(held.len(), 41);
    let reason = one_reason(&held);
    assert!(!reason.text.contains("wrong-key"), "{reason:?}");
    assert_eq!(world.get(other).state, State::Waiting, "another account goes its own way");
    let asked = world.sandbox.journal()["entries"].as_array().unwrap().len();
    assert!(asked <= 4, "{asked} requests: those that were on their way, and no more");
}

#[tokio::test]
async fn a_person_who_has_put_the_key_right_starts_them_again() {
    let mut world = World::of_kneo().await;
    let right = std::mem::replace(&mut world.client, kneo(world.sandbox.base_url(), "wrong-key"));
    let run = world.begin().await;
    for number in 0..3 {
        world.accept(kneo_run(run, number, &format!("k{number}"))).await;
    }
    world.send(run).await;
    let ids = held(&world).iter().map(|delivery| delivery.id).collect();
    for retried in world.ledger.retry(ids, Hand::default()).await.unwrap() {
        assert_eq!(retried.unwrap().to, State::Waiting);
    }
    world.client = right;
    let again = world.begin().await;
    for number in 0..3 {
        world.accept(kneo_run(again, number, &format!("other-{number}"))).await;
    }
    let ended = world.send(again).await;
    assert_eq!(ended.credentials, None);
    let all = world.all();
    assert!(all.iter().all(|delivery| delivery.state == State::Applied), "{all:#?}");
    let keys: Vec<_> = all.into_iter().map(|d| d.idempotency_key.unwrap().value).collect();
    assert_eq!(keys, ["k0", "k1", "k2"], "they were never refused, so they keep their keys");
}

fn thredfi(base_url: &str, api_key: &str) -> Client {
    let credentials = Credentials::named([("partner_uuid", PARTNER), ("api_key", api_key)]);
    Client::builder(quick("thredfi"), base_url).credentials(credentials).build().unwrap()
}

async fn business(client: &Client, number: usize) -> String {
    let body = json!({
        "external_id": format!("B-{number}"), "legal_name": "Fir Ltd", "entity_type": "limited",
        "email": "books@fir.example.com", "country": "GB", "base_currency": "GBP",
    });
    let made: Option<Value> = client.post("/v1/platform/businesses/").json(&body).await.unwrap();
    let made = made.unwrap();
    made.pointer("/id").and_then(Value::as_str).unwrap().to_owned()
}

fn customer(run: steadfast_ledger::RunId, business: &str, number: usize) -> NewDelivery {
    let key = format!("{}-{number}", &business[..4]);
    let body = json!({
        "external_id": key, "company_name": "Elm Ltd", "email": "a@elm.example.com",
        "address_line1": "1 Street", "city": "Ely", "country": "GB",
    });
    NewDelivery {
        account: ACCOUNT.to_owned(),
        resource: "customer".to_owned(),
        natural_key: Some(key),
        key_of_user: None,
        path: format!("/v1/platform/businesses/{business}/customers/"),
        body: body.to_string().into_bytes(),
        idempotency_key: None,
        ..kneo_run(run, number, "")
    }
}

struct TwoBusinesses {
    world: World,
    refused: String,
    other: String,
}

async fn two_businesses(api_key: &str) -> TwoBusinesses {
    let sandbox = Sandbox::start(Api::Thredfi, Options::default()).await.unwrap();
    let right = thredfi(sandbox.base_url(), "sandbox-partner-key");
    let (refused, other) = (business(&right, 1).await, business(&right, 2).await);
    let client = thredfi(sandbox.base_url(), api_key);
    TwoBusinesses { world: World::over(sandbox, client), refused, other }
}

#[tokio::test]
async fn a_business_that_is_refused_holds_its_own_and_the_others_go_on() {
    let TwoBusinesses { world, refused, other } = two_businesses("sandbox-partner-key").await;
    let token = format!("/v1/platform/{refused}/oauth2/token/");
    world.faults(json!([{"on": {"path": token}, "do": {"kind": "status", "status": 401}}]));
    let run = world.begin().await;
    for number in 0..20 {
        world.accept(customer(run, &refused, number)).await;
        world.accept(customer(run, &other, number)).await;
    }
    let ended = world.send(run).await;
    assert_eq!(ended.credentials, None);
    assert_eq!(ended.refused_owners.keys().collect::<Vec<_>>(), [&refused]);
    let held = held(&world);
    assert_eq!(held.len(), 20);
    assert!(held.iter().all(|delivery| delivery.path.contains(&refused)));
    let reason = one_reason(&held);
    assert!(reason.text.contains(&refused), "{reason:?}");
    let applied = world.all().into_iter().filter(|delivery| delivery.state == State::Applied);
    assert_eq!(applied.filter(|delivery| delivery.path.contains(&other)).count(), 20);
    let journal = world.sandbox.journal();
    let asked = journal["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["path"].as_str().is_some_and(|path| path.contains(&refused)));
    assert_eq!(asked.count(), 1, "the token is asked for once");
}

#[tokio::test]
async fn a_partner_that_is_refused_holds_every_business() {
    let TwoBusinesses { world, refused, other } = two_businesses("wrong-key").await;
    let run = world.begin().await;
    for number in 0..5 {
        world.accept(customer(run, &refused, number)).await;
        world.accept(customer(run, &other, number)).await;
    }
    let ended = world.send(run).await;
    assert!(ended.credentials.is_some(), "{ended:?}");
    let held = held(&world);
    assert_eq!(held.len(), 10);
    one_reason(&held);
}
