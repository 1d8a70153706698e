//! Idempotency keys: what a call's key is, where it goes, and how long it protects.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::dialect::{Dialect, Idempotency, KeyPlace};
use crate::request::{IdempotencyKey, Request};
use crate::time::Time;

/// The key of a call.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) value: String,
    /// The API recognises a repeat of this call by it.
    honoured: bool,
    retention: Option<Duration>,
    /// How old it was when the call was made, and when that was.
    age: Duration,
    since: Time,
}

impl Key {
    /// True if what is sent now and takes effect within that time, if at all, is recognised as a
    /// repeat. A key that the API has forgotten by then is as good as none.
    pub(crate) fn protects(&self, now: Time, within: Duration) -> bool {
        let age = self.age.saturating_add(now - self.since).saturating_add(within);
        self.honoured && self.retention.is_none_or(|retention| age < retention)
    }

    /// True if the API recognises a repeat by it, as long as it remembers it.
    pub(crate) fn is_honoured(&self) -> bool {
        self.honoured
    }
}

/// The key of a call and the request that carries it; none if the call has no key.
///
/// # Errors
/// What is wrong with the key, and what to do. Nothing may then be sent: without its key the call
/// would not be what the caller asked for (hazard 18).
pub(crate) fn bind(
    dialect: &Dialect,
    request: &Request,
    given: Option<&IdempotencyKey>,
    now: Time,
) -> Result<Option<(Key, Request)>, String> {
    let Some(contract) = &dialect.idempotency else {
        return match given {
            None => Ok(None),
            Some(_) => Err(format!(
                "an idempotency key was given, and the dialect of {} has no [idempotency]: leave \
                 the key out, or say in the dialect where it goes",
                dialect.title
            )),
        };
    };
    // Whoever puts it into the request by hand means the same.
    let given = match (given.cloned(), carried(contract, request)) {
        (Some(given), _) => given,
        (None, Some(value)) => IdempotencyKey::from(value.as_str()),
        (None, None) => return Ok(None),
    };
    let value = checked(&given.value, contract)?;
    let bound = placed(&value, contract, request)?;
    let key = Key {
        value,
        honoured: contract.honours(request),
        retention: contract.retention_ms.map(Duration::from_millis),
        age: given.age,
        since: now,
    };
    Ok(Some((key, bound)))
}

/// The key that a request carries already, where the key goes.
pub(crate) fn carried(contract: &Idempotency, request: &Request) -> Option<String> {
    match &contract.at {
        KeyPlace::Header(name) => {
            let text = String::from_utf8_lossy(request.headers.get(name)?.as_bytes());
            Some(unquoted(text.trim(), contract.quoted).to_owned())
        }
        KeyPlace::Json(pointer) => {
            let body: Value = serde_json::from_slice(request.body.as_deref()?).ok()?;
            body.pointer(pointer)?.as_str().map(str::to_owned)
        }
        KeyPlace::Query(name) => {
            let (_, query) = request.path.split_once('?')?;
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(parameter, _)| parameter == name).map(|(_, value)| value.into_owned())
        }
    }
}

fn unquoted(text: &str, quoted: bool) -> &str {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) if quoted => inner,
        _ => text,
    }
}

fn checked(value: &str, contract: &Idempotency) -> Result<String, String> {
    let value = value.trim();
    if value.is_empty() {
        let text = "the idempotency key is blank, which the API takes for none: give one, or leave \
                    it out";
        return Err(text.to_owned());
    }
    if value.chars().any(char::is_control) {
        let text = "the idempotency key has a control character inside, such as a line end: use \
                    letters, digits and dashes";
        return Err(text.to_owned());
    }
    let length = value.chars().count();
    match contract.length_max {
        Some(max) if length > max => Err(format!(
            "the idempotency key has {length} characters, and the API takes {max}: use a shorter \
             one, such as a UUID"
        )),
        _ => Ok(value.to_owned()),
    }
}

fn placed(value: &str, contract: &Idempotency, request: &Request) -> Result<Request, String> {
    let mut request = request.clone();
    match &contract.at {
        KeyPlace::Header(name) => {
            let refused = || {
                "the idempotency key has characters that a header cannot carry: use letters, \
                 digits and dashes"
                    .to_owned()
            };
            let text = match contract.quoted {
                true => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
                false => value.to_owned(),
            };
            let name = HeaderName::try_from(name.as_str()).map_err(|_| refused())?;
            let value = HeaderValue::from_str(&text).ok().filter(|_| text.is_ascii());
            // One header, however the caller wrote its name (hazard 70).
            request.headers.insert(name, value.ok_or_else(refused)?);
        }
        KeyPlace::Json(pointer) => {
            let body = request.body.as_deref().unwrap_or_default();
            let mut body: Value = serde_json::from_slice(body).map_err(|_| {
                format!("the idempotency key goes into the JSON body at {pointer}, and the body is not JSON")
            })?;
            let before = body.pointer(pointer).filter(|there| !there.is_null());
            if before.is_some_and(|there| there.as_str() != Some(value)) {
                return Err(format!(
                    "the body has another idempotency key at {pointer} than was given: leave one of \
                     them out"
                ));
            }
            let place = make(&mut body, pointer).ok_or_else(|| {
                format!("the idempotency key goes into the JSON body at {pointer}, and the body has no such place")
            })?;
            *place = Value::String(value.to_owned());
            request.body = Some(body.to_string().into());
        }
        KeyPlace::Query(name) => {
            let (route, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            let others = form_urlencoded::parse(query.as_bytes()).filter(|(n, _)| n != name);
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(others).append_pair(name, value);
            request.path = format!("{route}?{}", query.finish());
        }
    }
    Ok(request)
}

/// The place of a pointer in an object, made if it is not there.
fn make<'v>(body: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    pointer.split('/').skip(1).try_fold(body, |at, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match at {
            Value::Object(members) => Some(members.entry(step).or_insert(Value::Null)),
            Value::Null => {
                *at = Value::Object(serde_json::Map::new());
                at.as_object_mut().map(|members| members.entry(step).or_insert(Value::Null))
            }
            _ => None,
        }
    })
}
