//! Purchase orders and their lines, by the API's own field names (contract, section 3.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::records::records;
use crate::Decimal;
use crate::words::words;

words! {
    /// The status of a document. Orders that are `Received` or `Closed` leave the active list.
    pub enum Status {
        /// Placed, or to be placed.
        Open = "Open",
        /// Proposed by planning.
        Suggested = "Suggested",
        /// On its way.
        Shipped = "Shipped",
        /// Arrived.
        Received = "Received",
        /// Done.
        Closed = "Closed",
    }
}

#[allow(
    clippy::derivable_impls,
    reason = "the variants are written by a macro that takes no `#[default]`"
)]
impl Default for Status {
    fn default() -> Self {
        Self::Open
    }
}

/// A purchase order with its lines, as it is written and as reading it by its id shows it.
///
/// Quantities and prices are [`Decimal`]s with every digit that came. Fields that this type does not name are kept in `more`, so that an order that
/// was read can be replaced without losing any.
///
/// ```
/// use steadfast_apis::knosc::{Order, OrderLine};
///
/// let order = Order::new("PO-1", "SUP-1").line(OrderLine::new("ITEM-A", "WH-1", 5));
/// let json = serde_json::to_value(&order).unwrap();
/// assert_eq!(json["PO List Number"], "PO-1");
/// assert_eq!(json["details"][0]["PO Details Quantity"], 5);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The API's id; none before it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The same, as a write may name it: none, or the id in the path.
    #[serde(rename = "Purchase Order Id", default, skip_serializing_if = "Option::is_none")]
    pub purchase_order_id: Option<u64>,
    /// The caller's own number, by which it is found again. Unique; case counts.
    #[serde(rename = "PO List Number")]
    pub number: String,
    /// Its status.
    #[serde(rename = "PO List Document Status")]
    pub status: Status,
    /// `YYYY-MM-DD`.
    #[serde(rename = "PO List Order Date", default)]
    pub order_date: Option<String>,
    /// The supplier, who has to be there.
    #[serde(rename = "Supplier Number")]
    pub supplier_number: String,
    /// At least one line. A replacement removes the lines that it does not name.
    #[serde(default)]
    pub details: Vec<OrderLine>,
    /// Whatever else the API shows.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Order {
    /// An open order without a line.
    #[must_use]
    pub fn new(number: impl Into<String>, supplier_number: impl Into<String>) -> Self {
        Self { number: number.into(), supplier_number: supplier_number.into(), ..Self::default() }
    }

    /// The same with one line more.
    #[must_use]
    pub fn line(mut self, line: OrderLine) -> Self {
        self.details.push(line);
        self
    }
}

/// A line of an order. Without an `id` it is a new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The API's id of the line; none if it is new.
    #[serde(default)]
    pub id: Option<u64>,
    /// The same, under the name by which a replacement keeps a line. It is filled in from `id`.
    #[serde(rename = "PO Details Id", default)]
    pub details_id: Option<u64>,
    /// The item, which has to be there.
    #[serde(rename = "Item Number")]
    pub item_number: String,
    /// The sub item, if there is one.
    #[serde(rename = "Sub Item Number", default)]
    pub sub_item_number: Option<String>,
    /// The warehouse, which has to be active; one for all lines.
    #[serde(rename = "Warehouse Number")]
    pub warehouse_number: String,
    /// Where it ships from.
    #[serde(rename = "Ship From Number", default)]
    pub ship_from_number: Option<String>,
    /// More than 0.
    #[serde(rename = "PO Details Quantity")]
    pub quantity: Decimal,
    /// The price of one.
    #[serde(rename = "PO Details Price", default)]
    pub price: Option<Decimal>,
    /// Its status.
    #[serde(rename = "PO Details Document Status", default)]
    pub status: Option<Status>,
    /// The carrier's tracking, in whatever form.
    #[serde(rename = "PO Details Tracking", default)]
    pub tracking: Option<Value>,
    /// When it is ordered, `YYYY-MM-DD`; not after it ships.
    #[serde(rename = "PO Details Order Date", default)]
    pub order_date: Option<String>,
    /// When it ships.
    #[serde(rename = "PO Details Ship Date", default)]
    pub ship_date: Option<String>,
    /// When it is expected.
    #[serde(rename = "PO Details ETA Date", default)]
    pub eta_date: Option<String>,
    /// When it was first promised for.
    #[serde(rename = "PO Details First Promise Date", default)]
    pub first_promise_date: Option<String>,
    /// When it is asked for.
    #[serde(rename = "PO Details Request Date", default)]
    pub request_date: Option<String>,
    /// When it did ship.
    #[serde(rename = "PO Details Actual Ship Date", default)]
    pub actual_ship_date: Option<String>,
    /// When it did arrive.
    #[serde(rename = "PO Details Actual Delivery Date", default)]
    pub actual_delivery_date: Option<String>,
    /// The caller's own id of the line.
    #[serde(rename = "PO Details Unique Id", default)]
    pub unique_id: Option<String>,
    /// Anything the caller wants to keep there.
    #[serde(rename = "PO Details Local", default)]
    pub local: Option<Value>,
    /// Whatever else the API shows.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl OrderLine {
    /// A new line. A quantity that is no whole number is best read from text, which keeps it
    /// exact: `"0.30".parse::<Decimal>()`.
    #[must_use]
    pub fn new(
        item_number: impl Into<String>,
        warehouse_number: impl Into<String>,
        quantity: impl Into<Decimal>,
    ) -> Self {
        Self {
            id: None,
            details_id: None,
            item_number: item_number.into(),
            sub_item_number: None,
            warehouse_number: warehouse_number.into(),
            ship_from_number: None,
            quantity: quantity.into(),
            price: None,
            status: None,
            tracking: None,
            order_date: None,
            ship_date: None,
            eta_date: None,
            first_promise_date: None,
            request_date: None,
            actual_ship_date: None,
            actual_delivery_date: None,
            unique_id: None,
            local: None,
            more: Map::new(),
        }
    }
}

/// An order as the list shows it, without its lines.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct OrderRow {
    /// The API's id.
    pub id: u64,
    /// The caller's own number.
    #[serde(rename = "PO List Number")]
    pub number: String,
    /// `YYYY-MM-DD`.
    #[serde(rename = "PO List Order Date", default)]
    pub order_date: Option<String>,
    /// The API's id of the supplier.
    #[serde(rename = "Supplier Id", default)]
    pub supplier_id: Option<u64>,
    /// The supplier's name.
    #[serde(rename = "Supplier Name", default)]
    pub supplier_name: Option<String>,
    /// The supplier's number.
    #[serde(rename = "Supplier Number", default)]
    pub supplier_number: Option<String>,
    /// How many lines it has.
    #[serde(rename = "PO Total Items", default)]
    pub total_items: Option<Decimal>,
    /// The sum of their quantities.
    #[serde(rename = "PO List Quantity", default)]
    pub quantity: Option<Decimal>,
    /// Its status.
    #[serde(rename = "PO List Document Status")]
    pub status: Status,
    /// The id of the record in ServiceNow, if it is linked with one.
    #[serde(rename = "PO List Servicenow Id", default)]
    pub servicenow_id: Option<Value>,
}

/// Lines that move from one order to another, all at once or not at all. All moves of one call
/// share their source and their target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineMove {
    /// The line.
    pub id: u64,
    /// The order that it is on.
    #[serde(rename = "Old Purchase Order List Id")]
    pub from: u64,
    /// Where it goes.
    #[serde(flatten)]
    pub to: MoveTarget,
}

/// Where lines move to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum MoveTarget {
    /// To an order that is there.
    #[serde(rename = "New Purchase Order List Id")]
    Order(u64),
    /// To an order with this number, which is made.
    #[serde(rename = "New Purchase Order List Number")]
    NewOrder(String),
}

records! {
    OrderRow: "/purchase-order";
    OrderLine: "/purchase-order-details";
}
