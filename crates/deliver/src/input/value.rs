use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::{Number, Value};
use steadfast_call::dialect::{Field, FieldType};

/// The value of a cell that is not empty, or why it has none and what to do.
pub(crate) fn from_cell(text: &str, kind: FieldType, decimal_comma: bool) -> Result<Value, String> {
    match kind {
        FieldType::String => Ok(Value::String(text.to_owned())),
        FieldType::Number => number(text.trim(), decimal_comma).map(Value::Number),
        FieldType::Integer => integer(text.trim()).map(Value::Number),
        FieldType::Date => date(text.trim()).map(Value::String),
        FieldType::Boolean => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(format!("{} is neither true nor false; write one of them", shown(text))),
        },
        FieldType::DateTime => instant(text.trim()).map(Value::String),
        FieldType::DateOrTime => date_or_instant(text.trim()).map(Value::String),
        FieldType::StringList => Ok(elements(text).map(Value::from).collect()),
        FieldType::IntegerList => {
            elements(text).map(|element| integer(element).map(Value::Number)).collect()
        }
        FieldType::Json => serde_json::from_str(text)
            .map_err(|error| format!("{} is no JSON ({error}); correct it", shown(text))),
    }
}

/// Why a value of a JSON object cannot be one of this field, and what to do. Fields that may
/// stay empty and refer to nothing are text of any kind.
pub(crate) fn misfit(value: &Value, field: &Field) -> Option<String> {
    let strict = field.required || field.list.is_some();
    match (field.kind, value) {
        (_, Value::Null)
        | (FieldType::Number, Value::Number(_))
        | (FieldType::Boolean, Value::Bool(_))
        | (FieldType::Json, _)
        | (FieldType::String, Value::String(_)) => None,
        (FieldType::String, _) if !strict => None,
        (FieldType::Integer, Value::Number(number)) => integer(&number.to_string()).err(),
        (FieldType::Date, Value::String(text)) => date(text).err(),
        (FieldType::DateTime, Value::String(text)) => instant(text).err(),
        (FieldType::DateOrTime, Value::String(text)) => date_or_instant(text).err(),
        (FieldType::StringList, Value::Array(all)) if all.iter().all(Value::is_string) => None,
        (FieldType::IntegerList, Value::Array(all)) => all.iter().find_map(|one| match one {
            Value::Number(number) => integer(&number.to_string()).err(),
            other => {
                Some(format!("{} is no whole number; write digits", shown(&other.to_string())))
            }
        }),
        (kind, other) => {
            let expected = match kind {
                FieldType::String => "text in quotation marks",
                FieldType::Number => "a number without quotation marks",
                FieldType::Integer => "a whole number without quotation marks",
                FieldType::Date => "a date like \"2026-03-31\"",
                FieldType::Boolean => "true or false",
                FieldType::DateTime => "an instant like \"2026-03-31T12:00:00Z\"",
                FieldType::DateOrTime => {
                    "a date like \"2026-03-31\" or an instant like \"2026-03-31T12:00:00Z\""
                }
                FieldType::StringList => "a list of texts in quotation marks",
                FieldType::IntegerList => "a list of whole numbers",
                FieldType::Json => "JSON",
            };
            Some(format!("{} is not {expected}; write it so", shown(&other.to_string())))
        }
    }
}

/// The value of a JSON object as it goes out. Instants go out in one form, so that the same order
/// is the same write whichever kind of file it comes in; all else is taken as it stands.
pub(crate) fn settled(value: Value, field: &Field) -> Value {
    match (field.kind, value) {
        (FieldType::DateTime, Value::String(text)) => Value::String(instant(&text).unwrap_or(text)),
        (FieldType::DateOrTime, Value::String(text)) => {
            Value::String(date_or_instant(&text).unwrap_or(text))
        }
        (_, value) => value,
    }
}

/// A text as messages show it: in quotation marks, and not too long.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if flat.chars().count() <= MOST {
        return format!("\"{flat}\"");
    }
    let head: String = flat.chars().take(MOST).collect();
    format!("\"{head}…\"")
}

fn number(text: &str, decimal_comma: bool) -> Result<Number, String> {
    let (sign, other) = if decimal_comma { (',', '.') } else { ('.', ',') };
    let plain = text.strip_prefix('+').unwrap_or(text);
    let (minus, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
    let (whole, fraction) = match digits.split_once(sign) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = all_digits(whole)
        && fraction.is_none_or(|part| all_digits(part) && !part.is_empty())
        && !(whole.is_empty() && fraction.is_none());
    if !is_number {
        return Err(format!(
            "{} is not a number; {}",
            shown(text),
            number_advice(text, sign, other)
        ));
    }
    // JSON has no leading zeros, and wants a digit before the decimal sign.
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    let json = match fraction {
        Some(fraction) => format!("{minus}{whole}.{fraction}"),
        None => format!("{minus}{whole}"),
    };
    json.parse().map_err(|_| format!("{} is not a number; write it in digits", shown(text)))
}

fn number_advice(text: &str, sign: char, other: char) -> String {
    let groups = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' | '_');
    let digit = |c: char| c.is_ascii_digit();
    let count = |wanted: char| text.matches(wanted).count();
    if !text.contains(digit) {
        return format!("write digits, as in 12{sign}5, or leave the cell empty");
    }
    let of_power = |c: char| digit(c) || matches!(c, 'e' | 'E' | '+' | '-' | '.' | ',');
    if text.contains(['e', 'E']) && text.chars().all(of_power) {
        return "digits may be lost in this form: write all of them, as in 12300".to_owned();
    }
    let of_number = |c: char| digit(c) || groups(c) || matches!(c, '+' | '-' | '.' | ',');
    if !text.chars().all(of_number) {
        return "write the digits alone, without a unit or a currency".to_owned();
    }
    let (has_sign, has_other) = (count(sign) > 0, count(other) > 0);
    if text.contains(groups) || (has_sign && has_other) || count(sign) > 1 || count(other) > 1 {
        return format!("write it without thousands separators, as in 1234{sign}50");
    }
    if has_other && sign == '.' {
        return "its comma may be a decimal sign or a thousands separator: write 1234.50, or say \
                --decimal-comma if every comma in the file is a decimal sign"
            .to_owned();
    }
    if has_other {
        return "with --decimal-comma the decimal sign is the comma, and a dot may be a thousands \
                separator: write 1234,50"
            .to_owned();
    }
    format!("write it as in 12{sign}5")
}

fn integer(text: &str) -> Result<Number, String> {
    let plain = text.strip_prefix('+').unwrap_or(text);
    let digits = plain.strip_prefix('-').unwrap_or(plain);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{} is not a whole number; write digits alone, as in 12", shown(text)));
    }
    number(plain, false)
}

/// What a cell lists, between semicolons.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|element| !element.is_empty())
}

/// The instant in UTC with its milliseconds, as APIs take it whatever clock the file was written
/// by. Its time of day is kept, and nothing is cut off: neither the hours nor the digits behind
/// the third (hazard 65). Without an offset nobody knows which instant is meant (hazard 66).
fn instant(text: &str) -> Result<String, String> {
    let Ok(instant) = text.parse::<Timestamp>() else {
        return Err(format!("{} is no instant; {}", shown(text), instant_advice(text)));
    };
    if instant.subsec_nanosecond() % 1_000_000 != 0 {
        let advice = "its time is finer than milliseconds, which would be lost: write three \
                      digits after the second, as in 2026-03-31T12:00:00.250Z";
        return Err(format!("{}: {advice}", shown(text)));
    }
    let utc = format!("{instant:.3}");
    // jiff writes the years outside of 0 to 9999 with a sign, and no API reads them.
    if utc.starts_with(['-', '+']) {
        return Err(format!("{} is in no year from 0 to 9999; correct it", shown(text)));
    }
    Ok(utc)
}

/// A day is sent as it stands: what its instants are is for the API to say.
fn date_or_instant(text: &str) -> Result<String, String> {
    if text.contains(':') {
        return instant(text);
    }
    date(text).map_err(|fault| format!("{fault}; or an instant, as in 2026-03-31T12:00:00Z"))
}

fn instant_advice(text: &str) -> String {
    if date(text).is_ok() {
        return format!(
            "write the time of day and its offset behind the day too, as in {text}T00:00:00Z"
        );
    }
    let time = text.get(10..).unwrap_or_default();
    if !time.contains(['Z', 'z', '+', '-'])
        && let Ok(local) = text.parse::<DateTime>()
    {
        return format!(
            "it does not say which zone its clock is set to: write Z behind it for UTC, as in \
             {local}Z, or the offset, as in {local}+01:00"
        );
    }
    "write day, time and offset as in 2026-03-31T12:00:00Z".to_owned()
}

fn date(text: &str) -> Result<String, String> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped {
        return match text.parse::<Date>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err(format!("{} is no day in the calendar; correct the date", shown(text))),
        };
    }
    let parts: Vec<&str> = text.split(['.', '/', '-']).collect();
    let numeric = parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let advice = if numeric {
        "write year, month and day as in 2026-03-31; which of its numbers is the month cannot be told"
    } else if text.get(..10).is_some_and(|head| head.parse::<Date>().is_ok()) {
        "write the day alone, without a time, as in 2026-03-31"
    } else {
        "write year, month and day as in 2026-03-31, or leave the cell empty"
    };
    Err(format!("{} is not a date; {advice}", shown(text)))
}

#[cfg(test)]
mod tests;
