//! The Operations1 double from outside.

mod conflicts;
mod faults;
mod fixtures;
mod records;
mod vectors;

use std::io;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Fixtures, Options, Sandbox};

use crate::client::{Client, Reply};

/// A client with a token and a version.
#[derive(Clone)]
pub(crate) struct Operations1 {
    pub(crate) http: Client,
    pub(crate) token: String,
}

impl Operations1 {
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> io::Result<Reply> {
        let path = format!("/tenants/acme/{path}");
        let auth = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", auth.as_str()), ("Accept-Version", "2025-04-21")];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        let text = body.map(Value::to_string).unwrap_or_default();
        self.http.send(method, &path, &headers, &text).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_send("GET", path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.try_send("POST", path, Some(body)).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.try_send("PATCH", path, Some(body)).await.unwrap()
    }

    /// The ids of a list, and how many there are in all.
    pub(crate) async fn ids(&self, path: &str) -> (Vec<u64>, u64) {
        let page = self.get(path).await.json();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{path}: {page}"));
        let ids = items.iter().map(|item| item["id"].as_u64().unwrap()).collect();
        (ids, page["totalItemCount"].as_u64().unwrap())
    }
}

/// A double with the vector fixtures, and a client that may do everything.
pub(crate) async fn vectors(options: Options) -> (Sandbox, Operations1) {
    let options = Options { fixtures: Fixtures::Vectors, ..options };
    let sandbox = Sandbox::start(Api::Operations1, options).await.unwrap();
    let client = Operations1 { http: Client::new(&sandbox), token: "tok".to_owned() };
    (sandbox, client)
}

/// An order that the vector fixtures accept.
pub(crate) fn order(custom_id: &str) -> Value {
    json!({
        "name": format!("Order {custom_id}"), "customOrderId": custom_id,
        "startDate": "2025-05-21T08:00:00.000Z", "dueDate": "2025-05-25T17:00:00.000Z",
        "orderDocumentAssignments": [{ "documentId": 3 }],
    })
}
