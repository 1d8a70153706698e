//! Which operation a method and a path stand for.

use http::Method;

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Health,
    Ready,
    CreateRun,
    ListRuns,
    ReadRun,
    CancelRun,
    ContinueRun,
    Trace,
    Checkpoints,
    Diff,
    Replay,
    Recovery,
    RunPolicyReport,
    RunGraph,
    ListTasks,
    ReadTask,
    Resume,
    Validate,
    Compile,
    Explain,
    PolicyReport,
    SpecGraph,
    AuditEvents,
    Credentials,
    ListPolicies,
    ReadPolicy,
    PutPolicy,
    PreviewPolicy,
    Skills,
}

type Ops = &'static [(&'static str, Op)];

/// What a path names, and what can be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    ops: Ops,
    /// The path with its version, which an alias goes without.
    pub(crate) path: String,
    /// The run, task or environment in the path, decoded.
    pub(crate) id: String,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Place(Place),
    /// There is such a path without a slash at its end.
    Redirect(String),
    Unknown,
}

/// `newer` says whether the routes exist that only the newer platform has.
pub(crate) fn route(path: &str, newer: bool) -> Route {
    if let Some(found) = place(path, newer) {
        return Route::Place(found);
    }
    match path.strip_suffix('/') {
        Some(shorter) if place(shorter, newer).is_some() => Route::Redirect(shorter.to_owned()),
        _ => Route::Unknown,
    }
}

fn place(path: &str, newer: bool) -> Option<Place> {
    let below = path.strip_prefix('/')?;
    let below = below.strip_prefix("v1/").unwrap_or(below);
    let steps: Vec<&str> = below.split('/').collect();
    let (ops, id) = named(&steps)?;
    let new = |op: &Op| {
        matches!(op, Op::RunGraph | Op::SpecGraph | Op::PreviewPolicy | Op::Skills) && !newer
    };
    if ops.iter().any(|(_, op)| new(op)) || id == Some("") {
        return None;
    }
    Some(Place { ops, path: format!("/v1/{below}"), id: id.map(decoded).unwrap_or_default() })
}

fn named<'a>(steps: &[&'a str]) -> Option<(Ops, Option<&'a str>)> {
    let found: (Ops, Option<&str>) = match steps {
        ["healthz" | "livez"] => (&[("GET", Op::Health)], None),
        ["readyz"] => (&[("GET", Op::Ready)], None),
        ["runs"] => (&[("GET", Op::ListRuns), ("POST", Op::CreateRun)], None),
        ["runs", id] => (&[("GET", Op::ReadRun)], Some(id)),
        ["runs", id, "cancel"] => (&[("POST", Op::CancelRun)], Some(id)),
        ["runs", id, "continue"] => (&[("POST", Op::ContinueRun)], Some(id)),
        ["runs", id, "trace"] => (&[("GET", Op::Trace)], Some(id)),
        ["runs", id, "checkpoints"] => (&[("GET", Op::Checkpoints)], Some(id)),
        ["runs", id, "checkpoints", "diff"] => (&[("GET", Op::Diff)], Some(id)),
        ["runs", id, "replay"] => (&[("GET", Op::Replay)], Some(id)),
        ["runs", id, "recovery"] => (&[("GET", Op::Recovery)], Some(id)),
        ["runs", id, "policy-report"] => (&[("GET", Op::RunPolicyReport)], Some(id)),
        ["runs", id, "graph"] => (&[("GET", Op::RunGraph)], Some(id)),
        ["human-tasks"] => (&[("GET", Op::ListTasks)], None),
        ["human-tasks", id] => (&[("GET", Op::ReadTask)], Some(id)),
        ["human-tasks", id, "resume"] => (&[("POST", Op::Resume)], Some(id)),
        ["specs", "validate"] => (&[("POST", Op::Validate)], None),
        ["specs", "compile"] => (&[("POST", Op::Compile)], None),
        ["specs", "explain"] => (&[("POST", Op::Explain)], None),
        ["specs", "policy-report"] => (&[("POST", Op::PolicyReport)], None),
        ["specs", "graph"] => (&[("POST", Op::SpecGraph)], None),
        ["specs", "run"] => (&[("POST", Op::CreateRun)], None),
        ["audit-events"] => (&[("GET", Op::AuditEvents)], None),
        ["security", "credentials"] => (&[("GET", Op::Credentials)], None),
        ["policies", "environment"] => (&[("GET", Op::ListPolicies)], None),
        ["policies", "environment", id] => {
            (&[("GET", Op::ReadPolicy), ("PUT", Op::PutPolicy)], Some(id))
        }
        ["policies", "environment", id, "preview"] => (&[("POST", Op::PreviewPolicy)], Some(id)),
        ["skills"] => (&[("GET", Op::Skills)], None),
        _ => return None,
    };
    Some(found)
}

/// A segment of a path without its percent signs.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (*first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Place {
    pub(crate) fn op(&self, method: &Method) -> Option<Op> {
        self.ops.iter().find(|(known, _)| *known == method.as_str()).map(|(_, op)| *op)
    }

    /// The methods, as the header `Allow` lists them.
    pub(crate) fn allow(&self) -> String {
        let names: Vec<_> = self.ops.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

impl Op {
    /// The word for it in the journal.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Op::CreateRun => "create",
            Op::CancelRun => "cancel",
            Op::ContinueRun => "continue",
            Op::Resume => "resume",
            Op::PutPolicy => "replace",
            _ => "read",
        }
    }

    /// The list it belongs to.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Op::Health | Op::Ready => "health",
            Op::ListTasks | Op::ReadTask | Op::Resume => "human-tasks",
            Op::Validate | Op::Compile | Op::Explain | Op::PolicyReport | Op::SpecGraph => "specs",
            Op::AuditEvents => "audit-events",
            Op::Credentials => "credentials",
            Op::ListPolicies | Op::ReadPolicy | Op::PutPolicy | Op::PreviewPolicy => "policies",
            Op::Skills => "skills",
            _ => "runs",
        }
    }

    /// What a key has to be allowed to do; nothing for the health routes, which need no key.
    pub(crate) fn scope(self) -> Option<&'static str> {
        Some(match self {
            Op::Health | Op::Ready => return None,
            Op::CreateRun | Op::CancelRun | Op::ContinueRun => "runs:write",
            Op::RunPolicyReport | Op::Skills => "specs:read",
            Op::ListTasks | Op::ReadTask => "human:read",
            Op::Resume => "human:write",
            Op::Validate | Op::Compile | Op::Explain | Op::PolicyReport | Op::SpecGraph => {
                "specs:read"
            }
            Op::AuditEvents => "audit:read",
            Op::Credentials => "credentials:read",
            Op::ListPolicies | Op::ReadPolicy => "policies:read",
            Op::PutPolicy | Op::PreviewPolicy => "policies:write",
            _ => "runs:read",
        })
    }

    pub(crate) fn changes_data(self) -> bool {
        self.kind() != "read"
    }

    /// Whether the request has a body that matters.
    pub(crate) fn takes_body(self) -> bool {
        matches!(self, Op::CreateRun | Op::Resume | Op::PutPolicy | Op::PreviewPolicy)
            || self.resource() == "specs"
    }

    /// Whether an `Idempotency-Key` counts; on a continued run only the newer platform heeds it.
    pub(crate) fn takes_key(self, reference: bool) -> bool {
        matches!(self, Op::CreateRun | Op::Resume) || (self == Op::ContinueRun && reference)
    }

    /// The parameters that its query may have.
    pub(crate) fn parameters(self) -> &'static [&'static str] {
        match self {
            Op::ListRuns => &[
                "status",
                "limit",
                "offset",
                "sort_by",
                "sort_order",
                "workflow_kind",
                "workflow_name",
                "session_id",
                "has_error",
                "created_after",
                "created_before",
                "q",
            ],
            Op::Trace => &["event_type", "limit", "offset", "sort_by", "sort_order"],
            Op::Checkpoints => &["type", "limit", "offset", "sort_by", "sort_order"],
            Op::Diff => &["from_sequence", "to_sequence"],
            Op::ListTasks => {
                &["run_id", "workflow_kind", "status", "limit", "offset", "sort_by", "sort_order"]
            }
            Op::AuditEvents => {
                &["event_type", "run_id", "limit", "offset", "sort_by", "sort_order"]
            }
            Op::Credentials => &["providers", "extras", "include_service_tokens"],
            Op::Skills => &["limit", "offset", "sort_by", "sort_order"],
            _ => &[],
        }
    }
}
