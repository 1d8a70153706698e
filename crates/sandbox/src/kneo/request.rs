//! What a request is about: place, natural key, body, identifiers.

use http::HeaderValue;
use http::header::HeaderName;
use serde_json::{Map, Value};

use crate::dice::Dice;
use crate::exchange::Request;
use crate::kneo::Rules;
use crate::kneo::access::Access;
use crate::kneo::fail::{Fail, LARGEST_BODY};
use crate::kneo::route::{Op, Place, Route, route};
use crate::kneo::{schema, stored_name};
use crate::service::Subject;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request after routing and parsing.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) route: Route,
    pub(crate) op: Option<Op>,
    pub(crate) body: Result<Map<String, Value>, Fail>,
    pub(crate) request_id: Option<HeaderValue>,
    /// The idempotency key, trimmed; a blank one is none.
    pub(crate) idempotency_key: Option<String>,
}

impl Parsed {
    pub(crate) fn place(&self) -> Option<&Place> {
        match &self.route {
            Route::Place(place) => Some(place),
            _ => None,
        }
    }

    pub(crate) fn request_id(&self) -> &str {
        self.request_id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default()
    }

    /// The name under which the reply is kept, if it is.
    pub(crate) fn kept_under(
        &self,
        op: Op,
        caller: &str,
        rules: &Rules,
    ) -> Option<(String, String)> {
        let key = self.idempotency_key.as_deref().filter(|_| op.takes_key(rules.reference))?;
        (!rules.allow_duplicates).then(|| stored_name(caller, key))
    }
}

pub(crate) fn identify(
    request: &Request,
    rules: &Rules,
    access: &Access,
    dice: &mut Dice,
) -> Subject<Parsed> {
    let route = route(&request.path, rules.newer);
    let op = match &route {
        Route::Place(place) => place.op(&request.method),
        _ => None,
    };
    let readable = request.body.len() <= LARGEST_BODY;
    let body = if readable && op.is_some_and(Op::takes_body) {
        schema::parse(request)
    } else {
        Ok(Map::new())
    };
    let idempotency_key = request.header("idempotency-key").map(str::trim);
    let idempotency_key = idempotency_key.filter(|key| !key.is_empty()).map(str::to_owned);
    let key = match (&route, op) {
        (Route::Place(place), Some(op)) => natural_key(op, place, body.as_ref().ok()),
        _ => None,
    };
    let parsed = Parsed { route, op, body, request_id: request_id(request, dice), idempotency_key };
    Subject {
        kind: op.map_or("unknown", Op::kind),
        resource: op.map(Op::resource),
        key: key.or_else(|| {
            parsed.idempotency_key.clone().filter(|_| op.is_some_and(|op| op.takes_key(true)))
        }),
        user: access.caller(request).ok().map(|caller| access.name(caller)),
        refresh_id: None,
        parsed,
    }
}

/// The request's own identifier, or one made up.
pub(crate) fn request_id(request: &Request, dice: &mut Dice) -> Option<HeaderValue> {
    let sent = request.headers.get(REQUEST_ID).filter(|id| !id.is_empty()).cloned();
    sent.or_else(|| HeaderValue::from_str(&dice.uuid()).ok())
}

/// A run is known by the number that its maker put into its metadata.
fn natural_key(op: Op, place: &Place, body: Option<&Map<String, Value>>) -> Option<String> {
    if op == Op::CreateRun {
        let reference = body?.get("metadata")?.get("reference")?;
        return reference.as_str().map(str::to_owned);
    }
    (!place.id.is_empty()).then(|| place.id.clone())
}
