//! Whether a record holds what was written. Written anew and not taken from the engine, whose
//! own comparison is among what an audit judges.

use serde_json::Value;

/// The first place where a record is not what we wrote. What we left open is not compared.
pub(super) fn difference(ours: &Value, theirs: &Value, lines: Option<&str>) -> Option<String> {
    for (name, value) in ours.as_object()? {
        if lines == Some(name) {
            continue;
        }
        if !fits(value, &theirs[name]) {
            return Some(format!("{name} is {}, and we wrote {value}", theirs[name]));
        }
    }
    let name = lines?;
    let empty = Vec::new();
    let ours = ours[name].as_array().unwrap_or(&empty);
    let mut left: Vec<&Value> = theirs[name].as_array().unwrap_or(&empty).iter().collect();
    for (index, line) in ours.iter().enumerate() {
        match left.iter().position(|there| fits(line, there)) {
            Some(at) => drop(left.swap_remove(at)),
            None => return Some(format!("it lacks our entry {} of {name}: {line}", index + 1)),
        }
    }
    (!left.is_empty()).then(|| format!("it has {} more of {name} than we wrote", left.len()))
}

/// True if `theirs` says everything that `ours` says.
fn fits(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Null, _) => true,
        (Value::Number(a), Value::Number(b)) => plain(&a.to_string()) == plain(&b.to_string()),
        (Value::Object(a), Value::Object(_)) => {
            a.iter().all(|(name, value)| fits(value, &theirs[name]))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fits(a, b))
        }
        _ => ours == theirs,
    }
}

/// A number in digits, without zeros that say nothing. An exponent is left as it stands.
fn plain(number: &str) -> String {
    if number.contains(['e', 'E']) || !number.contains('.') {
        return number.to_owned();
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}
