//! The data of the double, and its changes in two steps: plan (check everything), then apply.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::knosc::Rules;
use crate::knosc::check::Checker;
use crate::knosc::fail::Fail;
use crate::knosc::forecast::{Forecast, Forecasts};
use crate::knosc::inventory::Stock;
use crate::knosc::master::{Kind, Masters, Record};
use crate::knosc::moves::{self, Move};
use crate::knosc::order::{Order, Orders};
use crate::knosc::resource::Resource;
use crate::knosc::route::Op;
use crate::knosc::rows::Rows;
use crate::service::{Done, Id};

/// Orders and lines that other records point to, as set by the control route.
#[derive(Debug, Default)]
pub(crate) struct References {
    pub(crate) orders: HashSet<u64>,
    pub(crate) lines: HashSet<u64>,
}

/// Everything the API keeps but users and sessions.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) orders: Orders,
    pub(crate) masters: Masters,
    pub(crate) stock: Rows<Stock>,
    pub(crate) forecasts: Forecasts,
    pub(crate) used: References,
}

/// A write that has passed every check.
#[derive(Debug)]
pub(crate) enum Change {
    CreateOrder(Order),
    ReplaceOrder(u64, Order),
    DeleteOrder(u64),
    DeleteLine { order: u64, line: u64 },
    Move(Move),
    CreateMaster(Kind, Record),
    UpdateMaster(Kind, u64, Record),
    DeleteMaster(Kind, u64),
    CreateStock(Stock),
    UpdateStock(u64, Stock),
    DeleteStock(u64),
    CreateForecast(Forecast),
    ReplaceForecast(u64, Forecast),
    DeleteForecast(u64),
}

/// What an applied change tells its caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The id of what was created.
    pub(crate) id: Option<u64>,
    pub(crate) rows_updated: Option<usize>,
    /// The order went with its last line.
    pub(crate) order_gone: bool,
}

impl Changed {
    /// The part that concerns the journal.
    pub(crate) fn done(self) -> Done {
        Done { id: self.id.map(Id::Number), gone_with: self.order_gone.then_some("purchase-order") }
    }
}

impl Store {
    /// Checks a write against the present state.
    pub(crate) fn plan(
        &self,
        op: Op,
        body: Option<&Map<String, Value>>,
        rules: &Rules,
    ) -> Result<Change, Fail> {
        let checker =
            Checker { orders: &self.orders, masters: &self.masters, rules, used: &self.used };
        let body = || body.ok_or_else(Fail::json_invalid);
        match op {
            Op::Create(Resource::Orders) => checker.order(body()?, None).map(Change::CreateOrder),
            Op::Replace(Resource::Orders, id) => {
                let body = body()?;
                self.known_order(id, rules)?;
                checker.order(body, Some(id)).map(|order| Change::ReplaceOrder(id, order))
            }
            Op::Delete(Resource::Orders, id) => {
                self.known_order(id, rules)?;
                self.order_unused(id)?;
                Ok(Change::DeleteOrder(id))
            }
            Op::Delete(Resource::Lines, line) => self.plan_delete_line(line, rules),
            Op::MoveLines => moves::plan(&checker, body()?).map(Change::Move),
            Op::Create(Resource::Master(kind)) => {
                let record = self.masters.read(kind, body()?, None, rules)?;
                Ok(Change::CreateMaster(kind, record))
            }
            Op::Replace(Resource::Master(kind), id) => {
                let body = body()?;
                let before = self.known_record(kind, id, rules)?;
                let record = self.masters.read(kind, body, Some((id, before)), rules)?;
                Ok(Change::UpdateMaster(kind, id, record))
            }
            Op::Delete(Resource::Master(kind), id) => {
                let record = self.known_record(kind, id, rules)?;
                if self.is_used(kind, id) {
                    let label = format!("{} {}", kind.noun(), record.number);
                    return Err(Fail::still_in_use(kind.code(), &label));
                }
                Ok(Change::DeleteMaster(kind, id))
            }
            _ => self.plan_quantities(op, body, rules),
        }
    }

    /// Writes to inventory and forecasts.
    fn plan_quantities<'a>(
        &self,
        op: Op,
        body: impl Fn() -> Result<&'a Map<String, Value>, Fail>,
        rules: &Rules,
    ) -> Result<Change, Fail> {
        match op {
            Op::Create(Resource::Inventory) => {
                Stock::read(body()?, None, &self.masters).map(Change::CreateStock)
            }
            Op::Replace(Resource::Inventory, id) => {
                let body = body()?;
                let before = self.known_stock(id, rules)?;
                let stock = Stock::read(body, Some(before), &self.masters)?;
                Ok(Change::UpdateStock(id, stock))
            }
            Op::Delete(Resource::Inventory, id) => {
                self.known_stock(id, rules).map(|_| Change::DeleteStock(id))
            }
            Op::Create(Resource::Forecasts) => {
                Forecast::read(body()?, None, &self.masters).map(Change::CreateForecast)
            }
            Op::Replace(Resource::Forecasts, id) => {
                let body = body()?;
                let before = self.known_forecast(id, rules)?;
                let forecast = Forecast::read(body, Some(before), &self.masters)?;
                Ok(Change::ReplaceForecast(id, forecast))
            }
            Op::Delete(Resource::Forecasts, id) => {
                self.known_forecast(id, rules).map(|_| Change::DeleteForecast(id))
            }
            _ => Err(Fail::route_not_found()),
        }
    }

    pub(crate) fn known_stock(&self, id: u64, rules: &Rules) -> Result<&Stock, Fail> {
        self.stock.get(id).ok_or_else(|| Fail::no_such_id(rules, "Inventory", "Inventory", id))
    }

    pub(crate) fn known_forecast(&self, id: u64, rules: &Rules) -> Result<&Forecast, Fail> {
        let missing = || Fail::no_such_id(rules, "ForecastList", "Forecast", id);
        self.forecasts.rows.get(id).ok_or_else(missing)
    }

    pub(crate) fn known_order(&self, id: u64, rules: &Rules) -> Result<&Order, Fail> {
        self.orders.get(id).ok_or_else(|| Fail::no_such_id(rules, "PurchaseOrderList", "PO", id))
    }

    pub(crate) fn known_record(&self, kind: Kind, id: u64, rules: &Rules) -> Result<&Record, Fail> {
        self.masters
            .table(kind)
            .get(id)
            .ok_or_else(|| Fail::no_such_id(rules, kind.code(), kind.noun(), id))
    }

    fn order_unused(&self, id: u64) -> Result<(), Fail> {
        let Some(order) = self.orders.get(id) else { return Ok(()) };
        let line_used = order.lines.iter().any(|line| self.used.lines.contains(&line.id));
        if line_used || self.used.orders.contains(&id) {
            return Err(Fail::still_in_use("PurchaseOrderList", &format!("PO #{}", order.number)));
        }
        Ok(())
    }

    fn plan_delete_line(&self, line: u64, rules: &Rules) -> Result<Change, Fail> {
        let unknown = || Fail::no_such_id(rules, "PurchaseOrderDetails", "PO Detail", line);
        let (order, found, _) = self.orders.line(line).ok_or_else(unknown)?;
        if self.used.lines.contains(&line) {
            return Err(Fail::still_in_use("PurchaseOrderDetails", &format!("PO Detail #{line}")));
        }
        if found.lines.len() == 1 {
            // The order goes with its last line.
            self.order_unused(order)?;
        }
        Ok(Change::DeleteLine { order, line })
    }

    /// Whether an order, a forecast or the inventory names this record. Deleting master data is rare, so no
    /// index is kept for it.
    fn is_used(&self, kind: Kind, id: u64) -> bool {
        let elsewhere = match kind {
            Kind::Item => {
                self.stock.iter().any(|(_, stock)| stock.names_item(id))
                    || self.forecasts.rows.iter().any(|(_, forecast)| forecast.names_item(id))
            }
            Kind::Warehouse => {
                self.stock.iter().any(|(_, stock)| stock.is_in(id))
                    || self.forecasts.rows.iter().any(|(_, forecast)| forecast.names_warehouse(id))
            }
            Kind::Supplier | Kind::ShipFrom => false,
        };
        elsewhere || self.is_ordered(kind, id)
    }

    fn is_ordered(&self, kind: Kind, id: u64) -> bool {
        let locations: HashSet<u64> = match kind {
            Kind::Supplier => self.locations_of(id).collect(),
            _ => HashSet::new(),
        };
        self.orders.iter().any(|(_, order)| {
            let supplier = kind == Kind::Supplier && order.supplier == id;
            supplier
                || order.lines.iter().any(|line| match kind {
                    Kind::Item => line.item == id || line.sub_item == Some(id),
                    Kind::Warehouse => line.warehouse == id,
                    Kind::ShipFrom => line.ship_from == Some(id),
                    Kind::Supplier => {
                        line.ship_from.is_some_and(|location| locations.contains(&location))
                    }
                })
        })
    }

    fn locations_of(&self, supplier: u64) -> impl Iterator<Item = u64> {
        let rows = self.masters.table(Kind::ShipFrom).iter();
        rows.filter(move |(_, record)| record.supplier == Some(supplier)).map(|(id, _)| id)
    }

    /// Carries out what [`Store::plan`] has checked.
    pub(crate) fn apply(&mut self, change: Change) -> Changed {
        let created = |id| Changed { id: Some(id), ..Changed::default() };
        match change {
            Change::CreateOrder(order) => created(self.orders.insert(order)),
            Change::ReplaceOrder(id, order) => {
                self.orders.put(id, order);
                Changed::default()
            }
            Change::DeleteOrder(id) => {
                self.orders.remove(id);
                Changed::default()
            }
            Change::DeleteLine { order, line } => self.delete_line(order, line),
            Change::Move(planned) => {
                let rows_updated = Some(moves::apply(&mut self.orders, planned));
                Changed { rows_updated, ..Changed::default() }
            }
            Change::CreateMaster(kind, record) => {
                created(self.masters.table_mut(kind).insert(record))
            }
            Change::UpdateMaster(kind, id, record) => {
                self.masters.table_mut(kind).replace(id, record);
                Changed::default()
            }
            Change::DeleteMaster(kind, id) => {
                self.delete_master(kind, id);
                Changed::default()
            }
            Change::CreateStock(stock) => created(self.stock.insert(stock)),
            Change::UpdateStock(id, stock) => {
                self.stock.put(id, stock);
                Changed::default()
            }
            Change::DeleteStock(id) => {
                self.stock.remove(id);
                Changed::default()
            }
            Change::CreateForecast(forecast) => created(self.forecasts.insert(forecast)),
            Change::ReplaceForecast(id, forecast) => {
                self.forecasts.put(id, forecast);
                Changed::default()
            }
            Change::DeleteForecast(id) => {
                self.forecasts.rows.remove(id);
                Changed::default()
            }
        }
    }

    /// A supplier's ship-from locations go with it.
    fn delete_master(&mut self, kind: Kind, id: u64) {
        let locations: Vec<u64> =
            if kind == Kind::Supplier { self.locations_of(id).collect() } else { Vec::new() };
        for location in locations {
            self.masters.table_mut(Kind::ShipFrom).remove(location);
        }
        self.masters.table_mut(kind).remove(id);
    }

    fn delete_line(&mut self, id: u64, line: u64) -> Changed {
        let Some(mut order) = self.orders.remove(id) else { return Changed::default() };
        order.lines.retain(|candidate| candidate.id != line);
        if order.lines.is_empty() {
            return Changed { order_gone: true, ..Changed::default() };
        }
        self.orders.put(id, order);
        Changed::default()
    }
}
