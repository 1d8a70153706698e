//! A client of the user's own as the transport.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../client/double.rs"]
#[allow(dead_code, reason = "another test needs the rest of it")]
mod double;
#[path = "../client/server.rs"]
#[allow(dead_code, reason = "another test needs the rest of it")]
mod server;

use std::time::Duration;

use bytes::Bytes;
use reqwest::redirect::Policy;
use serde_json::json;
use steadfast::{Class, Client, Effect, Kind, Limits, Reach, Transport};

use double::ms;
use server::{Answer, Server, open_dialect};

fn user_client() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

fn over(transport: reqwest::Client, base_url: &str) -> Client {
    let builder = Client::builder(open_dialect(), base_url).transport(transport);
    builder.deadline(Duration::from_secs(20)).build().unwrap()
}

#[tokio::test]
async fn it_is_taken_as_it_is() {
    let server = Server::start(|_, before| match before {
        0 => Answer::with(503, &[], "<html>"),
        _ => Answer::json(200, &json!({ "id": 7 })),
    })
    .await;
    let client = over(user_client(), &server.base_url);
    let read = client.get("/things").query("a", "b c").send().await.unwrap();
    assert_eq!(read.success().attempts.len(), 2);
    client.put("/things/7").header("x-mine", "1").json(&json!({ "n": 1 })).send().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].path, "/api/things?a=b+c");
    let put = seen.iter().find(|seen| seen.method == "PUT").unwrap();
    assert_eq!((put.body.as_str(), put.header("x-mine")), (r#"{"n":1}"#, "1"));
}

/// Hazard 14: what was followed is told, and where it led to is not trusted.
#[tokio::test]
async fn hazard_14_a_redirect_that_it_followed_is_an_error() {
    let elsewhere = Server::start(|_, _| Answer::json(200, &json!({ "id": 1 }))).await;
    let to = format!("{}/taken?token=canary", elsewhere.base_url);
    let server = Server::start(move |_, _| Answer::with(302, &[("Location", &to)], "")).await;
    let client = over(reqwest::Client::builder().no_proxy().build().unwrap(), &server.base_url);
    let error = client.get("/things").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Protocol, Some(302)));
    assert_eq!(error.details().attempts.len(), 1);
    let said = String::from_utf8_lossy(&error.details().body).into_owned();
    assert!(said.contains("Policy::none()"), "{said}");
    assert!(!format!("{error:?}").contains("canary"));
    let error = client.post("/things").json(&json!({})).send().await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
    assert_eq!((server.seen().len(), elsewhere.seen().len()), (2, 2));
    let round = Server::start(|seen, n| {
        Answer::with(302, &[("Location", &format!("{}{n}", seen.path))], "")
    })
    .await;
    let client = over(reqwest::Client::builder().no_proxy().build().unwrap(), &round.base_url);
    assert_eq!(client.get("/x").await.unwrap_err().kind(), Kind::Protocol);
}

async fn reach(client: &reqwest::Client, url: &str, limits: Limits) -> (Reach, String) {
    let request = http::Request::post(url).body(Bytes::from("{}")).unwrap();
    let failure = client.exchange(request, limits).await.unwrap_err();
    assert!(!failure.text.contains("canary"), "{}", failure.text);
    (failure.reach, failure.text)
}

#[tokio::test]
async fn it_says_honestly_how_far_an_exchange_got() {
    let limits = Limits { timeout: ms(2_000), body_bytes_max: 1_000 };
    let client = user_client();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/?token=canary", listener.local_addr().unwrap())
    };
    assert_eq!(reach(&client, &nobody, limits).await.0, Reach::NotSent);
    let server = Server::start(|seen, _| match seen.route() {
        "/api/silent" => Answer::bytes("").close(),
        "/api/half" => Answer::bytes("HTTP/1.1 400 X\r\nContent-Length: 900\r\n\r\n{").close(),
        _ => Answer::json(200, &json!({})).late(5_000),
    })
    .await;
    let url = |path: &str| format!("{}/{path}?token=canary", server.base_url);
    assert_eq!(reach(&client, &url("silent"), limits).await.0, Reach::MaybeSent);
    assert_eq!(reach(&client, &url("half"), limits).await.0, Reach::ReplyBroken { status: 400 });
    let short = Limits { timeout: ms(40), ..limits };
    let (reached, text) = reach(&client, &url("late"), short).await;
    assert_eq!(reached, Reach::MaybeSent);
    assert!(text.contains("no answer within"), "{text}");
}

#[tokio::test]
async fn its_replies_are_read_to_a_bound() {
    let server = Server::start(|_, _| Answer::with(200, &[], &"x".repeat(5_000))).await;
    let limits = Limits { timeout: ms(2_000), body_bytes_max: 1_000 };
    let request = http::Request::get(&server.base_url).body(Bytes::new()).unwrap();
    let reply = user_client().exchange(request, limits).await.unwrap();
    assert_eq!((reply.body.len(), reply.cut), (1_000, true));
}

#[tokio::test]
async fn bodies_that_are_read_on_the_way_go_through_it() {
    let server = Server::start(|_, _| Answer::json(201, &json!({}))).await;
    let client = over(user_client(), &server.base_url);
    let chunks = ["a;b\n", "1;2\n"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text)));
    let call = client.post("/files").header("Content-Length", "8");
    call.stream("text/csv", futures_util::stream::iter(chunks)).send().await.unwrap();
    assert_eq!(server.seen()[0].body, "a;b\n1;2\n");
}

#[tokio::test]
async fn what_cannot_be_reached_counts_as_unreached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/api", listener.local_addr().unwrap());
    drop(listener);
    let error = over(user_client(), &base_url).get("/x").await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unreached(Class::Network), Effect::None));
    assert!(error.details().source.is_some());
}
