//! What a request is about: operation, natural key, parsed body.

use http::header;
use serde_json::{Map, Value};

use crate::exchange::Request;
use crate::knosc::fail::Fail;
use crate::knosc::order::Order;
use crate::knosc::route::{self, Op};
use crate::knosc::session::Sessions;
use crate::knosc::store::Store;
use crate::knosc::token::Purpose;
use crate::options::Profile;
use crate::service::Subject;

/// A request after routing and parsing.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) op: Result<Op, Fail>,
    /// The JSON object that was sent, if it was one.
    pub(crate) body: Option<Map<String, Value>>,
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
        Ok(Op::Logout(_)) => user.clone(),
        Ok(op) => key(*op, body.as_ref(), store),
        Err(_) => None,
    };
    let refreshes = matches!(op, Ok(Op::Refresh(_)));
    Subject {
        kind: op.as_ref().map_or("unknown", |op| op.kind()),
        resource: op.as_ref().ok().map(|op| op.resource()),
        key,
        user,
        refresh_id: if refreshes { sessions.refresh_id(request) } else { None },
        parsed: Parsed { op, body },
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

fn key(op: Op, body: Option<&Map<String, Value>>, store: &Store) -> Option<String> {
    let from_body = |name: &str| body?.get(name)?.as_str().map(str::to_owned);
    let number = |order: &Order| order.number.to_string();
    match op {
        Op::Login(_) | Op::VerifyTotp(_) => from_body("username"),
        Op::CreateOrder => from_body("PO List Number"),
        Op::ReadOrder(id) | Op::DeleteOrder(id) => store.orders.get(id).map(number),
        Op::ReplaceOrder(id) => {
            store.orders.get(id).map(number).or_else(|| from_body("PO List Number"))
        }
        Op::DeleteLine(line) => store.orders.line(line).map(|(_, order, _)| number(order)),
        Op::MoveLines => {
            let first = body?.get("moves")?.get(0)?;
            store.orders.get(first.get("Old Purchase Order List Id")?.as_u64()?).map(number)
        }
        Op::CreateMaster(kind) => from_body(kind.number()),
        Op::ReadMaster(kind, id) | Op::UpdateMaster(kind, id) | Op::DeleteMaster(kind, id) => {
            store.masters.table(kind).get(id).map(|record| record.number.clone())
        }
        _ => None,
    }
}
