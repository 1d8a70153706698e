use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::extract::{pointer, pointer_if_any};

/// A list of master data that fields may refer to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRoute {
    /// The path of the list.
    pub path: String,
    /// The column by which rows are known.
    pub key: String,
    /// What one row is, in words.
    pub title: String,
    /// Only rows in this state count as there.
    #[serde(default)]
    pub active: Option<Active>,
    /// The code that the API gives to a write which names a row that is not there.
    pub missing_code: String,
    /// What to say of them all; `{keys}` is filled in.
    pub missing_message: String,
}

/// The state that a row must be in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Active {
    /// The column.
    pub field: String,
    /// Its value.
    pub value: String,
}

/// Something that can be written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// What one is, in words.
    pub title: String,
    /// How one is created.
    pub create: Create,
    /// The field that is its natural key.
    pub key: String,
    /// JSON pointer to its id in the reply to a create.
    #[serde(default, deserialize_with = "pointer_if_any")]
    pub id: Option<String>,
    /// The array that holds the lines, if rows of a table form one write.
    #[serde(default)]
    pub lines: Option<String>,
    /// The code that the API gives to a write which lacks a required field.
    pub missing_code: String,
    /// The code that the API gives to a create whose key is taken.
    pub exists_code: String,
    /// How to find one by its key.
    #[serde(default)]
    pub lookup: Option<LookupRoute>,
    /// A write that changes nothing, by which the state of the lock shows.
    #[serde(default)]
    pub witness: Option<WitnessRoute>,
    /// The fields of the write itself, in the order of the file.
    pub fields: FieldTable,
    /// The fields of a line.
    #[serde(default)]
    pub line_fields: FieldTable,
}

/// Fields by name.
pub type FieldTable = BTreeMap<String, Field>;

/// How one is created.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
}

/// How to find one by its key, and when not finding it proves that it is not there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupRoute {
    /// The path of the list.
    pub list: String,
    /// How to ask the list for some keys only. What comes back is checked all the same.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The column of the list that holds the key.
    pub row_key: String,
    /// The column of the list that holds the id.
    pub row_id: String,
    /// The path of one record; `{id}` is filled in.
    pub read: String,
    /// JSON pointer to the record in that reply.
    #[serde(deserialize_with = "pointer")]
    pub record: String,
    /// A write may still take effect this long after its last attempt ended, in milliseconds.
    pub settle_ms: u64,
    /// How many keys one filtered request may name.
    pub keys_per_request: usize,
    /// Records in these states are not listed.
    #[serde(default)]
    pub hidden: Option<FieldValues>,
    /// The fields by which a line of ours is told from the others.
    #[serde(default)]
    pub line_key: Vec<String>,
}

/// How to ask a list for some keys only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The query parameter.
    pub parameter: String,
    /// Its value; `{keys}` becomes a JSON array of the keys.
    pub template: String,
}

/// A field and some of its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldValues {
    /// The field.
    pub field: String,
    /// The values.
    pub values: Vec<String>,
}

/// A write that changes nothing: a record that we made is read, and written back as it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessRoute {
    /// The method.
    pub method: String,
    /// The path; `{id}` is filled in.
    pub path: String,
    /// The columns of a line that keep it the same line.
    #[serde(default)]
    pub line_ids: Vec<String>,
}

/// One field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// True if a write without it is refused.
    #[serde(default)]
    pub required: bool,
    /// The list of master data that its values refer to.
    #[serde(default)]
    pub list: Option<String>,
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text, taken as it stands.
    String,
    /// A decimal number, kept digit by digit.
    Number,
    /// A whole number.
    Integer,
    /// `YYYY-MM-DD`.
    Date,
    /// `true` or `false`.
    Boolean,
}

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "string" => Ok(Self::String),
            "number" => Ok(Self::Number),
            "integer" => Ok(Self::Integer),
            "date" => Ok(Self::Date),
            "boolean" => Ok(Self::Boolean),
            other => Err(serde::de::Error::custom(format!(
                "\"{other}\" is no type; use string, number, integer, date or boolean"
            ))),
        }
    }
}
