//! What a request is about: operation, natural key, parsed body.

use http::header;
use serde_json::{Map, Value};

use crate::exchange::Request;
use crate::knosc::fail::Fail;
use crate::knosc::master::Kind;
use crate::knosc::resource::Resource;
use crate::knosc::route::{self, Op};
use crate::knosc::rows::Keyed;
use crate::knosc::session::Sessions;
use crate::knosc::store::Store;
use crate::knosc::token::Purpose;
use crate::knosc::user::Users;
use crate::options::Profile;
use crate::service::Subject;

/// A request after routing and parsing.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) op: Result<Op, Fail>,
    /// The JSON object that was sent, if it was one.
    pub(crate) body: Option<Map<String, Value>>,
    /// The number of the user whose access token it carries, good or not.
    pub(crate) user_id: Option<u64>,
}

pub(crate) fn identify(
    request: &Request,
    profile: Profile,
    store: &Store,
    sessions: &mut Sessions,
) -> Subject<Parsed> {
    let op = route::route(&request.method, &request.path, profile);
    let body = parse(request);
    let user = sessions.user_name(request, Purpose::Access);
    let key = match &op {
        Ok(Op::Refresh(_)) => sessions.user_name(request, Purpose::Refresh),
        Ok(Op::Logout(_) | Op::Profile | Op::GenerateTotp | Op::ActivateTotp) => user.clone(),
        Ok(op) => key(*op, body.as_ref(), store, &sessions.users),
        Err(_) => None,
    };
    let refreshes = matches!(op, Ok(Op::Refresh(_)));
    Subject {
        kind: op.as_ref().map_or("unknown", |op| op.kind()),
        resource: op.as_ref().ok().map(|op| op.resource()),
        key,
        user,
        refresh_id: if refreshes { sessions.refresh_id(request) } else { None },
        parsed: Parsed { op, body, user_id: sessions.user_id(request) },
    }
}

/// The body as a JSON object, if it says it is one and is.
fn parse(request: &Request) -> Option<Map<String, Value>> {
    let content_type = request.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if request.body.is_empty() || !essence.eq_ignore_ascii_case("application/json") {
        return None;
    }
    serde_json::from_slice(&request.body).ok()
}

fn key(op: Op, body: Option<&Map<String, Value>>, store: &Store, users: &Users) -> Option<String> {
    let from_body = |name: &str| body?.get(name)?.as_str().map(str::to_owned);
    match op {
        Op::Login(_) | Op::VerifyTotp(_) => from_body("username"),
        Op::MoveLines => {
            let first = body?.get("moves")?.get(0)?;
            let id = first.get("Old Purchase Order List Id")?.as_u64()?;
            kept_key(Resource::Orders, id, store, users)
        }
        Op::Create(resource) => from_body(key_field(resource)?),
        Op::Read(resource, id) | Op::Delete(resource, id) => kept_key(resource, id, store, users),
        Op::Replace(resource @ (Resource::Orders | Resource::Forecasts), id) => {
            kept_key(resource, id, store, users).or_else(|| from_body(key_field(resource)?))
        }
        Op::Replace(resource, id) => kept_key(resource, id, store, users),
        Op::ResetTotp(id) => kept_key(Resource::Users, id, store, users),
        Op::ReadItemInventory(item, _) => {
            kept_key(Resource::Master(Kind::Item), item, store, users)
        }
        _ => None,
    }
}

/// The field that identifies a record of the resource to its users.
fn key_field(resource: Resource) -> Option<&'static str> {
    match resource {
        Resource::Orders => Some("PO List Number"),
        Resource::Master(kind) => Some(kind.number()),
        Resource::Inventory => Some("Inventory Unique Id"),
        Resource::Forecasts => Some("Forecast List Number"),
        Resource::Users => Some("Username"),
        Resource::Lines | Resource::ForecastOverTime | Resource::Roles => None,
    }
}

/// The natural key of a record that is there; of a line, that of its order.
fn kept_key(resource: Resource, id: u64, store: &Store, users: &Users) -> Option<String> {
    let key = match resource {
        Resource::Orders => Some(&*store.orders.get(id)?.number),
        Resource::Lines => store.orders.line(id).map(|(_, order, _)| &*order.number),
        Resource::Master(kind) => store.masters.table(kind).get(id).map(|row| &*row.number),
        Resource::Inventory => store.stock.get(id)?.key(),
        Resource::Forecasts => store.forecasts.rows.get(id)?.key(),
        Resource::Users => users.by_id(id).map(|user| &*user.fixture.username),
        Resource::ForecastOverTime | Resource::Roles => None,
    };
    key.map(str::to_owned)
}
