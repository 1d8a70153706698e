//! The audit can fail: a sender of the kind that people write by hand, which sends again on
//! every 5xx and reset and takes any 2xx for applied, makes each of its figures rise.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use serde_json::json;
use steadfast_call::dialect::Dialect;
use steadfast_deliver::audit::{Audit, Auditor, Claim, Entry};
use steadfast_sandbox::{Api, FaultPlan, Options, Quirk, Sandbox};

const TRIES: u32 = 3;

/// Status, headers and body of one exchange on a connection of its own.
fn exchange(address: &str, path: &str, headers: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let status = reply.get(9..12).and_then(|text| text.parse().ok());
    Ok((status.ok_or(io::ErrorKind::UnexpectedEof)?, reply))
}

struct Naive {
    address: String,
    headers: String,
}

impl Naive {
    fn log_in(address: &str) -> Self {
        let body = json!({"username": "ada@example.com", "password": "sandbox-password"});
        let (status, reply) =
            exchange(address, "/api/login", "", &body.to_string()).expect("the double answers");
        assert_eq!(status, 200, "{reply}");
        let mut cookies = Vec::new();
        let mut token = String::new();
        for line in reply.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let cookie = value.trim().split(';').next().unwrap_or_default();
            if let Some(value) = cookie.strip_prefix("csrf_access_token=") {
                token = value.to_owned();
            }
            cookies.push(cookie.to_owned());
        }
        let headers = format!("Cookie: {}\r\nX-XSRF-TOKEN: {token}\r\n", cookies.join("; "));
        Self { address: address.to_owned(), headers }
    }

    /// Sends until something is answered with less than 500, and forgets what never was.
    fn send(&self, body: &str) -> Option<Claim> {
        for _ in 0..TRIES {
            match exchange(&self.address, "/api/purchase-order", &self.headers, body) {
                Ok((200..300, _)) => return Some(Claim::Applied),
                Ok((status, _)) if status < 500 => return Some(Claim::Rejected),
                Ok(_) | Err(_) => {}
            }
        }
        None
    }
}

fn order(key: &str) -> String {
    json!({
        "PO List Number": key, "PO List Document Status": "Open", "Supplier Number": "SUP-1",
        "details": [{"Item Number": "ITEM-A", "Warehouse Number": "WH-1", "PO Details Quantity": 2.5}]
    })
    .to_string()
}

/// Sends orders under a plan of faults, and judges what came of them.
async fn deliver(keys: &[&str], faults: serde_json::Value) -> Audit {
    let plan = FaultPlan::from_value(json!({ "faults": faults })).expect("a plan");
    let options =
        Options { faults: Some(plan), quirks: vec![Quirk::AllowDuplicates], ..Options::default() };
    let sandbox = Sandbox::start(Api::Knosc, options).await.expect("a free port");
    let address =
        sandbox.base_url().trim_start_matches("http://").trim_end_matches("/api").to_owned();
    let owned: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let claims: BTreeMap<String, Option<Claim>> = tokio::task::spawn_blocking(move || {
        let naive = Naive::log_in(&address);
        owned.into_iter().map(|key| (key.clone(), naive.send(&order(&key)))).collect()
    })
    .await
    .expect("the sender does not panic");
    let dialect = Dialect::built_in("knosc").expect("ships with the crate");
    let mut auditor = Auditor::new(&dialect.resource["purchase-order"]);
    let mut since = 0;
    loop {
        let page = sandbox.journal_since(since, 3);
        let entries: Vec<Entry> = serde_json::from_value(page["entries"].clone()).expect("entries");
        auditor.journal(&entries);
        since = page["next"].as_u64().expect("a number");
        if page["more"] != true {
            break;
        }
    }
    auditor.state(&sandbox.state(), |key| Some(order(key).into_bytes()));
    sandbox.stop().await;
    auditor.finish(claims.iter().map(|(key, claim)| (key.as_str(), *claim)))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_calm_day_even_a_naive_sender_is_clean() {
    let audit = deliver(&["N-1", "N-2", "N-3"], json!([])).await;
    assert!(audit.is_clean(), "{audit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_naive_sender_fails_in_every_way_that_is_counted() {
    let on = |key: &str| json!({"method": "POST", "path": "/api/purchase-order", "key": key});
    let once = |key: &str| {
        let mut on = on(key);
        on["nth"] = json!(1);
        on
    };
    let audit = deliver(
        &["FINE", "TWICE", "TWICE-RESET", "SOON", "GONE", "LOCKED"],
        json!([
            {"on": once("TWICE"), "do": {"kind": "commit_then_status", "status": 500, "body": "json"}},
            {"on": once("TWICE-RESET"), "do": {"kind": "commit_then_reset"}},
            {"on": once("SOON"), "do": {"kind": "status", "status": 503, "headers": {"Retry-After": "5"}, "body": "empty"}},
            {"on": on("GONE"), "do": {"kind": "status", "status": 502, "body": "html"}},
            {"on": once("LOCKED"), "do": {"kind": "lock"}},
        ]),
    )
    .await;
    let keys = |findings: &[steadfast_deliver::audit::Finding]| -> Vec<String> {
        findings.iter().filter_map(|finding| finding.natural_key.clone()).collect()
    };
    assert_eq!(keys(&audit.doubled), ["TWICE", "TWICE-RESET"], "{audit:?}");
    assert_eq!(keys(&audit.lost), ["GONE"], "{audit:?}");
    assert_eq!(keys(&audit.false_claims), ["LOCKED"], "{audit:?}");
    assert_eq!(keys(&audit.early), ["SOON"], "{audit:?}");
}
