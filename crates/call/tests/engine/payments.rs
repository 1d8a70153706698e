//! What calls to the API of `payments.toml` are made of.

use http::{Method, StatusCode};
use steadfast_call::dialect::Dialect;
use steadfast_call::{IdempotencyKey, Options, Request};

use crate::scenario::{Answer, World, reply};

pub(crate) const TEXT: &str = include_str!("payments.toml");

pub(crate) fn dialect() -> Dialect {
    Dialect::parse(TEXT).unwrap()
}

pub(crate) fn with(from: &str, to: &str) -> Dialect {
    assert!(TEXT.contains(from), "{from} is not in the dialect");
    Dialect::parse(&TEXT.replacen(from, to, 1)).unwrap()
}

pub(crate) fn world() -> World {
    World::of(dialect())
}

pub(crate) fn pay() -> Request {
    Request::new(Method::POST, "/payments").json(r#"{"amount":100}"#)
}

/// A route where the key is sent and nobody heeds it.
pub(crate) fn cancel() -> Request {
    Request::new(Method::POST, "/payments/7/cancel").json("{}")
}

pub(crate) fn customer() -> Request {
    Request::new(Method::POST, "/customers/b1").json(r#"{"external_id":"C-1","name":"Ada"}"#)
}

pub(crate) fn keyed() -> Options {
    Options { idempotency_key: Some(IdempotencyKey::from("k-1")), ..Options::default() }
}

pub(crate) fn named() -> Options {
    Options {
        resource: Some("customer".to_owned()),
        natural_key: Some("C-1".to_owned()),
        ..Options::default()
    }
}

pub(crate) fn said(status: StatusCode, code: &str) -> Answer {
    reply(status.as_u16(), &format!(r#"{{"code":"{code}","message":"In words"}}"#))
}

pub(crate) fn made() -> Answer {
    reply(201, r#"{"id":7}"#)
}
