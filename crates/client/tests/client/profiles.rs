//! The API as either of its documents describes it, and with each of its quirks.

use http::Method;
use serde_json::json;
use steadfast::{LookUp, Options, Outcome, Request};
use steadfast_sandbox::{Api, Profile, Quirk};

use crate::double::{World, ms, options, order, quick, replace, world};

async fn with(profile: Profile, quirks: Vec<Quirk>) -> World {
    world(steadfast_sandbox::Options { profile, quirks, ..options() }, |b| b, quick()).await
}

/// A day in the life of an order: with expiry, a rotated CSRF value and a lost reply.
async fn live(world: &World) {
    let name = world.sandbox.ready().profile;
    world.faults(json!([
        { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "expire_access" } },
        { "on": { "kind": "replace", "nth": 1 }, "do": { "kind": "rotate_csrf", "silent": true } },
        { "on": { "kind": "replace", "nth": 3 }, "do": { "kind": "status", "status": 503, "body": "html" } },
        { "on": { "kind": "delete", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ]));
    let created = world.create("P-2").await;
    let Ok(Outcome::Applied(created)) = created else { panic!("{name}: {created:?}") };
    let id: u64 = created.resource_id.unwrap().parse().unwrap();
    for quantity in [6, 7, 8] {
        let mut body = order("P-2");
        body["details"][0]["PO Details Quantity"] = json!(quantity);
        let replaced = world.client.call(replace(id, &body), Options::default()).await;
        assert!(matches!(replaced, Ok(Outcome::Applied(_))), "{name}: {replaced:?}");
        let found =
            world.client.look_up("purchase-order", "P-2", body.to_string().as_bytes()).await;
        assert!(
            matches!(&found, LookUp::Found(f) if f.differences.is_empty()),
            "{name}: {found:?}"
        );
    }
    let delete = |id| Request::new(Method::DELETE, format!("/purchase-order/{id}"));
    let deleted = world.client.call(delete(id), Options::default()).await;
    assert!(matches!(deleted, Ok(Outcome::Existing(_))), "{name}: {deleted:?}");
    let deleted = world.client.call(delete(42), Options::default()).await;
    assert!(matches!(deleted, Ok(Outcome::Applied(_))), "{name}: {deleted:?}");
    let found = world.client.look_up("purchase-order", "P-2", b"{}").await;
    assert!(matches!(found, LookUp::Absent), "{name}: {found:?}");
    assert_eq!(world.sandbox.state()["orders"], json!([]));
    assert_eq!(world.sandbox.audit()["doubled"], json!([]));
}

#[tokio::test]
async fn hazard_73_all_goes_well_under_every_profile_and_quirk() {
    for profile in [Profile::Guide, Profile::Reference, Profile::Both] {
        live(&with(profile, vec![]).await).await;
    }
    for quirk in Api::Knosc.quirks() {
        live(&with(Profile::Guide, vec![*quirk]).await).await;
        live(&with(Profile::Reference, vec![*quirk]).await).await;
    }
}

#[tokio::test]
async fn the_paths_of_the_profile_are_found_and_remembered() {
    let world = with(Profile::Reference, vec![]).await;
    world.client.get("/item-master").await.unwrap();
    let paths = |world: &World| -> Vec<String> {
        let entries = world.journal().0;
        let posts = entries.iter().filter(|entry| entry["method"] == "POST");
        posts.map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&world), ["/api/login", "/api/authenticate"]);
    for _ in 0..2 {
        world.sandbox.advance_clock(std::time::Duration::from_secs(16 * 60));
        world.client.get("/item-master").await.unwrap();
    }
    assert_eq!(
        paths(&world)[2..],
        ["/api/token-refresh", "/api/token-refresh"],
        "with the CSRF value of the refresh, or it would have been refused"
    );
    assert_eq!(world.journal().statuses("refresh"), [200, 200]);
}

#[tokio::test]
async fn hazard_09_a_401_or_422_is_read_by_its_code_and_by_what_was_sent() {
    // A token that the server cannot read any more: 401, or 422 as the bare framework says it,
    // with a code or without.
    for quirks in
        [vec![], vec![Quirk::Jwt422], vec![Quirk::FlaskMsg], vec![Quirk::Jwt422, Quirk::FlaskMsg]]
    {
        let world = with(Profile::Guide, quirks.clone()).await;
        world.client.log_in().await.unwrap();
        // Tokens are signed with a secret drawn anew.
        tokio::time::sleep(ms(2)).await;
        world.sandbox.reset();
        world.client.get("/item-master").await.unwrap();
        assert_eq!(world.journal().statuses("read").last(), Some(&200), "{quirks:?}");
        assert_eq!(world.journal().statuses("login"), [200], "{quirks:?}");
        world.sandbox.reset();
        let outcome = world.create("P-2").await;
        assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{quirks:?}: {outcome:?}");
    }
    // A CSRF value that is stale: 422, or 401.
    for quirks in
        [vec![], vec![Quirk::FlaskMsg], vec![Quirk::Csrf401], vec![Quirk::Csrf401, Quirk::FlaskMsg]]
    {
        let world = with(Profile::Guide, quirks.clone()).await;
        world.faults(json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "rotate_csrf", "silent": true } }]));
        world.create("P-2").await.unwrap();
        let outcome = world.create("P-3").await;
        assert!(matches!(outcome, Ok(Outcome::Applied(_))), "{quirks:?}: {outcome:?}");
        assert_eq!(
            (world.journal().creates("P-3"), world.journal().count("refresh")),
            (2, 1),
            "{quirks:?}"
        );
    }
}

#[tokio::test]
async fn a_user_without_the_privilege_is_told_whom_to_ask() {
    let world = with(Profile::Guide, vec![]).await;
    let viewer = crate::double::login(&world.sandbox, quick(), "viewer", "right", |b| b);
    let request = crate::double::create(&order("P-2"));
    let error = viewer.call(request, Options::default()).await.unwrap_err();
    assert_eq!(error.summary(), "[User.NotPrivileged] Not Privileged for this action");
    assert!(error.user_message().contains("ask an administrator"), "{}", error.user_message());
    assert_eq!(world.journal().count("create"), 1);
}
