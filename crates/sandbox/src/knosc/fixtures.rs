//! What the world holds at the start.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::knosc::Rules;
use crate::knosc::check::Checker;
use crate::knosc::forecast::Forecast;
use crate::knosc::inventory::Stock;
use crate::knosc::master::Kind;
use crate::knosc::store::Store;
use crate::knosc::user::{Role, UserFixture, Users};
use crate::options::{Fixtures, StartError};

const DEFAULT: &str = include_str!("../../fixtures/knosc-default.json");
const DEFAULT_ORDERS: &str = include_str!("../../fixtures/knosc-default-orders.json");
const VECTORS: &str = include_str!("../../fixtures/knosc-vectors.json");
const VECTORS_EMPTY: &str = include_str!("../../fixtures/knosc-vectors-empty.json");

/// A file of fixtures: records as the API's create routes take them, in the order of their ids.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixtureFile {
    users: Vec<UserFixture>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    items: Vec<Map<String, Value>>,
    #[serde(default)]
    suppliers: Vec<Map<String, Value>>,
    #[serde(default)]
    warehouses: Vec<Map<String, Value>>,
    #[serde(default)]
    ship_froms: Vec<Map<String, Value>>,
    #[serde(default)]
    orders: Vec<Map<String, Value>>,
    #[serde(default)]
    inventory: Vec<Map<String, Value>>,
    #[serde(default)]
    forecasts: Vec<Map<String, Value>>,
    #[serde(default)]
    next_ids: NextIds,
}

/// Where the ids of orders and lines start.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct NextIds {
    #[serde(rename = "purchase-order", default = "one")]
    order: u64,
    #[serde(rename = "purchase-order-detail", default = "one")]
    line: u64,
}

impl Default for NextIds {
    fn default() -> Self {
        NextIds { order: one(), line: one() }
    }
}

fn one() -> u64 {
    1
}

impl FixtureFile {
    pub(crate) fn load(fixtures: &Fixtures) -> Result<Self, StartError> {
        let wrong = |source: serde_json::Error| StartError::Fixtures(source.to_string());
        match fixtures {
            Fixtures::Default => {
                let mut file: FixtureFile = serde_json::from_str(DEFAULT).map_err(wrong)?;
                let first: Vec<Map<String, Value>> =
                    serde_json::from_str(DEFAULT_ORDERS).map_err(wrong)?;
                file.orders.splice(0..0, first);
                Ok(file)
            }
            Fixtures::Vectors => serde_json::from_str(VECTORS).map_err(wrong),
            Fixtures::VectorsEmpty => serde_json::from_str(VECTORS_EMPTY).map_err(wrong),
            Fixtures::File(path) => {
                let unreadable =
                    |source| StartError::FixturesUnreadable { path: path.clone(), source };
                let text = std::fs::read_to_string(path).map_err(unreadable)?;
                serde_json::from_str(&text)
                    .map_err(|source| StartError::Fixtures(format!("{}: {source}", path.display())))
            }
        }
    }

    pub(crate) fn users(&self) -> Users {
        Users::new(self.users.clone(), self.roles.clone())
    }

    /// Builds the data; a record that the API itself would refuse is an error.
    pub(crate) fn store(&self, rules: &Rules) -> Result<Store, StartError> {
        let mut store = Store::default();
        let lists = [
            ("items", Kind::Item, &self.items),
            ("suppliers", Kind::Supplier, &self.suppliers),
            ("warehouses", Kind::Warehouse, &self.warehouses),
            ("ship_froms", Kind::ShipFrom, &self.ship_froms),
        ];
        for (name, kind, records) in lists {
            for (position, body) in records.iter().enumerate() {
                let record = store.masters.read(kind, body, None, rules);
                let record = record.map_err(|fail| wrong(name, position, &fail.message))?;
                store.masters.table_mut(kind).insert(record);
            }
        }
        store.orders.start_ids_at(self.next_ids.order, self.next_ids.line);
        for (position, body) in self.orders.iter().enumerate() {
            let checker = Checker {
                orders: &store.orders,
                masters: &store.masters,
                rules,
                used: &store.used,
            };
            let order = checker
                .order(body, None)
                .map_err(|fail| wrong("orders", position, &fail.message))?;
            store.orders.insert(order);
        }
        for (position, body) in self.inventory.iter().enumerate() {
            let stock = Stock::read(body, None, &store.masters)
                .map_err(|fail| wrong("inventory", position, &fail.message))?;
            store.stock.insert(stock);
        }
        for (position, body) in self.forecasts.iter().enumerate() {
            let forecast = Forecast::read(body, None, &store.masters)
                .map_err(|fail| wrong("forecasts", position, &fail.message))?;
            store.forecasts.insert(forecast);
        }
        Ok(store)
    }
}

fn wrong(list: &str, position: usize, message: &str) -> StartError {
    StartError::Fixtures(format!("{list}[{position}]: {message}"))
}
