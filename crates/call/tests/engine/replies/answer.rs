//! Requests and replies as the files write them.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use steadfast_call::dialect::Dialect;
use steadfast_call::{IdempotencyKey, Options, Reply, Request};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    method: String,
    path: String,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    key: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Headers(BTreeMap<String, Values>);

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl Asked {
    pub(super) fn request(&self) -> Request {
        let mut request = Request::new(self.method.parse().unwrap(), &self.path);
        if let Some(body) = &self.body {
            request = request.json(body.clone());
        }
        for (name, value) in self.headers.pairs() {
            request.headers.insert(name, value);
        }
        request
    }

    /// What a caller who knows the resource says of it: its name, its natural key and, if the
    /// vector has one, the idempotency key.
    pub(super) fn options(&self, dialect: &Dialect) -> Options {
        let request = self.request();
        let (resource, natural_key) = match dialect.creates(&request) {
            Some((name, key)) => (Some(name.to_owned()), key),
            None => (None, None),
        };
        let idempotency_key = self.key.as_deref().map(IdempotencyKey::from);
        Options { resource, natural_key, idempotency_key, ..Options::default() }
    }
}

impl Headers {
    fn pairs(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.0.iter().flat_map(|(name, values)| {
            let values = match values {
                Values::One(value) => std::slice::from_ref(value),
                Values::Several(values) => values,
            };
            let name: HeaderName = name.parse().unwrap();
            values.iter().map(move |v| (name.clone(), HeaderValue::from_str(v).unwrap()))
        })
    }
}

/// A reply of these parts. What the headers do not say of the body, its first character does.
pub(super) fn reply(status: u16, headers: &Headers, body: &str) -> Reply {
    let mut map: HeaderMap = headers.pairs().fold(HeaderMap::new(), |mut map, (name, value)| {
        map.append(name, value);
        map
    });
    if !body.is_empty() && !map.contains_key(CONTENT_TYPE) {
        let kind = match body.starts_with(['{', '[']) {
            true => "application/json",
            false => "text/html",
        };
        map.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Reply::new(StatusCode::from_u16(status).unwrap(), map, body.to_owned().into())
}
