//! The log records that the guide asks for, and what none of them holds (K6, K13, K14).

use std::io;
use std::sync::{Arc, Mutex, Once};

use serde_json::{Value, json};
use steadfast::dialect::PolicyName;
use steadfast_apis::knosc::LogIn;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{client_of, order, vectors};

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

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn ours(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["target"].as_str().unwrap().starts_with("steadfast::")).collect()
    }

    fn events(&self, name: &str) -> Vec<Value> {
        self.ours().into_iter().filter(|line| line["fields"]["event"] == name).collect()
    }

    fn messages(&self, level: &str) -> Vec<String> {
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

#[tokio::test]
async fn k13_every_write_has_a_record_with_its_context() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    let write = world.knosc.create_order(&order("P-2")).context("erp_id", "4711");
    assert!(write.await.unwrap().is_done());
    world.sandbox.start_integration();
    assert!(!world.knosc.create_order(&order("P-3")).await.unwrap().is_done());
    let events = lines.events("write_ok");
    let (line, fields) = (&events[0], &events[0]["fields"]);
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    assert_eq!((&line["level"], &fields["logger"]), (&json!("INFO"), &json!("knosc.integration")));
    assert_eq!((&fields["method"], &fields["path"]), (&json!("POST"), &json!("/purchase-order")));
    assert_eq!((&fields["status"], &fields["queued"]), (&json!(200), &json!(false)));
    assert_eq!(fields["context"], r#"{"erp_id":"4711"}"#);
    let queued = &events[1]["fields"];
    assert_eq!((&queued["queued"], &queued["context"]), (&json!(true), &json!("{}")));
    let notice =
        "Write queued - tables are locked during integration. Change will apply automatically.";
    assert!(lines.messages("INFO").iter().any(|message| message == notice));
}

#[tokio::test]
async fn k13_a_failed_write_has_code_message_and_the_first_500_characters() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    let mut wrong = order("P-2");
    wrong.supplier_number = "S9".to_owned();
    wrong.more.insert("Remark".to_owned(), "é".repeat(600).into());
    world.knosc.create_order(&wrong).await.unwrap_err();
    let events = lines.events("write_failed");
    let (line, fields) = (&events[0], &events[0]["fields"]);
    assert_eq!((events.len(), &line["level"]), (1, &json!("ERROR")));
    assert_eq!(
        (&fields["status"], &fields["error_code"]),
        (&json!(400), &json!("SupplierMaster.NotFound"))
    );
    assert_eq!(fields["error_message"], "Supplier S9 not found");
    let snippet = fields["payload_snippet"].as_str().unwrap();
    assert!(snippet.starts_with('{') && snippet.chars().count() <= 501, "{snippet}");
}

#[tokio::test]
async fn k13_the_sessions_lines_are_those_of_the_guide() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    let documented = |builder: steadfast::Builder| builder.policy(PolicyName::Documented);
    let knosc = client_of(&world.sandbox, "ada", "right", documented);
    world.faults(json!([
        { "on": { "kind": "read", "nth": 1 }, "do": { "kind": "expire_access" } },
        { "on": { "kind": "read", "nth": 3 }, "do": { "kind": "status", "status": 503 } },
    ]));
    knosc.get("/item-master").await.unwrap();
    knosc.get("/item-master").await.unwrap();
    let renewed = lines.events("session_renewing");
    assert_eq!(renewed[0]["fields"]["message"], "Token expired - refreshing");
    let logger = &renewed[0]["fields"]["logger"];
    assert_eq!((logger, &renewed[0]["level"]), (&json!("knosc"), &json!("INFO")));
    let retried = lines.messages("WARN");
    assert_eq!(retried, ["[503] GET /item-master - retry 1 in 0.004s"]);
    // K6: the notice of the retry loop.
    let notices: Vec<Value> = lines.events("retry_notice");
    assert_eq!(notices[0]["fields"]["message"], "[503] Retry 1/3 in 0.004s…");
}

#[tokio::test]
async fn k14_no_log_and_no_error_holds_a_secret() {
    let (lines, _guard) = Lines::capture();
    let world = vectors().await;
    let wrong = client_of(&world.sandbox, "ada", "password-canary", |builder| builder);
    let refused = format!("{:?}", wrong.log_in().await);
    let totp = client_of(&world.sandbox, "totp", "right", |builder| builder);
    assert_eq!(totp.log_in().await, Ok(LogIn::SecondFactorRequired));
    let failed = format!("{:?}", totp.verify_second_factor("totp", "918273").await);
    let mut loud = order("P-2");
    loud.details.clear();
    loud.more.insert("password".to_owned(), "field-canary".into());
    let error = world.knosc.create_order(&loud).await.unwrap_err();
    let error = format!("{error} {error:?} {}", error.user_message());
    let jar = world.knosc.csrf();
    let text = format!("{} {refused} {failed} {error}", lines.text());
    for secret in ["password-canary", "field-canary", "918273", jar.reveal()] {
        assert!(!secret.is_empty() && !text.contains(secret), "{secret}");
    }
    assert!(lines.text().contains("write_failed"));
}
