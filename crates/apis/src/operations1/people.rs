//! Users and groups.

use serde::{Deserialize, Serialize};

use super::Moment;

/// A user or a group, as other records name it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Assigned {
    /// The API's id.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(default)]
    pub display_name: Option<String>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The API's id.
    pub id: u64,
    /// The name, of which there is one in a tenant.
    pub name: String,
    /// The name that people see.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The address for mail.
    #[serde(default)]
    pub email: Option<String>,
    /// The language.
    #[serde(default)]
    pub locale_code: Option<String>,
    /// The groups that they belong to.
    #[serde(default)]
    pub groups: Vec<Assigned>,
    /// Whether they are in the archive.
    #[serde(default)]
    pub archived: bool,
    /// When they were made.
    #[serde(default)]
    pub created_at: Option<Moment>,
    /// When they were last changed.
    #[serde(default)]
    pub updated_at: Option<Moment>,
}

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// The name, by which a user is found again.
    pub name: String,
    /// The name that people see.
    pub display_name: String,
    /// The address for mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale_code: Option<String>,
}

impl NewUser {
    /// A user with what every user needs.
    #[must_use]
    pub fn new(name: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            display_name: display_name.into(),
            email: None,
            locale_code: None,
        }
    }
}

/// What is to be changed of a user. What is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserChange {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The address for mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale_code: Option<String>,
    /// Whether they are in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Group {
    /// The API's id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The name that people see.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Its id elsewhere, by which order connectors assign it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Whether it is in the archive.
    #[serde(default)]
    pub archived: bool,
}
