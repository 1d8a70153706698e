use std::collections::BTreeMap;

use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use super::{Form, Given, Reader};

/// A table being read: it remembers which keys it was asked for, so that what is left over can
/// be told as a mistake.
pub(in crate::dialect) struct Table<'v, 'r, 't> {
    table: &'v DeTable<'v>,
    reader: &'r mut Reader<'t>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'v, 'r, 't> Table<'v, 'r, 't> {
    /// The table that stands there, or a mistake.
    pub(in crate::dialect) fn open(
        given: &'v Given<'v>,
        reader: &'r mut Reader<'t>,
    ) -> Option<Self> {
        match given.get_ref() {
            DeValue::Table(table) => Some(Self::of(table, reader)),
            _ => {
                reader.expected("a table", given);
                None
            }
        }
    }

    /// The whole file is a table, too.
    pub(in crate::dialect) fn of(table: &'v DeTable<'v>, reader: &'r mut Reader<'t>) -> Self {
        Self { table, reader, known: Vec::new(), missing: Vec::new() }
    }

    /// What stands under a key. Without the key, what the form says for that; a key that must
    /// not be left out is a mistake.
    pub(in crate::dialect) fn take<F: Form>(&mut self, key: &'static str) -> Option<F::Value> {
        match self.find::<F>(key) {
            Ok(read) => read,
            Err(()) => F::if_absent().or_else(|| {
                self.missing.push(key);
                None
            }),
        }
    }

    /// What stands under a key, or the default.
    pub(in crate::dialect) fn take_or<F: Form>(
        &mut self,
        key: &'static str,
        default: F::Value,
    ) -> Option<F::Value> {
        self.find::<F>(key).unwrap_or(Some(default))
    }

    fn find<F: Form>(&mut self, key: &'static str) -> Result<Option<F::Value>, ()> {
        self.known.push(key);
        let (name, given) = self.table.get_key_value(key).ok_or(())?;
        Ok(self.reader.under(key, name.span().start, |reader| F::read(given, reader)))
    }

    /// Keys that somebody else reads.
    pub(in crate::dialect) fn beside(&mut self, keys: &[&'static str]) {
        self.known.extend_from_slice(keys);
    }

    /// Every key that nobody asked for is a mistake, and every one that is missing. One that is
    /// both, misspelled, is told once.
    pub(in crate::dialect) fn end(self) {
        let Self { table, reader, known, mut missing } = self;
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let all = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let near = nearest(name, &missing).or_else(|| nearest(name, &known));
            missing.retain(|key| near != Some(*key));
            let remedy = match near {
                Some(near) => {
                    format!("correct the key to `{near}`, or take it out; there are {all}")
                }
                None => format!("correct the key, or take it out; there are {all}"),
            };
            let what = "there is no such key here";
            reader.under(name, key.span().start, |reader| reader.wrong(what, remedy));
        }
        for key in missing {
            let remedy = format!("add the key `{key}`, or a table of that name");
            reader.wrong(format!("the key `{key}` is missing"), remedy);
        }
    }
}

impl Table<'_, '_, '_> {
    /// What is missing is a mistake; the other keys cannot be judged.
    pub(in crate::dialect) fn end_unread(self) {
        for key in self.missing {
            self.reader
                .wrong(format!("the key `{key}` is missing"), format!("add the key `{key}`"));
        }
    }
}

/// The name that somebody may have meant.
pub(in crate::dialect) fn nearest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let likeness = |other: &&str| strsim::jaro_winkler(name, other);
    let best = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.8).then_some(*best)
}

/// The named parts of a schema.
#[derive(Default)]
pub(in crate::dialect) struct Schemas(BTreeMap<&'static str, Value>);

impl Schemas {
    /// A reference to a part, which is described when it is first asked for: a table may hold
    /// itself.
    pub(in crate::dialect) fn refer(
        &mut self,
        name: &'static str,
        describe: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        if !self.0.contains_key(name) {
            self.0.insert(name, Value::Null);
            let described = describe(self);
            self.0.insert(name, described);
        }
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    pub(in crate::dialect) fn into_definitions(self) -> Value {
        json!(self.0)
    }
}

/// The schema of a table, as its keys are declared.
pub(in crate::dialect) struct TableSchema {
    properties: serde_json::Map<String, Value>,
    required: Vec<&'static str>,
}

impl TableSchema {
    pub(in crate::dialect) fn new() -> Self {
        Self { properties: serde_json::Map::new(), required: Vec::new() }
    }

    pub(in crate::dialect) fn key<F: Form>(
        &mut self,
        key: &'static str,
        doc: &str,
        has_default: bool,
        schemas: &mut Schemas,
    ) {
        self.property(key, doc, F::schema(schemas));
        if !has_default && F::if_absent().is_none() {
            self.required.push(key);
        }
    }

    /// A key whose value is one word.
    pub(in crate::dialect) fn word(&mut self, key: &'static str, word: &str) {
        self.property(key, "", json!({ "const": word }));
        self.required.push(key);
    }

    pub(in crate::dialect) fn property(&mut self, key: &str, doc: &str, schema: Value) {
        let doc = doc.trim();
        // Beside a reference nothing else is read, so it is wrapped.
        let mut schema = match schema.get("$ref") {
            Some(_) if !doc.is_empty() => json!({ "allOf": [schema] }),
            _ => schema,
        };
        if !doc.is_empty() {
            schema["description"] = json!(doc);
        }
        self.properties.insert(key.to_owned(), schema);
    }

    pub(in crate::dialect) fn end(self, doc: &str) -> Value {
        object(self.properties, &self.required, doc)
    }
}

/// The schema of a table with these keys and no others.
pub(in crate::dialect) fn object(
    properties: serde_json::Map<String, Value>,
    required: &[&str],
    doc: &str,
) -> Value {
    let mut object = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    if !doc.trim().is_empty() {
        object["description"] = json!(doc.trim());
    }
    object
}
