//! Orders as they are written.

use jiff::Timestamp;
use serde_json::Value;

use crate::operations1::Rules;
use crate::operations1::fail::Fail;
use crate::operations1::fields::{Fields, choice, filled, id, moment, priority, text, variables};
use crate::operations1::tenant::{Assignment, Order, Tenant};
use crate::operations1::write::Write;

pub(crate) const STATES: &[&str] = &[
    "in-edit",
    "not-started",
    "in-progress",
    "cancelled",
    "paused",
    "problem",
    "done",
    "scheduled",
];
const MODES: &[&str] = &["parallel", "sequence"];
pub(crate) const USUAL_PRIORITY: u64 = 5;

/// The fields in their order; the first that is wrong is named.
pub(crate) fn create(
    tenant: &Tenant,
    body: &Fields<'_>,
    rules: &Rules,
    write: &Write<'_>,
) -> Result<Order, Fail> {
    let stamp = write.stamp();
    let name = body.must("name", filled)?;
    let start = body.must("startDate", moment)?;
    let due = body.must("dueDate", moment)?;
    if due < start {
        return Err(body.wrong("dueDate"));
    }
    let assignments = assignments(tenant, body)?;
    let description = body.may("description", text)?.unwrap_or_default();
    let additional_data = body.may("additionalData", text)?;
    let priority = body.may("priority", priority)?.unwrap_or(USUAL_PRIORITY);
    let users = body.ids("assignedUserIds", |id| tenant.has_user(id))?;
    let groups = body.ids("assignedGroupIds", |id| tenant.has_group(id))?;
    let mut characteristics = body.ids("classCharacteristicIds", |_| true)?;
    let can_be_taken_over = body.may("canBeTakenOver", Value::as_bool)?.unwrap_or(true);
    let automatic_completion = body.may("automaticCompletion", Value::as_bool)?.unwrap_or(true);
    let inherit = body.may("inheritDocumentsClassCharacteristics", Value::as_bool)?;
    let custom_id = body.may("customOrderId", filled)?;
    let execution_mode = body.may("executionMode", choice(MODES))?.unwrap_or("parallel");
    let variables = body.may("variables", variables)?.unwrap_or_default();
    if is_taken(tenant, custom_id.as_deref(), rules) {
        return Err(body.wrong("customOrderId"));
    }
    if inherit.unwrap_or(true) {
        inherit_characteristics(tenant, &assignments, &mut characteristics);
    }
    Ok(Order {
        id: tenant.next_order,
        rule: None,
        custom_id,
        name,
        description,
        additional_data,
        priority,
        state: waiting(start, stamp.at),
        start,
        due,
        users,
        groups,
        can_be_taken_over,
        automatic_completion,
        execution_mode,
        variables,
        characteristics,
        assignments,
        reports: Vec::new(),
        created: stamp,
        updated: stamp,
        archived: false,
    })
}

/// Whether the quirk forbids another order with this `customOrderId`.
pub(crate) fn is_taken(tenant: &Tenant, custom_id: Option<&str>, rules: &Rules) -> bool {
    let there = custom_id.is_some_and(|custom_id| tenant.by_custom_id.contains_key(custom_id));
    there && rules.unique_custom_id
}

/// The state of an order that nobody has begun with.
fn waiting(start: Timestamp, now: Timestamp) -> &'static str {
    if start > now { "scheduled" } else { "not-started" }
}

fn assignments(tenant: &Tenant, body: &Fields<'_>) -> Result<Vec<Assignment>, Fail> {
    const LIST: &str = "orderDocumentAssignments";
    let given = body.must(LIST, Value::as_array)?;
    let read = |(at, value): (usize, &Value)| {
        let object = value.as_object().ok_or_else(|| body.wrong(&format!("{LIST}[{at}]")))?;
        assignment(tenant, &Fields::inner(object, LIST, at), at)
    };
    given.iter().enumerate().map(read).collect()
}

fn assignment(tenant: &Tenant, body: &Fields<'_>, at: usize) -> Result<Assignment, Fail> {
    let document = body.must("documentId", id)?;
    if !tenant.documents.contains_key(&document) {
        return Err(body.wrong("documentId"));
    }
    Ok(Assignment {
        id: tenant.next_assignment + at as u64,
        document,
        users: body.ids("assignedUserIds", |id| tenant.has_user(id))?,
        groups: body.ids("assignedGroupIds", |id| tenant.has_group(id))?,
        use_latest: body.may("useLatestDocument", Value::as_bool)?.unwrap_or(true),
        report_name: body.may("reportName", filled)?,
        characteristics: body.ids("classCharacteristicIds", |_| true)?,
        sub_assignee: body.may("subAssigneeId", id)?,
    })
}

/// Adds the class characteristics of the documents.
pub(crate) fn inherit_characteristics(
    tenant: &Tenant,
    assignments: &[Assignment],
    characteristics: &mut Vec<u64>,
) {
    for assignment in assignments {
        let document = tenant.documents.get(&assignment.document);
        for id in document.map(|document| document.characteristics.as_slice()).unwrap_or_default() {
            if !characteristics.contains(id) {
                characteristics.push(*id);
            }
        }
    }
}

/// What the body does not name stays as it is; what cannot be changed is passed over.
pub(crate) fn update(before: &Order, body: &Fields<'_>, write: &Write<'_>) -> Result<Order, Fail> {
    let mut order = Order { updated: write.stamp(), ..before.clone() };
    if body.has("name") {
        order.name = body.must("name", filled)?;
    }
    if body.has("description") {
        order.description = body.may("description", text)?.unwrap_or_default();
    }
    if body.has("priority") {
        order.priority = body.must("priority", priority)?;
    }
    if body.has("startDate") {
        order.start = body.must("startDate", moment)?;
        if matches!(order.state, "scheduled" | "not-started") {
            order.state = waiting(order.start, order.updated.at);
        }
    }
    if body.has("dueDate") {
        order.due = body.must("dueDate", moment)?;
    }
    if order.due < order.start {
        return Err(body.wrong(if body.has("dueDate") { "dueDate" } else { "startDate" }));
    }
    if body.has("state") {
        order.state = body.must("state", choice(STATES))?;
    }
    if body.has("archived") {
        order.archived = body.must("archived", Value::as_bool)?;
    }
    Ok(order)
}
