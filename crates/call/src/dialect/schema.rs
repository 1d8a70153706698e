use serde_json::{Value, json};

use super::Dialect;
use super::form::Schemas;

impl Dialect {
    /// The format of dialect files as a JSON Schema (draft 7, which every editor reads), made
    /// from what reads them. It knows all of the format but references: that a field refers to
    /// a list which is there, [`check`](Self::check) says alone.
    #[must_use]
    pub fn schema() -> Value {
        let mut schemas = Schemas::default();
        let mut schema = Self::describe(&mut schemas);
        schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        schema["title"] = json!("Steadfast dialect, format 1");
        schema["description"] = json!("One API's error and reliability contract, as data.");
        schema["properties"]["dialect"] = json!({
            "const": 1,
            "description": "The version of the format.",
        });
        schema["definitions"] = schemas.into_definitions();
        schema
    }
}
