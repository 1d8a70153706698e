use std::collections::HashSet;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use steadfast_call::dialect::{Field, FieldTable, Resource, value_text};

use super::elements::{Element, Elements};
use super::value::{misfit, settled, shown};
use super::{
    Content, InputError, KEY_MISSING, Naming, Options, Piece, REJECT_COLUMNS, ROW_UNREADABLE,
    RowFault, Source, VALUE_INVALID,
};

/// The objects of a JSON file as pieces.
pub(crate) struct Objects {
    elements: Elements,
    resource: Resource,
    naming: Naming,
    done: bool,
}

impl Objects {
    pub(crate) fn by_line(
        source: &Source,
        reader: Box<dyn Read + Send>,
        resource: &Resource,
        options: &Options,
    ) -> Self {
        Self::new(Elements::by_line(source.name(), reader), resource, options)
    }

    pub(crate) fn by_element(
        source: &Source,
        reader: Box<dyn Read + Send>,
        resource: &Resource,
        options: &Options,
    ) -> Self {
        Self::new(Elements::by_element(source.name(), reader), resource, options)
    }

    fn new(elements: Elements, resource: &Resource, options: &Options) -> Self {
        let naming = Naming::of(resource, options);
        Self { elements, resource: resource.clone(), naming, done: false }
    }

    /// The piece that an element is; none for a note that stands before one in a file of
    /// refused input.
    fn piece(&self, element: &Element) -> Option<Piece> {
        let mut piece = Piece {
            line: element.line,
            last_line: element.last_line,
            key: None,
            content: Content::Unread,
            faults: Vec::new(),
            neighbours: Vec::new(),
        };
        match object(&element.raw) {
            Ok(mut object) => {
                if let Some(name) = repeated_name(&element.raw) {
                    let what = format!("the field \"{name}\" is there twice; keep one");
                    piece.faults.push(fault(element.line, &name, VALUE_INVALID, what));
                }
                let noted = REJECT_COLUMNS.map(|column| object.shift_remove(column).is_some());
                if object.is_empty() && noted.contains(&true) {
                    return None;
                }
                let checks = Checks { resource: &self.resource, line: element.line };
                checks.run(&object, &mut piece.faults);
                self.name(&object, &mut piece);
                settle(&mut object, &self.resource);
                piece.content = Content::Whole(object);
            }
            Err(why) => piece.faults.push(RowFault {
                line: element.line,
                column: None,
                code: ROW_UNREADABLE.to_owned(),
                text: format!("line {}: {}", element.line + why.line, why.what),
            }),
        }
        Some(piece)
    }

    /// Finds the key. One with spaces around it belongs to the key without them.
    fn name(&self, object: &Map<String, Value>, piece: &mut Piece) {
        let (line, key) = (piece.line, self.naming.column());
        let text = value(&self.resource, object, key).filter(|value| !value.is_boolean());
        let text = text.and_then(value_text).unwrap_or_default();
        let trimmed = text.trim();
        if trimmed.is_empty() {
            // The key is one of the required fields as a rule, and one fault says enough.
            piece.faults.retain(|fault| fault.column.as_deref() != Some(key));
            let what = format!(
                "it is not there or empty, so the {} cannot be told; fill it in",
                self.resource.title
            );
            piece.faults.push(fault(line, key, KEY_MISSING, what));
            return;
        }
        if trimmed.len() != text.len() {
            let what = format!("{} has a space before or after it; take it away", shown(&text));
            piece.faults.push(fault(line, key, VALUE_INVALID, what));
        }
        piece.key = Some(self.naming.name(trimmed, |name| value_text(object.get(name)?)));
    }
}

impl Iterator for Objects {
    type Item = Result<Piece, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        loop {
            let element = self.elements.next().transpose();
            self.done = !matches!(element, Some(Ok(_)));
            match element? {
                Ok(element) => {
                    if let Some(piece) = self.piece(&element) {
                        return Some(Ok(piece));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// A value of an object: under its own name, or where the API has it.
pub(crate) fn value<'v>(
    resource: &Resource,
    object: &'v Map<String, Value>,
    name: &str,
) -> Option<&'v Value> {
    match resource.fields.get(name) {
        Some(field) => value_of(object, name, field),
        None => object.get(name),
    }
}

fn value_of<'v>(object: &'v Map<String, Value>, name: &str, field: &Field) -> Option<&'v Value> {
    object.get(name).or_else(|| {
        let (first, rest) = match field.at.as_deref()?.strip_prefix('/')?.split_once('/') {
            Some((first, rest)) => (first, format!("/{rest}")),
            None => (field.at.as_deref()?.strip_prefix('/')?, String::new()),
        };
        object.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(&rest)
    })
}

/// The names of the fields of the first object.
pub(crate) fn first_fields(mut elements: Elements) -> Result<Vec<String>, InputError> {
    while let Some(element) = elements.next()? {
        let Ok(object) = object(&element.raw) else { continue };
        let is_note = object.keys().all(|name| REJECT_COLUMNS.contains(&name.as_str()));
        if !is_note {
            return Ok(object.keys().cloned().collect());
        }
    }
    Err(InputError::Nothing {
        file: elements.file().to_owned(),
        found: "there is no JSON object in it".to_owned(),
        expected: "one object for each write".to_owned(),
    })
}

/// Brings the values into the form that they go out in.
fn settle(object: &mut Map<String, Value>, resource: &Resource) {
    let table = |object: &mut Map<String, Value>, fields: &FieldTable| {
        for (name, value) in object.iter_mut() {
            if let Some(field) = fields.get(name) {
                *value = settled(value.take(), field);
            }
        }
    };
    table(object, &resource.fields);
    let lines = resource.lines.as_ref().and_then(|name| object.get_mut(name));
    let lines = lines.and_then(Value::as_array_mut).into_iter().flatten();
    lines.filter_map(Value::as_object_mut).for_each(|line| table(line, &resource.line_fields));
}

/// Looks at the values of an object, lightly: the API has the last word.
struct Checks<'a> {
    resource: &'a Resource,
    line: u64,
}

impl Checks<'_> {
    fn run(&self, object: &Map<String, Value>, faults: &mut Vec<RowFault>) {
        self.table(object, &self.resource.fields, "", faults);
        let Some(name) = &self.resource.lines else { return };
        let lines = match object.get(name) {
            None | Some(Value::Null) => return, // no lines: the API says what it thinks of that
            Some(Value::Array(lines)) => lines,
            Some(other) => {
                let what = format!("{} is no array; write [ … ]", shown(&other.to_string()));
                faults.push(fault(self.line, name, VALUE_INVALID, what));
                return;
            }
        };
        for (index, line) in lines.iter().enumerate() {
            let place = format!("entry {} of \"{name}\", ", index + 1);
            match line {
                Value::Object(line) => self.table(line, &self.resource.line_fields, &place, faults),
                other => {
                    let shown = shown(&other.to_string());
                    let what =
                        format!("entry {} is {shown} and no object; write {{ … }}", index + 1);
                    faults.push(fault(self.line, name, VALUE_INVALID, what));
                }
            }
        }
    }

    fn table(
        &self,
        object: &Map<String, Value>,
        fields: &FieldTable,
        place: &str,
        faults: &mut Vec<RowFault>,
    ) {
        let mut push = |name: &String, code: &str, what: String| {
            faults.push(RowFault {
                line: self.line,
                column: Some(name.clone()),
                code: code.to_owned(),
                text: format!("line {}, {place}field \"{name}\": {what}", self.line),
            });
        };
        for (name, field) in fields {
            let value = value_of(object, name, field).unwrap_or(&Value::Null);
            if value.is_null() && field.required {
                let what = "it is not there or null, and it is needed; fill it in".to_owned();
                push(name, self.resource.missing_code(), what);
            } else if let Some(what) = misfit(value, field) {
                push(name, VALUE_INVALID, what);
            }
        }
    }
}

fn fault(line: u64, field: &str, code: &str, what: String) -> RowFault {
    RowFault {
        line,
        column: Some(field.to_owned()),
        code: code.to_owned(),
        text: format!("line {line}, field \"{field}\": {what}"),
    }
}

/// Why an element is no object. `line` counts from its first.
pub(crate) struct Unreadable {
    line: u64,
    what: String,
}

pub(crate) fn object(raw: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    let wrong =
        |line: usize, what: String| Unreadable { line: line.saturating_sub(1) as u64, what };
    if let Err(error) = std::str::from_utf8(raw) {
        let what = format!("byte {} is not UTF-8; save the file as UTF-8", error.valid_up_to() + 1);
        return Err(wrong(1, what));
    }
    match serde_json::from_slice::<Value>(raw) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            let shown = shown(&other.to_string());
            Err(wrong(1, format!("{shown} is JSON, but no object; write each write as {{ … }}")))
        }
        Err(error) => Err(wrong(error.line(), format!("this is not JSON: {error}; correct it"))),
    }
}

/// The first name that an object has twice, at any depth. Parsers keep one of the two silently.
pub(crate) fn repeated_name(raw: &[u8]) -> Option<String> {
    let mut found = None;
    let mut parser = serde_json::Deserializer::from_slice(raw);
    Names { found: &mut found }.deserialize(&mut parser).ok()?;
    found
}

struct Names<'a> {
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value_seed(Names { found: &mut *self.found })?;
            if !names.insert(name.clone()) {
                self.found.get_or_insert(name);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Names { found: &mut *self.found })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
