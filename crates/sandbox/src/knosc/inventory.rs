//! Inventory: how much of an item lies in a warehouse, and what is expected of it.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use crate::knosc::decimal;
use crate::knosc::fail::Fail;
use crate::knosc::field::{date, filled, number, optional_text, require};
use crate::knosc::master::{Kind, Masters};
use crate::knosc::order::{Orders, put_reference};
use crate::knosc::rows::{Keyed, Rows};

/// One record of stock.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    item: u64,
    sub_item: Option<u64>,
    warehouse: u64,
    quantity: Number,
    date: Option<Box<str>>,
    unique_id: Option<Box<str>>,
}

impl Keyed for Stock {
    fn key(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }
}

impl Stock {
    pub(crate) fn names_item(&self, id: u64) -> bool {
        self.item == id || self.sub_item == Some(id)
    }

    pub(crate) fn is_in(&self, warehouse: u64) -> bool {
        self.warehouse == warehouse
    }

    /// Reads the body of a create (`before` is `None`) or of a change, which may leave out what stays.
    pub(crate) fn read(
        body: &Map<String, Value>,
        before: Option<&Stock>,
        masters: &Masters,
    ) -> Result<Stock, Fail> {
        if before.is_none() {
            require(body, &["Item Number", "Warehouse Number", "Inventory Quantity"])?;
        }
        let names = ["Item Number", "Sub Item Number", "Warehouse Number"];
        let [item, sub_item, warehouse] =
            [filled(body, names[0])?, filled(body, names[1])?, filled(body, names[2])?];
        let quantity = number(body, "Inventory Quantity")?;
        let date = date(body, "Inventory Date")?;
        let unique_id = optional_text(body, "Inventory Unique Id")?;
        // What a change names as null is emptied if it may be empty.
        let named = |name: &str| before.is_none() || body.contains_key(name);
        for (name, missing) in [
            (names[0], item.is_none()),
            (names[2], warehouse.is_none()),
            ("Inventory Quantity", quantity.is_none()),
        ] {
            if missing && named(name) {
                return Err(Fail::invalid_field(name));
            }
        }
        let item = item.map(|number| masters.known(Kind::Item, number)).transpose()?;
        let sub_item = sub_item.map(|number| masters.known(Kind::Item, number)).transpose()?;
        let warehouse =
            warehouse.map(|number| masters.known(Kind::Warehouse, number)).transpose()?;
        let old = |choose: fn(&Stock) -> u64| before.map(choose).unwrap_or_default();
        Ok(Stock {
            item: item.unwrap_or_else(|| old(|stock| stock.item)),
            sub_item: if named(names[1]) {
                sub_item
            } else {
                before.and_then(|stock| stock.sub_item)
            },
            warehouse: warehouse.unwrap_or_else(|| old(|stock| stock.warehouse)),
            quantity: quantity
                .or_else(|| before.map(|stock| stock.quantity.clone()))
                .unwrap_or_else(|| Number::from(0)),
            date: if named("Inventory Date") {
                date
            } else {
                before.and_then(|stock| stock.date.clone())
            },
            unique_id: if named("Inventory Unique Id") {
                unique_id
            } else {
                before.and_then(|stock| stock.unique_id.clone())
            },
        })
    }

    /// The record as the API shows it.
    pub(crate) fn show(&self, id: u64, masters: &Masters) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(id));
        let item = ["Item Id", "Item Number"];
        put_reference(&mut row, masters, Kind::Item, item, Some(self.item));
        row.insert(
            "Item Description".to_owned(),
            field(masters, Kind::Item, self.item, "Item Description"),
        );
        let sub_item = ["Sub Item Id", "Sub Item Number"];
        put_reference(&mut row, masters, Kind::Item, sub_item, self.sub_item);
        let warehouse = ["Warehouse Id", "Warehouse Number"];
        put_reference(&mut row, masters, Kind::Warehouse, warehouse, Some(self.warehouse));
        row.insert(
            "Warehouse Name".to_owned(),
            field(masters, Kind::Warehouse, self.warehouse, "Warehouse Name"),
        );
        row.insert("Inventory Quantity".to_owned(), Value::Number(self.quantity.clone()));
        row.insert("Inventory Date".to_owned(), json!(self.date));
        row.insert("Inventory Unique Id".to_owned(), json!(self.unique_id));
        row
    }
}

fn field(masters: &Masters, kind: Kind, id: u64, name: &str) -> Value {
    masters.table(kind).get(id).map_or(Value::Null, |record| record.field(kind, name).clone())
}

/// What there is of an item and what is to come, warehouse by warehouse.
pub(crate) fn of_item(
    item: u64,
    warehouse: Option<u64>,
    stock: &Rows<Stock>,
    orders: &Orders,
    masters: &Masters,
) -> Value {
    type Amounts<'a> = (Vec<&'a Number>, Vec<&'a Number>);
    let wanted = |id: u64| warehouse.is_none_or(|wanted| wanted == id);
    let mut places: BTreeMap<u64, Amounts<'_>> =
        warehouse.into_iter().map(|id| (id, Amounts::default())).collect();
    for (_, stock) in
        stock.iter().filter(|(_, stock)| stock.item == item && wanted(stock.warehouse))
    {
        places.entry(stock.warehouse).or_default().0.push(&stock.quantity);
    }
    for (_, order) in orders.iter().filter(|(_, order)| order.is_firm()) {
        for line in order.lines.iter().filter(|line| line.item == item && wanted(line.warehouse)) {
            places.entry(line.warehouse).or_default().1.push(&line.quantity);
        }
    }
    let row = |(id, (here, ordered)): (u64, Amounts<'_>)| {
        let both = here.iter().chain(&ordered).copied();
        json!({
            "Warehouse Id": id,
            "Warehouse Number": masters.table(Kind::Warehouse).number_of(id),
            "Inventory Quantity": decimal::sum(here.iter().copied()),
            "Open PO Quantity": decimal::sum(ordered.iter().copied()),
            "Open SO Quantity": 0,
            "Open MO Quantity": 0,
            "Net Available": decimal::sum(both),
        })
    };
    let rows: Vec<Value> = places.into_iter().map(row).collect();
    let record = masters.table(Kind::Item).get(item);
    let summary = record.map(|record| masters.show(Kind::Item, item, record));
    json!({ "item": summary, "orders": { "rows": rows } })
}
