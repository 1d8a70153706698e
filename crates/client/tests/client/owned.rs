//! Records that belong to somebody, whose paths say to whom: they are looked for there.

use http::Method;
use serde_json::{Value, json};
use steadfast::dialect::Dialect;
use steadfast::{Client, Credentials, LookUp, Options, Outcome, Request};
use steadfast_sandbox::{Api, FaultPlan, Sandbox};

use crate::server::{Answer, Seen, Server};

const BUSINESS: &str = "22222222-2222-4222-8222-222222222222";

fn client(base_url: &str) -> Client {
    let mut dialect = Dialect::built_in("thredfi").unwrap();
    for policy in [&mut dialect.policy.recommended, &mut dialect.policy.documented] {
        (policy.fault_base_ms, policy.throttle_base_ms, policy.wait_cap_ms) = (4, 4, 16);
    }
    let partner = [
        ("partner_uuid", "11111111-1111-4111-8111-111111111111"),
        ("api_key", "sandbox-partner-key"),
    ];
    Client::builder(dialect, base_url).credentials(Credentials::named(partner)).build().unwrap()
}

fn customer(business: &str, key: &str, name: &str) -> (Request, Options) {
    let path = format!("/v1/platform/businesses/{business}/customers/");
    let body = json!({ "external_id": key, "company_name": name });
    let options = Options {
        resource: Some("customer".to_owned()),
        natural_key: Some(key.to_owned()),
        ..Options::default()
    };
    (Request::new(Method::POST, path).json(body.to_string()), options)
}

#[tokio::test]
async fn a_duplicate_is_looked_for_where_the_path_of_its_create_says() {
    let sandbox = Sandbox::start(Api::Thredfi, Default::default()).await.unwrap();
    let client = client(sandbox.base_url());
    let (request, options) = customer(BUSINESS, "CUST-1", "Alder Joinery Ltd");
    let Outcome::Existing(found) = client.call(request, options).await.unwrap() else { panic!() };
    assert_eq!(found.record.unwrap()["city"], "Bath");

    let (request, options) = customer(BUSINESS, "CUST-1", "Somebody else");
    let error = client.call(request, options).await.unwrap_err();
    assert_eq!(error.details().differences[0].at, "/company_name");
}

#[tokio::test]
async fn what_a_lost_reply_left_behind_is_found_where_it_belongs() {
    let plan = json!({ "faults": [
        { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
    ] });
    let options = steadfast_sandbox::Options {
        faults: Some(FaultPlan::from_value(plan).unwrap()),
        ..Default::default()
    };
    let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
    let client = client(sandbox.base_url());
    let (request, options) = customer(BUSINESS, "CUST-NEW", "New Ltd");
    let looked = client.look_up_of(&request, &options).await;
    assert!(matches!(looked, LookUp::Absent), "{looked:?}");
    let options = Options { known_absent: true, ..options };
    let outcome = client.call(request.clone(), options.clone()).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    let LookUp::Found(found) = client.look_up_of(&request, &options).await else { panic!() };
    assert_eq!((found.copies, found.differences.len()), (1, 0));
}

fn two_businesses(seen: &Seen, _: usize) -> Answer {
    let row =
        |id: &str, name: &str| json!({ "id": id, "external_id": "C-1", "company_name": name });
    let page = |row: Value| Answer::json(200, &json!({ "count": 1, "results": [row] })).late(10);
    match seen.route() {
        route if route.ends_with("/token/") => {
            Answer::json(200, &json!({ "access_token": "t", "expires_in": 3600 }))
        }
        route if route.contains("/b1/") => page(row("1", "One")),
        _ => page(row("2", "Two")),
    }
}

#[tokio::test]
async fn look_ups_of_two_owners_at_the_same_time_are_two() {
    let server = Server::start(two_businesses).await;
    let client = client(&server.base_url);
    let ((one, of_one), (two, of_two)) =
        (customer("b1", "C-1", "One"), customer("b2", "C-1", "Two"));
    let (one, two) =
        tokio::join!(client.look_up_of(&one, &of_one), client.look_up_of(&two, &of_two));
    for (look_up, id) in [(one, "1"), (two, "2")] {
        let LookUp::Found(found) = look_up else { panic!("{look_up:?}") };
        assert_eq!((found.id.as_deref(), found.differences.len()), (Some(id), 0));
    }
}

#[tokio::test]
async fn without_a_path_nobody_knows_whose_it_would_be() {
    let sandbox = Sandbox::start(Api::Thredfi, Default::default()).await.unwrap();
    let client = client(sandbox.base_url());
    let LookUp::CannotTell(text) = client.look_up("customer", "CUST-1", b"{}").await else {
        panic!()
    };
    assert!(text.contains("{business_id}"), "{text}");
    assert_eq!(sandbox.journal()["entries"].as_array().map(Vec::len), Some(0));
}
