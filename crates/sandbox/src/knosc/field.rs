//! Fields of a body: text, numbers, dates, and what has to be there.

use serde_json::{Map, Number, Value};

use crate::knosc::fail::Fail;

/// The text of a field, if it is one.
pub(crate) fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

/// Whether all of these are there; the first that is not is told.
pub(crate) fn require(map: &Map<String, Value>, names: &[&str]) -> Result<(), Fail> {
    let absent = |name: &&&str| map.get(**name).is_none_or(Value::is_null);
    match names.iter().find(absent) {
        Some(name) => Err(Fail::missing_field(name)),
        None => Ok(()),
    }
}

/// A string that is not empty, or nothing.
pub(crate) fn filled<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

/// A string, or nothing.
pub(crate) fn optional_text(
    map: &Map<String, Value>,
    name: &str,
) -> Result<Option<Box<str>>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().into())),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

/// A number, or nothing.
pub(crate) fn number(map: &Map<String, Value>, name: &str) -> Result<Option<Number>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.clone())),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

/// A day, or nothing.
pub(crate) fn date(map: &Map<String, Value>, name: &str) -> Result<Option<Box<str>>, Fail> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_date(text) => Ok(Some(text.as_str().into())),
        Some(_) => Err(Fail::invalid_field(name)),
    }
}

/// Whether the text is a day of the calendar, as `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(position, byte)| match position {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return false;
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap_or(0);
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2026-01-31", "2024-02-29", "2000-02-29", "2026-12-01"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-01",
            "26-01-01",
            "2026-01-0é",
            "",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
