//! Finding things: lists page by page, one record by its key, and whether it is what we wrote.
//!
//! Look-ups that are asked for at the same time are answered together: by one filtered request
//! for several keys, or by one scan of the whole list where the server ignores filters.

mod hub;
mod witness;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use serde_json::Value;
use steadfast_call::dialect::{LookupRoute, Resource};
use steadfast_call::{
    Class, Error, Found, Kind, LookUp, Options, Outcome, Request, Scan, ScanEnd, differences,
};

use crate::client::{Client, Inner};
use crate::driver::drive;
use crate::path::segment;

use hub::Bearer;
pub(crate) use hub::Hub;
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
}

impl ListError {
    /// True if the server refused the query, as one that knows no such filter does.
    fn refuses_query(&self) -> bool {
        match self {
            Self::Call { error, .. } => error.kind() == Kind::Refused(Class::Validation),
            Self::Form { .. } => false,
        }
    }
}

/// A list to read.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Its path below the base URL.
    pub path: String,
    /// Query parameters beside those of the paging.
    pub query: Vec<(String, String)>,
    /// JSON pointer to the rows of a page, where they are elsewhere than the paging says.
    pub rows: Option<String>,
    /// True if what is not seen will be taken as proof that it is not there: the pages are then
    /// read backwards once more, and rows may be seen twice.
    pub for_proof: bool,
}

impl Rows {
    /// The list that a look-up looks in, with what it hides otherwise.
    #[must_use]
    pub fn of(route: &LookupRoute) -> Self {
        Self {
            path: route.list.clone(),
            query: route.include.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
            rows: route.rows.clone(),
            for_proof: false,
        }
    }
}

impl Client {
    /// Reads a whole list, all pages, and hands each row over.
    ///
    /// # Errors
    /// [`ListError`] if a page cannot be had or is no page of a list. Rows that were handed over
    /// before are then no whole list.
    pub async fn rows(&self, rows: Rows, each: impl FnMut(&Value) + Send) -> Result<(), ListError> {
        scan(&self.inner, &rows, each).await
    }

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
        of_call(&self.inner, &options, ours).await
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
}

/// The look-up of a call: is there one with its key, and is it what the call wrote? Boxed,
/// since a look-up makes calls, and calls make look-ups.
pub(crate) fn of_call<'a>(
    inner: &'a Arc<Inner>,
    options: &'a Options,
    ours: &'a [u8],
) -> Pin<Box<dyn Future<Output = LookUp> + Send + 'a>> {
    Box::pin(find_and_compare(inner, options, ours))
}

async fn find_and_compare(inner: &Arc<Inner>, options: &Options, ours: &[u8]) -> LookUp {
    let (Some(name), Some(key)) = (&options.resource, &options.natural_key) else {
        return LookUp::CannotTell("the call names no resource and key".to_owned());
    };
    let Some(resource) = inner.dialect.resource.get(name) else {
        return LookUp::CannotTell(format!("the dialect has no resource \"{name}\""));
    };
    let Some(route) = &resource.lookup else {
        return LookUp::CannotTell(format!("the dialect has no look-up for \"{name}\""));
    };
    match Hub::find(inner, name, key).await {
        Ok(bearers) => compare(inner, resource, route, &bearers, ours).await,
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
        Ok(()) | Err(ListError::Form { .. }) => Ok(found),
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

pub(crate) async fn scan(
    inner: &Arc<Inner>,
    rows: &Rows,
    mut each: impl FnMut(&Value) + Send,
) -> Result<(), ListError> {
    let form = |text: &str| ListError::Form { path: rows.path.clone(), text: text.to_owned() };
    let Some(paging) = &inner.dialect.paging else {
        return Err(form(NOT_PAGED));
    };
    let query: Vec<(&str, &str)> =
        rows.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let paging = paging.clone().with_rows(rows.rows.as_deref());
    let mut scan =
        Scan::new(&paging, &rows.path, &query, rows.for_proof).below(inner.base_url.as_str());
    loop {
        let outcome = ask(inner, scan.request().path)
            .await
            .map_err(|error| ListError::Call { path: rows.path.clone(), error })?;
        let reply = outcome.success().reply.as_ref().ok_or_else(|| form(NO_ROWS))?;
        let page = reply.json().and_then(|body| scan.rows(body)).ok_or_else(|| form(NO_ROWS))?;
        page.iter().for_each(&mut each);
        match scan.seen(page, reply) {
            ScanEnd::More => {}
            ScanEnd::Complete => return Ok(()),
            ScanEnd::Broken(text) => return Err(form(&text)),
        }
    }
}

/// The first row of a list; none if it has no row.
pub(crate) async fn first_row(inner: &Arc<Inner>, rows: &Rows) -> Result<Option<Value>, ListError> {
    let list = &rows.path;
    let form = |text: &str| ListError::Form { path: list.clone(), text: text.to_owned() };
    let Some(paging) = inner.dialect.paging.clone() else {
        return Err(form(NOT_PAGED));
    };
    let paging = paging.with_size_rows(1).with_rows(rows.rows.as_deref());
    let query: Vec<(&str, &str)> =
        rows.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let scan = Scan::new(&paging, list, &query, false);
    let outcome = ask(inner, scan.request().path)
        .await
        .map_err(|error| ListError::Call { path: list.clone(), error })?;
    let body = outcome.success().json();
    let page = body.and_then(|body| scan.rows(body)).ok_or_else(|| form(NO_ROWS))?;
    Ok(page.first().cloned())
}

const NOT_PAGED: &str = "the dialect does not say how lists are paged";
const NO_ROWS: &str = "the answer holds no rows where the dialect expects them";
