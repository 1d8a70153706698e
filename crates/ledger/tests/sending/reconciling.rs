//! What a process left in doubt is found out by what the dialect offers; each way has a test here, but for the key,
//! which has a file of its own.

use std::time::Duration;

use serde_json::json;
use steadfast::{Credentials, Options, Request};
use steadfast_ledger::{Delivery, DeliveryId, NewDelivery, State};
use steadfast_sandbox::{Api, Sandbox};

use crate::world::{World, kneo_run, quick};

const BUSINESS: &str = "22222222-2222-4222-8222-222222222222";

/// `unique`: the API vouches that it refuses a second customer under the same number.
async fn thredfi(unique: bool) -> World {
    let sandbox =
        Sandbox::start(Api::Thredfi, steadfast_sandbox::Options::default()).await.unwrap();
    let credentials = Credentials::named([
        ("partner_uuid", "11111111-1111-4111-8111-111111111111"),
        ("api_key", "sandbox-partner-key"),
    ]);
    let mut dialect = quick("thredfi");
    dialect.resource.get_mut("customer").unwrap().unique_key = unique;
    let client = steadfast::Client::builder(dialect, sandbox.base_url());
    World::over(sandbox, client.credentials(credentials).build().unwrap())
}

fn customer(run: steadfast_ledger::RunId, company: &str) -> NewDelivery {
    let body = json!({
        "external_id": "C-1", "company_name": company, "email": "a@elm.example.com",
        "address_line1": "1 Street", "city": "Ely", "country": "GB",
    });
    NewDelivery {
        resource: "customer".to_owned(),
        natural_key: Some("C-1".to_owned()),
        key_of_user: None,
        path: format!("/v1/platform/businesses/{BUSINESS}/customers/"),
        body: body.to_string().into_bytes(),
        idempotency_key: None,
        ..kneo_run(run, 1, "")
    }
}

fn elm(run: steadfast_ledger::RunId) -> NewDelivery {
    customer(run, "Elm Ltd")
}

/// Claimed by a process that died, after it was sent or before. The same input comes again.
async fn left_behind(
    world: World,
    new: impl Fn(steadfast_ledger::RunId) -> NewDelivery,
    sent: bool,
) -> (World, DeliveryId) {
    let run = world.begin().await;
    world.accept(new(run)).await;
    let claimed = world.claim(run).await.remove(0);
    if sent {
        send(&world, &claimed).await;
    }
    let world = world.after_a_crash(Duration::from_secs(60));
    let again = world.begin().await;
    let id = world.accept(new(again)).await;
    assert_eq!(world.ledger.in_doubt().unwrap().len(), 1);
    world.send(again).await;
    (world, id)
}

async fn send(world: &World, delivery: &Delivery) {
    let method = delivery.method.parse().unwrap();
    let request = Request::new(method, delivery.path.clone()).json(delivery.body.clone());
    world.client.call(request, Options::default()).await.unwrap();
}

#[tokio::test]
async fn a_duplicate_answer_is_compared_and_equal_to_ours() {
    let (world, id) = left_behind(thredfi(true).await, elm, true).await;
    let delivery = world.get(id);
    assert!(matches!(delivery.state, State::Applied | State::Existing), "{delivery:?}");
    assert!(delivery.resource_id.is_some(), "{delivery:?}");
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn a_duplicate_with_other_content_than_ours_is_held_with_the_differences() {
    let world = thredfi(true).await;
    let run = world.begin().await;
    // Somebody else has taken the number.
    let theirs =
        world.accept(NewDelivery { account: "x".into(), ..customer(run, "Oak Ltd") }).await;
    send(&world, &world.get(theirs)).await;
    let (world, id) = left_behind(world, elm, false).await;
    let delivery = world.get(id);
    assert_eq!(delivery.state, State::Held, "{delivery:?}");
    let reason = delivery.reason.unwrap();
    assert!(reason.differences.iter().any(|text| text.contains("Oak Ltd")), "{reason:?}");
}

#[tokio::test]
async fn what_a_look_up_finds_is_not_sent_again() {
    let (world, id) = left_behind(thredfi(false).await, elm, true).await;
    let delivery = world.get(id);
    assert!(matches!(delivery.state, State::Applied | State::Existing), "{delivery:?}");
    assert_eq!(world.requests("create").len(), 1);
}

#[tokio::test]
async fn what_a_look_up_does_not_find_after_it_has_settled_is_sent() {
    let (world, id) = left_behind(thredfi(false).await, elm, false).await;
    let delivery = world.get(id);
    assert_eq!(delivery.state, State::Applied, "{delivery:?}");
    assert_eq!(world.requests("create").len(), 1);
}

#[tokio::test]
async fn what_nothing_can_find_is_unknown_and_says_what_was_sent_and_how_to_check_it() {
    let nameless = |run| NewDelivery { idempotency_key: None, ..kneo_run(run, 1, "") };
    let (world, id) = left_behind(World::of_kneo().await, nameless, true).await;
    let delivery = world.get(id);
    assert_eq!(delivery.state, State::Unknown, "{delivery:?}");
    assert!(delivery.last_sent_at_ms.is_some(), "when it was sent");
    let reason = delivery.reason.unwrap();
    assert!(reason.text.contains("POST /v1/runs was sent"), "{reason:?}");
    let action = reason.action.unwrap();
    assert!(action.contains("ledger resolve 1 --applied"), "{action}");
    assert_eq!(world.requests("create").len(), 1, "it is not sent again");
}
