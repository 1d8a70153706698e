//! Worlds of one's own.

use std::io::Write;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Fixtures, Options, Sandbox, StartError};

use super::{Operations1, order};
use crate::client::Client;

fn world() -> Value {
    json!({
        "rateLimit": 3, "createdAt": "2025-01-01T08:00:00.000Z",
        "tokens": [
            { "token": "mine", "userId": 1, "permissions": ["orders:read", "orders:write"] },
            { "token": "old", "userId": 1, "permissions": [], "expiresAt": "2030-01-01T00:00:00.000Z" },
        ],
        "users": [{ "id": 1, "name": "api", "displayName": "API" }],
        "documents": [{ "id": 3, "names": { "en": "Check" }, "numOfSteps": 2 }],
        "orders": [order("A"), order("B")],
    })
}

async fn start(world: &Value) -> Result<Sandbox, StartError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(world.to_string().as_bytes()).unwrap();
    let fixtures = Fixtures::File(file.path().to_owned());
    Sandbox::start(Api::Operations1, Options { fixtures, ..Options::default() }).await
}

#[tokio::test]
async fn a_file_sets_the_limit_the_tokens_and_the_orders() {
    let sandbox = start(&world()).await.unwrap();
    let mut client = Operations1 { http: Client::new(&sandbox), token: "mine".to_owned() };
    assert_eq!(client.ids("orders").await, (vec![1, 2], 2));
    let expected = [("users/1", 403), ("machines", 404), ("orders", 429)];
    for (path, status) in expected {
        assert_eq!(client.get(path).await.status, status, "{path}");
    }
    client.token = "old".to_owned();
    assert_eq!(client.get("orders").await.status, 403);
    sandbox.advance_clock(std::time::Duration::from_secs(10 * 365 * 24 * 3600));
    assert_eq!(client.get("orders").await.status, 401, "its day has come");
}

#[tokio::test]
async fn a_file_that_is_wrong_is_refused_with_the_place() {
    let unknown = json!({ "token": "x", "userId": 9, "permissions": [] });
    let strange = json!({ "token": "x", "userId": 1, "permissions": ["orders:burn"] });
    let undated = json!({ "token": "x", "userId": 1, "permissions": [], "expiresAt": "soon" });
    let mut lost = order("C");
    lost["state"] = json!("lost");
    let mut empty = order("C");
    empty["orderDocumentAssignments"][0]["documentId"] = json!(99);
    for (pointer, value, expected) in [
        ("/tokens/1", unknown, "tokens[1]: userId: there is no such user"),
        ("/tokens/1", strange, "tokens[1]: permissions: there are users:read, "),
        ("/tokens/1", undated, "tokens[1]: give instants like 2025-01-01T08:00:00.000Z"),
        ("/tokens", json!([]), "tokens: give one or more"),
        ("/createdAt", json!("2025-01-01"), "createdAt: give instants like "),
        ("/users/0/groupIds", json!([4]), "users[0]: groupIds: no such group"),
        ("/orders/1", lost, "orders[1]: Invalid parameter: state"),
        (
            "/orders/1",
            empty,
            "orders[1]: Invalid parameter: orderDocumentAssignments[0].documentId",
        ),
        ("/rateLimit", json!("many"), "invalid type: string \"many\", expected u32"),
    ] {
        let mut world = world();
        world["users"][0]["groupIds"] = json!([]);
        *world.pointer_mut(pointer).unwrap() = value;
        let text = start(&world).await.unwrap_err().to_string();
        let said = text.starts_with("wrong fixtures: ") && text.contains(expected);
        assert!(said, "{pointer}: {text}");
    }
}
