//! The control routes: what the double saw, and how to steer it. They are no part of the API.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::double::Double;
use crate::exchange::{Reply, Request};
use crate::fault::{FaultPlan, PlanError, Preset};
use crate::options::Api;
use crate::service::{Steer, Wanted};

/// Where the control routes start.
pub(crate) const PREFIX: &str = "/__sandbox";

/// A refusal: what is wrong and what to do.
struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn bad(text: impl Into<String>) -> Self {
        Refusal { status: StatusCode::BAD_REQUEST, text: text.into() }
    }
}

pub(crate) fn answer(double: &Arc<Double>, request: &Request) -> Reply {
    route(double, request)
        .unwrap_or_else(|refusal| Reply::json(refusal.status, &json!({ "error": refusal.text })))
}

fn route(double: &Arc<Double>, request: &Request) -> Result<Reply, Refusal> {
    let path = request.path[PREFIX.len()..].trim_start_matches('/');
    let ok = |value: Value| Ok(Reply::json(StatusCode::OK, &value));
    match (&request.method, path) {
        (&Method::GET, "journal") => journal(double, request),
        (&Method::GET, "state") => state(double, request),
        (&Method::GET, "audit") => ok(double.world().audit()),
        (&Method::GET, "faults") => ok(faults(double)),
        (&Method::POST, "faults") => {
            let plan = read_plan(double.api, request)?;
            double.set_faults(plan);
            ok(faults(double))
        }
        (&Method::DELETE, "faults") => {
            double.set_faults(FaultPlan::none());
            ok(faults(double))
        }
        (&Method::POST, "reset") => {
            double.reset();
            ok(json!({ "reset": true }))
        }
        (&Method::GET, "clock") => ok(clock(double)),
        (&Method::POST, "clock") => {
            let body = object(request)?;
            let advance_s =
                body.get("advance_s").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
            let advance_s = advance_s
                .ok_or_else(|| Refusal::bad("give `advance_s`, the seconds to move on by"))?;
            double.clock.advance((advance_s * 1000.0) as u64);
            ok(clock(double))
        }
        (method, path) => own(double, method, path, request),
    }
}

fn unknown(double: &Double, path: &str) -> Refusal {
    const GENERAL: [&str; 9] = [
        "GET journal",
        "GET state",
        "GET audit",
        "GET faults",
        "GET clock",
        "POST faults",
        "POST reset",
        "POST clock",
        "DELETE faults",
    ];
    let known: Vec<&str> = GENERAL.iter().chain(double.api.kit().control_routes).copied().collect();
    Refusal {
        status: StatusCode::NOT_FOUND,
        text: format!("no control route `{path}` for this method; there are {}", known.join(", ")),
    }
}

/// A route of the API's own, below its name.
fn own(
    double: &Arc<Double>,
    method: &Method,
    path: &str,
    request: &Request,
) -> Result<Reply, Refusal> {
    let below = path.strip_prefix(double.api.name()).and_then(|path| path.strip_prefix('/'));
    let below = below.ok_or_else(|| unknown(double, path))?;
    let body = if request.body.is_empty() { Map::new() } else { object(request)? };
    let value = steer(double, method, below, &body).ok_or_else(|| unknown(double, path))?;
    Ok(Reply::json(StatusCode::OK, &value.map_err(Refusal::bad)?))
}

/// Steers the API itself; nothing if it has no such route.
pub(crate) fn steer(
    double: &Double,
    method: &Method,
    path: &str,
    body: &Map<String, Value>,
) -> Option<Result<Value, String>> {
    let now = double.now();
    double.world().steer(&Steer { method, path, body }, now)
}

fn object(request: &Request) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad(format!("the body is no JSON object: {error}")))
}

/// A parameter of the query that is a whole number.
fn parameter(request: &Request, name: &str) -> Result<Option<u64>, Refusal> {
    let query = request.query.as_deref().unwrap_or_default();
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    let not_whole = |_| Refusal::bad(format!("`{name}` is no whole number"));
    found.map(|(_, value)| value.parse().map_err(not_whole)).transpose()
}

fn limit(request: &Request) -> Result<usize, Refusal> {
    Ok(parameter(request, "limit")?.map_or(usize::MAX, |limit| limit as usize))
}

fn journal(double: &Arc<Double>, request: &Request) -> Result<Reply, Refusal> {
    let (since, limit) = (parameter(request, "since")?, limit(request)?);
    let (page, spilled) = double.world().record().journal.page_and_spilled(since, limit);
    Ok(Reply::json_text(StatusCode::OK, page.to_json(spilled)))
}

fn state(double: &Arc<Double>, request: &Request) -> Result<Reply, Refusal> {
    let after = parameter(request, "after")?.unwrap_or(0);
    let masters = parameter(request, "masters")? != Some(0);
    let wanted = Wanted { after, limit: limit(request)?, masters };
    Ok(Reply::json(StatusCode::OK, &state_value(double, wanted)))
}

/// What the API holds, and the present time.
pub(crate) fn state_value(double: &Double, wanted: Wanted) -> Value {
    let mut state = double.world().state(wanted);
    state.insert("now_ms".to_owned(), json!(double.clock.now_ms()));
    Value::Object(state)
}

fn faults(double: &Arc<Double>) -> Value {
    let world = double.world();
    json!({ "plan": world.faults().plan(), "counts": world.faults().counts() })
}

fn clock(double: &Arc<Double>) -> Value {
    json!({ "now_ms": double.clock.now_ms(), "advanced_ms": double.clock.advanced_ms() })
}

/// A plan, or the name of a preset with a seed.
fn read_plan(api: Api, request: &Request) -> Result<FaultPlan, Refusal> {
    let text =
        std::str::from_utf8(&request.body).map_err(|_| Refusal::bad("the body is not UTF-8"))?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Refusal::bad(format!("the body is no JSON ({error}); write {{\"faults\":[…]}}"))
    })?;
    let Some(preset) = value.get("preset") else {
        let wrong = |error: PlanError| Refusal::bad(error.to_string());
        let plan = FaultPlan::from_value(value).map_err(wrong)?;
        return api.check_plan(&plan).map(|()| plan).map_err(wrong);
    };
    let preset: Preset = preset
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|error: crate::options::UnknownName| Refusal::bad(error.to_string()))?;
    Ok(preset.plan(api, value.get("seed").and_then(Value::as_u64).unwrap_or(0)))
}
