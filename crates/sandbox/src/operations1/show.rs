//! Records as the API shows them.

use serde_json::{Map, Value, json};

use crate::operations1::route::Resource;
use crate::operations1::stamp::written;
use crate::operations1::tenant::{Assignment, Document, Group, Order, Report, Stamp, Tenant, User};

impl Tenant {
    /// A record, archived or not.
    pub(crate) fn find(&self, resource: Resource, id: u64) -> Option<Value> {
        match resource {
            Resource::Users => self.users.get(&id).map(|user| self.show_user(user)),
            Resource::Groups => self.groups.get(&id).map(show_group),
            Resource::Orders => self.orders.get(&id).map(|order| self.show_order(order)),
            Resource::Reports => self.reports.get(&id).map(|report| self.show_report(report)),
            Resource::Documents => {
                self.documents.get(&id).map(|document| self.show_document(document))
            }
            Resource::Connectors => None,
        }
    }

    pub(crate) fn show_user(&self, user: &User) -> Value {
        json!({
            "id": user.id, "name": user.name, "displayName": user.display_name, "email": user.email,
            "localeCode": user.locale, "groups": self.assigned_groups(&user.groups),
            "archived": user.archived, "createdAt": written(user.created),
            "updatedAt": written(user.updated),
        })
    }

    pub(crate) fn show_document(&self, document: &Document) -> Value {
        json!({
            "id": document.id, "documentBaseId": document.base, "name": document.name,
            "names": document.names, "numOfSteps": document.steps, "localeCode": document.locale,
            "availableLocales": locales(document), "archived": document.archived,
            "classCharacteristics": self.characteristics_of(&document.characteristics),
            "createdAt": written(document.created), "updatedAt": written(document.created),
        })
    }

    pub(crate) fn show_order(&self, order: &Order) -> Value {
        let assignments = order.assignments.iter().enumerate();
        let assignments: Vec<Value> =
            assignments.map(|(at, assignment)| self.show_assignment(at, assignment)).collect();
        let mut shown = json!({
            "id": order.id, "ruleId": order.rule, "customId": order.custom_id, "name": order.name,
            "description": order.description, "additionalData": order.additional_data,
            "priority": order.priority, "state": order.state, "startDate": written(order.start),
            "dueDate": written(order.due), "assignedGroups": self.assigned_groups(&order.groups),
            "assignedUsers": self.assigned_users(&order.users),
            "canBeTakenOver": order.can_be_taken_over, "orderDocumentAssignments": assignments,
            "reportIds": order.reports,
        });
        if let Value::Object(shown) = &mut shown {
            self.show_stamps(shown, order.created, order.updated);
        }
        with(
            shown,
            json!({
                "archived": order.archived, "automaticCompletion": order.automatic_completion,
                "executionMode": order.execution_mode, "variables": order.variables,
                "classCharacteristics": self.characteristics_of(&order.characteristics),
            }),
        )
    }

    fn show_assignment(&self, position: usize, assignment: &Assignment) -> Value {
        let base = self.documents.get(&assignment.document).map(|document| document.base);
        json!({
            "id": assignment.id, "position": position, "quantity": 1, "documentBaseId": base,
            "documentId": assignment.document, "useLatestDocument": assignment.use_latest,
            "reportName": assignment.report_name,
            "classCharacteristics": self.characteristics_of(&assignment.characteristics),
            "assignedUsers": self.assigned_users(&assignment.users),
            "assignedGroups": self.assigned_groups(&assignment.groups),
            "subAssigneeId": assignment.sub_assignee,
        })
    }

    pub(crate) fn show_report(&self, report: &Report) -> Value {
        let document = self.documents.get(&report.document);
        let passed = if report.state == "done" { "pass" } else { "no-entry" };
        let took = report.opened.zip(report.closed);
        let cycle_ms = took.map(|(opened, closed)| closed.duration_since(opened).as_millis());
        let steps = document.map_or(0, |document| document.steps);
        let mut shown = json!({
            "id": report.id, "name": report.name, "documentId": report.document,
            "documentName": document.map(|document| &document.name),
            "documentNames": document.map(|document| &document.names), "comment": "",
            "numOfSteps": steps, "stepIndex": report.finished_steps.min(steps.saturating_sub(1)),
            "numFinishedSteps": report.finished_steps,
        });
        if let Value::Object(shown) = &mut shown {
            self.show_stamps(shown, report.created, report.updated);
        }
        with(
            shown,
            json!({
                "orderId": report.order, "state": report.state, "offline": false, "passed": passed,
                "localeCode": document.map(|document| &document.locale),
                "availableLocales": document.map(locales), "revision": 0,
                "archived": report.archived, "firstOpenedAt": report.opened.map(written),
                "cycleTime": cycle_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
                "assignment": {
                    "assignedUsers": self.assigned_users(&report.users),
                    "assignedGroups": self.assigned_groups(&report.groups),
                },
                "orderPosition": report.position,
                "classCharacteristics": self.characteristics_of(&report.characteristics),
            }),
        )
    }

    fn show_stamps(&self, shown: &mut Map<String, Value>, created: Stamp, updated: Stamp) {
        for (word, Stamp { at, user }) in [("created", created), ("updated", updated)] {
            let name = self.users.get(&user).map(|user| user.name.as_str());
            shown.insert(format!("{word}At"), json!(written(at)));
            shown.insert(format!("{word}By"), json!(user));
            shown.insert(format!("{word}ByUserName"), json!(name));
        }
    }

    /// Users as other records name them.
    fn assigned_users(&self, ids: &[u64]) -> Vec<Value> {
        let users = ids.iter().filter_map(|id| self.users.get(id));
        users.map(|user| triple(user.id, &user.name, &user.display_name)).collect()
    }

    fn assigned_groups(&self, ids: &[u64]) -> Vec<Value> {
        let groups = ids.iter().filter_map(|id| self.groups.get(id));
        groups.map(|group| triple(group.id, &group.name, &group.display_name)).collect()
    }

    /// Class characteristics with their names, as far as they are known.
    fn characteristics_of(&self, ids: &[u64]) -> Vec<Value> {
        ids.iter().map(|id| json!({ "id": id, "name": self.characteristics.get(id) })).collect()
    }
}

pub(crate) fn show_group(group: &Group) -> Value {
    json!({
        "id": group.id, "name": group.name, "displayName": group.display_name,
        "externalId": group.external_id, "archived": group.archived,
        "createdAt": written(group.created), "updatedAt": written(group.created),
    })
}

fn triple(id: u64, name: &str, display_name: &str) -> Value {
    json!({ "id": id, "name": name, "displayName": display_name })
}

fn locales(document: &Document) -> Vec<&String> {
    document.names.keys().collect()
}

/// Both objects in one.
fn with(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            first.extend(second);
            Value::Object(first)
        }
        (first, _) => first,
    }
}
