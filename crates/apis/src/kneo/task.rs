use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use steadfast::{IdempotencyKey, path};

use super::calls::set;
use super::{Error, Kneo, Page, PageRequest, RunState};
use crate::words::words;

words! {
    /// What a person decides.
    pub enum Decision {
        /// Yes.
        Approved = "approved",
        /// No.
        Rejected = "rejected",
        /// Yes, changed; the change is the content.
        Edited = "edited",
        /// One of the options.
        Selected = "selected",
        /// What was asked for is the content.
        Provided = "provided",
    }
}

/// A question to a person, in a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HumanTask {
    /// By which it is answered.
    pub id: String,
    /// The same.
    pub continuation_id: Option<String>,
    /// The run that waits for it.
    pub run_id: Option<String>,
    /// The run's workflow.
    pub workflow_name: Option<String>,
    /// Of which kind that is.
    pub workflow_kind: Option<String>,
    /// `pending` or `escalated`.
    pub status: Option<String>,
    /// What is asked; its `request_id` belongs into the answer.
    pub request: Option<Value>,
    /// When it was asked.
    pub created_at: Option<String>,
    /// Until when it can be answered.
    pub expires_at: Option<String>,
}

impl HumanTask {
    /// The id of what is asked.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request.as_ref()?.get("request_id")?.as_str()
    }
}

/// A question to a person, by itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Task {
    /// By which it is answered.
    pub continuation_id: String,
    /// What is asked.
    pub request: Value,
    /// What was said before; platform 1.2.0 only.
    pub messages: Option<Vec<Value>>,
}

/// A person's answer. What is `None` or empty is not sent.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Answer<'a> {
    request_id: &'a str,
    decision: &'a Decision,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_option: Option<&'a str>,
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Resumed {
    /// The run.
    pub run_id: String,
    /// What state it is in.
    pub status: RunState,
    /// What came of it.
    pub output_text: Option<String>,
    /// Whatever was stored with it.
    pub metadata: Option<Map<String, Value>>,
}

/// Which tasks to list. What is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// Of this run.
    pub run_id: Option<String>,
    /// Of this kind.
    pub workflow_kind: Option<String>,
    /// `pending` or `escalated`.
    pub status: Option<String>,
}

impl TaskFilter {
    fn query(&self) -> Vec<(String, String)> {
        let mut query = Vec::new();
        set(&mut query, "run_id", self.run_id.as_ref());
        set(&mut query, "workflow_kind", self.workflow_kind.as_ref());
        set(&mut query, "status", self.status.as_ref());
        query
    }
}

/// What waits for a person. See [`Kneo::human_tasks`].
#[derive(Debug, Clone)]
pub struct HumanTasks<'k>(pub(super) &'k Kneo);

impl HumanTasks<'_> {
    /// A page of tasks.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn page(
        &self,
        filter: &TaskFilter,
        page: &PageRequest,
    ) -> Result<Page<HumanTask>, Error> {
        let query = filter.query().into_iter().chain(page.query()).collect();
        self.0.page("list_human_tasks", path!("v1", "human-tasks"), "tasks", query).await
    }

    /// All tasks, so many at a time, as [`super::Runs::list`].
    ///
    /// # Errors
    /// [`Error`] for a page size of 0.
    pub fn list(
        &self,
        filter: &TaskFilter,
        page_size: u64,
    ) -> Result<impl Stream<Item = Result<HumanTask, Error>> + Send + use<>, Error> {
        self.0.list(&path!("v1", "human-tasks"), "tasks", filter.query(), page_size, "id")
    }

    /// Reads a task.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none.
    pub async fn get(&self, continuation_id: &str) -> Result<Task, Error> {
        self.0.get("get_human_task", path!("v1", "human-tasks", continuation_id)).await
    }

    /// Answers a task. `text` is the content, or the option of [`Decision::Selected`].
    ///
    /// # Errors
    /// [`Error::Conflict`] if its deadline has passed, somebody else is answering it, or its run
    /// does not wait any more.
    pub async fn resume(
        &self,
        continuation_id: &str,
        request_id: &str,
        decision: &Decision,
        text: Option<&str>,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Resumed, Error> {
        let selects = *decision == Decision::Selected;
        let answer = Answer {
            request_id,
            decision,
            content: text.filter(|_| !selects),
            selected_option: text.filter(|_| selects),
        };
        let path = path!("v1", "human-tasks", continuation_id, "resume");
        let call = self.0.post("resume_human_task", path, idempotency_key);
        Ok(call.json(&answer).send_as().await?)
    }

    /// Answers the pending task that expires first, none if there is none (N21). Each call has a key
    /// of its own: one key on two tasks would be a conflict.
    ///
    /// # Errors
    /// As [`HumanTasks::resume`].
    pub async fn resume_first_pending(
        &self,
        decision: &Decision,
        text: Option<&str>,
    ) -> Result<Option<Resumed>, Error> {
        let filter = TaskFilter { status: Some("pending".to_owned()), ..TaskFilter::default() };
        let first = PageRequest {
            limit: Some(1),
            sort_by: Some("expires_at".to_owned()),
            sort_order: Some("asc".to_owned()),
            ..PageRequest::default()
        };
        let page = self.page(&filter, &first).await?;
        let Some(task) = page.items.first() else { return Ok(None) };
        let request_id = match task.request_id() {
            Some(id) => id.to_owned(),
            None => {
                let task = self.get(&task.id).await?;
                let id = task.request.get("request_id").and_then(Value::as_str);
                id.unwrap_or_default().to_owned()
            }
        };
        self.resume(&task.id, &request_id, decision, text, None).await.map(Some)
    }
}
