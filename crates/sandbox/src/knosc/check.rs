//! The validation of an order, in the order of the contract: the first failure wins.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use crate::knosc::Rules;
use crate::knosc::fail::Fail;
use crate::knosc::master::{Kind, Masters};
use crate::knosc::order::{
    LINE_DATES, LINE_TEXTS, Line, ORDER_DATE, Order, Orders, SHIP_DATE, STATUSES,
};
use crate::knosc::store::References;

/// What an order is checked against.
pub(crate) struct Checker<'a> {
    pub(crate) orders: &'a Orders,
    pub(crate) masters: &'a Masters,
    pub(crate) rules: &'a Rules,
    pub(crate) used: &'a References,
}

impl Checker<'_> {
    /// Checks the body of a create (`own` is `None`) or of the replacement of the order `own`.
    pub(crate) fn order(&self, body: &Map<String, Value>, own: Option<u64>) -> Result<Order, Fail> {
        match (own, body.get("Purchase Order Id")) {
            (_, None | Some(Value::Null)) => {}
            (Some(id), Some(value)) if value.as_u64() == Some(id) => {}
            (Some(_), Some(_)) => return Err(Fail::id_mismatch()),
            (None, Some(_)) => return Err(Fail::invalid_field("Purchase Order Id")),
        }
        let lines = lines_of(body)?;
        check_required(body, lines)?;
        let (number, status, date) = read_header(body)?;
        let mut drafts = Vec::with_capacity(lines.len());
        for line in lines {
            drafts.push(read_line(line, own.is_some())?);
        }
        let supplier = self.supplier(text(body, "Supplier Number").unwrap_or_default())?;
        let mut kept = HashSet::new();
        for (draft, line) in drafts.iter_mut().zip(lines.iter().filter_map(Value::as_object)) {
            self.check_line_id(draft, own, &mut kept)?;
            self.resolve(draft, line)?;
        }
        check_together(&drafts)?;
        self.check_number_free(&number, own)?;
        self.check_left_out(own, &kept)?;
        Ok(Order { number, status, date, supplier, lines: drafts })
    }

    fn supplier(&self, number: &str) -> Result<u64, Fail> {
        let missing =
            || Fail::no_such_reference("SupplierMaster", format!("Supplier {number} not found"));
        self.masters.table(Kind::Supplier).id_of(number).ok_or_else(missing)
    }

    /// A line with an id has to stand on this order, and only once.
    fn check_line_id(
        &self,
        line: &Line,
        own: Option<u64>,
        kept: &mut HashSet<u64>,
    ) -> Result<(), Fail> {
        if line.id == 0 {
            return Ok(());
        }
        if self.orders.order_of_line(line.id) != own {
            let message = format!("PO Detail #{} not found", line.id);
            return Err(Fail::no_such_reference("PurchaseOrderDetails", message));
        }
        if kept.insert(line.id) { Ok(()) } else { Err(Fail::invalid_field("id")) }
    }

    fn resolve(&self, draft: &mut Line, line: &Map<String, Value>) -> Result<(), Fail> {
        draft.item = self.item(text(line, "Item Number").unwrap_or_default())?;
        draft.sub_item =
            text(line, "Sub Item Number").map(|number| self.item(number)).transpose()?;
        draft.warehouse = self.warehouse(text(line, "Warehouse Number").unwrap_or_default())?;
        draft.ship_from =
            text(line, "Ship From Number").map(|number| self.ship_from(number)).transpose()?;
        Ok(())
    }

    fn item(&self, number: &str) -> Result<u64, Fail> {
        let missing = || {
            Fail::no_such_reference("ItemMaster", format!("Item {number} not found in Item Master"))
        };
        self.masters.table(Kind::Item).id_of(number).ok_or_else(missing)
    }

    fn warehouse(&self, number: &str) -> Result<u64, Fail> {
        let table = self.masters.table(Kind::Warehouse);
        table
            .id_of(number)
            .filter(|id| table.get(*id).is_some_and(|record| record.is_active(Kind::Warehouse)))
            .ok_or_else(|| {
                Fail::no_such_reference("WarehouseMaster", format!("Warehouse {number} not found"))
            })
    }

    fn ship_from(&self, number: &str) -> Result<u64, Fail> {
        let missing =
            || Fail::no_such_reference("ShipFromMaster", format!("Ship From {number} not found"));
        self.masters.table(Kind::ShipFrom).id_of(number).ok_or_else(missing)
    }

    /// Whether another order already has this number, archived ones included.
    pub(crate) fn check_number_free(&self, number: &str, own: Option<u64>) -> Result<(), Fail> {
        let taken = self.orders.ids_of(number).iter().any(|id| Some(*id) != own);
        if taken && !self.rules.allow_duplicates {
            return Err(Fail::already_exists("PurchaseOrderList", "PO", number));
        }
        Ok(())
    }

    /// Lines left out of a replacement are removed, which a line in use forbids.
    fn check_left_out(&self, own: Option<u64>, kept: &HashSet<u64>) -> Result<(), Fail> {
        let lines = own.and_then(|id| self.orders.get(id)).map_or(&[][..], |order| &order.lines);
        let in_use = |line: &&Line| !kept.contains(&line.id) && self.used.lines.contains(&line.id);
        match lines.iter().find(in_use) {
            Some(line) => {
                Err(Fail::still_in_use("PurchaseOrderDetails", &format!("PO Detail #{}", line.id)))
            }
            None => Ok(()),
        }
    }
}

/// What lines must not be to each other: on one order only one warehouse, each item once, dates in order.
pub(crate) fn check_together(lines: &[Line]) -> Result<(), Fail> {
    if lines.windows(2).any(|pair| pair[0].warehouse != pair[1].warehouse) {
        return Err(Fail::multiple_warehouses());
    }
    let mut seen = HashSet::with_capacity(lines.len());
    if !lines.iter().all(|line| seen.insert((line.item, line.sub_item))) {
        return Err(Fail::duplicate_rows());
    }
    // ISO dates compare as text.
    let late = |line: &Line| match (&line.texts[ORDER_DATE], &line.texts[SHIP_DATE]) {
        (Some(order), Some(ship)) => order > ship,
        _ => false,
    };
    if lines.iter().any(late) { Err(Fail::order_date_after_ship()) } else { Ok(()) }
}

fn lines_of(body: &Map<String, Value>) -> Result<&[Value], Fail> {
    match body.get("details") {
        None | Some(Value::Null) => Err(Fail::no_items()),
        Some(Value::Array(lines)) if lines.is_empty() => Err(Fail::no_items()),
        Some(Value::Array(lines)) => Ok(lines),
        Some(_) => Err(Fail::invalid_field("details")),
    }
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

fn require(map: &Map<String, Value>, names: &[&str]) -> Result<(), Fail> {
    let absent = |name: &&&str| map.get(**name).is_none_or(Value::is_null);
    match names.iter().find(absent) {
        Some(name) => Err(Fail::missing_field(name)),
        None => Ok(()),
    }
}

fn check_required(body: &Map<String, Value>, lines: &[Value]) -> Result<(), Fail> {
    require(body, &["PO List Number", "PO List Document Status", "Supplier Number"])?;
    for line in lines.iter().filter_map(Value::as_object) {
        require(line, &["Item Number", "Warehouse Number", "PO Details Quantity"])?;
    }
    Ok(())
}

type Header = (Box<str>, &'static str, Option<Box<str>>);

fn read_header(body: &Map<String, Value>) -> Result<Header, Fail> {
    let number =
        filled(body, "PO List Number")?.ok_or_else(|| Fail::missing_field("PO List Number"))?;
    let status = STATUSES
        .into_iter()
        .find(|status| text(body, "PO List Document Status") == Some(status))
        .ok_or_else(|| Fail::invalid_field("PO List Document Status"))?;
    let date = date(body, "PO List Order Date")?;
    filled(body, "Supplier Number")?;
    Ok((number.into(), status, date))
}

/// A string that is not empty, or nothing.
fn filled<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

/// The values of a line; what it refers to is resolved later.
fn read_line<'a>(value: &'a Value, may_have_id: bool) -> Result<Line, Fail> {
    let line: &'a Map<String, Value> =
        value.as_object().ok_or_else(|| Fail::invalid_field("details"))?;
    let id = line_id(line, may_have_id)?;
    for name in ["Item Number", "Sub Item Number", "Warehouse Number", "Ship From Number"] {
        filled(line, name)?;
    }
    let mut texts: [Option<Box<str>>; LINE_TEXTS.len()] = Default::default();
    for (position, name) in LINE_TEXTS.iter().enumerate() {
        texts[position] = if LINE_DATES.contains(&position) {
            date(line, name)?
        } else {
            optional_text(line, name)?
        };
    }
    let anything =
        |name: &str| line.get(name).filter(|value| !value.is_null()).cloned().map(Box::new);
    Ok(Line {
        id,
        item: 0,
        sub_item: None,
        warehouse: 0,
        ship_from: None,
        quantity: quantity(line)?,
        price: price(line)?,
        texts,
        tracking: anything("PO Details Tracking"),
        local: anything("PO Details Local"),
    })
}

/// The id of a line that is kept; 0 for a new one.
fn line_id(line: &Map<String, Value>, may_have_id: bool) -> Result<u64, Fail> {
    let mut found = None;
    for name in ["id", "PO Details Id"] {
        let id = match line.get(name) {
            None | Some(Value::Null) => continue,
            Some(value) => value.as_u64().filter(|id| *id > 0 && may_have_id),
        };
        let id = id.ok_or_else(|| Fail::invalid_field(name))?;
        if found.is_some_and(|other| other != id) {
            return Err(Fail::invalid_field(name));
        }
        found = Some(id);
    }
    Ok(found.unwrap_or(0))
}

fn optional_text(map: &Map<String, Value>, name: &str) -> Result<Option<Box<str>>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().into())),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

fn quantity(line: &Map<String, Value>) -> Result<Number, Fail> {
    match line.get("PO Details Quantity") {
        Some(Value::Number(number)) if number.as_f64().is_some_and(|value| value > 0.0) => {
            Ok(number.clone())
        }
        _ => Err(Fail::invalid_field("PO Details Quantity")),
    }
}

fn price(line: &Map<String, Value>) -> Result<Option<Number>, Fail> {
    match line.get("PO Details Price") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.clone())),
        Some(_) => Err(Fail::invalid_field("PO Details Price")),
    }
}

fn date(map: &Map<String, Value>, name: &str) -> Result<Option<Box<str>>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_date(text) => Ok(Some(text.as_str().into())),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

/// Whether the text is a day of the calendar, as `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(position, byte)| match position {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return false;
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap_or(0);
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2026-01-31", "2024-02-29", "2000-02-29", "2026-12-01"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-01",
            "26-01-01",
            "2026-01-0é",
            "",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
