//! Faults of single fields of a request, as the API tells them.

use serde_json::Value;

use crate::compare::escape;
use crate::dialect::{FieldErrors, find_value, value_text};
use crate::reply::Reply;

/// No more than this are read from one reply.
const FIELD_ERRORS_MAX: usize = 100;
/// Objects inside objects are followed no deeper than this.
const STEPS_MAX: usize = 8;

/// What is wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field in the request's body; an empty one means the request
    /// as a whole.
    pub at: String,
    /// The field as the API names it, with a point between the steps to it.
    pub name: String,
    /// What the API says about it.
    pub message: String,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// All faults that the reply names, in its order. What does not have the form that is expected
/// there is passed over.
pub(crate) fn read(places: &[FieldErrors], reply: &Reply) -> Vec<FieldError> {
    let mut found = Vec::new();
    let at = |pointer: &str| reply.json().and_then(|body| find_value(body, pointer));
    for place in places {
        match place {
            FieldErrors::Map { at: pointer } => {
                if let Some(fields @ Value::Object(_)) = at(pointer) {
                    follow(fields, &mut Vec::new(), &mut found);
                }
            }
            FieldErrors::List { at: pointer, field, message, strip } => {
                for fault in at(pointer).and_then(Value::as_array).into_iter().flatten() {
                    let text = find_value(fault, message).and_then(value_text);
                    let steps = find_value(fault, field).map(steps).unwrap_or_default();
                    add(&mut found, &steps, strip, text);
                }
            }
            FieldErrors::One { field, message } => {
                if let Some(field) = field.text(reply) {
                    add(&mut found, &steps(&Value::String(field)), &[], message.text(reply));
                }
            }
        }
    }
    found
}

/// What is said in one line where a reply has no message of its own: the first fault, and how many
/// there are beside it.
pub(crate) fn summary(found: &[FieldError]) -> Option<String> {
    let (first, more) = found.split_first()?;
    Some(match more.len() {
        0 => first.to_string(),
        more => format!("{first} (+{more} more)"),
    })
}

/// The texts under a field: one, several, or those of the fields inside it.
fn follow(value: &Value, steps: &mut Vec<String>, found: &mut Vec<FieldError>) {
    let inside = |step: String, value: &Value, steps: &mut Vec<String>, found: &mut Vec<_>| {
        if steps.len() < STEPS_MAX {
            steps.push(step);
            follow(value, steps, found);
            steps.pop();
        }
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                inside(name.clone(), value, steps, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                match element {
                    // A text is about the field; an object about its element of the same number.
                    Value::Object(_) => inside(index.to_string(), element, steps, found),
                    text => add(found, steps, &[], value_text(text)),
                }
            }
        }
        text => add(found, steps, &[], value_text(text)),
    }
}

/// The steps to a field that is given by its name, by a pointer (of RFC 6901, or as the fragment
/// of a URI) or by an array of names and numbers.
fn steps(field: &Value) -> Vec<String> {
    match field {
        Value::Array(steps) => steps.iter().filter_map(value_text).collect(),
        Value::String(name) if name.is_empty() => Vec::new(),
        Value::String(name) => match name.strip_prefix('#').unwrap_or(name).strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescape).collect(),
            None => vec![name.clone()],
        },
        field => value_text(field).into_iter().collect(),
    }
}

fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn add(found: &mut Vec<FieldError>, steps: &[String], strip: &[String], message: Option<String>) {
    // What names no field is said by the message.
    let room = !steps.is_empty() && found.len() < FIELD_ERRORS_MAX;
    let Some(message) = message.filter(|_| room) else { return };
    let own = strip.iter().zip(steps).take_while(|(strip, step)| strip == step).count();
    let at = steps[own..].iter().map(|step| format!("/{}", escape(step))).collect();
    let fault = FieldError { at, name: steps.join("."), message };
    if !found.contains(&fault) {
        found.push(fault);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(field: &Value) -> FieldError {
        let mut found = Vec::new();
        add(&mut found, &steps(field), &["body".to_owned()], Some("no".to_owned()));
        found.remove(0)
    }

    #[test]
    fn what_names_no_field_is_none() {
        let mut found = Vec::new();
        for nothing in [Value::Null, json!(""), json!([])] {
            add(&mut found, &steps(&nothing), &[], Some("no".to_owned()));
        }
        assert_eq!(found, []);
    }

    #[test]
    fn a_field_is_a_name_a_pointer_or_steps() {
        let at = |field: &Value| error(field).at;
        assert_eq!(at(&json!("email")), "/email");
        assert_eq!(at(&json!("#/profile/color")), "/profile/color");
        assert_eq!(at(&json!("/a~1b/c")), "/a~1b/c");
        assert_eq!(at(&json!(["body", "lines", 1, "a/b"])), "/lines/1/a~1b");
        assert_eq!(at(&json!(["query", "limit"])), "/query/limit");
        assert_eq!(error(&json!(["body", "lines", 1])).to_string(), "body.lines.1: no");
        assert_eq!(error(&json!(["body"])).to_string(), "body: no");
    }

    #[test]
    fn texts_inside_texts_are_followed_to_a_depth() {
        let mut found = Vec::new();
        let value = json!({"lines": [{"price": ["too low", 3]}, {}], "note": null});
        follow(&value, &mut Vec::new(), &mut found);
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["lines.0.price: too low", "lines.0.price: 3"]);
        assert_eq!(found[0].at, "/lines/0/price");
        assert_eq!(summary(&found).as_deref(), Some("lines.0.price: too low (+1 more)"));

        let deep = (0..100).fold(json!("x"), |inside, _| json!({ "a": inside }));
        found.clear();
        follow(&deep, &mut Vec::new(), &mut found);
        assert!(found.is_empty() && summary(&found).is_none());
    }
}
