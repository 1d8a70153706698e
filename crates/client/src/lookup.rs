//! Finding things: lists page by page, one record by its key, and whether it is what we wrote.
//!
//! Look-ups that are asked for at the same time are answered together: by one filtered request
//! for several keys, or by one scan of the whole list where the server ignores filters.

mod done;
mod hub;
mod pager;
mod witness;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use serde_json::Value;
use steadfast_call::dialect::{LookupRoute, Resource};
use steadfast_call::{Class, Error, Found, Kind, LookUp, Options, Outcome, Request, differences};

use crate::client::{Client, Inner};
use crate::driver::drive;
use crate::path::segment;

use hub::Bearer;
pub(crate) use hub::Hub;
use pager::scan;
pub use witness::Testimony;

/// Why a list could not be read to its end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ListError {
    /// A page could not be had.
    #[error("{path}: {error}")]
    Call {
        /// The path of the list.
        path: String,
        /// What happened.
        error: Error,
    },
    /// What came is no list.
    #[error("{path}: {text}")]
    Form {
        /// The path of the list.
        path: String,
        /// What is wrong with it.
        text: String,
    },
    /// A row is not what the caller reads it as.
    #[error("{path}: page {page}, row {row}: {text}")]
    Misfit {
        /// The path of the list.
        path: String,
        /// The page, as they were asked for, the first being 1.
        page: u64,
        /// The row of that page, the first being 1.
        row: u64,
        /// Where in the row; empty if it is the row itself.
        field: String,
        /// What does not fit, and what it should have been.
        text: String,
    },
}

impl ListError {
    /// True if the server refused the query, as one that knows no such filter does.
    fn refuses_query(&self) -> bool {
        match self {
            Self::Call { error, .. } => error.kind() == Kind::Refused(Class::Validation),
            Self::Form { .. } | Self::Misfit { .. } => false,
        }
    }
}

/// A list to read.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Its path below the base URL.
    pub path: String,
    /// Query parameters beside those of the paging.
    pub query: Vec<(String, String)>,
    /// JSON pointer to the rows of a page, where they are elsewhere than the paging says.
    pub rows: Option<String>,
    /// The column, or JSON pointer, that tells a row from all others; `id` unless said otherwise.
    /// With none, or where two rows of one page share it, rows are handed over as often as they
    /// come.
    pub id: Option<String>,
    /// True if what is not seen will be taken as proof that it is not there: the pages are then
    /// read backwards once more, and rows may be seen twice.
    pub for_proof: bool,
    /// How many rows to ask for at a time; the dialect says it otherwise.
    pub page_rows: Option<u64>,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            path: String::new(),
            query: Vec::new(),
            rows: None,
            id: Some("id".to_owned()),
            for_proof: false,
            page_rows: None,
        }
    }
}

impl Rows {
    /// The list that a look-up looks in, with what it hides otherwise.
    #[must_use]
    pub fn of(route: &LookupRoute) -> Self {
        Self {
            path: route.list.clone(),
            query: route.include.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
            rows: route.rows.clone(),
            id: Some(route.row_id.clone()),
            for_proof: false,
            page_rows: None,
        }
    }
}

impl Client {
    /// Finds one by its natural key and compares it with `ours`, the JSON body that was or would
    /// be written. Keys are compared letter by letter.
    ///
    /// [`LookUp::Absent`] says that every page was read and none has it. That is no proof that a
    /// write of a moment ago will not still take effect, nor that no locked run hides it.
    pub async fn look_up(&self, resource: &str, natural_key: &str, ours: &[u8]) -> LookUp {
        let options = Options {
            resource: Some(resource.to_owned()),
            natural_key: Some(natural_key.to_owned()),
            ..Options::default()
        };
        find_and_compare(&self.inner, &options, &BTreeMap::new(), ours).await
    }

    /// Finds what a request writes, by the resource and natural key of its options, and compares
    /// it with the request's body: as [`Client::look_up`], for resources whose paths say whose they
    /// are. `/businesses/b1/invoices/` is looked for among the invoices of `b1`.
    pub async fn look_up_of(&self, request: &Request, options: &Options) -> LookUp {
        of_call(&self.inner, request, options).await
    }

    /// Reads one record by its id. None: the answer holds no record, or the dialect has no
    /// look-up for such a resource.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read.
    pub async fn read(&self, resource: &str, id: &str) -> Result<Option<Value>, Error> {
        let resource = self.inner.dialect.resource.get(resource);
        match resource.and_then(|resource| resource.lookup.as_ref()) {
            Some(route) => read(&self.inner, route, id).await,
            None => Ok(None),
        }
    }

    /// Reads one record by its id, on the route of a look-up. None: the answer holds no record.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read.
    pub async fn read_by(&self, route: &LookupRoute, id: &str) -> Result<Option<Value>, Error> {
        read(&self.inner, route, id).await
    }
}

/// The look-up of a call: is there one with its key, and is it what the call wrote? Boxed,
/// since a look-up makes calls, and calls make look-ups.
pub(crate) fn of_call<'a>(
    inner: &'a Arc<Inner>,
    request: &'a Request,
    options: &'a Options,
) -> Pin<Box<dyn Future<Output = LookUp> + Send + 'a>> {
    if let Some(operation) = inner.dialect.operation_of(request).filter(|o| !o.done.is_empty()) {
        return Box::pin(done::look(inner, request, &operation.done));
    }
    let resource = options.resource.as_ref().and_then(|name| inner.dialect.resource.get(name));
    // Where a look-up is asked for what another route wrote, nothing is filled in.
    let names = resource.and_then(|resource| resource.create.names_in(request.route()));
    let ours = request.body.as_deref().unwrap_or_default();
    Box::pin(
        async move { find_and_compare(inner, options, &names.unwrap_or_default(), ours).await },
    )
}

/// `names`: what stands in the paths of the look-up where the dialect has names in braces.
async fn find_and_compare(
    inner: &Arc<Inner>,
    options: &Options,
    names: &BTreeMap<String, String>,
    ours: &[u8],
) -> LookUp {
    let (Some(name), Some(key)) = (&options.resource, &options.natural_key) else {
        return LookUp::CannotTell("the call names no resource and key".to_owned());
    };
    let Some(resource) = inner.dialect.resource.get(name) else {
        return LookUp::CannotTell(format!("the dialect has no resource \"{name}\""));
    };
    let Some(route) = &resource.lookup else {
        return LookUp::CannotTell(format!("the dialect has no look-up for \"{name}\""));
    };
    let route = route.filled(names);
    if route.list.contains('{') {
        let text = format!("nobody said what stands for the name in braces in {}", route.list);
        return LookUp::CannotTell(text);
    }
    match Hub::find(inner, name, &route, key).await {
        Ok(bearers) => compare(inner, resource, &route, &bearers, ours).await,
        Err(text) => LookUp::CannotTell(text),
    }
}

/// Compares the records with these ids. Of several, the first that equals ours is shown.
async fn compare(
    inner: &Arc<Inner>,
    resource: &Resource,
    route: &LookupRoute,
    bearers: &[Bearer],
    ours: &[u8],
) -> LookUp {
    if bearers.is_empty() {
        return LookUp::Absent;
    }
    let ours: Value = match serde_json::from_slice(ours) {
        Ok(ours) => ours,
        Err(_) => return LookUp::CannotTell("our own body is not JSON".to_owned()),
    };
    let mut shown: Option<Found> = None;
    for Bearer { id, row } in bearers {
        let record = match row {
            Some(row) => row.clone(),
            None => match read(inner, route, id).await {
                Ok(Some(record)) => record,
                // Gone between the list and the read: the next look will tell.
                Ok(None) => return LookUp::CannotTell(format!("record {id} holds nothing")),
                Err(error) => return LookUp::CannotTell(error.to_string()),
            },
        };
        let found = Found {
            id: Some(id.clone()),
            differences: differences(resource, &ours, &record),
            record,
            copies: bearers.len(),
        };
        if found.differences.is_empty() {
            return LookUp::Found(found);
        }
        shown.get_or_insert(found);
    }
    shown.map_or(LookUp::Absent, LookUp::Found)
}

async fn read(inner: &Arc<Inner>, route: &LookupRoute, id: &str) -> Result<Option<Value>, Error> {
    let Some(path) = &route.read else { return read_off_the_list(inner, route, id).await };
    let path = path.replace("{id}", &segment(id));
    let outcome = ask(inner, path).await?;
    Ok(outcome.success().json().and_then(|body| body.pointer(&route.record)).cloned())
}

/// A record whose list shows it whole, so that there is nothing else to read.
async fn read_off_the_list(
    inner: &Arc<Inner>,
    route: &LookupRoute,
    id: &str,
) -> Result<Option<Value>, Error> {
    let mut found = None;
    let take = |row: &Value| {
        if found.is_none() && route.id_of(row).as_deref() == Some(id) {
            found = Some(row.clone());
        }
    };
    match scan(inner, &Rows::of(route), take).await {
        Ok(()) | Err(ListError::Form { .. } | ListError::Misfit { .. }) => Ok(found),
        Err(ListError::Call { error, .. }) => Err(error),
    }
}

/// Reads for a look-up. Where the API's last word on the route was to wait, that word stands
/// until the wait is over, and nothing is sent (I5).
async fn ask(inner: &Arc<Inner>, path: String) -> Result<Outcome, Error> {
    let request = Request::new(Method::GET, path);
    match inner.hub.held(request.route(), inner.now()) {
        Some(error) => Err(error),
        None => drive(inner, request).await,
    }
}
