//! Where guide and reference differ, row by row of the contract; the replies themselves are in the vectors (C…).

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Options, Profile, Quirk, Sandbox};

use super::{order, vectors};

fn with(profile: Profile, quirks: &[Quirk]) -> Options {
    Options { profile, quirks: quirks.to_vec(), ..Options::default() }
}

const PROFILES: [Profile; 3] = [Profile::Guide, Profile::Reference, Profile::Both];

#[tokio::test]
async fn c1_and_c9_any_loop_of_retries_can_be_told_from_the_journal() {
    // Five sends (guide), or four (a client with three retries): each is an entry, whatever it came to.
    for sends in [5, 4, 1] {
        let (sandbox, mut client) = vectors(Options::default()).await;
        let fault = json!([{ "do": { "kind": "status", "status": 503, "body": "empty" } }]);
        client.http.faults(fault).await;
        for _ in 0..sends {
            assert_eq!(client.get("users/7").await.status, 503);
        }
        let entries = sandbox.journal()["entries"].as_array().cloned().unwrap();
        assert_eq!(entries.len(), sends);
        assert!(entries.iter().all(|entry| entry["kind"] == "read" && entry["fault"] == "status"));
    }
}

#[tokio::test]
async fn c2_it_answers_under_any_host() {
    for host in ["api.operations1.app", "public-api.operations1.dev"] {
        let (_sandbox, client) = vectors(Options::default()).await;
        let request = format!(
            "GET /tenants/acme/users/7 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             authorization: Bearer tok\r\naccept-version: latest\r\n\r\n"
        );
        let reply = client.http.raw(request.as_bytes()).await.unwrap();
        assert!(reply.starts_with(b"HTTP/1.1 200 "), "{host}");
    }
}

#[tokio::test]
async fn c3_errors_have_a_body_or_none_and_the_same_status() {
    for (quirks, empty) in [(&[][..], false), (&[Quirk::EmptyErrors][..], true)] {
        let (_sandbox, mut client) = vectors(with(Profile::Guide, quirks)).await;
        let wrong = json!({ "name": "" });
        for (method, path, body, status) in [
            ("GET", "users/999", None, 404),
            ("POST", "orders", Some(&wrong), 400),
            ("POST", "order-connectors/1/execute", Some(&wrong), 422),
            ("PUT", "orders", None, 405),
        ] {
            let reply = client.try_send(method, path, body).await.unwrap();
            assert_eq!((reply.status, reply.body.is_empty()), (status, empty), "{method} {path}");
        }
        let limit = json!([{ "do": { "kind": "rate_limit", "retry_after": 2 } }]);
        client.http.faults(limit).await;
        let limited = client.get("users/7").await;
        assert_eq!((limited.status, limited.header("retry-after")), (429, Some("2")));
        assert_eq!(limited.body.is_empty(), empty);
    }
}

#[tokio::test]
async fn c4_only_connectors_answer_422() {
    for profile in PROFILES {
        let (_sandbox, client) = vectors(with(profile, &[])).await;
        let wrong = json!({ "orderTitle": "" });
        for (path, status) in [("orders", 400), ("users", 400), ("order-connectors/1/execute", 422)]
        {
            assert_eq!(client.post(path, &wrong).await.status, status, "{profile}: {path}");
        }
    }
}

#[tokio::test]
async fn c5_how_many_rows_a_page_may_have() {
    for profile in PROFILES {
        let (_sandbox, client) = vectors(with(profile, &[])).await;
        for list in ["users", "groups", "orders", "reports", "documents"] {
            for (size, status) in [(1, 200), (9, 200), (10, 200), (200, 200), (201, 400)] {
                let reply = client.get(&format!("{list}?pageSize={size}")).await;
                assert_eq!(reply.status, status, "{profile}: {list} {size}");
            }
            let counted = client.get(&format!("{list}?pageSize=0&pageIndex=last")).await;
            if profile == Profile::Reference {
                let page = counted.json();
                assert_eq!((&page["items"], &page["pageIndex"]), (&json!([]), &json!(0)), "{list}");
                assert!(page["totalItemCount"].as_u64() > Some(0), "{list}");
            } else {
                assert_eq!(counted.status, 400, "{profile}: {list}");
            }
        }
    }
}

#[tokio::test]
async fn c6_the_count_is_that_of_all_rows_that_match() {
    for profile in PROFILES {
        let (_sandbox, client) = vectors(with(profile, &[])).await;
        for n in 2..=5 {
            assert_eq!(client.post("orders", &order(&format!("ERP-{n}"))).await.status, 201);
        }
        for index in 0..3 {
            let (ids, total) = client.ids(&format!("orders?pageSize=2&pageIndex={index}")).await;
            assert_eq!((ids.len(), total), ([2, 2, 1][index], 5), "{profile}");
        }
        let (ids, total) = client.ids("orders?orderIds=12&orderIds=13&pageSize=1").await;
        assert_eq!((ids, total), (vec![12], 2), "{profile}");
    }
}

#[tokio::test]
async fn c7_the_version_is_required_unless_the_quirk_says_otherwise() {
    for profile in PROFILES {
        for (quirks, status) in [(&[][..], 400), (&[Quirk::VersionOptional][..], 200)] {
            let (_sandbox, client) = vectors(with(profile, quirks)).await;
            let headers = [("Authorization", "Bearer tok")];
            let reply =
                client.http.send("GET", "/tenants/acme/users/7", &headers, "").await.unwrap();
            assert_eq!(reply.status, status, "{profile}");
        }
    }
}

#[tokio::test]
async fn c8_a_post_that_was_sent_twice_is_there_twice_and_found_out() {
    for profile in PROFILES {
        let (sandbox, mut client) = vectors(with(profile, &[])).await;
        let lost = json!([{ "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } }]);
        client.http.faults(lost).await;
        assert!(client.try_send("POST", "orders", Some(&order("ERP-2"))).await.is_err());
        assert_eq!(client.ids("orders?customOrderIds=ERP-2").await, (vec![12], 1));
        assert_eq!(sandbox.audit()["doubled"], json!([]));
        assert_eq!(client.post("orders", &order("ERP-2")).await.status, 201);
        let doubled = json!([{ "resource": "orders", "key": "ERP-2", "effects": 2 }]);
        assert_eq!(sandbox.audit()["doubled"], doubled, "{profile}");
    }
}

#[tokio::test]
async fn the_default_world_has_what_orders_refer_to() {
    let sandbox = Sandbox::start(Api::Operations1, Options::default()).await.unwrap();
    let ready = sandbox.ready();
    let credentials = serde_json::to_value(&ready.credentials).unwrap();
    let token = credentials["token"].as_str().unwrap().to_owned();
    let mut client = super::Operations1 { http: crate::client::Client::new(&sandbox), token };
    for (list, total) in
        [("users", 23), ("groups", 4), ("documents", 12), ("orders", 3), ("reports", 4)]
    {
        assert_eq!(client.ids(&format!("{list}?pageSize=1")).await.1, total, "{list}");
    }
    assert_eq!(client.ids("orders?ruleId=1&states=done").await, (vec![1003], 1));
    let made = client.post("orders", &order("NEW-1")).await;
    assert_eq!((made.status, &made.json()["id"]), (201, &Value::from(1005)));
    for (token, read, write) in
        [("sandbox-token-readonly", 200, 403), ("sandbox-token-none", 403, 403)]
    {
        client.token = token.to_owned();
        assert_eq!(client.get("orders").await.status, read, "{token}");
        assert_eq!(client.post("orders", &order("NEW-2")).await.status, write, "{token}");
    }
}
