//! The client that waits, in programs without a runtime and inside of one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steadfast::{AuthFailure, Effect, Kind, LookUp, Options, Request, Rows, blocking};

use crate::server::{Answer, Server, open_dialect};

/// A server on a runtime of its own, as if it were another program.
fn elsewhere() -> (tokio::runtime::Runtime, Server) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session("access-1", "csrf-1"),
        "/api/list" if seen.path.contains("page=1") => Answer::rows(&[json!({"n": 1})]),
        "/api/list" => Answer::rows(&[]),
        "/api/refused" => Answer::json(404, &json!({"Code": "Thing.NotFound", "Message": "no"})),
        _ => Answer::json(200, &json!({"id": 7, "notification_type": "Success"})),
    }));
    (runtime, server)
}

fn client(server: &Server) -> blocking::Client {
    server.builder(open_dialect()).build_blocking().unwrap()
}

#[test]
fn it_needs_no_runtime_of_the_programs() {
    let (_runtime, server) = elsewhere();
    let client = client(&server);
    assert_eq!(client.get("/things/7").query("all", true).json_reply().unwrap().unwrap()["id"], 7);
    let read: Value = client.post("/things").json(&json!({})).send_as().unwrap();
    assert_eq!(read["id"], 7);
    for call in [client.put("/x"), client.patch("/x"), client.delete("/x")] {
        call.header("x-a", "b").context("job", "7").send().unwrap();
    }
    let error = client.get("/refused").send().unwrap_err();
    assert_eq!(error.code(), Some("Thing.NotFound"));
    client.call(Request::new(http::Method::GET, "/things"), Options::default()).unwrap();
    let rows = Rows { path: "/list".into(), ..Rows::default() };
    assert_eq!(client.rows(rows.clone()).unwrap(), [json!({"n": 1})]);
    let typed: Vec<BTreeMap<String, u8>> = client.rows_as(rows).unwrap();
    assert_eq!(typed[0]["n"], 1);
    assert!(matches!(client.look_up("no-such", "k", b"{}"), LookUp::CannotTell(_)));
    client.log_in().unwrap();
    let methods: Vec<String> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert!(methods.starts_with(&["GET", "POST", "PUT", "PATCH", "DELETE"].map(String::from)));
}

#[test]
fn many_threads_share_one_client_and_one_session() {
    let (_runtime, server) = elsewhere();
    let client = server.builder(crate::double::quick()).build_blocking().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let client = client.clone();
            scope.spawn(move || client.get("/things/7").send().unwrap());
        }
    });
    assert_eq!((server.count("POST", "/api/login"), server.count("GET", "/api/things/7")), (1, 8));
}

/// No panic, no standstill: a clear end, and nothing is sent.
async fn refuses_to_wait(client: &blocking::Client) {
    let error = client.get("/things/7").send().unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unsendable, Effect::None));
    assert!(error.to_string().contains("spawn_blocking"), "{error}");
    assert!(client.get("/things/7").send_as::<Value>().is_err());
    let failure = client.log_in().unwrap_err();
    assert!(matches!(failure, AuthFailure::Unreached { .. }));
    assert!(client.rows(Rows::default()).is_err());
    assert!(matches!(client.look_up("a", "k", b"{}"), LookUp::CannotTell(_)));
    // The task goes on.
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn inside_of_a_task_it_says_so() {
    let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let client = client(&server);
    refuses_to_wait(&client).await;
    let inside = client.clone();
    tokio::spawn(async move { refuses_to_wait(&inside).await }).await.unwrap();
    assert!(server.seen().is_empty());
    // The last one goes inside of the task, too.
    drop(client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_that_may_wait_does() {
    let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let client = client(&server);
    let inside = client.clone();
    tokio::spawn(async move { refuses_to_wait(&inside).await }).await.unwrap();
    let moved = client.clone();
    tokio::task::spawn_blocking(move || moved.get("/a").send().unwrap()).await.unwrap();
    tokio::task::block_in_place(|| client.get("/b").send().unwrap());
    let moved = client.clone();
    std::thread::spawn(move || moved.get("/c").send().unwrap()).join().unwrap();
    assert_eq!(server.seen().len(), 3);
    client.as_async().get("/d").await.unwrap();
}
