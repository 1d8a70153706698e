//! The order connector: a payload of agreed properties becomes an order that has begun.

use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value};

use crate::operations1::Rules;
use crate::operations1::fail::Fail;
use crate::operations1::fields::{Fields, filled, moment};
use crate::operations1::order;
use crate::operations1::tenant::{Assignment, Order, Tenant};
use crate::operations1::write::Write;

/// The one that is set up. Its properties: `orderTitle`, `orderNumber`, `startDate`, `dueDate`,
/// `equipmentNumber`, `assigned-groups`.
const CONNECTOR: u64 = 1;
/// The property that becomes the order's `customOrderId`.
pub(crate) const NUMBER: &str = "orderNumber";

pub(crate) fn exists(id: u64) -> Result<(), Fail> {
    if id == CONNECTOR { Ok(()) } else { Err(Fail::not_found()) }
}

pub(crate) fn execute(
    tenant: &Tenant,
    body: &Fields<'_>,
    rules: &Rules,
    write: &Write<'_>,
) -> Result<Order, Fail> {
    let stamp = write.stamp();
    // A property that is of no use counts as missing.
    let missing = |name: &'static str| move |_: Fail| Fail::missing_property(name);
    let name = body.must("orderTitle", filled).map_err(missing("orderTitle"))?;
    let custom_id = body.may(NUMBER, word).map_err(missing(NUMBER))?;
    let start = body.may("startDate", moment).map_err(missing("startDate"))?.unwrap_or(stamp.at);
    let due = body.may("dueDate", moment).map_err(missing("dueDate"))?;
    let due = due.unwrap_or_else(|| a_day_after(start));
    if due < start {
        return Err(Fail::missing_property("dueDate"));
    }
    let equipment = body.may("equipmentNumber", word).map_err(missing("equipmentNumber"))?;
    let wanted = body.may("assigned-groups", words).map_err(missing("assigned-groups"))?;
    if order::is_taken(tenant, custom_id.as_deref(), rules) {
        return Err(body.wrong(NUMBER));
    }
    let assignments = matching(tenant, equipment.as_deref());
    if assignments.is_empty() {
        return Err(Fail::no_document());
    }
    let mut characteristics = Vec::new();
    order::inherit_characteristics(tenant, &assignments, &mut characteristics);
    Ok(Order {
        id: tenant.next_order,
        rule: None,
        custom_id,
        name,
        description: String::new(),
        additional_data: None,
        priority: order::USUAL_PRIORITY,
        state: "in-progress",
        start,
        due,
        users: Vec::new(),
        groups: groups(tenant, &wanted.unwrap_or_default()),
        can_be_taken_over: true,
        automatic_completion: true,
        execution_mode: "parallel",
        variables: Map::new(),
        characteristics,
        assignments,
        reports: Vec::new(),
        created: stamp,
        updated: stamp,
        archived: false,
    })
}

fn a_day_after(start: Timestamp) -> Timestamp {
    start.checked_add(24.hours()).unwrap_or(start)
}

/// Text, or a number as other systems send it.
fn word(value: &Value) -> Option<String> {
    filled(value).or_else(|| Some(value.as_number()?.to_string()))
}

fn words(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(word).collect()
}

/// Every document in use that has the class characteristic.
fn matching(tenant: &Tenant, equipment: Option<&str>) -> Vec<Assignment> {
    let Some(equipment) = equipment else { return Vec::new() };
    let named = tenant.characteristics.iter().filter(|(_, name)| name.as_str() == equipment);
    let ids: Vec<u64> = named.map(|(id, _)| *id).collect();
    let documents = tenant.documents.values().filter(|document| {
        !document.archived && document.characteristics.iter().any(|id| ids.contains(id))
    });
    documents
        .zip(tenant.next_assignment..)
        .map(|(document, id)| Assignment {
            id,
            document: document.id,
            use_latest: true,
            report_name: None,
            users: Vec::new(),
            groups: Vec::new(),
            sub_assignee: None,
            characteristics: ids.clone(),
        })
        .collect()
}

/// The groups with these external ids; those that nobody knows are passed over.
fn groups(tenant: &Tenant, wanted: &[String]) -> Vec<u64> {
    let known = tenant.groups.values().filter(|group| {
        group.external_id.as_ref().is_some_and(|external_id| wanted.contains(external_id))
    });
    known.map(|group| group.id).collect()
}
