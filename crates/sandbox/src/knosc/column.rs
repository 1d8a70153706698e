//! The columns of each list: what can be shown, filtered and sorted by.

use crate::knosc::master::Kind;
use crate::knosc::order::LINE_TEXTS;
use crate::knosc::resource::Resource;

const ORDERS: &[&str] = &[
    "id",
    "PO List Number",
    "PO List Order Date",
    "Supplier Id",
    "Supplier Name",
    "Supplier Number",
    "PO Total Items",
    "PO List Quantity",
    "PO List Document Status",
    "PO List Servicenow Id",
];
const LINES: &[&str] = &[
    "id",
    "Purchase Order Id",
    "PO List Number",
    "Item Number",
    "Sub Item Number",
    "Warehouse Number",
    "Ship From Number",
    "PO Details Quantity",
    "PO Details Price",
];
const INVENTORY: &[&str] = &[
    "id",
    "Item Id",
    "Item Number",
    "Item Description",
    "Sub Item Id",
    "Sub Item Number",
    "Warehouse Id",
    "Warehouse Number",
    "Warehouse Name",
    "Inventory Quantity",
    "Inventory Date",
    "Inventory Unique Id",
];
const FORECASTS: &[&str] = &[
    "id",
    "Forecast List Number",
    "Forecast List Date",
    "Forecast List Document Status",
    "Forecast Total Items",
    "Forecast List Quantity",
];
const FORECAST_OVER_TIME: &[&str] = &[
    "Item Number",
    "Warehouse Number",
    "Period",
    "Forecast Quantity",
    "Actual Quantity",
    "Variance",
];
const USERS: &[&str] = &[
    "id",
    "User Fullname",
    "Username",
    "User Email",
    "User Phone",
    "First Signin",
    "Password Expiration",
    "Role Name",
    "Role Description",
    "User Status",
    "2FA Enabled",
];
const ROLES: &[&str] = &["id", "Role Name", "Role Description"];

pub(crate) fn of(resource: Resource) -> Vec<&'static str> {
    match resource {
        Resource::Orders => ORDERS.to_vec(),
        Resource::Lines => [LINES, &LINE_TEXTS].concat(),
        Resource::Master(kind) => {
            let mut columns = vec!["id", kind.number()];
            columns.extend(kind.columns().iter().map(|(name, _)| *name));
            if kind == Kind::ShipFrom {
                columns.extend(["Supplier Id", "Supplier Number"]);
            }
            columns
        }
        Resource::Inventory => INVENTORY.to_vec(),
        Resource::Forecasts => FORECASTS.to_vec(),
        Resource::ForecastOverTime => FORECAST_OVER_TIME.to_vec(),
        Resource::Users => USERS.to_vec(),
        Resource::Roles => ROLES.to_vec(),
    }
}

/// The word for the type of a column's values.
pub(crate) fn format(column: &str) -> &'static str {
    match column {
        "id" | "PO Total Items" | "Forecast Total Items" => "integer",
        "First Signin" | "2FA Enabled" => "boolean",
        "Password Expiration" => "date",
        _ if column.ends_with(" Date") => "date",
        _ if column.ends_with(" Id")
            && !column.contains("Servicenow")
            && !column.contains("Unique") =>
        {
            "integer"
        }
        _ if ["Quantity", "Price", "Weight", "Variance"]
            .iter()
            .any(|ending| column.ends_with(ending)) =>
        {
            "number"
        }
        _ => "text",
    }
}
