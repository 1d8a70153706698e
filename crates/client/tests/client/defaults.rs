//! What is sent with every call, by the dialect and by the settings.

use serde_json::json;
use steadfast::dialect::Dialect;
use steadfast::{BuildError, Options, Request};

use crate::server::{Answer, Server, open_dialect};

fn versioned() -> Dialect {
    let mut dialect = open_dialect();
    dialect.request.headers =
        [("Accept-Version".to_owned(), "2025-04-21".to_owned())].into_iter().collect();
    dialect.request.user_agent = Some("erp/1".to_owned());
    dialect
}

async fn fine() -> Server {
    Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session("access-1", "csrf-1"),
        _ => Answer::json(200, &json!({ "notification_type": "Success" })),
    })
    .await
}

#[tokio::test]
async fn hazard_13_the_headers_of_an_api_are_sent_with_every_request() {
    let server = fine().await;
    let client = server.builder(versioned()).build().unwrap();
    client.get("/a").await.unwrap();
    client.post("/a").json(&json!({})).send().await.unwrap();
    client.get("/a").header("accept-VERSION", "2026-01-01").await.unwrap();
    let set = server.builder(versioned()).header("Accept-Version", "2025-12-01");
    let set = set.header("User-Agent", "mine/2").build().unwrap();
    set.get("/a").await.unwrap();
    set.get("/a").header("accept-version", "2026-01-01").await.unwrap();
    let seen = server.seen();
    let versions: Vec<&str> = seen.iter().map(|seen| seen.header("accept-version")).collect();
    assert_eq!(versions, ["2025-04-21", "2025-04-21", "2026-01-01", "2025-12-01", "2026-01-01"]);
    assert_eq!((seen[0].header("user-agent"), seen[3].header("user-agent")), ("erp/1", "mine/2"));
    let twice = |name: &str| {
        seen.iter().any(|seen| {
            seen.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).count() > 1
        })
    };
    assert!(!twice("accept-version") && !twice("user-agent") && !twice("accept"));
}

#[tokio::test]
async fn hazard_13_a_log_in_has_them_too() {
    let server = fine().await;
    let mut dialect = crate::double::quick();
    dialect.request = versioned().request;
    server.builder(dialect).build().unwrap().get("/a").await.unwrap();
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].route()), (2, "/api/login"));
    assert!(seen.iter().all(|seen| seen.header("accept-version") == "2025-04-21"));
}

/// Without the slash this API answers with a redirect, which turns a POST into a GET.
#[tokio::test]
async fn hazard_29_paths_end_with_a_slash_where_the_api_wants_it() {
    let server = fine().await;
    let mut dialect = open_dialect();
    dialect.request.trailing_slash = true;
    let client = server.builder(dialect).build().unwrap();
    client.post("/invoices").json(&json!({})).send().await.unwrap();
    client.get("/invoices/").query("page", 2).await.unwrap();
    client.get("/invoices").query("next", "/x").await.unwrap();
    client.get(steadfast::path!("invoices", "a/b")).await.unwrap();
    client.call(Request::new(http::Method::PUT, "/invoices/7"), Options::default()).await.unwrap();
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(
        paths,
        [
            "/api/invoices/",
            "/api/invoices/?page=2",
            "/api/invoices/?next=%2Fx",
            "/api/invoices/a%2Fb/",
            "/api/invoices/7/"
        ]
    );
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_refused_when_the_client_is_made() {
    let server = fine().await;
    for (name, value) in [("X Key", "canary"), ("X-Key", "canary\n")] {
        let error = server.builder(versioned()).header(name, value).build().unwrap_err();
        assert!(matches!(error, BuildError::Setting { name: "header", .. }));
        let text = format!("{error} {error:?}");
        assert!(text.contains(name) && !text.contains("canary"), "{text}");
    }
}
