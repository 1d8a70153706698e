use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast_call::{Error, IdempotencyKey, Options, Outcome};

use super::own_runtime::OwnRuntime;

/// A call that is being put together, as [`crate::CallBuilder`], whose pages say more.
#[derive(Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct CallBuilder {
    builder: crate::CallBuilder,
    runtime: OwnRuntime,
}

impl CallBuilder {
    pub(super) fn new(builder: crate::CallBuilder, runtime: OwnRuntime) -> Self {
        Self { builder, runtime }
    }

    fn with(self, change: impl FnOnce(crate::CallBuilder) -> crate::CallBuilder) -> Self {
        Self { builder: change(self.builder), ..self }
    }

    /// Adds a parameter to the query, encoded.
    pub fn query(self, name: &str, value: impl Display) -> Self {
        self.with(|builder| builder.query(name, value))
    }

    /// Sets a header of this call.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|builder| builder.header(name, value))
    }

    /// The body, as JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.with(|builder| builder.json(value))
    }

    /// The body as it stands, and its content type.
    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.with(|builder| builder.body(content_type, body))
    }

    /// How long the call may take in all.
    pub fn deadline(self, deadline: Duration) -> Self {
        self.with(|builder| builder.deadline(deadline))
    }

    /// What the write is about, so that it can be looked for.
    pub fn natural_key(self, resource: impl Into<String>, key: impl Into<String>) -> Self {
        self.with(|builder| builder.natural_key(resource, key))
    }

    /// The key by which the API recognises a repeat.
    pub fn idempotency_key(self, key: impl Into<IdempotencyKey>) -> Self {
        self.with(|builder| builder.idempotency_key(key))
    }

    /// The id of this call.
    pub fn request_id(self, id: impl Into<String>) -> Self {
        self.with(|builder| builder.request_id(id))
    }

    /// You have looked, and there was none with this key.
    pub fn known_absent(self) -> Self {
        self.with(crate::CallBuilder::known_absent)
    }

    /// Puts a pair into the log records of this call.
    pub fn context(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|builder| builder.context(name, value))
    }

    /// All options at once, in place of those set so far.
    pub fn options(self, options: Options) -> Self {
        self.with(|builder| builder.options(options))
    }

    /// Sends it, sees it through, and waits for the end.
    ///
    /// # Errors
    /// [`Error`]; of kind [`Kind::Unsendable`](crate::Kind::Unsendable) where this thread must
    /// not wait.
    pub fn send(self) -> Result<Outcome, Error> {
        let builder = self.builder;
        let work = async move { builder.send().await };
        self.runtime.wait_for(work).unwrap_or_else(|gone| Err(gone.into_error()))
    }

    /// Sends it and reads the answer into a type.
    ///
    /// # Errors
    /// As [`CallBuilder::send`], and for an answer that does not fit.
    pub fn send_as<T: DeserializeOwned + Send + 'static>(self) -> Result<T, Error> {
        let builder = self.builder;
        let work = async move { builder.send_as().await };
        self.runtime.wait_for(work).unwrap_or_else(|gone| Err(gone.into_error()))
    }

    /// Sends it, and gives the answer's JSON; none if its body is empty (K15).
    ///
    /// # Errors
    /// As [`CallBuilder::send`].
    pub fn json_reply(self) -> Result<Option<Value>, Error> {
        Ok(self.send()?.success().json().cloned())
    }
}
