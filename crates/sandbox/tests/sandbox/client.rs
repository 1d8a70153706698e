//! A client with nothing clever in it: one connection for each request, and cookies by hand.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Credentials, Fixtures, Options, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A reply as it came off the wire.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether fewer bytes came than were announced.
    pub(crate) fn is_cut(&self) -> bool {
        self.header("content-length").and_then(|text| text.parse::<usize>().ok())
            != Some(self.body.len())
    }
}

/// A client of one double.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let host = sandbox.base_url().trim_start_matches("http://");
        let address = host.split('/').next().unwrap_or_default().to_owned();
        Client { address, cookies: BTreeMap::new() }
    }

    /// Sends exactly this and reads to the end of the connection.
    pub(crate) async fn raw(&self, text: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(text).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Reply> {
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        parse(&self.raw(text.as_bytes()).await?)
    }

    /// With the cookies, the CSRF header on writes and JSON as the media type; learns new cookies.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> io::Result<Reply> {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let csrf = self.cookies.get("csrf_access_token").cloned().unwrap_or_default();
        let mut headers = vec![("Cookie", cookies.as_str())];
        if method != "GET" && path != "/api/login" {
            headers.push(("X-XSRF-TOKEN", &csrf));
        }
        let text = body.map(Value::to_string).unwrap_or_default();
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        let reply = self.send(method, path, &headers, &text).await?;
        self.learn(&reply);
        Ok(reply)
    }

    pub(crate) fn learn(&mut self, reply: &Reply) {
        for line in reply.headers("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.call("GET", path, None).await.unwrap()
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).await.unwrap()
    }

    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, Some(body)).await.unwrap()
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Reply {
        self.call("DELETE", path, None).await.unwrap()
    }

    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Reply {
        self.post("/api/login", &json!({ "username": username, "password": password })).await
    }

    pub(crate) async fn log_in_with(&mut self, credentials: &Credentials) -> Reply {
        self.post("/api/login", &serde_json::to_value(credentials).unwrap()).await
    }

    /// Posts a fault plan.
    pub(crate) async fn faults(&mut self, faults: Value) {
        let reply = self.post("/__sandbox/faults", &json!({ "seed": 7, "faults": faults })).await;
        assert_eq!(reply.status, 200, "{}", reply.json());
    }

    pub(crate) async fn journal(&mut self) -> Vec<Value> {
        self.get("/__sandbox/journal").await.json()["entries"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

fn parse(bytes: &[u8]) -> io::Result<Reply> {
    let nothing = || io::Error::new(io::ErrorKind::UnexpectedEof, "closed without a reply");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(nothing)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Reply { status: status.ok_or_else(nothing)?, headers, body: bytes[end + 4..].to_vec() })
}

/// A double with the vector fixtures, and somebody logged in.
pub(crate) async fn vectors() -> (Sandbox, Client) {
    start(Options { fixtures: Fixtures::Vectors, ..Options::default() }).await
}

pub(crate) async fn start(options: Options) -> (Sandbox, Client) {
    let sandbox = Sandbox::start(Api::Knosc, options).await.unwrap();
    let mut client = Client::new(&sandbox);
    let credentials = sandbox.ready().credentials;
    let path =
        if sandbox.ready().profile == "reference" { "/api/authenticate" } else { "/api/login" };
    let body = serde_json::to_value(&credentials).unwrap();
    let reply = client.post(path, &body).await;
    assert_eq!((reply.status, reply.json()), (200, json!({ "login": true })));
    (sandbox, client)
}

/// An order that the vector fixtures accept.
pub(crate) fn order(number: &str) -> Value {
    json!({
        "PO List Number": number, "PO List Document Status": "Open", "Supplier Number": "S1",
        "details": [{ "Item Number": "I1", "Warehouse Number": "W1", "PO Details Quantity": 5 }],
    })
}
