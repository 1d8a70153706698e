//! What names the writes of a file: the column of the key, and whose the write is where the
//! API keeps the records of several owners apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use steadfast_call::dialect::{Field, FieldType, Resource};

use super::Options;

/// What names the writes of a file.
#[derive(Debug, Clone)]
pub struct Naming {
    column: String,
    within: Vec<Within>,
    named_by_user: bool,
}

/// A name in the path of the write.
#[derive(Debug, Clone)]
struct Within {
    column: String,
    given: Option<String>,
}

impl Naming {
    /// What names the writes of a file to this resource.
    #[must_use]
    pub fn of(resource: &Resource, options: &Options) -> Self {
        let within = resource.path.values().map(|value| Within {
            column: value.name().to_owned(),
            given: options.given.get(value.name()).cloned(),
        });
        Self {
            column: options.key_column.clone().unwrap_or_else(|| resource.key.clone()),
            // A column of the user's own tells all writes of the file apart.
            within: within.filter(|_| options.key_column.is_none()).collect(),
            named_by_user: options.key_column.is_some(),
        }
    }

    /// The column that holds the key.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// True if a write is named by more, or by something else, than its natural key.
    #[must_use]
    pub fn is_wider(&self) -> bool {
        self.named_by_user || !self.within.is_empty()
    }

    /// The name of a write with that key; `cell` gives the other cells of its row, if they hold
    /// anything.
    pub(crate) fn name(&self, key: &str, cell: impl Fn(&str) -> Option<String>) -> String {
        let value = |within: &Within| {
            let own = cell(&within.column).map(|text| text.trim().to_owned());
            own.filter(|text| !text.is_empty()).or(within.given.clone()).unwrap_or_default()
        };
        named(self.within.iter().map(value), key)
    }
}

/// The name of a write within what its path says.
pub(crate) fn named(within: impl Iterator<Item = String>, key: &str) -> String {
    let mut name = String::new();
    for value in within {
        name.push_str(&value.replace('%', "%25").replace('/', "%2F"));
        name.push('/');
    }
    name.push_str(key);
    name
}

/// The resource as a file has it: with a column for each name in its path. What is given for the
/// whole file need not be in it.
#[must_use]
pub(crate) fn with_path<'r>(
    resource: &'r Resource,
    given: &BTreeMap<String, String>,
) -> Cow<'r, Resource> {
    if resource.path.is_empty() {
        return Cow::Borrowed(resource);
    }
    let mut shape = resource.clone();
    for value in resource.path.values() {
        let field = Field {
            kind: FieldType::String,
            required: !given.contains_key(value.name()),
            list: None,
            at: None,
            shown: None,
            added_to: false,
        };
        shape.fields.insert(value.name().to_owned(), field);
    }
    Cow::Owned(shape)
}
