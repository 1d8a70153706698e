//! Which operation a method and a path stand for.

use http::Method;

use crate::knosc::fail::Fail;
use crate::knosc::master::Kind;
use crate::options::Profile;

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Login(Family),
    Refresh(Family),
    Logout(Family),
    VerifyTotp(Family),
    FirstSignin,
    ListOrders,
    ReadOrder(u64),
    CreateOrder,
    ReplaceOrder(u64),
    DeleteOrder(u64),
    ListLines,
    DeleteLine(u64),
    MoveLines,
    ListMaster(Kind),
    ReadMaster(Kind, u64),
    CreateMaster(Kind),
    UpdateMaster(Kind, u64),
    DeleteMaster(Kind, u64),
}

/// Which document's session routes are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Guide,
    Reference,
}

impl Family {
    /// The path of the refresh route, which is also that of its cookies.
    pub(crate) fn refresh_path(self) -> &'static str {
        match self {
            Family::Guide => "/api/refresh",
            Family::Reference => "/api/token-refresh",
        }
    }
}

impl Op {
    /// The word for it in the journal.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Op::Login(_) => "login",
            Op::Refresh(_) => "refresh",
            Op::Logout(_) => "logout",
            Op::VerifyTotp(_) => "verify",
            Op::FirstSignin => "first-signin",
            Op::ListOrders
            | Op::ReadOrder(_)
            | Op::ListLines
            | Op::ListMaster(_)
            | Op::ReadMaster(..) => "read",
            Op::CreateOrder | Op::CreateMaster(_) => "create",
            Op::ReplaceOrder(_) | Op::UpdateMaster(..) => "replace",
            Op::DeleteOrder(_) | Op::DeleteLine(_) | Op::DeleteMaster(..) => "delete",
            Op::MoveLines => "move",
        }
    }

    /// The list it belongs to, as the paths name it.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Op::Login(_) | Op::Refresh(_) | Op::Logout(_) | Op::VerifyTotp(_) | Op::FirstSignin => {
                "session"
            }
            Op::ListOrders
            | Op::ReadOrder(_)
            | Op::CreateOrder
            | Op::ReplaceOrder(_)
            | Op::DeleteOrder(_) => "purchase-order",
            Op::ListLines | Op::DeleteLine(_) | Op::MoveLines => "purchase-order-details",
            Op::ListMaster(kind)
            | Op::ReadMaster(kind, _)
            | Op::CreateMaster(kind)
            | Op::UpdateMaster(kind, _)
            | Op::DeleteMaster(kind, _) => kind.route(),
        }
    }

    /// Writes that wait while an integration holds the tables.
    pub(crate) fn is_locked_by_integration(self) -> bool {
        matches!(
            self,
            Op::CreateOrder
                | Op::ReplaceOrder(_)
                | Op::DeleteOrder(_)
                | Op::DeleteLine(_)
                | Op::MoveLines
        )
    }

    /// Writes of data, which need a session (those of the session itself are apart).
    pub(crate) fn changes_data(self) -> bool {
        self.is_locked_by_integration()
            || matches!(self, Op::CreateMaster(_) | Op::UpdateMaster(..) | Op::DeleteMaster(..))
    }
}

/// The operation, or the refusal of an unknown path or verb.
pub(crate) fn route(method: &Method, path: &str, profile: Profile) -> Result<Op, Fail> {
    let unknown = Fail::route_not_found;
    let rest = path.strip_prefix("/api/").ok_or_else(unknown)?;
    let (name, id) = match rest.split_once('/') {
        None => (rest, None),
        Some((name, id)) => (name, Some(parse_id(id).ok_or_else(unknown)?)),
    };
    match id {
        None => session_op(method, name, profile)
            .unwrap_or_else(|| collection_op(method, name).unwrap_or_else(|| Err(unknown()))),
        Some(id) => member_op(method, name, id).unwrap_or_else(|| Err(unknown())),
    }
}

fn parse_id(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn pick(method: &Method, ops: &[(Method, Op)], allow: &'static str) -> Option<Result<Op, Fail>> {
    // HEAD asks for what GET would answer.
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    let found = ops.iter().find(|(candidate, _)| candidate == asked);
    Some(found.map(|(_, op)| *op).ok_or_else(|| Fail::method_not_allowed(allow)))
}

fn session_op(method: &Method, name: &str, profile: Profile) -> Option<Result<Op, Fail>> {
    let guide = profile != Profile::Reference;
    let reference = profile != Profile::Guide;
    // The routes that both documents name set the cookies of the profile's own family.
    let common = if guide { Family::Guide } else { Family::Reference };
    let op = match name {
        "login" if guide => Op::Login(Family::Guide),
        "refresh" if guide => Op::Refresh(Family::Guide),
        "authenticate" if reference => Op::Login(Family::Reference),
        "token-refresh" if reference => Op::Refresh(Family::Reference),
        "logout" => Op::Logout(common),
        "verify-2fa" => Op::VerifyTotp(common),
        "first-signin" => Op::FirstSignin,
        _ => return None,
    };
    pick(method, &[(Method::POST, op)], "POST")
}

fn collection_op(method: &Method, name: &str) -> Option<Result<Op, Fail>> {
    match name {
        "purchase-order" => pick(
            method,
            &[(Method::GET, Op::ListOrders), (Method::POST, Op::CreateOrder)],
            "GET, POST",
        ),
        "purchase-order-details" => pick(method, &[(Method::GET, Op::ListLines)], "GET"),
        "purchase-order-details-move-lines" => pick(method, &[(Method::PUT, Op::MoveLines)], "PUT"),
        _ => {
            let kind = Kind::ALL.into_iter().find(|kind| kind.route() == name)?;
            let ops = [(Method::GET, Op::ListMaster(kind)), (Method::POST, Op::CreateMaster(kind))];
            pick(method, &ops, "GET, POST")
        }
    }
}

fn member_op(method: &Method, name: &str, id: u64) -> Option<Result<Op, Fail>> {
    match name {
        "purchase-order" => pick(
            method,
            &[
                (Method::GET, Op::ReadOrder(id)),
                (Method::PUT, Op::ReplaceOrder(id)),
                (Method::DELETE, Op::DeleteOrder(id)),
            ],
            "GET, PUT, DELETE",
        ),
        "purchase-order-details" => pick(method, &[(Method::DELETE, Op::DeleteLine(id))], "DELETE"),
        _ => {
            let kind = Kind::ALL.into_iter().find(|kind| kind.route() == name)?;
            let write = [
                (Method::PUT, Op::UpdateMaster(kind, id)),
                (Method::DELETE, Op::DeleteMaster(kind, id)),
            ];
            if kind == Kind::Warehouse {
                return pick(method, &write, "PUT, DELETE");
            }
            let [put, delete] = write;
            pick(
                method,
                &[(Method::GET, Op::ReadMaster(kind, id)), put, delete],
                "GET, PUT, DELETE",
            )
        }
    }
}
