//! Operations1: work orders for people on the shop floor.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use steadfast_apis::Written;
//! use steadfast_apis::operations1::{Code, NewOrder, Operations1};
//!
//! let operations1 =
//!     Operations1::builder("https://api.operations1.app/tenants/acme", "token").build()?;
//! let order = NewOrder::new("Pump check", "2025-05-21T08:00:00Z".parse()?, "2025-05-25T17:00:00Z".parse()?)
//!     .document(3)
//!     .custom_order_id("ERP-1");
//! match operations1.create_order(&order).await {
//!     Ok(Written::Applied(made)) => println!("{} is {}", made.id, made.state),
//!     Ok(Written::Existing(there)) => println!("{} was there, and is the same", there.id),
//!     Ok(Written::Queued(_)) => {} // this API does everything at once
//!     Err(error) if error.code() == Some(Code::InvalidParameter) => println!("{error}"),
//!     Err(error) => println!("{}", error.user_message()),
//! }
//! # Ok(()) }
//! ```
//!
//! The token is that of an API user, and nothing renews it: a 401 or 403 ends a call at once (O12).
//! Every call says which version of the API it means (O11).

mod builder;
mod code;
mod error;
mod error_log;
mod moment;
mod order;
mod page;
mod people;
mod report;
mod retry;
mod write;

use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use steadfast::{CallBuilder, Client, ListError, Path, Rows, Secret, path};

pub use builder::Builder;
pub use code::Code;
pub use error::{Error, Failed};
pub use error_log::ErrorLog;
pub use moment::{Moment, NoMoment};
pub use order::{
    Assignment, ClassCharacteristic, ExecutionMode, NewAssignment, NewOrder, Order, OrderChange,
    OrderState,
};
pub use page::{ArchiveQuery, ListQuery, Listed, OrderQuery, Page, PageIndex, ReportQuery};
pub use people::{Assigned, Group, NewUser, User, UserChange};
pub use report::{Document, Passed, Report, ReportState};
pub use retry::Retry;
pub use write::Write;

/// A client of one tenant of Operations1. It is cheap to clone, and all clones share the limit: a 429
/// slows down every following call, not only the one that met it (O13).
///
/// See the [module](self) for an example.
#[derive(Debug, Clone)]
pub struct Operations1 {
    client: Client,
    tenant: Arc<str>,
    error_log: Option<ErrorLog>,
}

impl Operations1 {
    /// Starts to make a client: the address with its tenant, such as
    /// `https://api.operations1.app/tenants/acme` (other hosts serve the same, C2), and the token of
    /// the API user.
    pub fn builder(base_url: &str, token: impl Into<Secret>) -> Builder {
        Builder::new(base_url, token.into())
    }

    /// A client over one that is made already, with the dialect of Operations1. Which version it
    /// asks for is then its own business.
    #[must_use]
    pub fn over(client: Client) -> Self {
        let path = client.base_url().path().trim_end_matches('/');
        let tenant = path.rsplit('/').next().unwrap_or_default().into();
        Self { client, tenant, error_log: None }
    }

    fn logging_errors_to(mut self, log: Option<ErrorLog>) -> Self {
        self.error_log = log;
        self
    }

    /// The client underneath, for what has no method here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The tenant, as the address names it.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// A list as a stream, from its first page to its last, by its total and never by the word
    /// `last` (O14). Lists that can be are sorted by id, so that their pages stay what they are.
    ///
    /// ```no_run
    /// # async fn example(operations1: steadfast_apis::operations1::Operations1) -> Result<(), steadfast_apis::operations1::Error> {
    /// use futures_util::{StreamExt, TryStreamExt};
    /// use steadfast_apis::operations1::{Order, OrderQuery, OrderState};
    ///
    /// let query = OrderQuery { states: vec![OrderState::Done], ..OrderQuery::default() };
    /// let mut orders = operations1.list::<Order>(&query).boxed();
    /// while let Some(order) = orders.try_next().await? {
    ///     println!("{}: {}", order.id, order.name);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// The first error ends the stream; what came before it is then no whole list.
    pub fn list<T: Listed>(
        &self,
        query: &T::Query,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let mut parameters = query.parameters();
        if T::SORTED {
            let sorting = [("orderBy", "id"), ("direction", "ASC")];
            parameters.extend(sorting.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        let rows = Rows { path: T::PATH.to_owned(), query: parameters, ..Rows::default() };
        let own = self.clone();
        self.client.stream_as::<T>(rows).map_err(move |error| own.list_failed(error))
    }

    /// One page of a list, of so many rows (1 to 200), such as the last (O14).
    ///
    /// # Errors
    /// [`Error`] if it cannot be had.
    pub async fn page<T: Listed>(
        &self,
        query: &T::Query,
        index: PageIndex,
        size: u64,
    ) -> Result<Page<T>, Error> {
        let mut call = self.client.get(T::PATH);
        for (name, value) in query.parameters() {
            call = call.query(&name, value);
        }
        if T::SORTED {
            call = call.query("orderBy", "id").query("direction", "ASC");
        }
        let call = call.query("pageIndex", index).query("pageSize", size);
        self.read("GET", T::PATH, call).await
    }

    /// One record, by its id. What is in the archive can be read, too.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is none.
    pub async fn get<T: Listed>(&self, id: u64) -> Result<T, Error> {
        let path = below(T::PATH, id);
        let shown = path.to_string();
        self.read("GET", &shown, self.client.get(path)).await
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        call: CallBuilder,
    ) -> Result<T, Error> {
        call.send_as().await.map_err(|error| self.failed(method, path, error))
    }

    /// An error with what it was about, which is written down first (O7, O8).
    fn failed(&self, method: &str, path: &str, error: steadfast::Error) -> Error {
        let (method, path) = (method.to_owned(), path.to_owned());
        let failed = Failed { tenant: Arc::clone(&self.tenant), method, path, error };
        if let Some(log) = &self.error_log {
            log.note(&failed);
        }
        Error::Call(failed)
    }

    fn list_failed(&self, error: ListError) -> Error {
        match error {
            ListError::Call { path, error } => self.failed("GET", &path, error),
            error => Error::List(error),
        }
    }
}

/// The path of one record below that of its list.
fn below(list: &str, id: u64) -> Path {
    path!(list.trim_start_matches('/'), id)
}
