//! The Thredfi double from outside.

mod conflicts;
mod faults;
mod money;
mod records;
pub(crate) mod vectors;

use serde_json::{Value, json};
use steadfast_sandbox::{Api, Fixtures, Options, Sandbox};

use crate::client::{Client, Reply};

pub(crate) const B1: &str = "b1b1b1b1-0000-4000-8000-000000000001";
pub(crate) const C1: &str = "c1c1c1c1-0000-4000-8000-000000000001";
pub(crate) const V1: &str = "e1e1e1e1-0000-4000-8000-000000000001";
pub(crate) const P1: &str = "d1d1d1d1-0000-4000-8000-000000000001";
pub(crate) const P2: &str = "d2d2d2d2-0000-4000-8000-000000000002";

/// A client with both tokens.
#[derive(Clone)]
pub(crate) struct Thredfi {
    pub(crate) http: Client,
    pub(crate) partner: String,
    pub(crate) business: String,
}

impl Thredfi {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let http = Client::new(sandbox);
        Thredfi { http, partner: String::new(), business: String::new() }
    }

    /// Fetches the partner's token with these Basic credentials, and that of the business if there is one.
    pub(crate) async fn fetch(&mut self, basic: &str, business: &str) {
        self.try_fetch(basic, business).await;
        assert!(!self.partner.is_empty(), "no token for the partner");
    }

    /// The same, on a day when it may fail.
    pub(crate) async fn try_fetch(&mut self, basic: &str, business: &str) {
        let basic = format!("Basic {basic}");
        self.partner = self.exchange("oauth2/token/", &basic).await;
        self.business = self.exchange(&format!("{business}/oauth2/token/"), &self.partner).await;
    }

    async fn exchange(&self, path: &str, auth: &str) -> String {
        let path = format!("/v1/platform/{path}");
        let reply = self.http.send("POST", &path, &[("Authorization", auth)], "").await;
        let body = reply.map(|reply| reply.json()).unwrap_or_default();
        body["access_token"].as_str().map(|token| format!("Bearer {token}")).unwrap_or_default()
    }

    /// A request below `b1` with its token.
    pub(crate) async fn below(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.keyed(method, path, body, None).await.unwrap()
    }

    pub(crate) async fn keyed(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> std::io::Result<Reply> {
        let path = format!("/v1/platform/businesses/{B1}/{path}");
        let mut headers = vec![("Authorization", self.business.as_str())];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        if let Some(key) = key {
            headers.push(("Idempotency-Key", key));
        }
        let text = body.map(Value::to_string).unwrap_or_default();
        self.http.send(method, &path, &headers, &text).await
    }

    pub(crate) async fn as_partner(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let path = format!("/v1/platform/{path}");
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut headers = vec![("Authorization", self.partner.as_str())];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        self.http.send(method, &path, &headers, &text).await.unwrap()
    }

    pub(crate) async fn invoice(&self, id: &str) -> Value {
        self.below("GET", &format!("invoices/{id}/"), None).await.json()
    }
}

/// A double with the vector fixtures and both tokens.
pub(crate) async fn vectors(options: Options) -> (Sandbox, Thredfi) {
    let options = Options { fixtures: Fixtures::Vectors, ..options };
    let sandbox = Sandbox::start(Api::Thredfi, options).await.unwrap();
    let mut client = Thredfi::new(&sandbox);
    client.fetch("cDE6aw==", B1).await;
    (sandbox, client)
}

/// An invoice that the vector fixtures accept: 2 × 50.00.
pub(crate) fn invoice(external_id: &str) -> Value {
    json!({
        "external_id": external_id, "sent_at": "2025-01-15", "customer_id": C1,
        "line_items": [{ "quantity": 2, "unit_price": 5000 }],
    })
}

/// A payment of so many cents on an invoice.
pub(crate) fn payment(invoice: &str, cents: i64) -> Value {
    json!({
        "customer_id": C1, "total_amount_cents": cents, "payment_date": "2025-01-22",
        "allocations": [{ "invoice_id": invoice, "amount_cents": cents }],
    })
}
