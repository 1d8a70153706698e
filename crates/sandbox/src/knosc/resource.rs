//! The lists of the API, and what may be done with each.

use http::Method;

use crate::knosc::master::Kind;

/// A list that the API keeps or makes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Orders,
    Lines,
    Master(Kind),
    Inventory,
    Forecasts,
    ForecastOverTime,
    Users,
    Roles,
}

impl Resource {
    /// The resource whose path starts with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let resource = match name {
            "purchase-order" => Resource::Orders,
            "purchase-order-details" => Resource::Lines,
            "inventory" => Resource::Inventory,
            "forecast" => Resource::Forecasts,
            "forecast-over-time" => Resource::ForecastOverTime,
            "user" => Resource::Users,
            "role" => Resource::Roles,
            _ => Resource::Master(Kind::ALL.into_iter().find(|kind| kind.route() == name)?),
        };
        Some(resource)
    }

    /// As the paths name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Resource::Orders => "purchase-order",
            Resource::Lines => "purchase-order-details",
            Resource::Master(kind) => kind.route(),
            Resource::Inventory => "inventory",
            Resource::Forecasts => "forecast",
            Resource::ForecastOverTime => "forecast-over-time",
            Resource::Users => "user",
            Resource::Roles => "role",
        }
    }

    /// What its records are called in messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Resource::Orders => "Purchase order",
            Resource::Lines => "Purchase order detail",
            Resource::Master(kind) => kind.noun(),
            Resource::Inventory => "Inventory",
            Resource::Forecasts | Resource::ForecastOverTime => "Forecast",
            Resource::Users => "User",
            Resource::Roles => "Role",
        }
    }

    /// The category of the privileges that it needs.
    pub(crate) fn category(self) -> &'static str {
        match self {
            Resource::Orders | Resource::Lines => "Procurement",
            Resource::Master(kind) => kind.privilege(),
            Resource::Inventory => "Inventory",
            Resource::Forecasts => "Forecast",
            Resource::ForecastOverTime => "Forecast Over Time",
            Resource::Users | Resource::Roles => "Users",
        }
    }

    /// Whether writes to it wait while an integration holds the tables.
    pub(crate) fn is_lockable(self) -> bool {
        matches!(
            self,
            Resource::Orders | Resource::Lines | Resource::Inventory | Resource::Forecasts
        )
    }

    /// The verbs of the list, as `Allow` has them.
    pub(crate) fn list_verbs(self) -> &'static str {
        match self {
            Resource::Lines | Resource::ForecastOverTime | Resource::Roles => "GET",
            _ => "GET, POST",
        }
    }

    /// The verbs of one record; none if records have no path of their own.
    pub(crate) fn record_verbs(self) -> Option<&'static str> {
        match self {
            Resource::Lines => Some("DELETE"),
            Resource::Master(Kind::Warehouse) => Some("PUT, DELETE"),
            Resource::ForecastOverTime | Resource::Roles => None,
            _ => Some("GET, PUT, DELETE"),
        }
    }
}

/// Whether `Allow` names the verb; who may read may ask for the head alone.
pub(crate) fn allows(verbs: &str, method: &Method) -> bool {
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    verbs.split(", ").any(|verb| verb == asked.as_str())
}
