//! The double's data as the control routes show and change it.

use serde_json::{Map, Value, json};

use crate::knosc::master::Kind;
use crate::knosc::user::User;
use crate::knosc::{Knosc, order};
use crate::sandbox::Credentials;
use crate::service::{Now, Wanted};

impl Knosc {
    /// Orders after an id, archived ones included, then everything else that is not master data.
    pub(super) fn everything(&self, wanted: Wanted) -> Map<String, Value> {
        let shown = |(id, order): (u64, &order::Order)| {
            let mut row = order::full(id, order, &self.store.masters);
            row.insert("archived".to_owned(), json!(order.is_archived()));
            Value::Object(row)
        };
        let orders: Vec<Value> =
            self.store.orders.iter_after(wanted.after).take(wanted.limit).map(shown).collect();
        let mut state = Map::new();
        state.insert("locked".to_owned(), json!(self.integration.is_locked()));
        state.insert("order_count".to_owned(), json!(self.store.orders.len()));
        state.insert("orders".to_owned(), Value::Array(orders));
        let rows = self.store.stock.iter_after(wanted.after).take(wanted.limit);
        let inventory: Vec<_> =
            rows.map(|(id, stock)| stock.show(id, &self.store.masters)).collect();
        let rows = self.store.forecasts.rows.iter_after(wanted.after).take(wanted.limit);
        let forecasts: Vec<_> =
            rows.map(|(id, forecast)| forecast.full(id, &self.store.masters)).collect();
        state.insert("inventory_count".to_owned(), json!(self.store.stock.len()));
        state.insert("inventory".to_owned(), json!(inventory));
        state.insert("forecast_count".to_owned(), json!(self.store.forecasts.rows.len()));
        state.insert("forecasts".to_owned(), json!(forecasts));
        state.insert("queue".to_owned(), Value::Array(self.integration.queue()));
        state.insert("failed".to_owned(), json!(self.integration.failed()));
        state.insert("users".to_owned(), self.users_state());
        if wanted.masters {
            state.insert("masters".to_owned(), self.masters_state());
        }
        state
    }

    /// Every record of master data, by the last part of its path.
    fn masters_state(&self) -> Value {
        let rows = |kind: Kind| -> Value {
            let records = self.store.masters.table(kind).iter();
            records
                .map(|(id, record)| Value::Object(self.store.masters.show(kind, id, record)))
                .collect()
        };
        let lists: Map<String, Value> =
            Kind::ALL.into_iter().map(|kind| (kind.route().to_owned(), rows(kind))).collect();
        Value::Object(lists)
    }

    fn users_state(&self) -> Value {
        let shown = |(id, user): (u64, &User)| {
            let mut row = self.sessions.users.show(id, user);
            row.insert("failures".to_owned(), json!(user.failures));
            row.insert("locked_until_ms".to_owned(), json!(user.locked_until_ms));
            Value::Object(row)
        };
        self.sessions.users.iter().map(shown).collect()
    }

    pub(super) fn queue_state(&self) -> Value {
        json!({
            "locked": self.integration.is_locked(),
            "queue": self.integration.queue(),
            "failed": self.integration.failed(),
        })
    }

    /// Marks an order or a line as one that other records point to. False for an unknown kind or id.
    pub(super) fn add_reference(&mut self, kind: &str, id: u64) -> bool {
        match kind {
            "purchase-order" if self.store.orders.get(id).is_some() => {
                self.store.used.orders.insert(id)
            }
            "purchase-order-detail" if self.store.orders.line(id).is_some() => {
                self.store.used.lines.insert(id)
            }
            _ => return false,
        };
        true
    }

    /// Changes a user, as an administrator giving another role would: every token is revoked.
    pub(super) fn touch_user(&mut self, login: &str, now: Now) -> bool {
        let found = self.sessions.users.find(login);
        found.map(|(_, user)| user.revoke(now.ms)).is_some()
    }

    /// The first user of the fixtures, who may do everything.
    pub(super) fn first_user(&self) -> Credentials {
        let first = self.sessions.users.iter().next();
        let (username, password) = first
            .map(|(_, user)| (user.fixture.email.clone(), user.fixture.password.clone()))
            .unwrap_or_default();
        Credentials::new([("username", username), ("password", password)])
    }
}
