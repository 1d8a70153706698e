//! The same client for programs that are not async.
//!
//! It needs no runtime of the program's: it brings a thread of its own, on which everything
//! runs, and the caller's thread waits. All else is as the async client has it, and
//! [`Client::as_async`] gives that one.
//!
//! Where a thread must not wait, inside a task of an async runtime, every call ends at once with
//! an error that says so, instead of a panic or a standstill. `spawn_blocking` and
//! `block_in_place` of tokio make a thread that may wait.

mod call_builder;
mod own_runtime;

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast_call::{AuthFailure, Error, LookUp, Options, Outcome, Request};

use crate::builder::{BuildError, Builder};
use crate::lookup::{ListError, Rows};
use crate::path::Path;

pub use call_builder::CallBuilder;
use own_runtime::OwnRuntime;

/// A client of one API whose calls wait for their end. Cheap to clone; all clones share the
/// session, the limits and the thread that does the work.
///
/// ```no_run
/// use steadfast::dialect::Dialect;
/// use steadfast::{Credentials, blocking};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let knosc = Dialect::built_in("knosc").ok_or("it is built in")?;
///     let client = steadfast::Client::builder(knosc, "https://acme.knosc.com/api")
///         .credentials(Credentials::password("erp", "…"))
///         .build_blocking()?;
///     let items = client.get("/item-master").query("page", 1).json_reply()?;
///     println!("{items:?}");
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Client {
    client: crate::Client,
    runtime: OwnRuntime,
}

impl Builder {
    /// Makes a client for a program that is not async. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Builder::build`], and [`BuildError::Thread`] if no thread can be started.
    pub fn build_blocking(self) -> Result<Client, BuildError> {
        let runtime = OwnRuntime::start().map_err(BuildError::Thread)?;
        Ok(Client { client: self.build()?, runtime })
    }
}

impl Client {
    /// A call with any method.
    pub fn request(&self, method: Method, path: impl Into<Path>) -> CallBuilder {
        CallBuilder::new(self.client.request(method, path), self.runtime.clone())
    }

    /// A call that reads.
    pub fn get(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::GET, path)
    }

    /// A call that creates. Without a key it cannot be looked for after an attempt that was not
    /// answered.
    pub fn post(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::POST, path)
    }

    /// A call that replaces. What a list in the body leaves out is removed, where the API takes
    /// it for the whole list.
    pub fn put(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::PUT, path)
    }

    /// A call that changes a part.
    pub fn patch(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::PATCH, path)
    }

    /// A call that deletes.
    pub fn delete(&self, path: impl Into<Path>) -> CallBuilder {
        self.request(Method::DELETE, path)
    }

    /// Makes a call and sees it through.
    ///
    /// # Errors
    /// [`Error`], which says what was done, why it ended and what to do.
    pub fn call(&self, request: Request, options: Options) -> Result<Outcome, Error> {
        let client = self.client.clone();
        let work = async move { client.call(request, options).await };
        self.runtime.wait_for(work).unwrap_or_else(|gone| Err(gone.into_error()))
    }

    /// Gets a session, if there is none yet. No call needs it; it tells early whether the
    /// credentials are right.
    ///
    /// # Errors
    /// As [`crate::Client::log_in`].
    pub fn log_in(&self) -> Result<(), AuthFailure> {
        let client = self.client.clone();
        let unreached = |gone: own_runtime::Gone| AuthFailure::Unreached { text: gone.to_string() };
        self.runtime
            .wait_for(async move { client.log_in().await })
            .unwrap_or_else(|gone| Err(unreached(gone)))
    }

    /// Reads a whole list, all pages, into memory.
    ///
    /// # Errors
    /// As [`crate::Client::rows`].
    pub fn rows(&self, rows: Rows) -> Result<Vec<Value>, ListError> {
        let client = self.client.clone();
        let path = rows.path.clone();
        let work = async move {
            let mut all = Vec::new();
            client.rows(rows, |row| all.push(row.clone())).await.map(|()| all)
        };
        self.runtime
            .wait_for(work)
            .unwrap_or_else(|gone| Err(ListError::Call { path, error: gone.into_error() }))
    }

    /// Reads a whole list, each row into a `T`.
    ///
    /// # Errors
    /// As [`crate::Client::rows_as`].
    pub fn rows_as<T>(&self, rows: Rows) -> Result<Vec<T>, ListError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let client = self.client.clone();
        let path = rows.path.clone();
        self.runtime
            .wait_for(async move { client.rows_as(rows).await })
            .unwrap_or_else(|gone| Err(ListError::Call { path, error: gone.into_error() }))
    }

    /// Finds one by its natural key and compares it with `ours`.
    #[must_use]
    pub fn look_up(&self, resource: &str, natural_key: &str, ours: &[u8]) -> LookUp {
        let client = self.client.clone();
        let (resource, key, ours) = (resource.to_owned(), natural_key.to_owned(), ours.to_vec());
        self.runtime
            .wait_for(async move { client.look_up(&resource, &key, &ours).await })
            .unwrap_or_else(|gone| LookUp::CannotTell(gone.to_string()))
    }

    /// The async client behind this one: the same session and limits, for what is not offered
    /// here. Its calls need a runtime of the caller's.
    #[must_use]
    pub fn as_async(&self) -> &crate::Client {
        &self.client
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("blocking::Client").field(&self.client).finish()
    }
}
