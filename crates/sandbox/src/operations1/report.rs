//! Reports: made with their order, and moved on by the people who work on it.

use serde_json::{Map, Value};

use crate::operations1::tenant::{Assignment, Order, Report, Stamp, Tenant};
use crate::service::Now;

pub(crate) const STATES: &[&str] = &["not-started", "in-progress", "paused", "problem", "done"];

impl Tenant {
    /// The reports that come with a new order, one for each document in it.
    pub(crate) fn reports_of(&self, order: &Order) -> Vec<Report> {
        let report = |(position, assignment): (usize, &Assignment)| {
            let document = self.documents.get(&assignment.document);
            let name = document.map(|document| document.name.clone()).unwrap_or_default();
            let of_document = document.map(|document| document.characteristics.clone());
            let mut characteristics = assignment.characteristics.clone();
            for id in of_document.unwrap_or_default() {
                if !characteristics.contains(&id) {
                    characteristics.push(id);
                }
            }
            Report {
                id: self.next_report + position as u64,
                order: order.id,
                position,
                document: assignment.document,
                name: assignment.report_name.clone().unwrap_or(name),
                state: "not-started",
                finished_steps: 0,
                opened: None,
                closed: None,
                created: order.created,
                updated: order.created,
                archived: false,
                users: assignment.users.clone(),
                groups: assignment.groups.clone(),
                characteristics,
            }
        };
        order.assignments.iter().enumerate().map(report).collect()
    }

    /// Gives a report a state, as somebody on the shop floor would, and its order the state that follows.
    pub(crate) fn move_report(
        &mut self,
        body: &Map<String, Value>,
        now: Now,
    ) -> Result<u64, String> {
        let id = body.get("report_id").and_then(Value::as_u64).unwrap_or_default();
        let state = body.get("state").and_then(Value::as_str).unwrap_or_default();
        let known = STATES.iter().copied().find(|known| *known == state);
        let state =
            known.ok_or_else(|| format!("give the `state`, one of {}", STATES.join(", ")))?;
        let wrong = || "give the `report_id` of a report that exists".to_owned();
        let report = self.reports.get_mut(&id).ok_or_else(wrong)?;
        let stamp = Stamp::new(report.created.user, now);
        report.state = state;
        report.updated = stamp;
        if state != "not-started" {
            report.opened.get_or_insert(stamp.at);
        }
        let steps = self.documents.get(&report.document).map_or(0, |document| document.steps);
        report.finished_steps = if state == "done" { steps } else { 0 };
        report.closed = (state == "done").then_some(stamp.at);
        let order = report.order;
        self.follow(order, stamp);
        Ok(id)
    }

    /// The state of an order as it follows from its reports; a cancelled one stays so.
    fn follow(&mut self, order: u64, stamp: Stamp) {
        let Some(order) = self.orders.get(&order).filter(|order| order.state != "cancelled") else {
            return;
        };
        let states: Vec<&str> = order
            .reports
            .iter()
            .filter_map(|id| self.reports.get(id).map(|report| report.state))
            .collect();
        let all = |state| states.iter().all(|found| *found == state);
        let state = match () {
            () if all("done") && order.automatic_completion => "done",
            () if states.contains(&"problem") => "problem",
            () if all("not-started") => "not-started",
            () if all("paused") => "paused",
            () => "in-progress",
        };
        let order = Order { state, updated: stamp, ..order.clone() };
        self.put_order(order);
    }
}
