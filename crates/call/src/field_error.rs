//! Faults of single fields of a request, as the API tells them.

use serde_json::Value;

use crate::compare::escape;
use crate::dialect::{FieldErrors, value_text};
use crate::reply::Reply;

/// What is wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field in the request's body.
    pub at: String,
    /// What the API says about it.
    pub message: String,
}

impl FieldError {
    /// The field as a person would name it: `address.city` for `/address/city`.
    #[must_use]
    pub fn field(&self) -> String {
        let steps = self.at.split('/').skip(1);
        let steps: Vec<String> =
            steps.map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        steps.join(".")
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// All faults that the reply names, in its order.
pub(crate) fn read(places: &[FieldErrors], reply: &Reply) -> Vec<FieldError> {
    let mut found = Vec::new();
    for place in places {
        match place {
            FieldErrors::Map { at } => map(at, reply, &mut found),
            FieldErrors::List { at, field, message, strip } => {
                let list = reply.json().and_then(|body| body.pointer(at)).and_then(Value::as_array);
                for fault in list.into_iter().flatten() {
                    let steps = fault.pointer(field).map(steps).unwrap_or_default();
                    let text = fault.pointer(message).and_then(value_text);
                    let own = strip.iter().zip(&steps).take_while(|(a, b)| a == b).count();
                    add(&mut found, &steps[own..], text);
                }
            }
            FieldErrors::One { field, message } => {
                if let Some(field) = field.text(reply) {
                    add(&mut found, &[field], message.text(reply));
                }
            }
        }
    }
    found
}

fn map(at: &str, reply: &Reply, found: &mut Vec<FieldError>) {
    let faults = reply.json().and_then(|body| body.pointer(at)).and_then(Value::as_object);
    for (field, texts) in faults.into_iter().flatten() {
        match texts {
            Value::Array(texts) => {
                for text in texts {
                    add(found, std::slice::from_ref(field), value_text(text));
                }
            }
            text => add(found, std::slice::from_ref(field), value_text(text)),
        }
    }
}

/// The steps to a field: its name, or an array of names and numbers.
fn steps(field: &Value) -> Vec<String> {
    match field {
        Value::Array(steps) => steps.iter().filter_map(value_text).collect(),
        field => value_text(field).into_iter().collect(),
    }
}

/// A name that is a pointer already is taken as it is.
fn add(found: &mut Vec<FieldError>, steps: &[String], message: Option<String>) {
    let Some(message) = message else { return };
    let at = match steps {
        [pointer] if pointer.starts_with('/') => pointer.clone(),
        steps => steps.iter().map(|step| format!("/{}", escape(step))).collect(),
    };
    let fault = FieldError { at, message };
    if !found.contains(&fault) {
        found.push(fault);
    }
}
