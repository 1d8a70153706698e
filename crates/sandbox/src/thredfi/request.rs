//! What a request is about: place, natural key, parsed body.

use http::{Method, header};
use serde_json::{Map, Value};

use crate::exchange::Request;
use crate::service::Subject;
use crate::thredfi::access::{self, Access};
use crate::thredfi::book::{Book, Row};
use crate::thredfi::fail::Fail;
use crate::thredfi::route::{Op, Place, Route, route};

/// A request after routing and parsing.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) route: Route,
    pub(crate) body: Result<Map<String, Value>, Fail>,
    pub(crate) idempotency_key: Option<String>,
    /// Whose token it carries, good or not.
    pub(crate) partner: Option<usize>,
}

pub(crate) fn identify(request: &Request, book: &Book, access: &mut Access) -> Subject<Parsed> {
    let route = route(&request.path);
    let op = match &route {
        Route::Place(place) => place.op(&request.method),
        _ => None,
    };
    let body = if op.is_some_and(Op::takes_body) { parse(request) } else { Ok(Map::new()) };
    let idempotency_key = request.header("idempotency-key").map(str::trim);
    let idempotency_key = idempotency_key.filter(|key| !key.is_empty()).map(str::to_owned);
    let key = match (&route, op) {
        (Route::Place(place), Some(op)) => key(op, place, request, book, body.as_ref().ok()),
        _ => None,
    };
    Subject {
        kind: op.map_or("unknown", Op::kind),
        resource: op.map(Op::resource),
        key: key.or_else(|| idempotency_key.clone().filter(|_| op.is_some_and(Op::takes_key))),
        user: access.user(request),
        refresh_id: None,
        parsed: Parsed { route, body, idempotency_key, partner: access.partner(request) },
    }
}

/// The body as a JSON object. A request without one counts as an empty object, unless it says that it sends
/// something else.
fn parse(request: &Request) -> Result<Map<String, Value>, Fail> {
    let given = request.headers.get(header::CONTENT_TYPE);
    let given = given.map(|value| value.to_str().unwrap_or_default());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json");
    if given.is_some() && !is_json {
        return Err(Fail::media_type(given.unwrap_or_default()));
    }
    if request.body.is_empty() {
        return Ok(Map::new());
    }
    if !is_json {
        return Err(Fail::media_type(""));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "list",
                Value::String(_) => "str",
                Value::Null => "NoneType",
                Value::Bool(_) => "bool",
                _ => "int",
            };
            let text = format!("Invalid data. Expected a dictionary, but got {kind}.");
            Err(Fail::field("non_field_errors", text))
        }
        Err(_) => Err(Fail::not_json()),
    }
}

fn key(
    op: Op,
    place: &Place,
    request: &Request,
    book: &Book,
    body: Option<&Map<String, Value>>,
) -> Option<String> {
    if op == Op::PartnerToken {
        return access::named_partner(request);
    }
    if op.kind() == "create" && request.method == Method::POST {
        let external_id = body?.get("external_id")?;
        let text = external_id.as_str().map(|text| text.trim().to_owned());
        return text.or_else(|| Some(external_id.as_number()?.to_string()));
    }
    let business = place.business.as_deref()?;
    let Some(id) = place.id.as_deref() else { return Some(business.to_owned()) };
    let kept = &book.businesses.at(book.businesses.position(business)?)?.kept;
    fn named<T>(row: Option<&Row<T>>) -> Option<String> {
        row.map(|row| row.key().to_owned())
    }
    let found = match op.resource() {
        "customers" => named(kept.customers.position(id).and_then(|at| kept.customers.at(at))),
        "invoices" => named(kept.invoices.position(id).and_then(|at| kept.invoices.at(at))),
        "payments" => named(kept.payments.position(id).and_then(|at| kept.payments.at(at))),
        _ => named(kept.refunds.position(id).and_then(|at| kept.refunds.at(at))),
    };
    found.or_else(|| Some(id.to_owned()))
}
