//! Reads a fault plan from JSON, with errors that say what, where and what to do.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::canned::{Canned, CannedBody};
use super::rule::{Act, Limit, On, OwnFault, Rule, too_many};
use super::{FaultPlan, PlanError};

type Read<T> = Result<T, PlanError>;

pub(super) fn plan(value: Value) -> Read<FaultPlan> {
    let top = Part::new("the top level", &value)?;
    top.only(&["seed", "max_in_a_row", "faults"])?;
    let seed = top.whole("seed")?;
    let max_in_a_row = top.whole("max_in_a_row")?.map(|max| u32::try_from(max).unwrap_or(u32::MAX));
    let faults = match top.get("faults") {
        Some(Value::Array(faults)) => faults.as_slice(),
        None => {
            return Err(top.error("faults", "it is missing", "give a list, which may be empty"));
        }
        Some(_) => {
            return Err(top.error("faults", "it is no list", "give a list of {\"on\":…,\"do\":…}"));
        }
    };
    let rules = faults
        .iter()
        .enumerate()
        .map(|(position, fault)| rule(position, fault))
        .collect::<Read<_>>()?;
    Ok(FaultPlan { seed, max_in_a_row, rules, source: value })
}

fn rule(position: usize, fault: &Value) -> Read<Rule> {
    let at = format!("faults[{position}]");
    let part = Part::new(&at, fault)?;
    part.only(&["name", "on", "do"])?;
    let on = match part.get("on") {
        Some(value) => on(&Part::new(&format!("{at}.on"), value)?)?,
        None => On { repeat: 1, ..On::default() },
    };
    let Some(act_value) = part.get("do") else {
        return Err(part.error(
            "do",
            "it is missing",
            "say what to do, such as {\"kind\":\"status\",\"status\":503}",
        ));
    };
    let act = act(&Part::new(&format!("{at}.do"), act_value)?)?;
    Ok(Rule { name: part.text("name")?, on, act })
}

fn on(part: &Part<'_>) -> Read<On> {
    const KEYS: [&str; 11] = [
        "method",
        "path",
        "key",
        "kind",
        "nth",
        "from",
        "to",
        "every",
        "probability",
        "repeat",
        "times",
    ];
    part.only(&KEYS)?;
    let probability = part.number("probability")?;
    if probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
        return Err(part.error("probability", "it is out of range", "give a number from 0 to 1"));
    }
    Ok(On {
        methods: part.texts("method")?,
        paths: part.texts("path")?,
        keys: part.texts("key")?,
        kinds: part.texts("kind")?,
        nth: part.wholes("nth")?,
        from: part.positive("from")?,
        to: part.positive("to")?,
        every: part.positive("every")?,
        probability,
        repeat: part.positive("repeat")?.unwrap_or(1).min(1000),
        times: part.positive("times")?,
    })
}

fn act(part: &Part<'_>) -> Read<Act> {
    let kind = part.text("kind")?.unwrap_or_default();
    let params: &[&str] = match kind.as_str() {
        "status" | "commit_then_status" => &["status", "headers", "body"],
        "delay" => &["ms", "after"],
        "dribble" => &["over_ms"],
        "refuse" => &["for_ms"],
        "late_commit" => &["after_ms", "status", "headers", "body"],
        "rotate_csrf" => &["silent"],
        "rate_limit" => &["per_second", "burst", "retry_after", "body"],
        "lock" => &["for_requests", "for_ms"],
        _ => &[],
    };
    let known: Vec<&str> = std::iter::once("kind").chain(params.iter().copied()).collect();
    if Act::KINDS.contains(&kind.as_str()) {
        part.only(&known)?;
    }
    Ok(match kind.as_str() {
        "status" => Act::Status(canned(part)?),
        "commit_then_status" => Act::CommitThenStatus(canned(part)?),
        "delay" => Act::Delay { ms: part.whole_or("ms", 1000)?, after: part.flag("after")? },
        "dribble" => Act::Dribble { over_ms: part.whole_or("over_ms", 1000)? },
        "refuse" => Act::Refuse { for_ms: part.whole_or("for_ms", 1000)? },
        "reset_before_read" => Act::ResetBeforeRead,
        "reset_before_commit" => Act::ResetBeforeCommit,
        "commit_then_reset" => Act::CommitThenReset,
        "late_commit" => {
            let answer = part.get("status").map(|_| canned(part)).transpose()?;
            Act::LateCommit { after_ms: part.whole_or("after_ms", 500)?, answer }
        }
        "truncate_body" => Act::TruncateBody,
        "malformed_body" => Act::MalformedBody,
        "expire_access" => Act::Own(OwnFault::ExpireAccess),
        "revoke" => Act::Own(OwnFault::Revoke),
        "rotate_csrf" => Act::Own(OwnFault::RotateCsrf { silent: part.flag("silent")? }),
        "rate_limit" => rate_limit(part)?,
        "lock" => Act::Own(OwnFault::Lock {
            for_requests: part.positive("for_requests")?,
            for_ms: part.positive("for_ms")?,
        }),
        "unlock" => Act::Own(OwnFault::Unlock),
        "in_progress" => Act::Own(OwnFault::InProgress),
        other => {
            let remedy = format!("use one of {}", Act::KINDS.join(", "));
            return Err(part.error("kind", &format!("unknown kind `{other}`"), &remedy));
        }
    })
}

fn canned(part: &Part<'_>) -> Read<Canned> {
    let status = part.whole("status")?.and_then(|status| u16::try_from(status).ok());
    let status = status
        .filter(|status| (200..600).contains(status))
        .and_then(|status| StatusCode::from_u16(status).ok());
    let Some(status) = status else {
        return Err(part.error(
            "status",
            "it is missing or no final HTTP status",
            "give a number from 200 to 599",
        ));
    };
    Ok(Canned { status, headers: part.headers("headers")?, body: part.body("body")? })
}

fn rate_limit(part: &Part<'_>) -> Read<Act> {
    let per_second = part.number("per_second")?;
    if per_second.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
        return Err(part.error(
            "per_second",
            "it is not positive",
            "give the requests allowed in a second",
        ));
    }
    let burst = part.number("burst")?;
    let limit = per_second.map(|per_second| {
        let burst = burst.unwrap_or_else(|| (per_second / 10.0).ceil()).max(1.0);
        Limit { per_second, burst }
    });
    let retry_after = match part.get("retry_after") {
        None => HeaderValue::from_static("1"),
        Some(value) => part.header_value("retry_after", value)?,
    };
    Ok(Act::RateLimit { limit, answer: too_many(retry_after, part.body("body")?) })
}

/// An object of the plan and where it stands.
struct Part<'a> {
    at: String,
    map: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    fn new(at: &str, value: &'a Value) -> Read<Self> {
        match value {
            Value::Object(map) => Ok(Part { at: at.to_owned(), map }),
            _ => Err(PlanError::new(at, "it is no object", "write {…}")),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn error(&self, name: &str, problem: &str, remedy: &str) -> PlanError {
        PlanError::new(format!("{}.{name}", self.at), problem, remedy)
    }

    fn only(&self, known: &[&str]) -> Read<()> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                Err(self.error(key, "unknown key", &format!("known here are {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    fn whole(&self, name: &str) -> Read<Option<u64>> {
        self.get(name).map(|value| self.as_whole(name, value)).transpose()
    }

    fn as_whole(&self, name: &str, value: &Value) -> Read<u64> {
        value.as_u64().ok_or_else(|| {
            self.error(name, &format!("{value} is no whole number"), "give one, 0 or more")
        })
    }

    fn whole_or(&self, name: &str, default: u64) -> Read<u64> {
        Ok(self.whole(name)?.unwrap_or(default))
    }

    fn positive(&self, name: &str) -> Read<Option<u64>> {
        match self.whole(name)? {
            Some(0) => Err(self.error(name, "0 is never reached", "counting starts at 1")),
            other => Ok(other),
        }
    }

    fn wholes(&self, name: &str) -> Read<Vec<u64>> {
        match self.get(name) {
            Some(Value::Array(values)) => {
                values.iter().map(|value| self.as_whole(name, value)).collect()
            }
            _ => Ok(self.positive(name)?.into_iter().collect()),
        }
    }

    fn number(&self, name: &str) -> Read<Option<f64>> {
        let not_one = || self.error(name, "it is no number", "give one");
        self.get(name).map(|value| value.as_f64().ok_or_else(not_one)).transpose()
    }

    fn flag(&self, name: &str) -> Read<bool> {
        let not_one = || self.error(name, "it is no truth value", "give true or false");
        self.get(name).map_or(Ok(false), |value| value.as_bool().ok_or_else(not_one))
    }

    fn text(&self, name: &str) -> Read<Option<String>> {
        self.get(name).map(|value| self.as_text(name, value)).transpose()
    }

    fn as_text(&self, name: &str, value: &Value) -> Read<String> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.error(name, &format!("{value} is no text"), "quote it"))
    }

    fn texts(&self, name: &str) -> Read<Vec<String>> {
        match self.get(name) {
            Some(Value::Array(values)) => {
                values.iter().map(|value| self.as_text(name, value)).collect()
            }
            _ => Ok(self.text(name)?.into_iter().collect()),
        }
    }

    fn body(&self, name: &str) -> Read<CannedBody> {
        Ok(match self.text(name)?.as_deref() {
            None | Some("json") => CannedBody::Json,
            Some("html") => CannedBody::Html,
            Some("plain") => CannedBody::Plain,
            Some("empty") => CannedBody::Empty,
            Some("truncated") => CannedBody::Truncated,
            Some(literal) => CannedBody::Literal(literal.to_owned()),
        })
    }

    fn headers(&self, name: &str) -> Read<Vec<(HeaderName, HeaderValue)>> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => {
                map.iter().map(|(key, value)| self.header(name, key, value)).collect()
            }
            Some(Value::Array(pairs)) => pairs
                .iter()
                .map(|pair| match pair.as_array().map(Vec::as_slice) {
                    Some([Value::String(key), value]) => self.header(name, key, value),
                    _ => Err(self.error(
                        name,
                        &format!("{pair} is no pair"),
                        "write [\"Name\", \"value\"]",
                    )),
                })
                .collect(),
            Some(_) => {
                Err(self.error(name, "it is neither object nor list", "write {\"Name\":\"value\"}"))
            }
        }
    }

    fn header(&self, name: &str, key: &str, value: &Value) -> Read<(HeaderName, HeaderValue)> {
        let bad = |_| {
            self.error(
                name,
                &format!("`{key}` cannot name a header"),
                "use letters, digits and hyphens",
            )
        };
        let header = HeaderName::from_bytes(key.as_bytes()).map_err(bad)?;
        Ok((header, self.header_value(name, value)?))
    }

    fn header_value(&self, name: &str, value: &Value) -> Read<HeaderValue> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                return Err(self.error(
                    name,
                    &format!("{value} is no header value"),
                    "give text or a number",
                ));
            }
        };
        HeaderValue::from_str(&text).map_err(|_| {
            self.error(
                name,
                &format!("{text:?} cannot stand in a header"),
                "use visible characters",
            )
        })
    }
}
