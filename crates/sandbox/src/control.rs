//! The control routes: what the double saw, and how to steer it. They are no part of the API.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::double::Double;
use crate::exchange::{Reply, Request};
use crate::fault::{FaultPlan, Preset};
use crate::options::Api;

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
            let plan = read_plan(request)?;
            set_faults(double, plan);
            ok(faults(double))
        }
        (&Method::DELETE, "faults") => {
            set_faults(double, FaultPlan::none());
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
        (method, path) => match path.strip_prefix("knosc/") {
            Some(path) => knosc(double, method, path, request),
            None => Err(unknown(path)),
        },
    }
}

fn unknown(path: &str) -> Refusal {
    let known = "GET journal, state, audit, faults, clock, knosc/queue; POST faults, reset, clock, \
                 knosc/integration/start, knosc/integration/finish, knosc/references, knosc/revoke; DELETE faults";
    Refusal {
        status: StatusCode::NOT_FOUND,
        text: format!("no control route `{path}` for this method; there are {known}"),
    }
}

fn knosc(
    double: &Arc<Double>,
    method: &Method,
    path: &str,
    request: &Request,
) -> Result<Reply, Refusal> {
    let now = double.now();
    let mut world = double.world();
    let value = match (method, path) {
        (&Method::GET, "queue") => world.knosc.queue_state(),
        (&Method::POST, "integration/start") => {
            world.knosc.lock(None, None);
            world.knosc.queue_state()
        }
        (&Method::POST, "integration/finish") => {
            let settled = world.knosc.unlock();
            world.record_settled(settled, now);
            world.knosc.queue_state()
        }
        (&Method::POST, "references") => {
            let body = object(request)?;
            let kind = body.get("kind").and_then(Value::as_str).unwrap_or_default();
            let id = body.get("id").and_then(Value::as_u64).unwrap_or_default();
            if !world.knosc.add_reference(kind, id) {
                return Err(Refusal::bad(
                    "give the `kind`, `purchase-order` or `purchase-order-detail`, and the `id` of one that exists",
                ));
            }
            json!({ "kind": kind, "id": id })
        }
        (&Method::POST, "revoke") => {
            let body = object(request)?;
            let username = body.get("username").and_then(Value::as_str).unwrap_or_default();
            if !world.knosc.touch_user(username, now) {
                return Err(Refusal::bad(
                    "give the `username` or e-mail address of a user that exists",
                ));
            }
            json!({ "revoked": username })
        }
        _ => return Err(unknown(&format!("knosc/{path}"))),
    };
    Ok(Reply::json(StatusCode::OK, &value))
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
    let mut world = double.world();
    let page = world.journal.page(since, limit);
    let spilled = world.journal.spilled();
    drop(world);
    Ok(Reply::json_text(StatusCode::OK, page.to_json(spilled)))
}

fn state(double: &Arc<Double>, request: &Request) -> Result<Reply, Refusal> {
    let after = parameter(request, "after")?.unwrap_or(0);
    let limit = limit(request)?;
    let with_masters = parameter(request, "masters")? != Some(0);
    Ok(Reply::json(StatusCode::OK, &state_value(double, after, limit, with_masters)))
}

/// The state: orders after an id, the queue, what dropped out of it, and the master data.
pub(crate) fn state_value(double: &Double, after: u64, limit: usize, with_masters: bool) -> Value {
    let now = double.now();
    let world = double.world();
    let mut state = world.knosc.state(after, limit);
    state.insert("late_commits".to_owned(), json!(world.late_commits()));
    state.insert("now_ms".to_owned(), json!(now.ms));
    if with_masters {
        state.insert("masters".to_owned(), world.knosc.masters_state());
    }
    Value::Object(state)
}

fn faults(double: &Arc<Double>) -> Value {
    let world = double.world();
    json!({ "plan": world.faults.plan(), "counts": world.faults.counts() })
}

fn clock(double: &Arc<Double>) -> Value {
    json!({ "now_ms": double.clock.now_ms(), "advanced_ms": double.clock.advanced_ms() })
}

/// A plan, or the name of a preset with a seed.
fn read_plan(request: &Request) -> Result<FaultPlan, Refusal> {
    let text =
        std::str::from_utf8(&request.body).map_err(|_| Refusal::bad("the body is not UTF-8"))?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Refusal::bad(format!("the body is no JSON ({error}); write {{\"faults\":[…]}}"))
    })?;
    let Some(preset) = value.get("preset") else {
        return FaultPlan::from_value(value).map_err(|error| Refusal::bad(error.to_string()));
    };
    let preset: Preset = preset
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|error: crate::options::UnknownName| Refusal::bad(error.to_string()))?;
    Ok(preset.plan(Api::Knosc, value.get("seed").and_then(Value::as_u64).unwrap_or(0)))
}

pub(crate) fn set_faults(double: &Double, plan: FaultPlan) {
    double.world().set_faults(plan);
}
