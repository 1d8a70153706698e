//! The validation of an order, in the order of the contract: the first failure wins.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use crate::knosc::Rules;
use crate::knosc::fail::Fail;
use crate::knosc::field::{date, filled, number, optional_text, require, text};
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
        let supplier = self
            .masters
            .known(Kind::Supplier, text(body, "Supplier Number").unwrap_or_default())?;
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
        let known = |kind, name| {
            text(line, name).map(|number| self.masters.known(kind, number)).transpose()
        };
        draft.item = known(Kind::Item, "Item Number")?.unwrap_or_default();
        draft.sub_item = known(Kind::Item, "Sub Item Number")?;
        draft.warehouse = known(Kind::Warehouse, "Warehouse Number")?.unwrap_or_default();
        draft.ship_from = known(Kind::ShipFrom, "Ship From Number")?;
        Ok(())
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
        price: number(line, "PO Details Price")?,
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

fn quantity(line: &Map<String, Value>) -> Result<Number, Fail> {
    match line.get("PO Details Quantity") {
        Some(Value::Number(number)) if number.as_f64().is_some_and(|value| value > 0.0) => {
            Ok(number.clone())
        }
        _ => Err(Fail::invalid_field("PO Details Quantity")),
    }
}
