//! Specs: whether they compile, what they contain, and what a policy has against them.

use serde_json::{Map, Value, json};

use crate::kneo::fail::Fail;
use crate::kneo::schema::text;

/// What is known of a spec.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) name: String,
    /// The kind of its workflow; nothing for an agent.
    pub(crate) kind: Option<&'static str>,
    pub(crate) steps: Vec<String>,
    pub(crate) diagnostics: Vec<Value>,
    /// The spec itself, where the request brought it.
    pub(crate) inline: Option<Map<String, Value>>,
    /// Stands for a spec that the policy of every environment is against.
    blocked: bool,
}

fn diagnostic(severity: &str, code: &str, message: &str, path: &str) -> Value {
    json!({ "severity": severity, "code": code, "message": message, "path": path })
}

fn is_error(diagnostic: &Value) -> bool {
    diagnostic["severity"] == "error"
}

impl Spec {
    /// Reads the spec that a checked request brings or names.
    pub(crate) fn read(body: &Map<String, Value>) -> Result<Self, Fail> {
        let agent = text(body, "target") == Some("agent");
        if let Some(inline) = body.get("spec").and_then(Value::as_object) {
            return Ok(Self::inline(inline, agent));
        }
        let path = text(body, "spec_path").filter(|path| !path.trim().is_empty());
        let path = path.ok_or_else(|| Fail::invalid("spec or spec_path is required"))?;
        Ok(Self::named(path, agent))
    }

    fn named(path: &str, agent: bool) -> Self {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
        let diagnostics = match file {
            "bad.yaml" => {
                let text = "The tool is not known";
                vec![diagnostic("error", "E_UNKNOWN_TOOL", text, "agent.tools[0]")]
            }
            _ => Vec::new(),
        };
        let kind = if stem.contains("graph") { "graph" } else { "sequential" };
        Spec {
            name: stem.to_owned(),
            kind: (!agent).then_some(kind),
            steps: vec!["main".to_owned()],
            diagnostics,
            inline: None,
            blocked: file == "blocked.yaml",
        }
    }

    fn inline(spec: &Map<String, Value>, agent: bool) -> Self {
        let workflow = spec.get("workflow").and_then(Value::as_object);
        let steps = workflow.and_then(|workflow| workflow.get("steps")).and_then(Value::as_array);
        let named = |(position, step): (usize, &Value)| {
            let name = step.as_str().or_else(|| step.get("name").and_then(Value::as_str));
            name.map_or_else(|| format!("step_{}", position + 1), str::to_owned)
        };
        let mut names: Vec<String> = steps.into_iter().flatten().enumerate().map(named).collect();
        if names.is_empty() {
            names.push("main".to_owned());
        }
        let given = workflow.and_then(|workflow| text(workflow, "kind"));
        let kind = if given == Some("graph") { "graph" } else { "sequential" };
        Spec {
            name: text(spec, "name").unwrap_or("inline").to_owned(),
            kind: (!agent).then_some(kind),
            steps: names,
            diagnostics: diagnose(spec),
            inline: Some(spec.clone()),
            blocked: false,
        }
    }

    pub(crate) fn compiles(&self) -> bool {
        !self.diagnostics.iter().any(is_error)
    }

    pub(crate) fn must_compile(&self) -> Result<(), Fail> {
        if self.compiles() { Ok(()) } else { Err(Fail::spec_invalid(self.diagnostics.clone())) }
    }

    /// Whether it compiles where warnings count as errors.
    pub(crate) fn is_flawless(&self) -> bool {
        self.diagnostics.is_empty()
    }

    pub(crate) fn summary(&self) -> Value {
        json!({
            "name": self.name,
            "workflow_kind": self.kind,
            "steps": self.steps,
            "tools": tools(self.inline.as_ref()).len(),
            "has_guardrails": self.has("guardrails"),
            "has_human_review": self.has("human_review"),
        })
    }

    pub(crate) fn graph(&self) -> (Value, Value) {
        let nodes: Vec<Value> =
            self.steps.iter().map(|step| json!({ "id": step, "type": "step" })).collect();
        let pairs = self.steps.iter().zip(self.steps.iter().skip(1));
        let edges: Vec<Value> = pairs.map(|(from, to)| json!({ "from": from, "to": to })).collect();
        (Value::Array(nodes), Value::Array(edges))
    }

    /// What an inline spec says of itself. A spec on the platform's disk is taken to have what it needs.
    fn has(&self, member: &str) -> bool {
        let Some(spec) = &self.inline else { return true };
        let set = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        let agent = spec.get("agent").and_then(|agent| agent.get(member));
        spec.get(member).or(agent).is_some_and(set)
    }

    /// What a policy has against it. Without a policy only the spec that stands for a blocked one is refused.
    pub(crate) fn offences(&self, policy: Option<&Map<String, Value>>) -> Vec<Value> {
        let mut found = Vec::new();
        let mut add = |code: &str, text: &str, path: &str| {
            found.push(diagnostic("error", code, text, path));
        };
        if self.blocked {
            add("P_BLOCKED_SPEC", "The spec is blocked", "spec_path");
        }
        let set = |name: &str| {
            policy.and_then(|policy| policy.get(name)).is_some_and(|value| *value == json!(true))
        };
        if !set("enabled") {
            return found;
        }
        if set("fail_on_warnings") && !self.is_flawless() {
            add("P_WARNINGS", "Warnings are not allowed", "");
        }
        if set("require_human_review") && !self.has("human_review") {
            add("P_HUMAN_REVIEW", "A human review is required", "human_review");
        }
        if set("require_guardrails") && !self.has("guardrails") {
            add("P_GUARDRAILS", "Guardrails are required", "guardrails");
        }
        for (position, tool) in tools(self.inline.as_ref()).iter().enumerate() {
            let path = format!("agent.tools[{position}]");
            let permissions = tool.get("permissions");
            if set("require_tool_permissions") && permissions.is_none() {
                add("P_TOOL_PERMISSIONS", "Tools need permissions", &path);
            }
            let open = permissions.is_none() || permissions == Some(&json!(["*"]));
            if set("deny_unrestricted_tools") && open {
                add("P_UNRESTRICTED_TOOL", "Unrestricted tools are denied", &path);
            }
        }
        let codes = policy.and_then(|policy| policy.get("blocked_diagnostic_codes"));
        for code in codes.and_then(Value::as_array).into_iter().flatten() {
            if self.diagnostics.iter().any(|known| known["code"] == *code) {
                add("P_BLOCKED_CODE", "A diagnostic of the spec is blocked", "");
            }
        }
        found
    }

    pub(crate) fn report(&self, environment: Option<&str>, offences: &[Value]) -> Value {
        json!({
            "valid": self.compiles() && offences.is_empty(),
            "report": {
                "environment": environment,
                "diagnostics": self.diagnostics,
                "violations": offences,
            },
        })
    }
}

fn tools(spec: Option<&Map<String, Value>>) -> Vec<Value> {
    let tools = spec.and_then(|spec| spec.get("agent")).and_then(|agent| agent.get("tools"));
    tools.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn diagnose(spec: &Map<String, Value>) -> Vec<Value> {
    if spec.is_empty() {
        return vec![diagnostic("error", "E_EMPTY_SPEC", "The spec is empty", "")];
    }
    let mut found = Vec::new();
    for (position, tool) in tools(Some(spec)).iter().enumerate() {
        let path = format!("agent.tools[{position}]");
        let name = tool.as_str().or_else(|| tool.get("name").and_then(Value::as_str));
        match name {
            None => found.push(diagnostic("error", "E_TOOL_NAME", "The tool has no name", &path)),
            Some(name) if name.starts_with("unknown") => {
                found.push(diagnostic("error", "E_UNKNOWN_TOOL", "The tool is not known", &path));
            }
            Some(_) if tool.get("permissions").is_none() => {
                let text = "The tool has no permissions";
                found.push(diagnostic("warning", "W_UNRESTRICTED_TOOL", text, &path));
            }
            Some(_) => {}
        }
    }
    found
}
