//! Moving lines from one order to another, all or none.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::knosc::check::{Checker, check_together};
use crate::knosc::fail::Fail;
use crate::knosc::order::{Line, Order, Orders};

/// A checked move.
#[derive(Debug)]
pub(crate) struct Move {
    lines: Vec<u64>,
    source: u64,
    target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// An order that exists.
    Existing(u64),
    /// An order to be created, with this number.
    New(String),
}

/// One entry of the body.
struct Entry {
    line: u64,
    source: u64,
    target: Target,
}

pub(crate) fn plan(checker: &Checker<'_>, body: &Map<String, Value>) -> Result<Move, Fail> {
    let moves = match body.get("moves") {
        Some(Value::Array(moves)) if !moves.is_empty() => moves,
        None | Some(Value::Null | Value::Array(_)) => return Err(Fail::no_items()),
        Some(_) => return Err(Fail::invalid_field("moves")),
    };
    let entries: Vec<Entry> = moves.iter().map(read_entry).collect::<Result<_, _>>()?;
    let Some(first) = entries.first() else { return Err(Fail::no_items()) };
    let shared = |entry: &Entry| entry.source == first.source && entry.target == first.target;
    if !entries.iter().all(shared) {
        return Err(Fail::mixed_moves());
    }
    let source = checker.orders.get(first.source).ok_or_else(|| no_order(first.source))?;
    let mut lines = Vec::with_capacity(entries.len());
    let mut asked = HashSet::new();
    for entry in &entries {
        let line = source.lines.iter().find(|line| line.id == entry.line).ok_or_else(|| {
            let message = format!("PO Detail #{} not found", entry.line);
            Fail::no_such_reference("PurchaseOrderDetails", message)
        })?;
        if !asked.insert(entry.line) {
            return Err(Fail::invalid_field("id"));
        }
        lines.push(line);
    }
    check_target(checker, first, &lines)?;
    let lines = lines.iter().map(|line| line.id).collect();
    Ok(Move { lines, source: first.source, target: first.target.clone() })
}

fn no_order(id: u64) -> Fail {
    Fail::no_such_reference("PurchaseOrderList", format!("PO #{id} not found"))
}

fn check_target(checker: &Checker<'_>, first: &Entry, lines: &[&Line]) -> Result<(), Fail> {
    match &first.target {
        Target::New(number) => checker.check_number_free(number, None)?,
        Target::Existing(id) if *id == first.source => {
            return Err(Fail::invalid_field("New Purchase Order List Id"));
        }
        Target::Existing(id) => {
            let order = checker.orders.get(*id).ok_or_else(|| no_order(*id))?;
            let together: Vec<Line> =
                order.lines.iter().chain(lines.iter().copied()).cloned().collect();
            check_together(&together)?;
        }
    }
    Ok(())
}

fn read_entry(value: &Value) -> Result<Entry, Fail> {
    let entry = value.as_object().ok_or_else(|| Fail::invalid_field("moves"))?;
    let id = |name: &str| match entry.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| Fail::invalid_field(name)),
    };
    let line = id("id")?.ok_or_else(|| Fail::missing_field("id"))?;
    let source = id("Old Purchase Order List Id")?;
    let source = source.ok_or_else(|| Fail::missing_field("Old Purchase Order List Id"))?;
    let number = match entry.get("New Purchase Order List Number") {
        None | Some(Value::Null) => None,
        Some(Value::String(number)) if !number.is_empty() => Some(number.clone()),
        Some(_) => return Err(Fail::invalid_field("New Purchase Order List Number")),
    };
    let target = match (id("New Purchase Order List Id")?, number) {
        (Some(id), None) => Target::Existing(id),
        (None, Some(number)) => Target::New(number),
        (None, None) => return Err(Fail::missing_field("New Purchase Order List Id")),
        (Some(_), Some(_)) => return Err(Fail::invalid_field("New Purchase Order List Number")),
    };
    Ok(Entry { line, source, target })
}

/// Moves the lines, which keep their ids; the emptied source stays. Returns how many were moved.
pub(crate) fn apply(orders: &mut Orders, planned: Move) -> usize {
    let Some(mut source) = orders.remove(planned.source) else { return 0 };
    let asked: HashSet<u64> = planned.lines.into_iter().collect();
    let (moved, left): (Vec<Line>, Vec<Line>) =
        std::mem::take(&mut source.lines).into_iter().partition(|line| asked.contains(&line.id));
    let count = moved.len();
    let head = Order { lines: Vec::new(), ..source.clone() };
    orders.put(planned.source, Order { lines: left, ..source });
    match planned.target {
        Target::New(number) => {
            orders.insert(Order { number: number.into(), lines: moved, ..head });
        }
        Target::Existing(id) => {
            if let Some(mut order) = orders.remove(id) {
                order.lines.extend(moved);
                orders.put(id, order);
            }
        }
    }
    count
}
