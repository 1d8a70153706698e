//! What a request is about: route, natural key, parsed body.

use http::header;
use serde_json::{Map, Value};

use crate::exchange::Request;
use crate::operations1::access::Access;
use crate::operations1::connector;
use crate::operations1::fail::Fail;
use crate::operations1::route::{Action, Op, Resource, Route, route};
use crate::operations1::tenant::Tenant;
use crate::service::Subject;

/// A request after routing and parsing.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) route: Route,
    pub(crate) body: Result<Map<String, Value>, Fail>,
    /// Whose token it carries, good or not.
    pub(crate) user: Option<u64>,
}

impl Parsed {
    /// The id in the path.
    pub(crate) fn id(&self, resource: Resource) -> Result<u64, Fail> {
        let id = match &self.route {
            Route::Place(place) => place.id.as_deref().and_then(|id| id.parse().ok()),
            _ => None,
        };
        id.ok_or_else(|| Fail::parameter(resource.id_name()))
    }
}

pub(crate) fn identify(request: &Request, tenant: &Tenant, access: &Access) -> Subject<Parsed> {
    let route = route(&request.path);
    let op = match &route {
        Route::Place(place) => place.op(&request.method),
        _ => None,
    };
    let takes_body = op.is_some_and(|op| op.action.takes_body());
    let body = if takes_body { parse(request) } else { Ok(Map::new()) };
    let user = access.known(request).map(|token| token.user);
    let parsed = Parsed { route, body, user };
    let name = user.and_then(|id| tenant.users.get(&id)).map(|user| user.name.clone());
    Subject {
        kind: op.map_or("unknown", |op| op.action.kind()),
        resource: op.map(|op| op.resource.name()),
        key: op.and_then(|op| key(op, &parsed, tenant)),
        user: name,
        refresh_id: None,
        parsed,
    }
}

/// The body as a JSON object.
fn parse(request: &Request) -> Result<Map<String, Value>, Fail> {
    let malformed = || Fail::malformed(http::StatusCode::BAD_REQUEST);
    let media_type = request.headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(malformed());
    }
    serde_json::from_slice(&request.body).map_err(|_| malformed())
}

fn key(op: Op, parsed: &Parsed, tenant: &Tenant) -> Option<String> {
    let field = match (op.resource, op.action) {
        (Resource::Orders, Action::Create) => Some("customOrderId"),
        (Resource::Users, Action::Create) => Some("name"),
        (Resource::Connectors, _) => Some(connector::NUMBER),
        _ => None,
    };
    if let Some(field) = field {
        let value = parsed.body.as_ref().ok()?.get(field)?;
        let text = value.as_str().map(str::to_owned);
        return text.or_else(|| Some(value.as_number()?.to_string()));
    }
    let Route::Place(place) = &parsed.route else { return None };
    let id = place.id.clone()?;
    let number = id.parse().ok();
    let named = match op.resource {
        Resource::Orders => number
            .and_then(|id: u64| tenant.orders.get(&id))
            .and_then(|order| order.custom_id.clone()),
        Resource::Users => {
            number.and_then(|id| tenant.users.get(&id)).map(|user| user.name.clone())
        }
        _ => None,
    };
    Some(named.unwrap_or(id))
}
