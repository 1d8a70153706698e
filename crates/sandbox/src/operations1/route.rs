//! Which operation a method and a path stand for.

use http::Method;

use crate::operations1::TENANT;

/// A list of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Users,
    Groups,
    Orders,
    Reports,
    Documents,
    Connectors,
}

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    List,
    Create,
    Read,
    Update,
    Archive,
    /// Runs an order connector, which makes an order.
    Execute,
}

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) resource: Resource,
    pub(crate) action: Action,
}

/// What a path names, and what can be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) resource: Resource,
    actions: &'static [(&'static str, Action)],
    /// The id in the path, as it stands there.
    pub(crate) id: Option<String>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Place(Place),
    /// Below a tenant that there is not.
    Stranger,
    Unknown,
}

impl Route {
    /// Whether the tenant, if it names one, is the one that there is.
    pub(crate) fn is_ours(&self) -> bool {
        *self != Route::Stranger
    }
}

pub(crate) fn route(path: &str) -> Route {
    let Some(below) = path.strip_prefix("/tenants/") else { return Route::Unknown };
    let (tenant, below) = below.split_once('/').unwrap_or((below, ""));
    if tenant != TENANT {
        return Route::Stranger;
    }
    place(below).map_or(Route::Unknown, Route::Place)
}

const LIST: &[(&str, Action)] = &[("GET", Action::List)];
const LIST_OR_CREATE: &[(&str, Action)] = &[("GET", Action::List), ("POST", Action::Create)];
const READ: &[(&str, Action)] = &[("GET", Action::Read)];
const READ_OR_CHANGE: &[(&str, Action)] =
    &[("GET", Action::Read), ("PATCH", Action::Update), ("DELETE", Action::Archive)];
const EXECUTE: &[(&str, Action)] = &[("POST", Action::Execute)];

fn place(below: &str) -> Option<Place> {
    let steps: Vec<&str> = below.splitn(4, '/').collect();
    let (resource, actions, id) = match steps[..] {
        ["users"] => (Resource::Users, LIST_OR_CREATE, None),
        ["users", id] => (Resource::Users, READ_OR_CHANGE, Some(id)),
        ["groups"] => (Resource::Groups, LIST, None),
        ["groups", id] => (Resource::Groups, READ, Some(id)),
        ["orders"] => (Resource::Orders, LIST_OR_CREATE, None),
        ["orders", id] => (Resource::Orders, READ_OR_CHANGE, Some(id)),
        ["reports"] => (Resource::Reports, LIST, None),
        ["reports", id] => (Resource::Reports, READ, Some(id)),
        ["documents"] => (Resource::Documents, LIST, None),
        ["documents", id] => (Resource::Documents, READ, Some(id)),
        ["order-connectors", id, "execute"] => (Resource::Connectors, EXECUTE, Some(id)),
        _ => return None,
    };
    let id = id.map(str::to_owned);
    (id.as_deref() != Some("")).then_some(Place { resource, actions, id })
}

impl Place {
    /// The operation of a method; `HEAD` asks what `GET` asks.
    pub(crate) fn op(&self, method: &Method) -> Option<Op> {
        let name = if *method == Method::HEAD { "GET" } else { method.as_str() };
        let (_, action) = self.actions.iter().find(|(known, _)| *known == name)?;
        Some(Op { resource: self.resource, action: *action })
    }

    /// The methods, as the header `Allow` lists them.
    pub(crate) fn allow(&self) -> String {
        let names: Vec<_> = self.actions.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

impl Resource {
    /// The list's name in the journal. What a connector makes is an order.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Resource::Users => "users",
            Resource::Groups => "groups",
            Resource::Orders | Resource::Connectors => "orders",
            Resource::Reports => "reports",
            Resource::Documents => "documents",
        }
    }

    /// How messages call the id in the path.
    pub(crate) fn id_name(self) -> &'static str {
        match self {
            Resource::Users => "userId",
            Resource::Groups => "groupId",
            Resource::Orders => "orderId",
            Resource::Reports => "reportId",
            Resource::Documents => "documentId",
            Resource::Connectors => "connectorId",
        }
    }
}

impl Action {
    /// The word for it in the journal. An archived record counts as deleted, as no list shows it any more
    /// unless asked to.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Action::List | Action::Read => "read",
            Action::Create | Action::Execute => "create",
            Action::Update => "replace",
            Action::Archive => "delete",
        }
    }

    pub(crate) fn changes_data(self) -> bool {
        !matches!(self, Action::List | Action::Read)
    }

    /// Whether the request has a body that matters.
    pub(crate) fn takes_body(self) -> bool {
        matches!(self, Action::Create | Action::Execute | Action::Update)
    }
}

impl Op {
    /// The permission that it needs.
    pub(crate) fn permission(self) -> &'static str {
        match (self.resource, self.action.changes_data()) {
            (Resource::Users | Resource::Groups, false) => "users:read",
            (Resource::Users | Resource::Groups, true) => "users:write",
            (Resource::Orders | Resource::Connectors, false) => "orders:read",
            (Resource::Orders | Resource::Connectors, true) => "orders:write",
            (Resource::Reports, _) => "reports:read",
            (Resource::Documents, _) => "documents:read",
        }
    }
}
