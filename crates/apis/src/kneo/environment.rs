use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steadfast::path;

use super::calls::set;
use super::{Error, Kneo, Page, PageRequest};

/// The policy of an environment, as a whole: what is false is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPolicy {
    /// Whether it counts at all.
    pub enabled: bool,
    /// Warnings are errors.
    #[serde(default)]
    pub fail_on_warnings: bool,
    /// A person has to look.
    #[serde(default)]
    pub require_human_review: bool,
    /// Tools need permissions.
    #[serde(default)]
    pub require_tool_permissions: bool,
    /// Tools that may do anything are denied.
    #[serde(default)]
    pub deny_unrestricted_tools: bool,
    /// Guardrails are needed.
    #[serde(default)]
    pub require_guardrails: bool,
    /// Codes of diagnostics that no spec may have.
    #[serde(default)]
    pub blocked_diagnostic_codes: Vec<String>,
}

impl Default for NewPolicy {
    /// One that counts, and asks for nothing.
    fn default() -> Self {
        Self {
            enabled: true,
            fail_on_warnings: false,
            require_human_review: false,
            require_tool_permissions: false,
            deny_unrestricted_tools: false,
            require_guardrails: false,
            blocked_diagnostic_codes: Vec::new(),
        }
    }
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AuditEvent {
    /// Its id.
    pub id: Option<Value>,
    /// What was done.
    pub event_type: Option<String>,
    /// Who did it.
    pub actor: Option<Value>,
    /// To which run.
    pub run_id: Option<String>,
    /// To which task.
    pub continuation_id: Option<String>,
    /// By which call: the id on errors and in the client's logs.
    pub request_id: Option<String>,
    /// More about it.
    pub metadata: Option<Value>,
    /// When.
    pub created_at: Option<Value>,
}

/// Which events to list. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this kind.
    pub event_type: Option<String>,
    /// About this run.
    pub run_id: Option<String>,
}

impl AuditFilter {
    fn query(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        set(&mut query, "event_type", self.event_type.as_ref());
        set(&mut query, "run_id", self.run_id.as_ref());
        query
    }
}

/// What those who run the platform look after. See [`Kneo::environments`].
#[derive(Debug, Clone)]
pub struct Environments<'k>(pub(super) &'k Kneo);

impl Environments<'_> {
    /// All policies, by environment.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn policies(&self) -> Result<Value, Error> {
        self.0.get("list_policies", path!("v1", "policies", "environment")).await
    }

    /// The policy of an environment.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it has none.
    pub async fn policy(&self, environment: &str) -> Result<Value, Error> {
        self.0.get("get_policy", path!("v1", "policies", "environment", environment)).await
    }

    /// Puts a policy in the place of that of an environment, as a whole.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put_policy(&self, environment: &str, policy: &NewPolicy) -> Result<Value, Error> {
        let path = path!("v1", "policies", "environment", environment);
        Ok(self.0.call("put_policy", Method::PUT, path).json(policy).send_as().await?)
    }

    /// What a policy would change; platform 1.2.0 only.
    ///
    /// # Errors
    /// [`Error::NotFound`] on the platform 0.4.0.
    pub async fn preview_policy(
        &self,
        environment: &str,
        policy: &NewPolicy,
    ) -> Result<Value, Error> {
        let path = path!("v1", "policies", "environment", environment, "preview");
        Ok(self.0.post("preview_policy", path, None).json(policy).send_as().await?)
    }

    /// Which credentials the platform holds; their values are hidden by the platform.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn credentials(
        &self,
        providers: &[&str],
        extras: &[&str],
        include_service_tokens: bool,
    ) -> Result<Value, Error> {
        let path = path!("v1", "security", "credentials");
        let mut call = self.0.call("list_credentials", Method::GET, path);
        for (name, values) in [("providers", providers), ("extras", extras)] {
            for value in values {
                call = call.query(name, value);
            }
        }
        Ok(call.query("include_service_tokens", include_service_tokens).send_as().await?)
    }

    /// The newest events of the audit. The platform 0.4.0 knows no page but the first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn audit_events(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>, Error> {
        let query = filter.query().into_iter().chain(page.query()).collect();
        self.0.page("list_audit_events", path!("v1", "audit-events"), "events", query).await
    }

    /// The platform's skills, so many at a time; platform 1.2.0 only.
    ///
    /// # Errors
    /// [`Error`] for a page size of 0.
    pub fn skills(
        &self,
        page_size: u64,
    ) -> Result<impl Stream<Item = Result<Value, Error>> + Send + use<>, Error> {
        self.0.list(&path!("v1", "skills"), "skills", Vec::new(), page_size, "name")
    }
}
