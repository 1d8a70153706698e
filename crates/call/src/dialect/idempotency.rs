use http::HeaderName;
use serde_json::{Value, json};

use super::form::{AtLeastOne, Form, Given, MethodText, PathGlob, Reader, Required, Schemas};
use super::{ValueAt, glob_matches};
use crate::request::Request;

table! {
    /// How the API recognises a repeat by a key that is sent with it.
    pub struct Idempotency {
        /// Where the key goes: `header:Idempotency-Key`, or `json:/pointer` into the body.
        pub at: KeyPlace,
        /// True if it is sent as a string of RFC 8941, in quotation marks.
        pub quoted: bool,
        /// The routes that honour it: a write that is sent there twice with the same key takes effect once.
        pub honoured: Vec<RoutePattern> as Required<Vec<RoutePattern>>,
        /// The routes that it is sent to; by default those that honour it.
        pub sent: Option<Vec<RoutePattern>>,
        /// True if a key is made where the caller gives none.
        pub generate: bool = true,
        /// How many characters a key may have.
        pub length_max: Option<usize> as Option<AtLeastOne<usize>>,
        /// How long the API remembers a key, in milliseconds. An older one counts as none.
        pub retention_ms: Option<u64> as Option<AtLeastOne<u64>>,
        /// What shows that a reply is the stored one of an earlier attempt.
        pub replayed: Option<ValueAt>,
    }
}

impl Idempotency {
    /// True if the API recognises a repeat of this request by its key.
    #[must_use]
    pub fn honours(&self, request: &Request) -> bool {
        self.honoured.iter().any(|route| route.fits(request))
    }

    /// True if the request carries a key already, where the key goes.
    #[must_use]
    pub fn is_carried_by(&self, request: &Request) -> bool {
        crate::key::carried(self, request).is_some()
    }

    /// True if this request is sent with a key.
    #[must_use]
    pub fn sends(&self, request: &Request) -> bool {
        self.sent.as_ref().unwrap_or(&self.honoured).iter().any(|route| route.fits(request))
    }
}

table! {
    /// A method and a glob over paths.
    pub struct RoutePattern {
        /// The method.
        pub method: String as MethodText,
        /// A glob over the path below the base URL, without the query.
        pub path: String as PathGlob,
    }
}

impl RoutePattern {
    /// True if the request goes there.
    #[must_use]
    pub fn fits(&self, request: &Request) -> bool {
        self.method.eq_ignore_ascii_case(request.method.as_str())
            && glob_matches(&self.path, request.route())
    }
}

/// Where an idempotency key goes in a request: `"header:Idempotency-Key"`, `"json:/pointer"` into
/// the JSON body, or `"query:name"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// A header.
    Header(String),
    /// A member of the JSON body.
    Json(String),
    /// A parameter of the query.
    Query(String),
}

impl std::fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::Query(name) => write!(f, "query:{name}"),
        }
    }
}

impl Form for KeyPlace {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let asked = "\"header:Name\", \"json:/pointer\" or \"query:name\"";
        let text = reader.text(asked, given)?;
        match text.split_once(':') {
            Some(("header", name)) if HeaderName::try_from(name).is_ok() => {
                Some(Self::Header(name.to_owned()))
            }
            Some(("json", pointer)) if pointer.starts_with('/') && !pointer.contains('*') => {
                Some(Self::Json(pointer.to_owned()))
            }
            Some(("query", name)) if is_plain(name) => Some(Self::Query(name.to_owned())),
            _ => {
                let remedy = "write \"header:Idempotency-Key\", \"json:/idempotency_key\" or \"query:requestid\"";
                reader.wrong(format!("\"{text}\" names no place in a request"), remedy);
                None
            }
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        let pattern = "^(json:/[^*]*|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[0-9A-Za-z._~-]+)$";
        json!({ "type": "string", "pattern": pattern })
    }
}

/// A name that stands in a query as it is (RFC 3986 §2.3).
fn is_plain(name: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    !name.is_empty() && name.chars().all(unreserved)
}
