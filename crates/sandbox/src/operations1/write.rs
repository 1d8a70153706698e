//! Writes: first what is to change, then the change.

use serde_json::{Map, Value};

use crate::operations1::Rules;
use crate::operations1::fail::Fail;
use crate::operations1::fields::Fields;
use crate::operations1::route::{Action, Op, Resource};
use crate::operations1::tenant::{Order, Report, Stamp, Tenant, User};
use crate::operations1::{connector, order, user};
use crate::service::Now;

/// A write that somebody may do.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) op: Op,
    /// The id in the path, if it has one.
    pub(crate) id: u64,
    pub(crate) body: &'a Result<Map<String, Value>, Fail>,
    /// Who does it.
    pub(crate) user: u64,
    pub(crate) now: Now,
}

impl Write<'_> {
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::new(self.user, self.now)
    }
}

/// What a write comes to: the records as they will be.
#[derive(Debug)]
pub(crate) enum Change {
    User(User),
    NewOrder(Box<Order>, Vec<Report>),
    Order(Box<Order>),
    /// It is so already.
    Nothing,
}

impl Tenant {
    /// What the write would change: 404 comes before anything that is wrong with the body.
    pub(crate) fn plan(&self, write: &Write<'_>, rules: &Rules) -> Result<Change, Fail> {
        let body = || write.body.as_ref().map(Fields::new).map_err(Fail::clone);
        match (write.op.resource, write.op.action) {
            (Resource::Users, Action::Create) => {
                user::create(self, &body()?, rules, write).map(Change::User)
            }
            (Resource::Users, action) => {
                let before = self.users.get(&write.id).ok_or_else(Fail::not_found)?;
                match action {
                    Action::Archive if before.archived => Ok(Change::Nothing),
                    Action::Archive => Ok(Change::User(user::archived(before, write))),
                    _ => user::update(self, before, &body()?, rules, write).map(Change::User),
                }
            }
            (Resource::Orders, Action::Create) => {
                let order = order::create(self, &body()?, rules, write)?;
                Ok(self.with_reports(order))
            }
            (Resource::Orders, action) => {
                let before = self.orders.get(&write.id).ok_or_else(Fail::not_found)?;
                let after = match action {
                    Action::Archive if before.archived => return Ok(Change::Nothing),
                    Action::Archive => {
                        Order { archived: true, updated: write.stamp(), ..before.clone() }
                    }
                    _ => order::update(before, &body()?, write)?,
                };
                Ok(Change::Order(Box::new(after)))
            }
            (Resource::Connectors, _) => {
                connector::exists(write.id)?;
                let order = connector::execute(self, &body()?, rules, write)?;
                Ok(self.with_reports(order))
            }
            _ => Err(Fail::not_found()),
        }
    }

    fn with_reports(&self, mut order: Order) -> Change {
        let reports = self.reports_of(&order);
        order.reports = reports.iter().map(|report| report.id).collect();
        Change::NewOrder(Box::new(order), reports)
    }

    /// Makes the change; the id of what has changed.
    pub(crate) fn apply(&mut self, change: Change) -> Option<u64> {
        match change {
            Change::User(user) => {
                let id = user.id;
                self.users.insert(id, user);
                Some(id)
            }
            Change::NewOrder(order, reports) => {
                let id = order.id;
                self.next_order = id + 1;
                self.next_assignment += order.assignments.len() as u64;
                self.next_report += reports.len() as u64;
                self.reports.extend(reports.into_iter().map(|report| (report.id, report)));
                self.put_order(*order);
                Some(id)
            }
            Change::Order(order) => {
                let id = order.id;
                self.put_order(*order);
                Some(id)
            }
            Change::Nothing => None,
        }
    }
}
