//! Forecasts: how much of which item is expected to be needed when.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Number, Value, json};

use crate::knosc::decimal;
use crate::knosc::fail::Fail;
use crate::knosc::field::{date, filled, number, optional_text, require, text};
use crate::knosc::master::{Kind, Masters};
use crate::knosc::order::{Orders, put_reference};
use crate::knosc::rows::{Keyed, Rows};

/// One line of a forecast.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    id: u64,
    item: u64,
    warehouse: u64,
    quantity: Number,
    date: Option<Box<str>>,
    status: Option<Box<str>>,
    unique_id: Option<Box<str>>,
}

/// A forecast with its lines.
#[derive(Debug, Clone)]
pub(crate) struct Forecast {
    number: Box<str>,
    date: Option<Box<str>>,
    status: Option<Box<str>>,
    lines: Vec<Expected>,
}

impl Keyed for Forecast {
    fn key(&self) -> Option<&str> {
        Some(&self.number)
    }
}

/// All forecasts, whose lines are numbered throughout.
#[derive(Debug, Default)]
pub(crate) struct Forecasts {
    pub(crate) rows: Rows<Forecast>,
    last_line_id: u64,
}

impl Forecasts {
    pub(crate) fn insert(&mut self, mut forecast: Forecast) -> u64 {
        self.number_lines(&mut forecast);
        self.rows.insert(forecast)
    }

    pub(crate) fn put(&mut self, id: u64, mut forecast: Forecast) {
        self.number_lines(&mut forecast);
        self.rows.put(id, forecast);
    }

    fn number_lines(&mut self, forecast: &mut Forecast) {
        for line in forecast.lines.iter_mut().filter(|line| line.id == 0) {
            self.last_line_id += 1;
            line.id = self.last_line_id;
        }
    }
}

impl Forecast {
    pub(crate) fn names_item(&self, id: u64) -> bool {
        self.lines.iter().any(|line| line.item == id)
    }

    pub(crate) fn names_warehouse(&self, id: u64) -> bool {
        self.lines.iter().any(|line| line.warehouse == id)
    }

    /// Reads the body of a create (`own` is `None`) or of the replacement of a forecast, whose lines are kept
    /// by their ids.
    pub(crate) fn read(
        body: &Map<String, Value>,
        own: Option<&Forecast>,
        masters: &Masters,
    ) -> Result<Forecast, Fail> {
        let lines = match body.get("details") {
            None | Some(Value::Null) => return Err(Fail::missing_field("details")),
            Some(Value::Array(lines)) if lines.is_empty() => {
                return Err(Fail::missing_field("details"));
            }
            Some(Value::Array(lines)) => lines,
            Some(_) => return Err(Fail::invalid_field("details")),
        };
        let objects: Option<Vec<&Map<String, Value>>> =
            lines.iter().map(Value::as_object).collect();
        let lines = objects.ok_or_else(|| Fail::invalid_field("details"))?;
        require(body, &["Forecast List Number"])?;
        for line in &lines {
            require(line, &["Item Number", "Warehouse Number", "Forecast Details Quantity"])?;
        }
        let list_number = filled(body, "Forecast List Number")?.unwrap_or_default();
        let list_date = date(body, "Forecast List Date")?;
        let status = optional_text(body, "Forecast List Document Status")?;
        let mut drafts =
            lines.iter().map(|line| read_line(line)).collect::<Result<Vec<Expected>, Fail>>()?;
        let mut kept = HashSet::new();
        for (draft, line) in drafts.iter_mut().zip(&lines) {
            let stands = |id| own.is_some_and(|own| own.lines.iter().any(|line| line.id == id));
            if draft.id != 0 && !(stands(draft.id) && kept.insert(draft.id)) {
                return Err(Fail::invalid_field("id"));
            }
            let number = |name| text(line, name).unwrap_or_default();
            draft.item = masters.known(Kind::Item, number("Item Number"))?;
            draft.warehouse = masters.known(Kind::Warehouse, number("Warehouse Number"))?;
        }
        Ok(Forecast { number: list_number.into(), date: list_date, status, lines: drafts })
    }

    fn header(&self, id: u64) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(id));
        row.insert("Forecast List Number".to_owned(), json!(self.number));
        row.insert("Forecast List Date".to_owned(), json!(self.date));
        row.insert("Forecast List Document Status".to_owned(), json!(self.status));
        row
    }

    /// The forecast as the list shows it.
    pub(crate) fn list_row(&self, id: u64) -> Map<String, Value> {
        let mut row = self.header(id);
        let quantity = decimal::sum(self.lines.iter().map(|line| &line.quantity));
        row.insert("Forecast Total Items".to_owned(), json!(self.lines.len()));
        row.insert("Forecast List Quantity".to_owned(), Value::Number(quantity));
        row
    }

    /// The forecast with its lines.
    pub(crate) fn full(&self, id: u64, masters: &Masters) -> Map<String, Value> {
        let line = |line: &Expected| {
            let mut row = Map::new();
            row.insert("id".to_owned(), json!(line.id));
            let item = ["Item Id", "Item Number"];
            put_reference(&mut row, masters, Kind::Item, item, Some(line.item));
            let warehouse = ["Warehouse Id", "Warehouse Number"];
            put_reference(&mut row, masters, Kind::Warehouse, warehouse, Some(line.warehouse));
            let quantity = Value::Number(line.quantity.clone());
            row.insert("Forecast Details Quantity".to_owned(), quantity);
            row.insert("Forecast Details Date".to_owned(), json!(line.date));
            row.insert("Forecast Details Document Status".to_owned(), json!(line.status));
            row.insert("Forecast Details Unique Id".to_owned(), json!(line.unique_id));
            Value::Object(row)
        };
        let mut row = self.header(id);
        row.insert("details".to_owned(), self.lines.iter().map(line).collect());
        row
    }
}

/// The values of a line; what it refers to is resolved later. The id of a new line is 0.
fn read_line(line: &Map<String, Value>) -> Result<Expected, Fail> {
    let id = match line.get("id") {
        None | Some(Value::Null) => 0,
        Some(value) => {
            value.as_u64().filter(|id| *id > 0).ok_or_else(|| Fail::invalid_field("id"))?
        }
    };
    for name in ["Item Number", "Warehouse Number"] {
        filled(line, name)?;
    }
    let name = "Forecast Details Quantity";
    let quantity = number(line, name)?.filter(|number| number.as_f64().is_some_and(|n| n >= 0.0));
    Ok(Expected {
        id,
        item: 0,
        warehouse: 0,
        quantity: quantity.ok_or_else(|| Fail::invalid_field(name))?,
        date: date(line, "Forecast Details Date")?,
        status: optional_text(line, "Forecast Details Document Status")?,
        unique_id: optional_text(line, "Forecast Details Unique Id")?,
    })
}

/// The month that a day is in.
fn month(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

/// What was expected and what was ordered, by item, warehouse and month. Lines without a day count for
/// that of their header; those without any are left out.
pub(crate) fn over_time(
    forecasts: &Forecasts,
    orders: &Orders,
    masters: &Masters,
) -> Vec<Map<String, Value>> {
    type Place<'a> = (u64, u64, &'a str);
    type Amounts<'a> = (Vec<&'a Number>, Vec<&'a Number>);
    let mut periods: BTreeMap<Place<'_>, Amounts<'_>> = BTreeMap::new();
    for (_, forecast) in forecasts.rows.iter() {
        for line in &forecast.lines {
            if let Some(day) = line.date.as_deref().or(forecast.date.as_deref()) {
                let place = (line.item, line.warehouse, month(day));
                periods.entry(place).or_default().0.push(&line.quantity);
            }
        }
    }
    for (_, order) in orders.iter().filter(|(_, order)| order.status != "Suggested") {
        for line in &order.lines {
            let day = line.order_date().or(order.date.as_deref());
            let place = day.map(|day| (line.item, line.warehouse, month(day)));
            // What nobody forecast is no row.
            if let Some(amounts) = place.and_then(|place| periods.get_mut(&place)) {
                amounts.1.push(&line.quantity);
            }
        }
    }
    let row = |((item, warehouse, period), (expected, actual)): (Place<'_>, Amounts<'_>)| {
        let expected = decimal::sum(expected.into_iter());
        let actual = decimal::sum(actual.into_iter());
        let variance = decimal::difference(&actual, &expected);
        let mut row = Map::new();
        row.insert("Item Number".to_owned(), json!(masters.table(Kind::Item).number_of(item)));
        let number = masters.table(Kind::Warehouse).number_of(warehouse);
        row.insert("Warehouse Number".to_owned(), json!(number));
        row.insert("Period".to_owned(), json!(period));
        row.insert("Forecast Quantity".to_owned(), Value::Number(expected));
        row.insert("Actual Quantity".to_owned(), Value::Number(actual));
        row.insert("Variance".to_owned(), Value::Number(variance));
        row
    };
    periods.into_iter().map(row).collect()
}
