//! What the tenant holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::operations1::stamp;
use crate::service::Now;

/// When, and by which user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: Timestamp,
    pub(crate) user: u64,
}

impl Stamp {
    pub(crate) fn new(user: u64, now: Now) -> Self {
        Stamp { at: stamp::instant(now.ms), user }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) email: Option<String>,
    pub(crate) locale: String,
    pub(crate) groups: Vec<u64>,
    pub(crate) archived: bool,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) display_name: String,
    /// What order connectors know it by.
    pub(crate) external_id: Option<String>,
    pub(crate) archived: bool,
    pub(crate) created: Timestamp,
}

/// A released document: the steps that a worker goes through.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) id: u64,
    /// What all versions of the document have in common.
    pub(crate) base: u64,
    pub(crate) name: String,
    /// By locale.
    pub(crate) names: Map<String, Value>,
    pub(crate) steps: u64,
    pub(crate) locale: String,
    pub(crate) characteristics: Vec<u64>,
    pub(crate) archived: bool,
    pub(crate) created: Timestamp,
}

/// A document in an order, and who is to work through it.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) id: u64,
    pub(crate) document: u64,
    pub(crate) use_latest: bool,
    pub(crate) report_name: Option<String>,
    pub(crate) users: Vec<u64>,
    pub(crate) groups: Vec<u64>,
    pub(crate) sub_assignee: Option<u64>,
    pub(crate) characteristics: Vec<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) rule: Option<u64>,
    pub(crate) custom_id: Option<String>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) additional_data: Option<String>,
    pub(crate) priority: u64,
    pub(crate) state: &'static str,
    pub(crate) start: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) users: Vec<u64>,
    pub(crate) groups: Vec<u64>,
    pub(crate) can_be_taken_over: bool,
    pub(crate) automatic_completion: bool,
    pub(crate) execution_mode: &'static str,
    pub(crate) variables: Map<String, Value>,
    pub(crate) characteristics: Vec<u64>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) reports: Vec<u64>,
    pub(crate) created: Stamp,
    pub(crate) updated: Stamp,
    pub(crate) archived: bool,
}

/// What becomes of a document in an order.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) id: u64,
    pub(crate) order: u64,
    /// The place of its document in the order.
    pub(crate) position: usize,
    pub(crate) document: u64,
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) finished_steps: u64,
    pub(crate) opened: Option<Timestamp>,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) created: Stamp,
    pub(crate) updated: Stamp,
    pub(crate) archived: bool,
    pub(crate) users: Vec<u64>,
    pub(crate) groups: Vec<u64>,
    pub(crate) characteristics: Vec<u64>,
}

/// The data of the tenant, by id.
#[derive(Debug, Default)]
pub(crate) struct Tenant {
    pub(crate) users: BTreeMap<u64, User>,
    pub(crate) groups: BTreeMap<u64, Group>,
    pub(crate) documents: BTreeMap<u64, Document>,
    /// The names of class characteristics.
    pub(crate) characteristics: BTreeMap<u64, String>,
    pub(crate) orders: BTreeMap<u64, Order>,
    pub(crate) reports: BTreeMap<u64, Report>,
    pub(crate) next_order: u64,
    pub(crate) next_report: u64,
    pub(crate) next_assignment: u64,
    /// The orders with each `customOrderId`.
    pub(crate) by_custom_id: HashMap<String, Vec<u64>>,
    /// The orders that wait for their start.
    pub(crate) scheduled: BTreeSet<(Timestamp, u64)>,
}

impl Tenant {
    /// Puts an order where it belongs, new or changed.
    pub(crate) fn put_order(&mut self, order: Order) {
        let id = order.id;
        if let Some(before) = self.orders.get(&id) {
            self.scheduled.remove(&(before.start, id));
        } else if let Some(custom_id) = &order.custom_id {
            self.by_custom_id.entry(custom_id.clone()).or_default().push(id);
        }
        if order.state == "scheduled" {
            self.scheduled.insert((order.start, id));
        }
        self.orders.insert(id, order);
    }

    /// Scheduled orders whose time has come wait for somebody to start them.
    pub(crate) fn pass_time(&mut self, now: Now) {
        let Some((first, _)) = self.scheduled.first() else { return };
        let at = stamp::instant(now.ms);
        if *first > at {
            return;
        }
        while let Some((start, id)) = self.scheduled.pop_first() {
            if start > at {
                self.scheduled.insert((start, id));
                return;
            }
            if let Some(order) = self.orders.get_mut(&id) {
                order.state = "not-started";
                order.updated.at = start.max(order.updated.at);
            }
        }
    }

    pub(crate) fn has_user(&self, id: u64) -> bool {
        self.users.contains_key(&id)
    }

    pub(crate) fn has_group(&self, id: u64) -> bool {
        self.groups.contains_key(&id)
    }
}
