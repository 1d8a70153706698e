//! The records, and how they are found.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::keys::Keys;
use crate::thredfi::schema::text_of;

/// A record: what was written, and what the API keeps beside it.
#[derive(Debug, Clone)]
pub(crate) struct Row<T> {
    pub(crate) id: String,
    /// The fields that a client writes, checked.
    pub(crate) data: Map<String, Value>,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: u64,
    pub(crate) kept: T,
}

impl<T> Row<T> {
    pub(crate) fn external_id(&self) -> Option<&str> {
        text_of(&self.data, "external_id")
    }

    /// The natural key, or the id of a record that has none.
    pub(crate) fn key(&self) -> &str {
        self.external_id().unwrap_or(&self.id)
    }
}

/// Records of one kind, in the order in which they were made. None ever goes away.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Vec<Row<T>>,
    by_id: HashMap<String, usize>,
    by_external_id: HashMap<String, usize>,
    /// Some `external_id` stands in more than one record.
    twins: bool,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table {
            rows: Vec::new(),
            by_id: HashMap::new(),
            by_external_id: HashMap::new(),
            twins: false,
        }
    }
}

impl<T> Table<T> {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Row<T>> {
        self.rows.iter()
    }

    pub(crate) fn at(&self, position: usize) -> Option<&Row<T>> {
        self.rows.get(position)
    }

    pub(crate) fn at_mut(&mut self, position: usize) -> Option<&mut Row<T>> {
        self.rows.get_mut(position)
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The record that occupies an `external_id`.
    pub(crate) fn holder(&self, external_id: &str) -> Option<usize> {
        self.by_external_id.get(external_id).copied()
    }

    /// Every record with an `external_id`: one, unless duplicates are allowed.
    pub(crate) fn holders(&self, external_id: &str) -> Vec<usize> {
        let Some(first) = self.holder(external_id) else { return Vec::new() };
        if !self.twins {
            return vec![first];
        }
        let same = |(position, row): (usize, &Row<T>)| {
            (row.external_id() == Some(external_id)).then_some(position)
        };
        self.rows.iter().enumerate().skip(first).filter_map(same).collect()
    }

    /// Adds a record; of several with one `external_id` the first is its holder.
    pub(crate) fn insert(&mut self, row: Row<T>) -> usize {
        let position = self.rows.len();
        self.by_id.insert(row.id.clone(), position);
        self.occupy(row.external_id().map(str::to_owned), position);
        self.rows.push(row);
        position
    }

    /// Gives a record other data, and so perhaps another `external_id`.
    pub(crate) fn rewrite(&mut self, position: usize, data: Map<String, Value>, now_ms: u64) {
        let Some(row) = self.rows.get_mut(position) else { return };
        let before = row.external_id().map(str::to_owned);
        row.data = data;
        row.updated_ms = now_ms;
        let after = row.external_id().map(str::to_owned);
        if before != after {
            if let Some(before) = before.filter(|id| self.by_external_id.get(id) == Some(&position))
            {
                self.by_external_id.remove(&before);
            }
            self.occupy(after, position);
        }
    }

    fn occupy(&mut self, external_id: Option<String>, position: usize) {
        if let Some(external_id) = external_id {
            let holder = *self.by_external_id.entry(external_id).or_insert(position);
            self.twins |= holder != position;
        }
    }
}

/// Whoever has an API key.
#[derive(Debug, Clone)]
pub(crate) struct Partner {
    pub(crate) uuid: String,
    pub(crate) api_key: String,
    /// Its businesses by `external_id`.
    pub(crate) businesses: HashMap<String, usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Business {
    pub(crate) partner: usize,
    pub(crate) archived_ms: Option<u64>,
    pub(crate) customers: Table<Customer>,
    pub(crate) archived_customers: usize,
    pub(crate) invoices: Table<Invoice>,
    pub(crate) payments: Table<Payment>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) refund_payments: HashSet<String>,
    /// Payments by date, for the list's usual order.
    pub(crate) payments_by_date: BTreeSet<(String, usize)>,
    pub(crate) keys: Keys<String>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Customer {
    pub(crate) archived_ms: Option<u64>,
    pub(crate) invoices: Vec<usize>,
}

/// Amounts are in cents.
#[derive(Debug, Default, Clone)]
pub(crate) struct Invoice {
    pub(crate) customer: usize,
    pub(crate) lines: Vec<Value>,
    pub(crate) subtotal: i64,
    pub(crate) total: i64,
    pub(crate) paid: i64,
    pub(crate) refunded: i64,
    pub(crate) paid_ms: Option<u64>,
    pub(crate) voided_ms: Option<u64>,
}

impl Invoice {
    pub(crate) fn outstanding(&self) -> i64 {
        if self.voided_ms.is_some() { 0 } else { self.total - self.paid }
    }

    pub(crate) fn status(&self) -> &'static str {
        match self {
            Invoice { voided_ms: Some(_), .. } => "VOIDED",
            Invoice { paid: 0, .. } => "SENT",
            Invoice { paid, total, .. } if paid >= total => "PAID",
            _ => "PARTIALLY_PAID",
        }
    }

    /// Books an amount, which may be negative, as paid.
    pub(crate) fn pay(&mut self, cents: i64, now_ms: u64) {
        self.paid += cents;
        self.paid_ms = (self.status() == "PAID").then_some(self.paid_ms.unwrap_or(now_ms));
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) customer: usize,
    pub(crate) total: i64,
    /// Invoices by position, and how much goes to each.
    pub(crate) allocations: Vec<(usize, i64)>,
    pub(crate) status: &'static str,
    pub(crate) idempotency_key: Option<String>,
}

/// Every status that a payment can have.
pub(crate) const PAYMENT_STATUSES: [&str; 6] =
    ["pending", "processing", "completed", "failed", "cancelled", "refunded"];

impl Payment {
    pub(crate) fn allocated(&self) -> i64 {
        self.allocations.iter().map(|(_, cents)| cents).sum()
    }

    /// Whether its allocations count on its invoices.
    pub(crate) fn counts(&self) -> bool {
        !matches!(self.status, "failed" | "cancelled")
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) invoice: usize,
    pub(crate) amount: i64,
    pub(crate) paid_out: i64,
    pub(crate) payments: Vec<Value>,
}

/// Everything the API keeps.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) partners: Vec<Partner>,
    pub(crate) businesses: Table<Business>,
}

impl Book {
    pub(crate) fn business(&self, position: usize) -> Option<&Row<Business>> {
        self.businesses.at(position)
    }
}

impl Row<Business> {
    pub(crate) fn currency(&self) -> &str {
        text_of(&self.data, "base_currency").unwrap_or("GBP")
    }

    pub(crate) fn customer(&self, id: &str) -> Option<usize> {
        self.kept.customers.position(id)
    }
}
