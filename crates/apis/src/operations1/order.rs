//! Orders, by the API's own field names (contract, section 3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Moment;
use super::people::Assigned;
use crate::words::words;

words! {
    /// How far an order is.
    pub enum OrderState {
        /// It is being written.
        InEdit = "in-edit",
        /// Nobody has begun it.
        NotStarted = "not-started",
        /// Somebody is at it.
        InProgress = "in-progress",
        /// It was called off.
        Cancelled = "cancelled",
        /// It rests.
        Paused = "paused",
        /// Something is wrong with it.
        Problem = "problem",
        /// It is done.
        Done = "done",
        /// It begins later.
        Scheduled = "scheduled",
    }
}

words! {
    /// In which sequence the documents of an order are worked through.
    pub enum ExecutionMode {
        /// In any.
        Parallel = "parallel",
        /// In that of the order.
        Sequence = "sequence",
    }
}

/// An order to be made. What is none is left to the API.
///
/// ```
/// use steadfast_apis::operations1::NewOrder;
///
/// let (from, to) = ("2025-05-21T08:00:00Z".parse()?, "2025-05-25T17:00:00Z".parse()?);
/// let order = NewOrder::new("Pump check", from, to).document(3).custom_order_id("ERP-1");
/// let json = serde_json::to_value(&order).unwrap();
/// assert_eq!(json["startDate"], "2025-05-21T08:00:00.000Z");
/// assert_eq!(json["orderDocumentAssignments"][0]["documentId"], 3);
/// # Ok::<(), steadfast_apis::operations1::NoMoment>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOrder {
    /// Its name, one character at least.
    pub name: String,
    /// When it begins.
    pub start_date: Moment,
    /// When it has to be done; not before it begins.
    pub due_date: Moment,
    /// The documents to be worked through.
    pub order_document_assignments: Vec<NewAssignment>,
    /// The caller's own number. The API does not keep two orders from having the same; it is by
    /// this that one is found again, so that none is made twice (contract 5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_order_id: Option<String>,
    /// A description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whatever else belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_data: Option<String>,
    /// From 1 to 10; 5 if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// Who works on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigned_user_ids: Vec<u64>,
    /// Which groups work on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigned_group_ids: Vec<u64>,
    /// Its class characteristics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub class_characteristic_ids: Vec<u64>,
    /// Whether others may take it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_be_taken_over: Option<bool>,
    /// Whether it is done when its last document is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic_completion: Option<bool>,
    /// Whether it has the class characteristics of its documents, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherit_documents_class_characteristics: Option<bool>,
    /// In which sequence its documents are worked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<ExecutionMode>,
    /// Variables of its documents.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Option<String>>,
}

/// A document of an order that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAssignment {
    /// The document.
    pub document_id: u64,
    /// Who works on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigned_user_ids: Vec<u64>,
    /// Which groups work on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigned_group_ids: Vec<u64>,
    /// Whether the newest version of the document counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_latest_document: Option<bool>,
    /// The name of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_name: Option<String>,
    /// Its class characteristics.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub class_characteristic_ids: Vec<u64>,
}

impl NewOrder {
    /// An order with what every order needs, but for its documents.
    #[must_use]
    pub fn new(name: impl Into<String>, start_date: Moment, due_date: Moment) -> Self {
        Self {
            name: name.into(),
            start_date,
            due_date,
            order_document_assignments: Vec::new(),
            custom_order_id: None,
            description: None,
            additional_data: None,
            priority: None,
            assigned_user_ids: Vec::new(),
            assigned_group_ids: Vec::new(),
            class_characteristic_ids: Vec::new(),
            can_be_taken_over: None,
            automatic_completion: None,
            inherit_documents_class_characteristics: None,
            execution_mode: None,
            variables: BTreeMap::new(),
        }
    }

    /// The same with one document more.
    #[must_use]
    pub fn document(mut self, document_id: u64) -> Self {
        let assignment = NewAssignment { document_id, ..NewAssignment::default() };
        self.order_document_assignments.push(assignment);
        self
    }

    /// The same with the caller's own number.
    #[must_use]
    pub fn custom_order_id(mut self, id: impl Into<String>) -> Self {
        self.custom_order_id = Some(id.into());
        self
    }
}

/// What is to be changed of an order. What is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderChange {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// From 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Moment>,
    /// When it has to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Moment>,
    /// How far it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<OrderState>,
    /// Whether it is in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// An order, as the API shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Order {
    /// The API's id.
    pub id: u64,
    /// The rule that made it, if one did.
    #[serde(default)]
    pub rule_id: Option<u64>,
    /// The caller's own number: what a request calls `customOrderId`.
    #[serde(default)]
    pub custom_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
    /// Whatever else belongs to it.
    #[serde(default)]
    pub additional_data: Option<String>,
    /// From 1 to 10: up to 3 very low, 4 low, 5 normal, 6 high, from 7 on very high.
    #[serde(default)]
    pub priority: Option<u8>,
    /// How far it is.
    pub state: OrderState,
    /// When it begins.
    #[serde(default)]
    pub start_date: Option<Moment>,
    /// When it has to be done.
    #[serde(default)]
    pub due_date: Option<Moment>,
    /// Which groups work on it.
    #[serde(default)]
    pub assigned_groups: Vec<Assigned>,
    /// Who works on it.
    #[serde(default)]
    pub assigned_users: Vec<Assigned>,
    /// Whether others may take it over.
    #[serde(default)]
    pub can_be_taken_over: Option<bool>,
    /// Its documents.
    #[serde(default)]
    pub order_document_assignments: Vec<Assignment>,
    /// Its reports: one for each document.
    #[serde(default)]
    pub report_ids: Vec<u64>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Moment>,
    /// By whom.
    #[serde(default)]
    pub created_by: Option<u64>,
    /// Under which name.
    #[serde(default)]
    pub created_by_user_name: Option<String>,
    /// When it was last changed.
    #[serde(default)]
    pub updated_at: Option<Moment>,
    /// By whom.
    #[serde(default)]
    pub updated_by: Option<u64>,
    /// Under which name.
    #[serde(default)]
    pub updated_by_user_name: Option<String>,
    /// Whether it is in the archive.
    #[serde(default)]
    pub archived: bool,
    /// Whether it is done when its last document is.
    #[serde(default)]
    pub automatic_completion: Option<bool>,
    /// In which sequence its documents are worked through.
    #[serde(default)]
    pub execution_mode: Option<ExecutionMode>,
    /// Variables of its documents.
    #[serde(default)]
    pub variables: BTreeMap<String, Option<String>>,
    /// Its class characteristics.
    #[serde(default)]
    pub class_characteristics: Vec<ClassCharacteristic>,
}

/// A document of an order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Assignment {
    /// The API's id of the assignment.
    pub id: u64,
    /// Its place in the order, from 0.
    #[serde(default)]
    pub position: Option<u64>,
    /// How often it is worked through.
    #[serde(default)]
    pub quantity: Option<u64>,
    /// The document, whatever its version.
    #[serde(default)]
    pub document_base_id: Option<u64>,
    /// The document in its version.
    pub document_id: u64,
    /// Whether the newest version counts.
    #[serde(default)]
    pub use_latest_document: Option<bool>,
    /// The name of the report.
    #[serde(default)]
    pub report_name: Option<String>,
    /// Its class characteristics.
    #[serde(default)]
    pub class_characteristics: Vec<ClassCharacteristic>,
}

/// A class characteristic with its name, if that is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ClassCharacteristic {
    /// The API's id.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
}
