//! A double in a process of its own, whose world outlives a delivery.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// How long the double may take to answer us.
const PATIENCE: Duration = Duration::from_secs(120);
/// The double has come to rest when it says so this many times; how often it is asked.
const REST_LOOKS: u32 = 400;
const REST_LOOK_EVERY: Duration = Duration::from_millis(50);

pub(crate) struct Double {
    child: Child,
    base_url: String,
    address: String,
    credentials: Value,
}

impl Double {
    pub(crate) fn calm() -> Self {
        Self::start(&[])
    }

    /// Starts Knosc with further arguments, and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::of("knosc", arguments)
    }

    /// Starts that API with further arguments, and waits until it is ready.
    pub(crate) fn of(api: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_steadfast"))
            .args(["sandbox", api])
            .args(arguments)
            .env_remove("STEADFAST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the double starts");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut ready).expect("the double says that it is ready");
        let mut ready: Value = serde_json::from_str(&ready).expect("one line of JSON");
        let base_url = ready["base_url"].as_str().expect("a base URL").to_owned();
        let rest = base_url.trim_start_matches("http://");
        let address = rest.split('/').next().unwrap_or_default().to_owned();
        assert_eq!(ready["control_url"], format!("http://{address}/__sandbox"));
        Self { child, base_url, address, credentials: ready["credentials"].take() }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The settings that lead to it.
    pub(crate) fn settings(&self, api: &str) -> String {
        let mut text = format!("[api.{api}]\nbase_url = \"{}\"\n", self.base_url);
        for (name, value) in self.credentials.as_object().expect("credentials") {
            // The tenant of Operations1 stands in its base URL.
            if name != "tenant" {
                text.push_str(&format!("{name} = {value}\n"));
            }
        }
        text
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.control("GET", path, &Value::Null)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.control("POST", path, body)
    }

    /// Replaces the fault plan.
    pub(crate) fn faults(&self, faults: Value) {
        self.post("faults", &json!({ "seed": 1, "faults": faults }));
    }

    fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(&self.address).expect("the double listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        write!(
            stream,
            "{method} /__sandbox/{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .expect("the double reads");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("the double answers");
        let (head, body) = reply.split_once("\r\n\r\n").expect("a reply");
        assert!(head.starts_with("HTTP/1.1 200 "), "{reply}");
        serde_json::from_str(body).expect("JSON")
    }

    /// The whole journal, page by page.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let mut entries = Vec::new();
        loop {
            let mut page = self.get(&format!("journal?since={}&limit=20000", entries.len()));
            match page["entries"].take() {
                Value::Array(more) if more.is_empty() => return entries,
                Value::Array(more) => entries.extend(more),
                other => panic!("no journal: {other}"),
            }
        }
    }

    /// Entries of that kind, such as `login` or `create`.
    pub(crate) fn requests(&self, kind: &str) -> Vec<Value> {
        self.journal().into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// Waits until nothing is queued and no write is late any more.
    pub(crate) fn rest(&self) {
        for _ in 0..REST_LOOKS {
            let state = self.get("state?masters=0&limit=0");
            let queued = state["queue"].as_array().is_some_and(|queue| !queue.is_empty());
            if !queued && state["late_commits"] == 0 {
                return;
            }
            std::thread::sleep(REST_LOOK_EVERY);
        }
        panic!("the double does not come to rest: {}", self.get("state?masters=0&limit=0"));
    }

    /// How many records there are of each key, and what they hold.
    pub(crate) fn orders(&self) -> BTreeMap<String, Vec<Value>> {
        let state = self.get("state?masters=0");
        let mut orders: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for order in state["orders"].as_array().expect("orders") {
            let key = order["PO List Number"].as_str().expect("a key").to_owned();
            orders.entry(key).or_default().push(order.clone());
        }
        orders
    }

    /// How many creates of each purchase order took effect, by the journal.
    pub(crate) fn effects(&self) -> BTreeMap<String, u32> {
        self.effects_on("purchase-order")
    }

    /// How many creates of each key took effect, by the journal.
    pub(crate) fn effects_on(&self, resource: &str) -> BTreeMap<String, u32> {
        let mut effects = BTreeMap::new();
        for entry in self.journal() {
            let create = entry["kind"] == "create" || entry["of_kind"] == "create";
            if create && entry["resource"] == resource && entry["effect"] == "applied" {
                let key = entry["key"].as_str().expect("a create has a key").to_owned();
                *effects.entry(key).or_default() += 1;
            }
        }
        effects
    }

    /// Makes sure that each of these is there once, by the state and by the journal, and that
    /// nothing else was created.
    #[track_caller]
    pub(crate) fn holds_exactly_once(&self, keys: &[String]) {
        self.rest();
        let (orders, effects) = (self.orders(), self.effects());
        let wrong: Vec<String> = keys
            .iter()
            .filter_map(|key| {
                let here = orders.get(key).map_or(0, Vec::len);
                let took_effect = effects.get(key).copied().unwrap_or(0);
                let text = || format!("{key}: {here} here, {took_effect} took effect");
                (here != 1 || took_effect != 1).then(text)
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(effects.len(), keys.len(), "something else was created: {effects:?}");
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
