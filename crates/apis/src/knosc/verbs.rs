//! The surface that the guide names (K15, K20): verbs that give the parsed body of a success and an
//! error otherwise, a write that knows of the queue, and the safe write.

use std::collections::BTreeMap;

use http::Method;
use serde::Serialize;
use serde_json::Value;
use steadfast::{CallBuilder, Outcome, Path, Request, Secret};

use super::written::Change;
use super::{Error, Knosc, Write};

impl Knosc {
    /// A call with any method, for whatever has no name here.
    pub fn request(&self, method: Method, path: impl Into<Path>) -> CallBuilder {
        self.client.request(method, path)
    }

    /// Reads, and gives the body; none if it is empty (K15).
    ///
    /// # Errors
    /// [`Error`] for whatever is no success.
    pub async fn get(&self, path: impl Into<Path>) -> Result<Option<Value>, Error> {
        body_of(self.client.get(path)).await
    }

    /// Posts, and gives the body (K15). A write that was queued gives its notice; to tell the two
    /// apart, use [`Knosc::write`].
    ///
    /// # Errors
    /// [`Error`] for whatever is no success.
    pub async fn post<T: Serialize + ?Sized>(
        &self,
        path: impl Into<Path>,
        payload: &T,
    ) -> Result<Option<Value>, Error> {
        body_of(self.written(Method::POST, path.into(), payload).0).await
    }

    /// Puts, and gives the body (K15).
    ///
    /// # Errors
    /// [`Error`] for whatever is no success.
    pub async fn put<T: Serialize + ?Sized>(
        &self,
        path: impl Into<Path>,
        payload: &T,
    ) -> Result<Option<Value>, Error> {
        body_of(self.written(Method::PUT, path.into(), payload).0).await
    }

    /// Deletes, and gives the body; none if it is empty (K15).
    ///
    /// # Errors
    /// [`Error`] for whatever is no success.
    pub async fn delete(&self, path: impl Into<Path>) -> Result<Option<Value>, Error> {
        body_of(self.client.delete(path)).await
    }

    /// Sends it up to so many times, 4 in the guide (K6). A write that may have been done is looked
    /// for before it is sent again (K7), which needs a body with a key: see [`Knosc::write`].
    ///
    /// # Errors
    /// [`Error`] with the last answer when it was sent as often as that.
    pub async fn request_with_backoff(
        &self,
        method: Method,
        path: impl Into<Path>,
        max_retries: u32,
    ) -> Result<Option<Value>, Error> {
        body_of(self.client.request(method, path).attempts(max_retries)).await
    }

    /// A write to any path, which tells a queued one from one that is done (K8, K20). What is
    /// created is looked for by its key, wherever the contract names one for that path.
    ///
    /// ```no_run
    /// # async fn example(knosc: steadfast_apis::knosc::Knosc, payload: serde_json::Value)
    /// # -> Result<(), steadfast_apis::knosc::Error> {
    /// let done = knosc.write(http::Method::POST, "/purchase-order", &payload).await?.is_done();
    /// # drop(done); Ok(()) }
    /// ```
    pub fn write<T: Serialize + ?Sized>(
        &self,
        method: Method,
        path: impl Into<Path>,
        payload: &T,
    ) -> Write {
        let (call, change) = self.written(method, path.into(), payload);
        Write::new(self, call, change)
    }

    /// Sends a write once, renewing an expired session but without backoff, logs it with its
    /// context, and gives the body (K13, K20).
    ///
    /// # Errors
    /// [`Error`], whose text is `[Code] Message`.
    pub async fn safe_write<T: Serialize + ?Sized>(
        &self,
        method: Method,
        path: impl Into<Path>,
        payload: &T,
        context: BTreeMap<String, String>,
    ) -> Result<Option<Value>, Error> {
        let mut call = self.client.request(method, path).json(payload).attempts(1);
        for (name, value) in context {
            call = call.context(name, value);
        }
        body_of(call).await
    }

    /// The CSRF value that the next write carries; empty while there is none, and a write sent with
    /// that would earn a 422 (K20). It changes with every refresh: never keep it (K3).
    #[must_use]
    pub fn csrf(&self) -> Secret {
        self.client.csrf().unwrap_or_else(|| Secret::new(""))
    }

    fn written<T: Serialize + ?Sized>(
        &self,
        method: Method,
        path: Path,
        payload: &T,
    ) -> (CallBuilder, Option<Change>) {
        let request = Request::new(method.clone(), path.to_string());
        let change = self.change_of(&request, payload);
        let call = self.client.request(method, path).json(payload);
        let call = match &change {
            Some(Change::There { resource, key, .. }) => call.natural_key(resource, key),
            _ => call,
        };
        (call, change)
    }

    /// What the contract calls what is created there, and by which key it is found again.
    fn change_of<T: Serialize + ?Sized>(&self, request: &Request, payload: &T) -> Option<Change> {
        let resources = &self.client.dialect().resource;
        let (name, resource) = resources.iter().find(|(_, one)| one.create.fits(request))?;
        let payload = serde_json::to_value(payload).ok()?;
        let key = payload.get(&resource.key)?.as_str()?.to_owned();
        let body = payload.to_string().into_bytes();
        Some(Change::There { resource: name.clone(), key, body, made: true })
    }
}

/// The body of a success; what a look-up found where that showed it.
async fn body_of(call: CallBuilder) -> Result<Option<Value>, Error> {
    let outcome: Outcome = call.send().await?;
    let success = outcome.into_success();
    Ok(success.json().cloned().or(success.record))
}
