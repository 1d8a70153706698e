//! The log records of K13, as a collector of JSON lines would get them.

use std::io;
use std::sync::{Arc, Mutex, Once};

use serde_json::{Value, json};
use steadfast::Options;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::double::{World, create, known_absent, ms, order, vectors};

/// All that is logged on this thread while it lives.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        // Somebody listens for good: a place that writes logs remembers for ever that nobody does,
        // if another thread comes by it for the first time just now.
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
            let _ = tracing::subscriber::set_global_default(all.with_writer(io::sink).finish());
        });
        let lines = Self::default();
        let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        let subscriber = all.json().with_writer(lines.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        (lines, guard)
    }

    /// The same as lines of text.
    pub(crate) fn capture_text() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let guard = tracing::subscriber::set_default(all.with_writer(lines.clone()).finish());
        tracing::callsite::rebuild_interest_cache();
        (lines, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines that the client wrote.
    fn ours(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["target"].as_str().unwrap().starts_with("steadfast::")).collect()
    }

    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        self.ours().into_iter().filter(|line| line["fields"]["event"] == name).collect()
    }

    pub(crate) fn messages(&self, level: &str) -> Vec<String> {
        let at_level = self.ours().into_iter().filter(|line| line["level"] == level);
        at_level.filter_map(|line| line["fields"]["message"].as_str().map(str::to_owned)).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn with_context(number: &str) -> Options {
    let context = [("erp_id".to_owned(), "4711".to_owned())].into();
    Options { context, ..known_absent(number) }
}

#[tokio::test]
async fn a_write_that_went_well_is_one_line() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    world.client.call(create(&order("P-2")), with_context("P-2")).await.unwrap();
    world.create("P-3").await.unwrap();
    let events = lines.events("write_ok");
    assert_eq!(events.len(), 2);
    let (line, fields) = (&events[0], &events[0]["fields"]);
    assert_eq!((&line["level"], &fields["logger"]), (&json!("INFO"), &json!("knosc.integration")));
    assert_eq!((&fields["method"], &fields["path"]), (&json!("POST"), &json!("/purchase-order")));
    assert_eq!((&fields["status"], &fields["queued"]), (&json!(200), &json!(false)));
    assert_eq!(fields["context"], r#"{"erp_id":"4711"}"#);
    assert_eq!(events[1]["fields"]["context"], "{}", "empty if none was given");
    let stamp = line["timestamp"].as_str().unwrap();
    assert!(stamp.len() > 19 && stamp.ends_with('Z') && stamp.as_bytes()[10] == b'T', "{stamp}");
    assert!(lines.events("write_failed").is_empty());
}

#[tokio::test]
async fn a_queued_write_is_told_in_the_guides_words() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    world.sandbox.start_integration();
    world.create("P-2").await.unwrap();
    assert_eq!(lines.events("write_ok")[0]["fields"]["queued"], true);
    let notice =
        "Write queued - tables are locked during integration. Change will apply automatically.";
    assert!(lines.messages("INFO").iter().any(|message| message == notice));
}

#[tokio::test]
async fn a_write_that_failed_is_one_line_with_code_message_and_snippet() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    let mut body = order("P-2");
    body["Supplier Number"] = json!("S9");
    body["PO List Order Date"] = json!("é".repeat(900));
    world.client.call(create(&body), with_context("P-2")).await.unwrap_err();
    body["PO List Order Date"] = json!(null);
    world.client.call(create(&body), with_context("P-2")).await.unwrap_err();
    let events = lines.events("write_failed");
    assert_eq!(events.len(), 2);
    let (line, fields) = (&events[1], &events[1]["fields"]);
    assert_eq!((&line["level"], &fields["logger"]), (&json!("ERROR"), &json!("knosc.integration")));
    assert_eq!((&fields["status"], &fields["method"]), (&json!(400), &json!("POST")));
    assert_eq!(fields["error_code"], "SupplierMaster.NotFound");
    assert_eq!(fields["error_message"], "Supplier S9 not found");
    assert_eq!(fields["context"], r#"{"erp_id":"4711"}"#);
    assert_eq!(fields["effect"], "none");
    let snippet = fields["payload_snippet"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(snippet).unwrap(), body);
    let cut = events[0]["fields"]["payload_snippet"].as_str().unwrap();
    assert_eq!(cut.chars().count(), 500, "cut between characters");
    assert!(lines.events("write_ok").is_empty());
}

#[tokio::test]
async fn the_session_and_the_retries_have_their_lines() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([
        { "on": { "kind": "replace", "nth": 1 }, "do": { "kind": "expire_access" } },
        { "on": { "kind": "replace", "nth": 2 }, "do": { "kind": "status", "status": 503,
            "headers": { "Retry-After": "0.05" }, "body": "html" } },
    ]));
    let request = crate::double::replace(42, &order("P-1"));
    world.client.call(request, Options::default()).await.unwrap();
    assert!(lines.messages("INFO").contains(&"Token expired - refreshing".to_owned()));
    assert_eq!(lines.messages("WARN"), ["[503] PUT /purchase-order/42 - retry 2 in 0.05s"]);
    let session =
        lines.ours().into_iter().find(|l| l["fields"]["message"] == "Token expired - refreshing");
    assert_eq!(session.unwrap()["fields"]["logger"], "knosc");
    let attempts = lines.events("attempt");
    let statuses: Vec<&Value> =
        attempts.iter().map(|line| &line["fields"]["http.response.status_code"]).collect();
    assert_eq!(statuses, [401, 503, 200]);
    assert!(attempts.iter().all(|line| !line["fields"]["rule"].as_str().unwrap().is_empty()));
    assert_eq!(lines.events("write_ok").len(), 1);
}

#[tokio::test]
async fn reads_have_no_record_of_their_own() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    world.client.get("/item-master").await.unwrap();
    world.client.get("/item-master/999").await.unwrap_err();
    assert!(lines.events("write_ok").is_empty() && lines.events("write_failed").is_empty());
}

/// Hazard 43: whoever goes away while a write is on the wire leaves a record of it.
#[tokio::test]
async fn hazard_43_a_write_whose_caller_went_away_is_logged_as_unknown() {
    let (lines, _guard) = Lines::capture();
    let world: World = vectors().await;
    world.client.log_in().await.unwrap();
    world.faults(json!([{ "on": { "kind": "create" }, "do": { "kind": "delay", "ms": 3_000 } }]));
    assert!(tokio::time::timeout(ms(60), world.create("P-2")).await.is_err());
    let events = lines.events("write_failed");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["fields"]["effect"], "unknown");
    assert_eq!(events[0]["fields"]["rule"], "called off; it may have taken effect");
}
