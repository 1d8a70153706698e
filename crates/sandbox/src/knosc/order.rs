//! Purchase orders as they are kept, and how they are shown.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Number, Value, json};

use crate::knosc::decimal;
use crate::knosc::master::{Kind, Masters};

/// The statuses an order can have.
pub(crate) const STATUSES: [&str; 5] = ["Open", "Suggested", "Shipped", "Received", "Closed"];

/// The text fields of a line, in the order in which they are kept and shown.
pub(crate) const LINE_TEXTS: [&str; 9] = [
    "PO Details Document Status",
    "PO Details Order Date",
    "PO Details Ship Date",
    "PO Details ETA Date",
    "PO Details First Promise Date",
    "PO Details Request Date",
    "PO Details Actual Ship Date",
    "PO Details Actual Delivery Date",
    "PO Details Unique Id",
];
/// Where the dates stand among [`LINE_TEXTS`].
pub(crate) const LINE_DATES: std::ops::Range<usize> = 1..8;
pub(crate) const ORDER_DATE: usize = 1;
pub(crate) const SHIP_DATE: usize = 2;

/// One line of an order. Records of master data are kept by id, as their numbers can be changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) id: u64,
    pub(crate) item: u64,
    pub(crate) sub_item: Option<u64>,
    pub(crate) warehouse: u64,
    pub(crate) ship_from: Option<u64>,
    pub(crate) quantity: Number,
    pub(crate) price: Option<Number>,
    pub(crate) texts: [Option<Box<str>>; LINE_TEXTS.len()],
    /// `PO Details Tracking` and `PO Details Local`, which may be anything.
    pub(crate) tracking: Option<Box<Value>>,
    pub(crate) local: Option<Box<Value>>,
}

impl Line {
    pub(crate) fn order_date(&self) -> Option<&str> {
        self.texts[ORDER_DATE].as_deref()
    }
}

/// A purchase order.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) number: Box<str>,
    /// One of [`STATUSES`].
    pub(crate) status: &'static str,
    pub(crate) date: Option<Box<str>>,
    pub(crate) supplier: u64,
    pub(crate) lines: Vec<Line>,
}

impl Order {
    /// Orders that are done leave the active list.
    pub(crate) fn is_archived(&self) -> bool {
        matches!(self.status, "Received" | "Closed")
    }

    /// What it names has been ordered and is still to come.
    pub(crate) fn is_firm(&self) -> bool {
        matches!(self.status, "Open" | "Shipped")
    }
}

/// All orders, with the indexes that look-ups need.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    rows: BTreeMap<u64, Order>,
    by_number: HashMap<Box<str>, Vec<u64>>,
    by_line: BTreeMap<u64, u64>,
    last_id: u64,
    last_line_id: u64,
}

impl Orders {
    /// Makes the next ids these.
    pub(crate) fn start_ids_at(&mut self, order: u64, line: u64) {
        self.last_id = self.last_id.max(order.saturating_sub(1));
        self.last_line_id = self.last_line_id.max(line.saturating_sub(1));
    }

    /// Adds an order; lines whose id is 0 get one.
    pub(crate) fn insert(&mut self, order: Order) -> u64 {
        self.last_id += 1;
        self.put(self.last_id, order);
        self.last_id
    }

    /// Puts an order in the place of the one with this id.
    pub(crate) fn put(&mut self, id: u64, mut order: Order) {
        self.remove(id);
        for line in &mut order.lines {
            if line.id == 0 {
                self.last_line_id += 1;
                line.id = self.last_line_id;
            }
            self.by_line.insert(line.id, id);
        }
        self.by_number.entry(order.number.clone()).or_default().push(id);
        self.rows.insert(id, order);
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Order> {
        let order = self.rows.remove(&id)?;
        for line in &order.lines {
            self.by_line.remove(&line.id);
        }
        if let Some(ids) = self.by_number.get_mut(&order.number) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_number.remove(&order.number);
            }
        }
        Some(order)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Order> {
        self.rows.get(&id)
    }

    /// The ids of the orders with this number: one, unless duplicates are allowed.
    pub(crate) fn ids_of(&self, number: &str) -> &[u64] {
        self.by_number.get(number).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn order_of_line(&self, line: u64) -> Option<u64> {
        self.by_line.get(&line).copied()
    }

    pub(crate) fn line(&self, line: u64) -> Option<(u64, &Order, &Line)> {
        let id = self.order_of_line(line)?;
        let order = self.rows.get(&id)?;
        Some((id, order, order.lines.iter().find(|candidate| candidate.id == line)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Order)> {
        self.rows.iter().map(|(id, order)| (*id, order))
    }

    pub(crate) fn iter_after(&self, after: u64) -> impl Iterator<Item = (u64, &Order)> {
        self.rows.range(after.saturating_add(1)..).map(|(id, order)| (*id, order))
    }

    pub(crate) fn line_ids(&self) -> impl Iterator<Item = u64> {
        self.by_line.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// An order as the list shows it.
pub(crate) fn list_row(id: u64, order: &Order, masters: &Masters) -> Map<String, Value> {
    let quantity = decimal::sum(order.lines.iter().map(|line| &line.quantity));
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(id));
    row.insert("PO List Number".to_owned(), json!(order.number));
    row.insert("PO List Order Date".to_owned(), json!(order.date));
    put_supplier(&mut row, order.supplier, masters);
    row.insert("PO Total Items".to_owned(), json!(order.lines.len()));
    row.insert("PO List Quantity".to_owned(), Value::Number(quantity));
    row.insert("PO List Document Status".to_owned(), json!(order.status));
    row.insert("PO List Servicenow Id".to_owned(), Value::Null);
    row
}

/// An order with its lines, as reading it by its id shows it.
pub(crate) fn full(id: u64, order: &Order, masters: &Masters) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(id));
    row.insert("PO List Number".to_owned(), json!(order.number));
    row.insert("PO List Document Status".to_owned(), json!(order.status));
    row.insert("PO List Order Date".to_owned(), json!(order.date));
    put_supplier(&mut row, order.supplier, masters);
    let details = order.lines.iter().map(|line| Value::Object(line_row(line, masters))).collect();
    row.insert("details".to_owned(), details);
    row
}

fn put_supplier(row: &mut Map<String, Value>, id: u64, masters: &Masters) {
    let supplier = masters.table(Kind::Supplier).get(id);
    let name =
        supplier.map_or(&Value::Null, |record| record.field(Kind::Supplier, "Supplier Name"));
    row.insert("Supplier Id".to_owned(), json!(id));
    row.insert("Supplier Name".to_owned(), name.clone());
    row.insert("Supplier Number".to_owned(), json!(masters.table(Kind::Supplier).number_of(id)));
}

/// A line as it stands in an order.
pub(crate) fn line_row(line: &Line, masters: &Masters) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(line.id));
    row.insert("PO Details Id".to_owned(), json!(line.id));
    put_reference(&mut row, masters, Kind::Item, ["Item Id", "Item Number"], Some(line.item));
    put_reference(&mut row, masters, Kind::Item, ["Sub Item Id", "Sub Item Number"], line.sub_item);
    put_reference(
        &mut row,
        masters,
        Kind::Warehouse,
        ["Warehouse Id", "Warehouse Number"],
        Some(line.warehouse),
    );
    put_reference(
        &mut row,
        masters,
        Kind::ShipFrom,
        ["Ship From Id", "Ship From Number"],
        line.ship_from,
    );
    row.insert("PO Details Quantity".to_owned(), Value::Number(line.quantity.clone()));
    row.insert(
        "PO Details Price".to_owned(),
        line.price.clone().map_or(Value::Null, Value::Number),
    );
    for (name, text) in LINE_TEXTS.iter().zip(&line.texts) {
        row.insert((*name).to_owned(), json!(text));
    }
    row.insert("PO Details Tracking".to_owned(), json!(line.tracking));
    row.insert("PO Details Local".to_owned(), json!(line.local));
    row
}

pub(crate) fn put_reference(
    row: &mut Map<String, Value>,
    masters: &Masters,
    kind: Kind,
    names: [&str; 2],
    id: Option<u64>,
) {
    let [id_name, number_name] = names;
    let number = id.map(|id| masters.table(kind).number_of(id));
    row.insert(id_name.to_owned(), json!(id));
    row.insert(number_name.to_owned(), json!(number));
}
