//! What every double has, whichever API it is of.

use serde_json::{Value, json};
use steadfast_sandbox::{Api, FaultPlan, Options, Quirk, Sandbox};

use crate::client::Client;

async fn double(api: Api, faults: Value) -> (Sandbox, Client) {
    let plan = json!({ "seed": 1, "faults": faults });
    let faults = Some(FaultPlan::from_value(plan).unwrap());
    let sandbox = Sandbox::start(api, Options { faults, ..Options::default() }).await.unwrap();
    let client = Client::new(&sandbox);
    (sandbox, client)
}

#[tokio::test]
async fn every_double_says_where_it_is_and_how_to_log_in() {
    let expected = [
        (
            Api::Knosc,
            "/api",
            json!({ "username": "ada@example.com", "password": "sandbox-password" }),
        ),
        (
            Api::Thredfi,
            "",
            json!({
                "partner_uuid": "11111111-1111-4111-8111-111111111111", "api_key": "sandbox-partner-key",
            }),
        ),
        (Api::Operations1, "/tenants/acme", json!({ "tenant": "acme", "token": "sandbox-token" })),
        (Api::Kneo, "", json!({ "api_key": "sandbox-admin-key" })),
    ];
    assert_eq!(expected.len(), Api::ALL.len());
    for (api, path, credentials) in expected {
        let (sandbox, client) = double(api, json!([])).await;
        let ready = serde_json::to_value(sandbox.ready()).unwrap();
        let host = format!("http://{}", client.address);
        assert_eq!(
            ready,
            json!({
                "api": api.name(), "base_url": format!("{host}{path}"),
                "control_url": format!("{host}/__sandbox"), "profile": "guide", "credentials": credentials,
            })
        );
    }
}

/// A path that needs credentials.
fn guarded(api: Api) -> &'static str {
    match api {
        Api::Thredfi => "/v1/platform/businesses/",
        Api::Operations1 => "/tenants/acme/users",
        Api::Kneo => "/v1/runs",
        _ => "/api/purchase-order",
    }
}

#[tokio::test]
async fn general_faults_strike_every_double_in_its_own_words() {
    for api in Api::ALL.iter().copied() {
        let (sandbox, client) = double(
            api,
            json!([
                { "on": { "nth": 1 }, "do": { "kind": "status", "status": 500 } },
                { "on": { "nth": 2 }, "do": { "kind": "status", "status": 502, "body": "html" } },
                { "on": { "nth": 3 }, "do": { "kind": "rate_limit", "retry_after": 7 } },
                { "on": { "nth": 4 }, "do": { "kind": "reset_before_read" } },
                { "on": { "nth": 5 }, "do": { "kind": "truncate_body" } },
                { "on": { "nth": 6 }, "do": { "kind": "malformed_body" } },
                { "on": { "nth": 7 }, "do": { "kind": "commit_then_reset" } },
            ]),
        )
        .await;
        let version = [("Accept-Version", "2025-04-21")];
        let get = || client.send("GET", guarded(api), &version, "");
        let failed = get().await.unwrap();
        assert!(failed.status == 500 && failed.json().is_object(), "{api}: {failed:?}");
        let gateway = get().await.unwrap();
        assert_eq!(
            (gateway.status, gateway.header("content-type")),
            (502, Some("text/html")),
            "{api}"
        );
        let limited = get().await.unwrap();
        assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")), "{api}");
        assert!(limited.json().is_object(), "{api}");
        assert!(get().await.is_err(), "{api}");
        assert!(get().await.unwrap().is_cut(), "{api}");
        let garbled = get().await.unwrap();
        assert_eq!((garbled.status, garbled.json()), (401, Value::Null), "{api}");
        // Nobody is logged in, so nothing can be committed.
        assert_eq!(get().await.unwrap().status, 401, "{api}");
        let unmet = &sandbox.audit()["faults_unmet"];
        assert_eq!(unmet[0]["fault"], "commit_then_reset", "{api}: {unmet}");
        assert_eq!(sandbox.journal()["entries"].as_array().unwrap().len(), 7, "{api}");
    }
}

#[tokio::test]
async fn faults_and_quirks_of_other_apis_are_refused_with_what_there_is() {
    for (api, kind) in [(Api::Knosc, "in_progress"), (Api::Kneo, "rotate_csrf")] {
        let (_sandbox, mut client) = double(api, json!([])).await;
        let plan = json!({ "faults": [{ "do": { "kind": kind } }] });
        assert_eq!(client.post("/__sandbox/faults", &plan).await.status, 400, "{api}: {kind}");
    }
    let lock = json!({ "faults": [{ "do": { "kind": "lock" } }] });
    let faults = Some(FaultPlan::from_value(lock.clone()).unwrap());
    let refused = Sandbox::start(Api::Thredfi, Options { faults, ..Options::default() }).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("faults[0].do.kind: `lock` cannot happen to thredfi"), "{text}");
    let (_sandbox, mut client) = double(Api::Thredfi, json!([])).await;
    let reply = client.post("/__sandbox/faults", &lock).await;
    assert!(
        reply.status == 400 && reply.json()["error"].as_str().unwrap().contains("expire_access")
    );

    let quirks = vec![Quirk::Csrf401];
    let refused = Sandbox::start(Api::Thredfi, Options { quirks, ..Options::default() }).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("thredfi has no quirk `csrf401`; it has `paging-drf`"), "{text}");
}

#[tokio::test]
async fn a_reply_to_a_fault_keeps_the_headers_that_the_api_always_sends() {
    let faults = json!([{ "do": { "kind": "status", "status": 503, "body": "html" } }]);
    let (_sandbox, client) = double(Api::Kneo, faults).await;
    let reply = client.send("GET", "/v1/runs", &[("X-Request-ID", "abc")], "").await.unwrap();
    assert_eq!((reply.status, reply.header("x-request-id")), (503, Some("abc")));
    let made_up = client.send("GET", "/v1/runs", &[], "").await.unwrap();
    assert_eq!(made_up.header("x-request-id").map(str::len), Some(36));
}

#[tokio::test]
async fn control_routes_of_another_api_are_unknown() {
    let (_sandbox, mut client) = double(Api::Kneo, json!([])).await;
    let reply = client.get("/__sandbox/knosc/queue").await;
    let error = reply.json()["error"].as_str().unwrap().to_owned();
    assert!(reply.status == 404 && !error.contains("there are knosc"), "{error}");
}
