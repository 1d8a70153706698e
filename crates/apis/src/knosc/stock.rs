//! Inventory and forecasts (contract, section 3.3). An integration run queues writes to both.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steadfast::path;

use super::records::records;
use super::{Error, Knosc};
use crate::Decimal;

/// How much of an item lies in a warehouse.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// The item.
    #[serde(rename = "Item Number", skip_serializing_if = "String::is_empty")]
    pub item_number: String,
    /// The sub item, if there is one.
    #[serde(rename = "Sub Item Number", default, skip_serializing_if = "Option::is_none")]
    pub sub_item_number: Option<String>,
    /// The warehouse.
    #[serde(rename = "Warehouse Number", skip_serializing_if = "String::is_empty")]
    pub warehouse_number: String,
    /// How much there is.
    #[serde(rename = "Inventory Quantity", default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Decimal>,
    /// As of that day, `YYYY-MM-DD`.
    #[serde(rename = "Inventory Date", default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The caller's own id, by which it is found again. Nothing keeps two records from having the
    /// same, and without one a write that was not answered cannot be looked for.
    #[serde(rename = "Inventory Unique Id", default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// Whatever else the API shows.
    #[serde(flatten, skip_serializing)]
    pub more: Map<String, Value>,
}

impl Inventory {
    /// A record of stock with the caller's own id.
    #[must_use]
    pub fn new(
        unique_id: impl Into<String>,
        item_number: impl Into<String>,
        warehouse_number: impl Into<String>,
        quantity: impl Into<Decimal>,
    ) -> Self {
        Self {
            item_number: item_number.into(),
            warehouse_number: warehouse_number.into(),
            quantity: Some(quantity.into()),
            unique_id: Some(unique_id.into()),
            ..Self::default()
        }
    }
}

/// What there is of an item and what is to come, warehouse by warehouse.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ItemInventory {
    /// The item, as the API sums it up.
    #[serde(default)]
    pub item: Map<String, Value>,
    /// The warehouses.
    pub orders: Warehouses,
}

/// The warehouses of an [`ItemInventory`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Warehouses {
    /// One row for each.
    pub rows: Vec<Availability>,
}

/// What there is of an item in one warehouse, and what is to come.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Availability {
    /// The warehouse.
    #[serde(rename = "Warehouse Number", default)]
    pub warehouse_number: Option<String>,
    /// What there is.
    #[serde(rename = "Inventory Quantity")]
    pub inventory_quantity: Decimal,
    /// What is ordered and has not arrived.
    #[serde(rename = "Open PO Quantity", default)]
    pub open_po_quantity: Option<Decimal>,
    /// What is sold and has not left.
    #[serde(rename = "Open SO Quantity", default)]
    pub open_so_quantity: Option<Decimal>,
    /// What is being made.
    #[serde(rename = "Open MO Quantity", default)]
    pub open_mo_quantity: Option<Decimal>,
    /// What will be there.
    #[serde(rename = "Net Available", default)]
    pub net_available: Option<Decimal>,
}

/// What is expected to be needed when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The API's id.
    #[serde(default, skip_serializing)]
    pub id: Option<u64>,
    /// The caller's own number, by which it is found again. Nothing keeps two from having the same.
    #[serde(rename = "Forecast List Number")]
    pub number: String,
    /// `YYYY-MM-DD`.
    #[serde(rename = "Forecast List Date", default)]
    pub date: Option<String>,
    /// Its status.
    #[serde(rename = "Forecast List Document Status", default)]
    pub status: Option<String>,
    /// At least one line; a list of forecasts shows none. A replacement removes the lines that it
    /// does not name.
    #[serde(default)]
    pub details: Vec<ForecastLine>,
    /// Whatever else the API shows.
    #[serde(flatten, skip_serializing)]
    pub more: Map<String, Value>,
}

/// A line of a forecast. Without an `id` it is a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastLine {
    /// The API's id of the line.
    #[serde(default)]
    pub id: Option<u64>,
    /// The item.
    #[serde(rename = "Item Number")]
    pub item_number: String,
    /// The warehouse.
    #[serde(rename = "Warehouse Number")]
    pub warehouse_number: String,
    /// How much is expected to be needed.
    #[serde(rename = "Forecast Details Quantity")]
    pub quantity: Decimal,
    /// When, `YYYY-MM-DD`.
    #[serde(rename = "Forecast Details Date", default)]
    pub date: Option<String>,
    /// Its status.
    #[serde(rename = "Forecast Details Document Status", default)]
    pub status: Option<String>,
    /// The caller's own id of the line.
    #[serde(rename = "Forecast Details Unique Id", default)]
    pub unique_id: Option<String>,
}

impl Forecast {
    /// A forecast without a line.
    #[must_use]
    pub fn new(number: impl Into<String>) -> Self {
        Self { number: number.into(), ..Self::default() }
    }

    /// The same with one line more.
    #[must_use]
    pub fn line(
        mut self,
        item_number: impl Into<String>,
        warehouse_number: impl Into<String>,
        quantity: impl Into<Decimal>,
        date: impl Into<String>,
    ) -> Self {
        self.details.push(ForecastLine {
            id: None,
            item_number: item_number.into(),
            warehouse_number: warehouse_number.into(),
            quantity: quantity.into(),
            date: Some(date.into()),
            status: None,
            unique_id: None,
        });
        self
    }
}

/// What was expected and what came, of an item in a warehouse over a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ForecastOverTime {
    /// The item.
    #[serde(rename = "Item Number")]
    pub item_number: String,
    /// The warehouse.
    #[serde(rename = "Warehouse Number")]
    pub warehouse_number: String,
    /// The time.
    #[serde(rename = "Period")]
    pub period: String,
    /// What was expected.
    #[serde(rename = "Forecast Quantity")]
    pub forecast_quantity: Decimal,
    /// What came.
    #[serde(rename = "Actual Quantity")]
    pub actual_quantity: Decimal,
    /// The difference.
    #[serde(rename = "Variance")]
    pub variance: Decimal,
}

records! {
    Inventory: "/inventory", read "/data", write |stock| Some(("inventory", stock.unique_id.as_deref()?));
    Forecast: "/forecast", read "/data/rows", write |forecast| Some(("forecast", &forecast.number));
    ForecastOverTime: "/forecast-over-time";
}

impl Knosc {
    /// What there is of an item and what is to come, in all warehouses or in one, by their ids.
    ///
    /// # Errors
    /// [`Error`] if there is no such item or warehouse.
    pub async fn item_inventory(
        &self,
        item_id: u64,
        warehouse_id: Option<u64>,
    ) -> Result<ItemInventory, Error> {
        let path = match warehouse_id {
            None => path!("inventory-item", item_id),
            Some(warehouse_id) => path!("inventory-item", item_id, warehouse_id),
        };
        self.read_at(path, "/data").await
    }
}
