use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use steadfast::{IdempotencyKey, path};

use super::{Error, Kneo, NewRun, RunReply};

/// A spec, in full or by its path on the platform, and where it is to run. What is `None` or empty
/// is not sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Spec {
    /// The spec in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    /// Its path on the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_path: Option<String>,
    /// Where it is to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Overlays over it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<String>,
    /// Values over its own.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub overrides: Map<String, Value>,
}

impl Spec {
    /// A spec on the platform.
    #[must_use]
    pub fn of_path(spec_path: impl Into<String>) -> Self {
        Self { spec_path: Some(spec_path.into()), ..Self::default() }
    }
}

/// Something that a spec is told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// In words.
    pub message: Option<String>,
    /// Where in the spec.
    pub path: Option<String>,
}

/// Whether a spec is one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Validated {
    /// True if it is.
    pub valid: bool,
    /// What it is told.
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
}

/// Whether a spec compiles.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Compiled {
    /// True if it does.
    pub ok: bool,
    /// What it is told.
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
    /// What it does.
    pub summary: Option<Value>,
}

/// What a run of a spec would be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DryRun {
    /// Whether the spec is one.
    pub validated: Validated,
    /// What it does; none if it is not valid.
    pub explanation: Option<Value>,
    /// What the policies say of it; none if it is not valid.
    pub policy_report: Option<Value>,
}

/// Specs. See [`Kneo::specs`].
#[derive(Debug, Clone)]
pub struct Specs<'k>(pub(super) &'k Kneo);

impl Specs<'_> {
    /// Whether a spec is one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn validate(&self, spec: &Spec) -> Result<Validated, Error> {
        let call = self.0.post("validate_spec", path!("v1", "specs", "validate"), None);
        Ok(call.json(spec).send_as().await?)
    }

    /// Compiles a spec. `strict`: warnings are errors.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn compile(&self, spec: &Spec, strict: bool) -> Result<Compiled, Error> {
        #[derive(Serialize)]
        struct Strict<'s> {
            #[serde(flatten)]
            spec: &'s Spec,
            strict: bool,
        }
        let call = self.0.post("compile_spec", path!("v1", "specs", "compile"), None);
        Ok(call.json(&Strict { spec, strict }).send_as().await?)
    }

    /// What a spec does. Only the spec itself is sent: the platform 0.4.0 refuses anything else here.
    ///
    /// # Errors
    /// [`Error::BadRequest`] of one that does not compile.
    pub async fn explain(&self, spec: &Spec) -> Result<Value, Error> {
        let call = self.0.post("explain_spec", path!("v1", "specs", "explain"), None);
        let alone =
            Spec { spec: spec.spec.clone(), spec_path: spec.spec_path.clone(), ..Spec::default() };
        Ok(call.json(&alone).send_as().await?)
    }

    /// What the policies say of a spec.
    ///
    /// # Errors
    /// [`Error::BadRequest`] of one that does not compile.
    pub async fn policy_report(&self, spec: &Spec) -> Result<Value, Error> {
        let call = self.0.post("spec_policy_report", path!("v1", "specs", "policy-report"), None);
        Ok(call.json(spec).send_as().await?)
    }

    /// The graph of a spec; platform 1.2.0 only.
    ///
    /// # Errors
    /// [`Error::NotFound`] on the platform 0.4.0.
    pub async fn graph(&self, spec: &Spec) -> Result<Value, Error> {
        let call = self.0.post("spec_graph", path!("v1", "specs", "graph"), None);
        Ok(call.json(spec).send_as().await?)
    }

    /// Starts a run of a spec, as [`super::Runs::create`] does.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn run(
        &self,
        run: &NewRun,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<RunReply, Error> {
        let call = self.0.post("run_spec", path!("v1", "specs", "run"), idempotency_key);
        Ok(call.json(run).send_as().await?)
    }

    /// Validates a spec, and compiles it if it is valid (N21). `strict` is for the second only: the
    /// first does not know it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn validate_then_compile(
        &self,
        spec: &Spec,
        strict: bool,
    ) -> Result<(Validated, Option<Compiled>), Error> {
        let validated = self.validate(spec).await?;
        let compiled = match validated.valid {
            true => Some(self.compile(spec, strict).await?),
            false => None,
        };
        Ok((validated, compiled))
    }

    /// What a run of a spec would be, without one: it is validated, then explained and held against
    /// the policies (N21).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn dry_run(&self, spec: &Spec) -> Result<DryRun, Error> {
        let validated = self.validate(spec).await?;
        if !validated.valid {
            return Ok(DryRun { validated, explanation: None, policy_report: None });
        }
        let explanation = Some(self.explain(spec).await?);
        let policy_report = Some(self.policy_report(spec).await.map(|report| json!(report))?);
        Ok(DryRun { validated, explanation, policy_report })
    }
}
