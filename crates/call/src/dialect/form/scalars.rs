use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde_json::{Value, json};
use toml::de::DeValue;

use super::table::nearest;
use super::{Form, Given, Reader, Schemas};

impl Form for String {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text("a text in quotation marks", given)
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string" })
    }
}

/// A flag that is left out is off.
impl Form for bool {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match given.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                reader.expected("true or false", given);
                None
            }
        }
    }

    fn if_absent() -> Option<Self> {
        Some(false)
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "boolean" })
    }
}

fn whole<N: TryFrom<i128>>(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<N> {
    let number = match given.get_ref() {
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    let read = number.and_then(|number| N::try_from(number).ok());
    if read.is_none() {
        reader.expected("a whole number, not below 0", given);
    }
    read
}

macro_rules! whole_numbers {
    ($($number:ty),*) => { $(
        impl Form for $number {
            type Value = Self;

            fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
                whole(given, reader)
            }

            fn schema(_: &mut Schemas) -> Value {
                json!({ "type": "integer", "minimum": 0 })
            }
        }

        impl Form for AtLeastOne<$number> {
            type Value = $number;

            fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<$number> {
                let number: $number = whole(given, reader)?;
                if number == 0 {
                    reader.wrong("it is 0", "say at least one: 1 or more");
                    return None;
                }
                Some(number)
            }

            fn schema(_: &mut Schemas) -> Value {
                json!({ "type": "integer", "minimum": 1 })
            }
        }
    )* };
}

whole_numbers!(u32, u64, usize);

/// A whole number above 0.
pub(in crate::dialect) struct AtLeastOne<N>(PhantomData<N>);

/// A share: a number from 0 to 1.
pub(in crate::dialect) struct Share;

impl Form for Share {
    type Value = f64;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<f64> {
        let number = match given.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let share = number.filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            reader.expected("a share from 0 to 1, such as 0.1", given);
        }
        share
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

impl<F: Form> Form for Option<F> {
    type Value = Option<F::Value>;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        F::read(given, reader).map(Some)
    }

    fn if_absent() -> Option<Self::Value> {
        Some(None)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        F::schema(schemas)
    }
}

impl<F: Form> Form for Vec<F> {
    type Value = Vec<F::Value>;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let DeValue::Array(elements) = given.get_ref() else {
            reader.expected("a list in brackets", given);
            return None;
        };
        // All of them are read before any of them can end it.
        let read: Vec<Option<F::Value>> = elements
            .iter()
            .map(|element| reader.element(element.span().start, |reader| F::read(element, reader)))
            .collect();
        read.into_iter().collect()
    }

    fn if_absent() -> Option<Self::Value> {
        Some(Vec::new())
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({ "type": "array", "items": F::schema(schemas) })
    }
}

impl<F: Form> Form for BTreeMap<String, F> {
    type Value = BTreeMap<String, F::Value>;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        named(given, reader, |_, _| true, F::read)
    }

    fn if_absent() -> Option<Self::Value> {
        Some(BTreeMap::new())
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({ "type": "object", "additionalProperties": F::schema(schemas) })
    }
}

/// A table whose keys are names: each is looked at by `name`, and its value read.
pub(in crate::dialect) fn named<V>(
    given: &Given<'_>,
    reader: &mut Reader<'_>,
    mut name: impl FnMut(&str, &mut Reader<'_>) -> bool,
    mut read: impl FnMut(&Given<'_>, &mut Reader<'_>) -> Option<V>,
) -> Option<BTreeMap<String, V>> {
    let DeValue::Table(table) = given.get_ref() else {
        reader.expected("a table", given);
        return None;
    };
    let mut values = BTreeMap::new();
    let mut whole = true;
    for (key, given) in table.iter() {
        let text = key.get_ref().as_ref();
        let (right, value) = reader
            .under(text, key.span().start, |reader| (name(text, reader), read(given, reader)));
        match (right, value) {
            (true, Some(value)) => drop(values.insert(text.to_owned(), value)),
            _ => whole = false,
        }
    }
    whole.then_some(values)
}

/// A list or table that must not be left out.
pub(in crate::dialect) struct Required<F>(PhantomData<F>);

impl<F: Form> Form for Required<F> {
    type Value = F::Value;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        F::read(given, reader)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        F::schema(schemas)
    }
}

/// Any value, as JSON.
impl Form for Value {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match given.get_ref() {
            DeValue::String(text) => Some(Self::from(text.as_ref())),
            DeValue::Boolean(flag) => Some(Self::from(*flag)),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Some(Self::from(number)),
                    Err(_) => {
                        reader.expected("a number that fits into 64 bits", given);
                        None
                    }
                }
            }
            DeValue::Float(number) => {
                let read = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                if read.is_none() {
                    reader.expected("a finite number: JSON has no other", given);
                }
                read.map(Self::Number)
            }
            DeValue::Datetime(_) => {
                reader.expected("a text in quotation marks: JSON has no dates", given);
                None
            }
            DeValue::Array(_) => Vec::<Self>::read(given, reader).map(Self::from),
            DeValue::Table(_) => {
                let members = BTreeMap::<String, Self>::read(given, reader)?;
                Some(Self::Object(members.into_iter().collect()))
            }
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({})
    }
}

/// One of some words, or a mistake that names them all.
pub(in crate::dialect) fn word<T: Copy>(
    words: &[(&str, T)],
    given: &Given<'_>,
    reader: &mut Reader<'_>,
) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let all = names.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let DeValue::String(text) = given.get_ref() else {
        reader.expected(&format!("one of {all}"), given);
        return None;
    };
    if let Some((_, value)) = words.iter().find(|(word, _)| word == text) {
        return Some(*value);
    }
    let meant = nearest(text, &names).map(|near| format!(" to `{near}`")).unwrap_or_default();
    let what = format!("there is no word \"{text}\" for it");
    reader.wrong(what, format!("correct the value{meant}; there are {all}"));
    None
}
