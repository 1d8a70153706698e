use std::collections::BTreeMap;

use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steadfast::{IdempotencyKey, Path, path};

use super::calls::set;
use super::{Error, Kneo, Page, PageRequest};
use crate::words::words;

words! {
    /// What state a run is in. Terminal states never change; one that is not known here is taken
    /// for not terminal.
    pub enum RunState {
        /// It was made.
        Created = "created",
        /// It waits for a worker.
        Queued = "queued",
        /// It is on its way.
        Running = "running",
        /// It waits for a person, as 0.4.0 says.
        PausedHumanReview = "paused_human_review",
        /// It waits for a person, as 1.2.0 says.
        Blocked = "blocked",
        /// It waits, as older texts say.
        Paused = "paused",
        /// It is done.
        Completed = "completed",
        /// It failed.
        Failed = "failed",
        /// It was cancelled.
        Cancelled = "cancelled",
        /// It took too long.
        TimedOut = "timed_out",
        /// Nobody answered in time.
        Expired = "expired",
    }
}

impl RunState {
    /// Those that never change, by both platforms.
    pub const TERMINAL: [Self; 5] =
        [Self::Completed, Self::Failed, Self::Cancelled, Self::TimedOut, Self::Expired];

    /// True if it never changes.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        Self::TERMINAL.contains(self)
    }

    /// True if it waits for a person, whatever the platform calls that (C6).
    #[must_use]
    pub fn is_waiting_for_a_person(&self) -> bool {
        matches!(self, Self::PausedHumanReview | Self::Blocked | Self::Paused)
    }
}

/// A run to be made (contract 3). What is `None` or empty is not sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewRun {
    /// What it is asked.
    pub input: String,
    /// What to run, in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
    /// What to run, by its path on the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_path: Option<String>,
    /// `workflow`, if nothing else is said, or `agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Overlays over the spec.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<String>,
    /// Values over those of the spec.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub overrides: Map<String, Value>,
    /// Anything.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// True to be answered before it has ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub async_mode: bool,
    /// The session it belongs to; platform 1.2.0 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Skills to add and to leave out; platform 1.2.0 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skills: Option<Value>,
}

impl NewRun {
    /// A run of a spec on the platform.
    #[must_use]
    pub fn of_path(spec_path: impl Into<String>, input: impl Into<String>) -> Self {
        Self { input: input.into(), spec_path: Some(spec_path.into()), ..Self::default() }
    }

    /// A run of this spec.
    #[must_use]
    pub fn of_spec(spec: Value, input: impl Into<String>) -> Self {
        Self { input: input.into(), spec: Some(spec), ..Self::default() }
    }
}

/// The answer to a request that starts or continues a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunReply {
    /// Its id.
    pub run_id: Option<String>,
    /// What state it is in.
    pub status: RunState,
    /// What came of it.
    pub output_text: Option<String>,
    /// True if it waits for a person.
    #[serde(default)]
    pub human_intervention_required: bool,
    /// By which a person answers.
    pub continuation_id: Option<String>,
    /// Whatever was stored with it.
    pub metadata: Option<Map<String, Value>>,
}

/// A run as the platform shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunStatus {
    /// Its id.
    pub run_id: String,
    /// What state it is in.
    pub status: RunState,
    /// Which agent runs.
    pub agent_name: Option<String>,
    /// Which workflow runs.
    pub workflow_name: Option<String>,
    /// Of which kind that is.
    pub workflow_kind: Option<String>,
    /// How far it is, in a sequence.
    pub current_step_index: Option<i64>,
    /// How far it is, in a graph.
    pub current_node_id: Option<String>,
    /// What is done of a sequence.
    pub visited_steps: Option<Vec<String>>,
    /// What is done of a graph.
    pub visited_nodes: Option<Vec<String>>,
    /// How long its trace is.
    pub trace_event_count: Option<u64>,
    /// What it was asked.
    pub input_text: Option<String>,
    /// What came of it.
    pub output_text: Option<String>,
    /// What went wrong in it.
    pub error: Option<Value>,
    /// By which a person answers.
    pub continuation_id: Option<String>,
    /// What a person is asked.
    pub pending_human_request: Option<Value>,
    /// Whatever was stored with it.
    pub metadata: Option<Map<String, Value>>,
    /// The session it belongs to; platform 1.2.0 only.
    pub session_id: Option<String>,
    /// What it used; platform 1.2.0 only.
    pub usage: Option<BTreeMap<String, Value>>,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TraceEvent {
    /// Its number in the trace.
    pub sequence: Option<u64>,
    /// What happened.
    pub event_type: Option<String>,
    /// When.
    pub timestamp: Option<String>,
    /// More about it.
    pub payload: Option<Value>,
}

/// Which runs to list. What is `None` does not matter; the platform 0.4.0 knows `status` only.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// In this state.
    pub status: Option<RunState>,
    /// Of this kind; platform 1.2.0 only, as all that follow.
    pub workflow_kind: Option<String>,
    /// Of this workflow.
    pub workflow_name: Option<String>,
    /// Of this session.
    pub session_id: Option<String>,
    /// With an error, or without.
    pub has_error: Option<bool>,
    /// Made after that instant, with its offset.
    pub created_after: Option<String>,
    /// Made before that instant, with its offset.
    pub created_before: Option<String>,
    /// With that in its texts.
    pub q: Option<String>,
}

impl RunFilter {
    fn query(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        set(&mut query, "status", self.status.as_ref());
        set(&mut query, "workflow_kind", self.workflow_kind.as_ref());
        set(&mut query, "workflow_name", self.workflow_name.as_ref());
        set(&mut query, "session_id", self.session_id.as_ref());
        set(&mut query, "has_error", self.has_error);
        set(&mut query, "created_after", self.created_after.as_ref());
        set(&mut query, "created_before", self.created_before.as_ref());
        set(&mut query, "q", self.q.as_ref());
        query
    }
}

/// Runs of the platform. See [`Kneo::runs`].
#[derive(Debug, Clone)]
pub struct Runs<'k>(pub(super) &'k Kneo);

pub(super) fn below(run_id: &str, step: &str) -> Path {
    path!("v1", "runs", run_id, step)
}

impl Runs<'_> {
    /// Starts a run. It goes out with an idempotency key, yours or a new one, the same on all its
    /// attempts. Give your own, and keep it before the first send, if another process may have to
    /// send the same again: a new key is a new run.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create(
        &self,
        run: &NewRun,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<RunReply, Error> {
        let call = self.0.post("create_run", path!("v1", "runs"), idempotency_key);
        Ok(call.json(run).send_as().await?)
    }

    /// Reads a run.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with that id.
    pub async fn get(&self, run_id: &str) -> Result<RunStatus, Error> {
        self.0.get("get_run", path!("v1", "runs", run_id)).await
    }

    /// Reads a run, none if there is none: the guide's recipe (N12). What went wrong is told in its
    /// words; told to wait, it waits as long as the platform asked, or 10 s, before it gives the
    /// error on.
    ///
    /// # Errors
    /// [`Error`], but for [`Error::NotFound`].
    pub async fn find(&self, run_id: &str) -> Result<Option<RunStatus>, Error> {
        let error = match self.get(run_id).await {
            Ok(run) => return Ok(Some(run)),
            Err(error) => error,
        };
        let said = error.about_run(run_id);
        tracing::error!(target: "steadfast::call", event = "run_recipe", logger = "kneo", "{said}");
        match error {
            Error::NotFound(_) => Ok(None),
            Error::RateLimited(_) => {
                tokio::time::sleep(error.wait()).await;
                Err(error)
            }
            error => Err(error),
        }
    }

    /// A page of runs.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn page(
        &self,
        filter: &RunFilter,
        page: &PageRequest,
    ) -> Result<Page<RunStatus>, Error> {
        let query = filter.query().into_iter().chain(page.query()).collect();
        self.0.page("list_runs", path!("v1", "runs"), "runs", query).await
    }

    /// All runs, so many at a time: 1 to 1000, and 1000 if more are asked for (N19).
    ///
    /// # Errors
    /// [`Error`] for a page size of 0.
    pub fn list(
        &self,
        filter: &RunFilter,
        page_size: u64,
    ) -> Result<impl Stream<Item = Result<RunStatus, Error>> + Send + use<>, Error> {
        self.0.list(&path!("v1", "runs"), "runs", filter.query(), page_size, "run_id")
    }

    /// Cancels a run; one that has ended stays as it is (C9).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn cancel(&self, run_id: &str) -> Result<RunStatus, Error> {
        Ok(self.0.post("cancel_run", below(run_id, "cancel"), None).send_as().await?)
    }

    /// Goes on with a run that has failed.
    ///
    /// # Errors
    /// [`Error::Conflict`] of one that has not.
    pub async fn continue_run(
        &self,
        run_id: &str,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<RunReply, Error> {
        let call = self.0.post("continue_run", below(run_id, "continue"), idempotency_key);
        Ok(call.send_as().await?)
    }

    /// A page of the trace of a run.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn trace(&self, run_id: &str, page: &PageRequest) -> Result<Page<TraceEvent>, Error> {
        self.0.page("get_trace", below(run_id, "trace"), "events", page.query()).await
    }

    /// A page of the checkpoints of a run.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn checkpoints(
        &self,
        run_id: &str,
        page: &PageRequest,
    ) -> Result<Page<Value>, Error> {
        let path = below(run_id, "checkpoints");
        self.0.page("get_checkpoints", path, "checkpoints", page.query()).await
    }

    /// What is different between two checkpoints; the latest two if not said.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn checkpoint_diff(
        &self,
        run_id: &str,
        between: Option<(u64, u64)>,
    ) -> Result<Value, Error> {
        let path = path!("v1", "runs", run_id, "checkpoints", "diff");
        let call = self.0.call("get_checkpoint_diff", http::Method::GET, path);
        let call = match between {
            Some((from, to)) => call.query("from_sequence", from).query("to_sequence", to),
            None => call,
        };
        Ok(call.send_as().await?)
    }

    /// What can be replayed of a run.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn replay(&self, run_id: &str) -> Result<Value, Error> {
        self.0.get("get_replay", below(run_id, "replay")).await
    }

    /// Whether and from where a run can be gone on with.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn recovery(&self, run_id: &str) -> Result<Value, Error> {
        self.0.get("get_recovery", below(run_id, "recovery")).await
    }

    /// What the policies say of the run's spec.
    ///
    /// # Errors
    /// [`Error::BadRequest`] if its spec is not stored.
    pub async fn policy_report(&self, run_id: &str) -> Result<Value, Error> {
        self.0.get("get_run_policy_report", below(run_id, "policy-report")).await
    }

    /// The graph of a run; platform 1.2.0 only.
    ///
    /// # Errors
    /// [`Error::NotFound`] on the platform 0.4.0, too.
    pub async fn graph(&self, run_id: &str) -> Result<Value, Error> {
        self.0.get("get_run_graph", below(run_id, "graph")).await
    }
}
