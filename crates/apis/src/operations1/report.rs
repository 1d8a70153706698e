//! Reports, and the documents that they are made of.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Moment;
use super::order::ClassCharacteristic;
use crate::words::words;

words! {
    /// How far a report is.
    pub enum ReportState {
        /// Nobody has begun it.
        NotStarted = "not-started",
        /// Somebody is at it.
        InProgress = "in-progress",
        /// It rests.
        Paused = "paused",
        /// Something is wrong with it.
        Problem = "problem",
        /// It is done.
        Done = "done",
    }
}

words! {
    /// What a report came to.
    pub enum Passed {
        /// Nothing yet.
        NoEntry = "no-entry",
        /// All is well.
        Pass = "pass",
        /// Somebody has to look.
        Unclear = "unclear",
        /// Something is not well.
        NoPass = "no-pass",
        /// Something is badly wrong.
        NoPassCritical = "no-pass-critical",
    }
}

/// A report: what became of one document of an order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The API's id.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The document.
    #[serde(default)]
    pub document_id: Option<u64>,
    /// The document's name.
    #[serde(default)]
    pub document_name: Option<String>,
    /// The document's names by language.
    #[serde(default)]
    pub document_names: BTreeMap<String, String>,
    /// A comment.
    #[serde(default)]
    pub comment: Option<String>,
    /// How many steps it has.
    #[serde(default)]
    pub num_of_steps: Option<u64>,
    /// The step that it is at.
    #[serde(default)]
    pub step_index: Option<u64>,
    /// How many of its steps are done.
    #[serde(default)]
    pub num_finished_steps: Option<u64>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Moment>,
    /// When it was last changed.
    #[serde(default)]
    pub updated_at: Option<Moment>,
    /// The order that it belongs to.
    #[serde(default)]
    pub order_id: Option<u64>,
    /// How far it is.
    pub state: ReportState,
    /// Whether it is worked on without a connection.
    #[serde(default)]
    pub offline: Option<bool>,
    /// What it came to.
    #[serde(default)]
    pub passed: Option<Passed>,
    /// Its language.
    #[serde(default)]
    pub locale_code: Option<String>,
    /// The languages that it can be had in.
    #[serde(default)]
    pub available_locales: Option<Vec<String>>,
    /// Its revision, from 0.
    #[serde(default)]
    pub revision: Option<u64>,
    /// Whether it is in the archive.
    #[serde(default)]
    pub archived: bool,
    /// When it was opened for the first time.
    #[serde(default)]
    pub first_opened_at: Option<Moment>,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub cycle_time: Option<u64>,
    /// Who works on it, in whatever form.
    #[serde(default)]
    pub assignment: Option<Value>,
    /// Its place in the order.
    #[serde(default)]
    pub order_position: Option<u64>,
    /// Its class characteristics.
    #[serde(default)]
    pub class_characteristics: Vec<ClassCharacteristic>,
}

/// A document, of which orders are made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Document {
    /// The API's id of the document in its version.
    pub id: u64,
    /// The document, whatever its version.
    #[serde(default)]
    pub document_base_id: Option<u64>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Its names by language.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// How many steps it has.
    #[serde(default)]
    pub num_of_steps: Option<u64>,
    /// Its language.
    #[serde(default)]
    pub locale_code: Option<String>,
    /// Whether it is in the archive.
    #[serde(default)]
    pub archived: bool,
    /// Its class characteristics.
    #[serde(default)]
    pub class_characteristics: Vec<ClassCharacteristic>,
}
