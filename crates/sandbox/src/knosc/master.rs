//! Master data: items, suppliers, warehouses and ship-from locations.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::knosc::Rules;
use crate::knosc::fail::Fail;

/// A list of master data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Item,
    Supplier,
    Warehouse,
    ShipFrom,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Text,
    Number,
    /// `Active` or `Inactive`.
    Status,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Item, Kind::Supplier, Kind::Warehouse, Kind::ShipFrom];

    /// The last part of the path.
    pub(crate) fn route(self) -> &'static str {
        match self {
            Kind::Item => "item-master",
            Kind::Supplier => "supplier-master",
            Kind::Warehouse => "warehouse-master",
            Kind::ShipFrom => "ship-from-master",
        }
    }

    /// What the codes start with.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Kind::Item => "ItemMaster",
            Kind::Supplier => "SupplierMaster",
            Kind::Warehouse => "WarehouseMaster",
            Kind::ShipFrom => "ShipFromMaster",
        }
    }

    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Item => "Item",
            Kind::Supplier => "Supplier",
            Kind::Warehouse => "Warehouse",
            Kind::ShipFrom => "Ship From",
        }
    }

    pub(crate) fn privilege(self) -> &'static str {
        match self {
            Kind::Item => "Item Master",
            Kind::Supplier | Kind::ShipFrom => "Supplier Master",
            Kind::Warehouse => "Warehouse Master",
        }
    }

    /// The field that identifies a record to its users.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Kind::Item => "Item Number",
            Kind::Supplier => "Supplier Number",
            Kind::Warehouse => "Warehouse Number",
            Kind::ShipFrom => "Ship From Number",
        }
    }

    /// The other fields that can be written.
    pub(crate) fn columns(self) -> &'static [(&'static str, Column)] {
        use Column::{Number, Status, Text};
        match self {
            Kind::Item => &[
                ("Item Description", Text),
                ("Item Type", Text),
                ("Item Unit", Text),
                ("Item Status", Status),
                ("Item Weight", Number),
                ("Item Weight Unit", Text),
                ("Item Servicenow Id", Text),
            ],
            Kind::Supplier => &[
                ("Supplier Name", Text),
                ("Supplier Email", Text),
                ("Supplier Phone", Text),
                ("Supplier Status", Status),
                ("Supplier Servicenow Id", Text),
            ],
            Kind::Warehouse => &[
                ("Warehouse Name", Text),
                ("Warehouse Address", Text),
                ("Warehouse Status", Status),
                ("Warehouse Servicenow Id", Text),
            ],
            Kind::ShipFrom => &[
                ("Ship From Name", Text),
                ("Ship From Address", Text),
                ("Ship From Status", Status),
                ("Ship From Servicenow Id", Text),
            ],
        }
    }

    pub(crate) fn status_column(self) -> &'static str {
        match self {
            Kind::Item => "Item Status",
            Kind::Supplier => "Supplier Status",
            Kind::Warehouse => "Warehouse Status",
            Kind::ShipFrom => "Ship From Status",
        }
    }
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) number: String,
    /// The columns of its kind, in their order.
    pub(crate) fields: Vec<Value>,
    /// Of a ship-from: the supplier it belongs to.
    pub(crate) supplier: Option<u64>,
}

impl Record {
    pub(crate) fn field(&self, kind: Kind, name: &str) -> &Value {
        let position = kind.columns().iter().position(|(column, _)| *column == name);
        position.and_then(|position| self.fields.get(position)).unwrap_or(&Value::Null)
    }

    pub(crate) fn is_active(&self, kind: Kind) -> bool {
        self.field(kind, kind.status_column()) != "Inactive"
    }
}

/// All records of one kind.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<u64, Record>,
    by_number: HashMap<String, u64>,
    last_id: u64,
}

impl Table {
    pub(crate) fn insert(&mut self, record: Record) -> u64 {
        self.last_id += 1;
        self.by_number.insert(record.number.clone(), self.last_id);
        self.rows.insert(self.last_id, record);
        self.last_id
    }

    pub(crate) fn replace(&mut self, id: u64, record: Record) {
        if let Some(before) = self.rows.get(&id) {
            self.by_number.remove(&before.number);
        }
        self.by_number.insert(record.number.clone(), id);
        self.rows.insert(id, record);
    }

    pub(crate) fn remove(&mut self, id: u64) {
        if let Some(before) = self.rows.remove(&id) {
            // Under `allow-duplicates` another record may carry the same number.
            if self.by_number.get(&before.number) == Some(&id) {
                self.by_number.remove(&before.number);
            }
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Record> {
        self.rows.get(&id)
    }

    pub(crate) fn id_of(&self, number: &str) -> Option<u64> {
        self.by_number.get(number).copied()
    }

    pub(crate) fn number_of(&self, id: u64) -> &str {
        self.rows.get(&id).map_or("", |record| &record.number)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.rows.iter().map(|(id, record)| (*id, record))
    }
}

/// The four lists.
#[derive(Debug, Default)]
pub(crate) struct Masters {
    items: Table,
    suppliers: Table,
    warehouses: Table,
    ship_froms: Table,
}

impl Masters {
    pub(crate) fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::Item => &self.items,
            Kind::Supplier => &self.suppliers,
            Kind::Warehouse => &self.warehouses,
            Kind::ShipFrom => &self.ship_froms,
        }
    }

    pub(crate) fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::Item => &mut self.items,
            Kind::Supplier => &mut self.suppliers,
            Kind::Warehouse => &mut self.warehouses,
            Kind::ShipFrom => &mut self.ship_froms,
        }
    }

    /// The record of this number that a body names; a warehouse has to be active.
    pub(crate) fn known(&self, kind: Kind, number: &str) -> Result<u64, Fail> {
        let table = self.table(kind);
        let usable = |id: &u64| {
            kind != Kind::Warehouse || table.get(*id).is_some_and(|record| record.is_active(kind))
        };
        table.id_of(number).filter(usable).ok_or_else(|| {
            let place = if kind == Kind::Item { " in Item Master" } else { "" };
            let message = format!("{} {number} not found{place}", kind.noun());
            Fail::no_such_reference(kind.code(), message)
        })
    }

    /// A record as the API shows it.
    pub(crate) fn show(&self, kind: Kind, id: u64, record: &Record) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(id));
        row.insert(kind.number().to_owned(), json!(record.number));
        for ((column, _), value) in kind.columns().iter().zip(&record.fields) {
            row.insert((*column).to_owned(), value.clone());
        }
        match kind {
            Kind::Supplier => {
                row.insert("Ship From Locations".to_owned(), self.locations_of(id));
            }
            Kind::ShipFrom => {
                let supplier = record.supplier.unwrap_or_default();
                row.insert("Supplier Id".to_owned(), json!(record.supplier));
                row.insert("Supplier Number".to_owned(), json!(self.suppliers.number_of(supplier)));
            }
            Kind::Item | Kind::Warehouse => {}
        }
        row
    }

    fn locations_of(&self, supplier: u64) -> Value {
        let shown = |(id, record): (u64, &Record)| {
            json!({
                "id": id,
                "Ship From Number": record.number,
                "Ship From Name": record.field(Kind::ShipFrom, "Ship From Name"),
            })
        };
        self.ship_froms
            .iter()
            .filter(|(_, record)| record.supplier == Some(supplier))
            .map(shown)
            .collect()
    }

    /// Reads a record from the body of a create (`before` is `None`) or of a partial update.
    pub(crate) fn read(
        &self,
        kind: Kind,
        body: &Map<String, Value>,
        before: Option<(u64, &Record)>,
        rules: &Rules,
    ) -> Result<Record, Fail> {
        let number = match (body.get(kind.number()), before) {
            (None | Some(Value::Null), None) => return Err(Fail::missing_field(kind.number())),
            (None, Some((_, record))) => record.number.clone(),
            (Some(Value::String(number)), _) if !number.is_empty() => number.clone(),
            _ => return Err(Fail::invalid_field(kind.number())),
        };
        let mut fields = Vec::with_capacity(kind.columns().len());
        for (position, (name, column)) in kind.columns().iter().enumerate() {
            let old = before.and_then(|(_, record)| record.fields.get(position));
            fields.push(read_field(name, *column, body.get(*name), old)?);
        }
        let supplier = self.read_supplier(kind, body, before.map(|(_, record)| record))?;
        self.check_number_free(kind, &number, before.map(|(id, _)| id), rules)?;
        Ok(Record { number, fields, supplier })
    }

    fn read_supplier(
        &self,
        kind: Kind,
        body: &Map<String, Value>,
        before: Option<&Record>,
    ) -> Result<Option<u64>, Fail> {
        if kind != Kind::ShipFrom {
            return Ok(None);
        }
        // A ship-from is shown with both, so either may name its supplier; the number goes first.
        let by_id = body.get("Supplier Id").filter(|id| !id.is_null());
        match (body.get("Supplier Number"), before) {
            (None | Some(Value::Null), _) if by_id.is_some() => {
                let id =
                    by_id.and_then(Value::as_u64).filter(|id| self.suppliers.get(*id).is_some());
                id.map(Some).ok_or_else(|| Fail::invalid_field("Supplier Id"))
            }
            (None | Some(Value::Null), None) => Err(Fail::missing_field("Supplier Number")),
            (None, Some(record)) => Ok(record.supplier),
            (Some(Value::String(number)), _) => self.known(Kind::Supplier, number).map(Some),
            _ => Err(Fail::invalid_field("Supplier Number")),
        }
    }

    fn check_number_free(
        &self,
        kind: Kind,
        number: &str,
        own: Option<u64>,
        rules: &Rules,
    ) -> Result<(), Fail> {
        let taken = self.table(kind).id_of(number).is_some_and(|id| Some(id) != own);
        if !taken || rules.allow_duplicates {
            return Ok(());
        }
        // The contract knows no `ShipFromMaster.AlreadyExists`.
        if kind == Kind::ShipFrom {
            return Err(Fail::invalid_field(kind.number()));
        }
        Err(Fail::already_exists(kind.code(), kind.noun(), number))
    }
}

fn read_field(
    name: &str,
    column: Column,
    given: Option<&Value>,
    old: Option<&Value>,
) -> Result<Value, Fail> {
    match (given, column) {
        (None, Column::Status) => Ok(old.cloned().unwrap_or_else(|| json!("Active"))),
        (None, _) => Ok(old.cloned().unwrap_or(Value::Null)),
        (Some(Value::Null), Column::Text | Column::Number) => Ok(Value::Null),
        (Some(value @ Value::String(_)), Column::Text) => Ok(value.clone()),
        (Some(value @ Value::Number(_)), Column::Number) => Ok(value.clone()),
        (Some(Value::String(status)), Column::Status)
            if status == "Active" || status == "Inactive" =>
        {
            Ok(json!(status))
        }
        _ => Err(Fail::invalid_field(name)),
    }
}
