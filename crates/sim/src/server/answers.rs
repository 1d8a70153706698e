use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use steadfast::Reply;

use super::Incoming;

/// An answer on its way.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) content_type: &'static str,
    pub(crate) cookies: Vec<String>,
    pub(crate) retry_after: Vec<String>,
    /// It is the stored answer to an earlier request.
    pub(crate) replayed: bool,
}

impl Outgoing {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, body.to_string())
    }

    pub(crate) fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: body.into(),
            content_type: "application/json",
            cookies: Vec::new(),
            retry_after: Vec::new(),
            replayed: false,
        }
    }

    /// Puts what the caller sent into the message, as a careless API does.
    pub(crate) fn quote(&mut self, cookies: &[(String, String)]) {
        let mut said: Vec<&str> = cookies.iter().map(|(_, value)| value.as_str()).collect();
        // Cookies are sent in any order, and a world has to run the same way each time.
        said.sort_unstable();
        let text = format!("{} is not valid", said.join(" "));
        self.body = serde_json::json!({"msg": text}).to_string().into();
    }

    /// As the caller's transport hands it over. `date`: what the API's clock says.
    pub(crate) fn reply(&self, date: &str) -> Reply {
        let mut headers = HeaderMap::new();
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        put(http::header::CONTENT_TYPE, self.content_type);
        put(http::header::DATE, date);
        if self.replayed {
            put(HeaderName::from_static("idempotency-replayed"), "true");
        }
        for cookie in &self.cookies {
            put(http::header::SET_COOKIE, cookie);
        }
        for wait in &self.retry_after {
            put(http::header::RETRY_AFTER, wait);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        Reply::new(status, headers, self.body.clone())
    }
}

impl Incoming {
    /// The keys that the filter of a list asks for.
    pub(super) fn filter(&self) -> Option<Vec<String>> {
        let (_, text) = self.query.iter().find(|(name, _)| name == "filter")?;
        let filter: Value = serde_json::from_str(text).ok()?;
        let values = filter.get(0)?.get("value")?.as_array()?;
        Some(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
    }

    /// The page, counted from 0, and its size.
    pub(super) fn page(&self) -> (u64, u64) {
        let number = |wanted: &str, otherwise| {
            let found = self.query.iter().find(|(name, _)| name == wanted);
            found.and_then(|(_, value)| value.parse().ok()).unwrap_or(otherwise)
        };
        (number("page", 1).max(1) - 1, number("page_size", 1_000))
    }
}
