//! Connections that break, in every place where they can.

use std::time::Duration;

use http::Method;
use serde_json::json;
use steadfast::{
    Class, Client, Effect, Exchanged, Failure, HttpTransport, Kind, Limits, Options, Outcome,
    Reach, Request, Stop, Transport,
};

use crate::double::{known_absent, ms, options, order, quick, world};
use crate::server::{Answer, Server, open_dialect};

fn post() -> Request {
    Request::new(Method::POST, "/things").json("{}")
}

async fn reach(server: &Server, limits: Limits) -> Result<u16, Reach> {
    let transport = HttpTransport::new(ms(1_000), None, None).unwrap();
    let request = http::Request::post(format!("{}/things", server.base_url)).body("{}".into());
    let exchanged = transport.exchange(request.unwrap(), limits).await;
    exchanged.map(|reply| reply.status.as_u16()).map_err(|failure| failure.reach)
}

fn limits(timeout_ms: u64) -> Limits {
    Limits { timeout: ms(timeout_ms), body_bytes_max: 1_000 }
}

#[tokio::test]
async fn hazard_14_redirects_are_never_followed() {
    let elsewhere = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let location = format!("{}/taken", elsewhere.base_url);
    for status in [301, 302, 303, 307, 308] {
        let to = location.clone();
        let server = Server::start(move |seen, _| match seen.route() {
            "/api/login" => Answer::session("access-1", "csrf-1"),
            _ => Answer::with(status, &[("Location", &to)], ""),
        })
        .await;
        let client = server.client();
        let error = client.get("/things").await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (Kind::Protocol, Some(status)));
        let error = client.call(post(), Options::default()).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (Kind::Unknown, Effect::Unknown));
        assert_eq!(server.seen().len(), 3, "one send each");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn hazard_14_a_path_cannot_lead_to_another_host() {
    let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let client = server.open_client();
    for path in ["//evil.example/x", "https://evil.example/x", "things", "/a?next=//evil.example"] {
        client.get(path).await.unwrap();
    }
    assert_eq!(server.seen().len(), 4);
    assert!(server.seen().iter().all(|seen| seen.route().starts_with("/api/")));
}

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/api", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder(open_dialect(), &base_url).build().unwrap();
    let error = client.call(post(), Options::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.effect()), (Kind::Unreached(Class::Network), Effect::None));
    let details = error.details();
    assert_eq!((details.attempts.len(), details.stop), (4, Stop::Attempts));
    assert!(details.source.is_some() && error.may_succeed_later());
    assert!(error.to_string().contains("no connection"), "{error}");
    let unknown =
        Client::builder(open_dialect(), "http://no.such.host.invalid/api").build().unwrap();
    assert_eq!(unknown.get("/x").await.unwrap_err().effect(), Effect::None);
}

/// Cannot connect the first times.
struct Reluctant(std::sync::atomic::AtomicUsize, HttpTransport);

impl Transport for Reluctant {
    fn exchange(&self, request: http::Request<bytes::Bytes>, limits: Limits) -> Exchanged<'_> {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if request.method() == Method::POST && (1..4).contains(&n) {
            return Box::pin(async { Err(Failure::new(Reach::NotSent, "no connection")) });
        }
        self.1.exchange(request, limits)
    }
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again_freely() {
    let transport = Reluctant(0.into(), HttpTransport::new(ms(1_000), None, None).unwrap());
    let world = world(options(), |builder| builder.transport(transport), quick()).await;
    let request = crate::double::create(&order("P-2"));
    let outcome = world.client.call(request, known_absent("P-2")).await.unwrap();
    let Outcome::Applied(success) = outcome else { panic!("{outcome:?}") };
    assert_eq!(success.attempts.len(), 4);
    assert_eq!((world.journal().creates("P-2"), world.journal().count("read")), (1, 0));
}

#[tokio::test]
async fn a_connection_that_is_never_made_in_time_has_sent_nothing() {
    // A listener whose backlog is full answers no connection request.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(ms(150), tokio::net::TcpStream::connect(address)).await
    {
        held.push(stream);
        assert!(held.len() < 100, "this system has no limit");
    }
    let transport = HttpTransport::new(Duration::from_secs(30), None, None).unwrap();
    let request = http::Request::post(format!("http://{address}/x")).body("{}".into()).unwrap();
    let failure = transport.exchange(request, limits(100)).await.unwrap_err();
    assert_eq!(failure.reach, Reach::NotSent, "{}", failure.text);
}

#[tokio::test]
async fn how_far_an_exchange_got_is_told_honestly() {
    let silent = Server::start(|_, _| Answer::bytes("").late(2_000)).await;
    assert_eq!(reach(&silent, limits(80)).await, Err(Reach::MaybeSent));
    let closing = Server::start(|_, _| Answer::bytes("").close()).await;
    assert_eq!(reach(&closing, limits(2_000)).await, Err(Reach::MaybeSent));
    let garbled = Server::start(|_, _| Answer::bytes("220 smtp.example ready\r\n").close()).await;
    assert_eq!(reach(&garbled, limits(2_000)).await, Err(Reach::MaybeSent));
    let head = "HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\n{\"Mess";
    let half = Server::start(move |_, _| Answer::bytes(head).close()).await;
    assert_eq!(reach(&half, limits(2_000)).await, Err(Reach::ReplyBroken { status: 403 }));
    let stuck = Server::start(move |_, n| match n {
        0 => Answer::bytes(head),
        _ => Answer::bytes("").close(),
    })
    .await;
    assert_eq!(reach(&stuck, limits(80)).await, Err(Reach::ReplyBroken { status: 403 }));
}

#[tokio::test]
async fn half_a_body_of_a_success_leaves_a_write_unknown_and_of_a_refusal_does_not() {
    for (status, effect) in [(200, Effect::Unknown), (400, Effect::None)] {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 100\r\n\r\n{{\"mess");
        let server = Server::start(move |_, _| Answer::bytes(head.clone()).close()).await;
        let error = server.open_client().call(post(), Options::default()).await.unwrap_err();
        assert_eq!(error.effect(), effect, "{status}: {error}");
        if status == 200 {
            assert_eq!(server.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn hazard_39_one_send_is_one_exchange() {
    let server = Server::start(|_, _| Answer::bytes("").close()).await;
    let builder = server.builder(open_dialect()).attempts(1);
    let client = builder.build().unwrap();
    client.get("/things").await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

/// The server closes each connection after its answer, and does not say so.
#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_not_used_for_a_write() {
    let server = Server::start(|_, _| Answer::json(200, &json!({ "id": 1 })).close()).await;
    let client = server.open_client();
    for _ in 0..20 {
        let outcome = client.call(post(), Options::default()).await.unwrap();
        assert_eq!(outcome.success().attempts.len(), 1);
        tokio::time::sleep(ms(5)).await;
    }
    assert_eq!(server.seen().len(), 20);
}

/// As above, with no time to notice: some requests meet a connection that is being closed. What
/// the library says was never begun is sent again, and must not have arrived before.
#[tokio::test]
async fn a_request_that_meets_a_closing_connection_never_arrives_twice() {
    let server = Server::start(|_, _| Answer::json(200, &json!({ "id": 1 })).close()).await;
    let client = server.open_client();
    let (mut done, mut unknown) = (0, 0);
    for n in 0..300 {
        let request = Request::new(Method::POST, format!("/things/{n}")).json("{}");
        match client.call(request, Options::default()).await {
            Ok(_) => done += 1,
            Err(error) => {
                assert_eq!(error.effect(), Effect::Unknown, "{error}");
                unknown += 1;
            }
        }
        assert!(server.count("POST", &format!("/api/things/{n}")) <= 1);
    }
    assert!(done > 0 && done + unknown == 300, "{done} done, {unknown} unknown");
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let client = server.open_client();
    for _ in 0..10 {
        client.get("/things").await.unwrap();
    }
    assert!(server.seen().iter().all(|seen| seen.connection == 1));
}

#[tokio::test]
async fn a_body_is_read_to_a_bound() {
    let server = Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session("access-1", "csrf-1"),
        _ => Answer::with(200, &[], &format!("[{}]", "1,".repeat(500_000))),
    })
    .await;
    let client = server.builder(quick()).body_bytes_max(10_000).build().unwrap();
    let error = client.get("/things").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Protocol, Some(200)));
    assert!(error.to_string().contains("larger than we read"), "{error}");
    assert!(error.details().body.len() <= 4_096);
}

#[tokio::test]
async fn wrong_settings_are_refused_in_words_that_help() {
    let build = |base_url: &str| Client::builder(open_dialect(), base_url);
    for (result, words) in [
        (build("acme.knosc.com/api").build(), "https://company.example/api"),
        (build("ftp://acme.example").build(), "not http or https"),
        (build("https://ada:hunter2@acme.example/api").build(), "credentials"),
        (build("https://ada:hunter2@ac me/api").build(), "…@ac me"),
        (build("https://acme.example/api?token=hunter2").build(), "no ? or #"),
        (build("http://acme.example").rate(f64::NAN).build(), "more than 0"),
        (build("http://acme.example").rate(0.0).build(), "more than 0"),
        (build("http://acme.example").attempts(0).build(), "1 or more"),
        (build("http://acme.example").timeout(Duration::ZERO).build(), "more than 0"),
        (build("http://acme.example").proxy("socks5://u:hunter2@p:1").build(), "http://host:port"),
        (Client::builder(quick(), "http://acme.example").build(), "`username`"),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
