//! Which operation a method and a path stand for.

use http::Method;

use crate::knosc::fail::Fail;
use crate::knosc::resource::{Resource, allows};
use crate::options::Profile;

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Login(Family),
    Refresh(Family),
    Logout(Family),
    VerifyTotp(Family),
    FirstSignin,
    GenerateTotp,
    ActivateTotp,
    ResetTotp(u64),
    Profile,
    List(Resource),
    Read(Resource, u64),
    Create(Resource),
    Replace(Resource, u64),
    Delete(Resource, u64),
    MoveLines,
    /// What there is of an item, in all warehouses or in one.
    ReadItemInventory(u64, Option<u64>),
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
            Op::GenerateTotp => "generate",
            Op::ActivateTotp => "activate",
            Op::ResetTotp(_) => "reset",
            Op::List(_) | Op::Read(..) | Op::Profile | Op::ReadItemInventory(..) => "read",
            Op::Create(_) => "create",
            Op::Replace(..) => "replace",
            Op::Delete(..) => "delete",
            Op::MoveLines => "move",
        }
    }

    /// The list it belongs to, as the paths name it.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Op::Login(_)
            | Op::Refresh(_)
            | Op::Logout(_)
            | Op::VerifyTotp(_)
            | Op::FirstSignin
            | Op::GenerateTotp
            | Op::ActivateTotp => "session",
            Op::ResetTotp(_) | Op::Profile => Resource::Users.name(),
            Op::List(resource)
            | Op::Read(resource, _)
            | Op::Create(resource)
            | Op::Replace(resource, _)
            | Op::Delete(resource, _) => resource.name(),
            Op::MoveLines => Resource::Lines.name(),
            Op::ReadItemInventory(..) => Resource::Inventory.name(),
        }
    }

    /// Writes that wait while an integration holds the tables.
    pub(crate) fn is_locked_by_integration(self) -> bool {
        match self {
            Op::Create(resource) | Op::Replace(resource, _) | Op::Delete(resource, _) => {
                resource.is_lockable()
            }
            Op::MoveLines => true,
            _ => false,
        }
    }

    /// Writes that need a session (those that get one are apart).
    pub(crate) fn changes_data(self) -> bool {
        matches!(
            self,
            Op::Create(_)
                | Op::Replace(..)
                | Op::Delete(..)
                | Op::MoveLines
                | Op::GenerateTotp
                | Op::ActivateTotp
                | Op::ResetTotp(_)
        )
    }

    /// Writes to the users and what they log in with.
    pub(crate) fn changes_users(self) -> bool {
        let users = matches!(
            self,
            Op::Create(Resource::Users)
                | Op::Replace(Resource::Users, _)
                | Op::Delete(Resource::Users, _)
        );
        users || matches!(self, Op::GenerateTotp | Op::ActivateTotp | Op::ResetTotp(_))
    }
}

/// The operation, or the refusal of an unknown path or verb.
pub(crate) fn route(method: &Method, path: &str, profile: Profile) -> Result<Op, Fail> {
    let rest = path.strip_prefix("/api/").ok_or_else(Fail::route_not_found)?;
    let mut parts = rest.split('/');
    let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
    let op = match parts {
        [Some(name), None, ..] => {
            session_op(method, name, profile).or_else(|| list_op(method, name))
        }
        [Some("setup-2fa"), Some("generate"), None, _] => {
            Some(only(method, &Method::POST, "POST", Op::GenerateTotp))
        }
        [Some("setup-2fa"), Some("activate"), None, _] => {
            Some(only(method, &Method::POST, "POST", Op::ActivateTotp))
        }
        [Some("inventory-item"), Some(item), warehouse, None] => {
            item_inventory_op(method, item, warehouse)
        }
        [Some(name), Some(id), None, _] => parse_id(id).and_then(|id| record_op(method, name, id)),
        [Some("user"), Some(id), Some("reset-2fa"), None] => {
            parse_id(id).map(|id| only(method, &Method::POST, "POST", Op::ResetTotp(id)))
        }
        _ => None,
    };
    op.unwrap_or_else(|| Err(Fail::route_not_found()))
}

fn parse_id(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn only(method: &Method, verb: &Method, verbs: &'static str, op: Op) -> Result<Op, Fail> {
    if method == verb { Ok(op) } else { Err(Fail::method_not_allowed(verbs)) }
}

/// A route that is only read; HEAD asks for what GET would answer.
fn read_only(method: &Method, op: Op) -> Result<Op, Fail> {
    if allows("GET", method) { Ok(op) } else { Err(Fail::method_not_allowed("GET")) }
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
        "profile" => return Some(read_only(method, Op::Profile)),
        _ => return None,
    };
    Some(only(method, &Method::POST, "POST", op))
}

fn list_op(method: &Method, name: &str) -> Option<Result<Op, Fail>> {
    if name == "purchase-order-details-move-lines" {
        return Some(only(method, &Method::PUT, "PUT", Op::MoveLines));
    }
    let resource = Resource::of(name)?;
    let verbs = resource.list_verbs();
    if !allows(verbs, method) {
        return Some(Err(Fail::method_not_allowed(verbs)));
    }
    let create = method == Method::POST;
    Some(Ok(if create { Op::Create(resource) } else { Op::List(resource) }))
}

fn record_op(method: &Method, name: &str, id: u64) -> Option<Result<Op, Fail>> {
    let resource = Resource::of(name)?;
    let verbs = resource.record_verbs()?;
    if !allows(verbs, method) {
        return Some(Err(Fail::method_not_allowed(verbs)));
    }
    Some(Ok(match *method {
        Method::PUT => Op::Replace(resource, id),
        Method::DELETE => Op::Delete(resource, id),
        _ => Op::Read(resource, id),
    }))
}

fn item_inventory_op(
    method: &Method,
    item: &str,
    warehouse: Option<&str>,
) -> Option<Result<Op, Fail>> {
    let item = parse_id(item)?;
    let warehouse = match warehouse {
        Some(warehouse) => Some(parse_id(warehouse)?),
        None => None,
    };
    Some(read_only(method, Op::ReadItemInventory(item, warehouse)))
}
