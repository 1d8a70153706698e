//! The control routes, and input that no client should send.

use std::io::Write;
use std::time::Duration;

use serde_json::json;
use steadfast_sandbox::{Api, Fixtures, Options, Quirk, Sandbox};

use crate::client::{order, vectors};

#[tokio::test]
async fn the_journal_tells_what_was_done() {
    let (_sandbox, mut client) = vectors().await;
    client.post("/api/purchase-order", &order("P-2")).await;
    let entries = client.journal().await;
    let last = entries.last().unwrap();
    assert_eq!(
        (&last["n"], &last["status"], &last["effect"], &last["kind"], &last["key"], &last["fault"]),
        (&json!(2), &json!(200), &json!("applied"), &json!("create"), &json!("P-2"), &json!(null)),
    );
    assert_eq!(
        (&last["resource"], &last["user"]),
        (&json!("purchase-order"), &json!("ada@ex.test"))
    );
    let page = client.get("/__sandbox/journal?since=0&limit=1").await.json();
    assert_eq!(
        (&page["entries"][0]["kind"], &page["next"], &page["more"]),
        (&json!("login"), &json!(1), &json!(true))
    );
    client.post("/__sandbox/reset", &json!({})).await;
    assert!(client.journal().await.is_empty());
}

#[tokio::test]
async fn the_state_can_be_read_in_parts() {
    let (sandbox, mut client) = vectors().await;
    client.post("/api/purchase-order", &order("P-2")).await;
    let part = client.get("/__sandbox/state?after=42&limit=1&masters=0").await.json();
    assert_eq!((&part["orders"][0]["id"], &part["order_count"]), (&json!(43), &json!(2)));
    assert!(part.get("masters").is_none());
    assert_eq!(sandbox.state()["masters"]["item-master"][0]["Item Number"], "I1");
}

#[tokio::test]
async fn wrong_control_requests_are_told_what_to_do() {
    let (_sandbox, mut client) = vectors().await;
    for (path, body, hint) in [
        ("/__sandbox/nothing", json!({}), "there are GET journal"),
        ("/__sandbox/knosc/nothing", json!({}), "knosc/queue"),
        ("/__sandbox/clock", json!({ "advance_s": -1 }), "advance_s"),
        ("/__sandbox/faults", json!({ "preset": "tornado" }), "`storm`"),
        ("/__sandbox/faults", json!({ "faults": 1 }), "give a list"),
        ("/__sandbox/knosc/references", json!({ "kind": "purchase-order", "id": 999 }), "exists"),
        ("/__sandbox/knosc/revoke", json!({ "username": "nobody" }), "user that exists"),
    ] {
        let reply = client.post(path, &body).await;
        let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(reply.status >= 400 && error.contains(hint), "{path}: {} {error}", reply.status);
    }
}

#[tokio::test]
async fn the_ready_line_says_where_and_who() {
    let (sandbox, _client) = vectors().await;
    let ready = serde_json::to_value(sandbox.ready()).unwrap();
    let keys: Vec<_> = ready.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["api", "base_url", "control_url", "profile", "credentials"]);
    assert_eq!((&ready["api"], &ready["profile"]), (&json!("knosc"), &json!("guide")));
    assert!(sandbox.base_url().ends_with("/api") && sandbox.control_url().ends_with("/__sandbox"));
}

#[tokio::test]
async fn odd_input_is_refused_and_harms_nobody() {
    let (_sandbox, mut client) = vectors().await;
    let huge = format!(
        "GET /api/item-master HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n",
        "x".repeat(900_000)
    );
    let too_large = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n";
    for (request, start) in [
        (&b"\xff\xfe\x00 nonsense\r\n\r\n"[..], "HTTP/1.1 400"),
        (huge.as_bytes(), "HTTP/1.1 431"),
        (too_large.as_bytes(), "HTTP/1.1 413"),
        (b"POST /api/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n\"\xff\"", "HTTP/1.1 400"),
        (b"GET /api/purchase-order/99999999999999999999999 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"),
        (b"GET /__sandboxed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404"),
        (b"GET /api/item-master HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: \xff=; access_token_cookie\r\n\r\n", "HTTP/1.1 401"),
    ] {
        // A refusal may close the connection before everything was sent, which resets it.
        let reply = tokio::time::timeout(Duration::from_secs(5), client.raw(request));
        let reply = reply.await.unwrap().unwrap_or_default();
        let reply = String::from_utf8_lossy(&reply);
        assert!(reply.starts_with(start) || (reply.is_empty() && request.len() > 100_000), "{start}: {reply:.200}");
    }
    assert_eq!(client.get("/api/item-master").await.status, 200);
}

#[tokio::test]
async fn a_double_stops_when_it_is_dropped() {
    let (sandbox, client) = vectors().await;
    drop(sandbox);
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(&client.address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it still listens");
}

#[tokio::test]
async fn fixtures_of_one_s_own_are_checked_as_the_api_would() {
    let with = |text: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    };
    let user = r#""users":[{"Username":"u","User Email":"u@x","password":"p"}]"#;
    for (text, hint) in [
        ("nonsense", "expected"),
        (r#"{"users":[],"itmes":[]}"#, "itmes"),
        (
            &format!(r#"{{{user},"items":[{{"Item Number":"A"}},{{"Item Number":"A"}}]}}"#),
            "items[1]: Item A already exists",
        ),
        (&format!(r#"{{{user},"orders":[{{}}]}}"#), "orders[0]: Purchase order must contain"),
    ] {
        let file = with(text);
        let options =
            Options { fixtures: Fixtures::File(file.path().to_owned()), ..Options::default() };
        let error = Sandbox::start(Api::Knosc, options).await.unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
    }
    let file = with(&format!("{{{user}}}"));
    let options =
        Options { fixtures: Fixtures::File(file.path().to_owned()), ..Options::default() };
    assert_eq!(
        Sandbox::start(Api::Knosc, options).await.unwrap().ready().credentials.get("username"),
        Some("u@x")
    );
    let options = Options { fixtures: "/nowhere.json".parse().unwrap(), ..Options::default() };
    assert!(
        Sandbox::start(Api::Knosc, options)
            .await
            .unwrap_err()
            .to_string()
            .contains("/nowhere.json")
    );
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_says_so() {
    let (sandbox, client) = vectors().await;
    let options = Options { listen: client.address.parse().unwrap(), ..Options::default() };
    let error = Sandbox::start(Api::Knosc, options).await.unwrap_err().to_string();
    assert!(error.contains(&client.address) && error.contains("port 0"), "{error}");
    drop(sandbox);
    assert!("unknown".parse::<Quirk>().unwrap_err().to_string().contains("`filter-ignored`"));
}
