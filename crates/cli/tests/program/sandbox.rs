//! `steadfast sandbox`: several doubles in one process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::place::Place;

struct Doubles {
    child: Child,
    ready: Vec<Value>,
}

impl Doubles {
    fn start(arguments: &[&str], count: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_steadfast"))
            .arg("sandbox")
            .args(arguments)
            .env_remove("STEADFAST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the doubles start");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let lines = stdout.lines().take(count).map(|line| line.expect("a line for each"));
        let ready = lines.map(|line| serde_json::from_str(&line).expect("one line of JSON"));
        let ready = ready.collect();
        Self { child, ready }
    }

    /// The status and the body that a double answers.
    fn ask(&self, double: usize, request: &str, headers: &str, body: &str) -> (String, Value) {
        let control = self.ready[double]["control_url"].as_str().expect("an address");
        let address = control.trim_start_matches("http://").trim_end_matches("/__sandbox");
        let mut stream = TcpStream::connect(address).expect("the double listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        )
        .expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("a reply");
        let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

impl Drop for Doubles {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_process_serves_all_four() {
    let flags = ["--seed", "3", "--quirk", "paging-info", "--token-ttl", "60"];
    let apis = ["knosc", "thredfi", "operations1", "kneo"];
    let doubles = Doubles::start(&[&apis[..], &flags[..]].concat(), 4);
    for (double, api) in apis.iter().enumerate() {
        assert_eq!(doubles.ready[double]["api"], *api);
        let (status, journal) = doubles.ask(double, "GET /__sandbox/journal", "", "");
        assert_eq!((status.as_str(), &journal["entries"]), ("200", &json!([])));
    }
    let basic = "Authorization: Basic MTExMTExMTEtMTExMS00MTExLTgxMTEtMTExMTExMTExMTExOnNhbmRib3gtcGFydG5lci1rZXk=\r\n";
    let (status, token) = doubles.ask(1, "POST /v1/platform/oauth2/token/", basic, "");
    assert_eq!((status.as_str(), &token["expires_in"]), ("200", &json!(60)));
    let bearer =
        format!("Authorization: Bearer {}\r\n", token["access_token"].as_str().unwrap_or(""));
    let (_, page) = doubles.ask(1, "GET /v1/platform/businesses/", &bearer, "");
    assert!(page["count"].is_number() && page.get("next").is_none(), "the quirk is on: {page}");
    // Each has a journal and a plan of its own.
    let plan = r#"{"faults":[{"do":{"kind":"status","status":503}}]}"#;
    assert_eq!(doubles.ask(1, "POST /__sandbox/faults", "", plan).0, "200");
    assert_eq!(doubles.ask(1, "GET /v1/platform/businesses/", &bearer, "").0, "503");
    assert_eq!(doubles.ask(0, "GET /api/purchase-order", "", "").0, "401");
}

#[test]
fn what_no_double_can_have_is_refused() {
    let place = Place::new();
    let ended = place.run(&["sandbox", "thredfi", "kneo", "--quirk", "csrf401"]).with_status(2);
    ended.says(&["csrf401", "thredfi, kneo"]);
    place.write("lock.json", r#"{"faults":[{"do":{"kind":"lock"}}]}"#);
    let ended = place.run(&["sandbox", "thredfi", "--faults", "lock.json"]).with_status(2);
    ended.says(&["`lock` cannot happen to thredfi"]);
    place.run(&["sandbox", "thredf"]).with_status(2).says(&["thredf", "thredfi"]);
    place
        .run(&["sandbox", "thredfi", "--fixtures", "none.json"])
        .with_status(2)
        .says(&["none.json"]);
}
