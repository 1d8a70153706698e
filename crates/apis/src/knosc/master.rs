//! Master data: items, suppliers, warehouses and ship-from locations (contract, section 3.2).
//!
//! A change names only what is to change: make one from `Default`, and fill in that.

use serde::{Deserialize, Serialize};

use super::records::records;
use crate::Decimal;
use crate::words::words;

words! {
    /// Whether a record is in use.
    pub enum RecordStatus {
        /// It is.
        Active = "Active",
        /// It is not. Inactive warehouses show in no list that does not ask for them.
        Inactive = "Inactive",
    }
}

/// An item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// Its number, unique; case counts.
    #[serde(rename = "Item Number", skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// What it is.
    #[serde(rename = "Item Description", default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of what kind it is.
    #[serde(rename = "Item Type", default, skip_serializing_if = "Option::is_none")]
    pub item_type: Option<String>,
    /// What it is counted in.
    #[serde(rename = "Item Unit", default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether it is in use.
    #[serde(rename = "Item Status", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecordStatus>,
    /// How heavy one is.
    #[serde(rename = "Item Weight", default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Decimal>,
    /// What that is measured in.
    #[serde(rename = "Item Weight Unit", default, skip_serializing_if = "Option::is_none")]
    pub weight_unit: Option<String>,
    /// Its id in ServiceNow.
    #[serde(rename = "Item Servicenow Id", default, skip_serializing_if = "Option::is_none")]
    pub servicenow_id: Option<String>,
}

/// A supplier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supplier {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// Its number, unique; case counts.
    #[serde(rename = "Supplier Number", skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Its name.
    #[serde(rename = "Supplier Name", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address for mail.
    #[serde(rename = "Supplier Email", default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its telephone.
    #[serde(rename = "Supplier Phone", default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether it is in use.
    #[serde(rename = "Supplier Status", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecordStatus>,
    /// Its id in ServiceNow.
    #[serde(rename = "Supplier Servicenow Id", default, skip_serializing_if = "Option::is_none")]
    pub servicenow_id: Option<String>,
    /// Where it ships from. Shown only; a location has a list of its own.
    #[serde(rename = "Ship From Locations", default, skip_serializing)]
    pub ship_from_locations: Vec<ShipFromLocation>,
}

/// A ship-from location, as its supplier shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ShipFromLocation {
    /// The API's id.
    pub id: u64,
    /// Its number.
    #[serde(rename = "Ship From Number")]
    pub number: String,
    /// Its name.
    #[serde(rename = "Ship From Name", default)]
    pub name: Option<String>,
}

/// A warehouse. There is no reading one by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warehouse {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// Its number, unique; case counts.
    #[serde(rename = "Warehouse Number", skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Its name.
    #[serde(rename = "Warehouse Name", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(rename = "Warehouse Address", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it is in use. An order cannot name one that is not.
    #[serde(rename = "Warehouse Status", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecordStatus>,
    /// Its id in ServiceNow.
    #[serde(rename = "Warehouse Servicenow Id", default, skip_serializing_if = "Option::is_none")]
    pub servicenow_id: Option<String>,
}

/// A location that a supplier ships from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipFrom {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// Its number; case counts.
    #[serde(rename = "Ship From Number", skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Its name.
    #[serde(rename = "Ship From Name", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(rename = "Ship From Address", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it is in use.
    #[serde(rename = "Ship From Status", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecordStatus>,
    /// The API's id of the supplier.
    #[serde(rename = "Supplier Id", default, skip_serializing_if = "Option::is_none")]
    pub supplier_id: Option<u64>,
    /// The supplier's number.
    #[serde(rename = "Supplier Number", default, skip_serializing_if = "Option::is_none")]
    pub supplier_number: Option<String>,
    /// Its id in ServiceNow.
    #[serde(rename = "Ship From Servicenow Id", default, skip_serializing_if = "Option::is_none")]
    pub servicenow_id: Option<String>,
}

records! {
    Item: "/item-master", read "/data", write |_| None;
    Supplier: "/supplier-master", read "/data", write |_| None;
    Warehouse: "/warehouse-master", write |_| None;
    ShipFrom: "/ship-from-master", read "/data", write |_| None;
}
