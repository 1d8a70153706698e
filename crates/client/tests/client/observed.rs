//! The names that `docs/observability.md` promises, and that logging cannot fail a call.

use std::collections::BTreeSet;
use std::io;

use serde_json::{Value, json};
use steadfast::dialect::PolicyName;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::double::{known_absent, order, quick, vectors};
use crate::logs::Lines;
use crate::server::{Answer, Server};

const PAGE: &str = include_str!("../../../../docs/observability.md");

/// A call that is cured, one that fails, one that is queued, one that is not answered.
async fn some_of_everything() {
    let world = vectors().await;
    world.sandbox.start_integration();
    world.client.call(crate::double::create(&order("P-2")), known_absent("P-2")).await.unwrap();
    let server = Server::start(|seen, n| match (seen.route(), n) {
        ("/api/login", _) => Answer::session("access-1", "csrf-1"),
        ("/api/refresh", _) => Answer::session("access-2", "csrf-2"),
        ("/api/expired", 0) => Answer::json(401, &json!({ "Code": "Token.Expired" })),
        ("/api/limited", _) => Answer::with(429, &[("Retry-After", "0")], ""),
        ("/api/silent", _) => Answer::bytes("").close(),
        _ => Answer::json(200, &json!({ "notification_type": "Success" })),
    })
    .await;
    let mut dialect = quick();
    dialect.log.failed = Some("API error".into());
    dialect.log.exhausted = Some("Failed after {attempts} attempts".into());
    let client =
        server.builder(dialect).policy(PolicyName::Documented).attempts(2).build().unwrap();
    client.post("/expired").json(&json!({})).context("job", "7").send().await.unwrap();
    client.get("/limited").send().await.unwrap_err();
    client.put("/silent").json(&json!({})).send().await.unwrap_err();
    let nothing = futures_util::stream::empty::<Result<bytes::Bytes, io::Error>>();
    client.post("/x").stream("text/csv", nothing).send().await.unwrap();
}

#[tokio::test]
async fn every_name_that_is_used_is_on_the_page_and_every_event_on_it_is_used() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(lines.clone())
        .finish();
    let (_others, _guard) = Lines::capture();
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    some_of_everything().await;
    drop(guard);
    let text = lines.text();
    let parsed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (mut events, mut spans) = (BTreeSet::new(), BTreeSet::new());
    let on_the_page = |name: &str| assert!(PAGE.contains(&format!("`{name}`")), "`{name}`");
    for line in parsed.filter(|l| l["target"].as_str().unwrap().starts_with("steadfast::")) {
        on_the_page(line["target"].as_str().unwrap());
        let fields = line["fields"].as_object().unwrap();
        if let Some(event) = fields.get("event") {
            on_the_page(event.as_str().unwrap());
            events.insert(event.as_str().unwrap().to_owned());
            let names = fields.keys().filter(|name| !["event", "message"].contains(&name.as_str()));
            names.for_each(|name| on_the_page(name));
        } else {
            let span = line["span"].as_object().unwrap();
            spans.insert(span["name"].as_str().unwrap().to_owned());
            span.keys().filter(|name| *name != "name").for_each(|name| on_the_page(name));
        }
    }
    assert_eq!(spans.into_iter().collect::<Vec<_>>(), ["attempt", "call"]);
    let promised = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let promised: BTreeSet<&str> =
        promised.filter(|name| name.contains('_') && !name.contains(['.', ' '])).collect();
    for event in ["request", "attempt", "retry", "guide", "write_ok", "write_failed"] {
        assert!(events.contains(event), "{event}");
    }
    for name in ["write_queued", "one_shot_body", "session_starting", "session_renewing"] {
        assert!(promised.contains(name) && events.contains(name), "{name}: {events:?}");
    }
}

/// A place to write to that is always full.
#[derive(Clone, Copy)]
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("no space left"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::other("no space left"))
    }
}

impl MakeWriter<'_> for Full {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

#[tokio::test]
async fn hazard_71_nothing_that_is_logged_can_fail_a_call() {
    let (_lines, _guard) = Lines::capture();
    let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let full = all.log_internal_errors(false).with_writer(Full).finish();
    let guard = tracing::subscriber::set_default(full);
    let server = Server::start(|seen, _| match seen.route() {
        "/api/login" => Answer::session("access-1", "csrf-1"),
        // Half a character, at the end of what is kept of a body.
        "/api/cut" => {
            let mut bytes = b"HTTP/1.1 400 X\r\nContent-Length: 4097\r\n\r\n".to_vec();
            bytes.extend("x".repeat(4_095).bytes().chain("é".bytes()));
            Answer::bytes(bytes)
        }
        "/api/bytes" => {
            Answer::bytes(b"HTTP/1.1 403 X\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00\xc3".to_vec())
        }
        _ => Answer::json(200, &json!({ "notification_type": "Success" })),
    })
    .await;
    let client = server.builder(quick()).policy(PolicyName::Documented).build().unwrap();
    for (path, status) in [("/cut", 400), ("/bytes", 403)] {
        for body in [&b"\xff\xfe\xc3"[..], "é".repeat(900).as_bytes(), b"{\"a\":\"\xc3"] {
            let call = client.post(path).body("text/plain", body.to_vec());
            let error = call.send().await.unwrap_err();
            assert_eq!(error.status(), Some(status));
        }
    }
    client.post("/fine").json(&json!({})).context("é", "\u{0}").send().await.unwrap();
    drop(guard);
}
