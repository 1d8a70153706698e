//! Lists, page by page.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::{Stream, stream};
use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast_call::{Outcome, Scan, ScanEnd};

use super::{ListError, Rows, ask};
use crate::client::{Client, Inner};

impl Client {
    /// Reads a whole list, all pages, and hands each row over, once where rows have an id
    /// ([`Rows::id`]).
    ///
    /// Rows move from page to page while others write. Where that shows, by a row that comes
    /// again or a total that changes, the pages are read backwards once more, which finds the
    /// rows that slipped by. A list that has even so shown fewer rows than its total ever said
    /// is an error.
    ///
    /// # Errors
    /// [`ListError`] if a page cannot be had or is no page of a list. Rows that were handed over
    /// before are then no whole list.
    pub async fn rows(
        &self,
        rows: Rows,
        mut each: impl FnMut(&Value) + Send,
    ) -> Result<(), ListError> {
        scan(&self.inner, &rows, &mut each).await
    }

    /// Reads a whole list as [`Client::rows`] does, each row into a `T`.
    ///
    /// ```no_run
    /// # async fn example(client: steadfast::Client) -> Result<(), steadfast::ListError> {
    /// #[derive(serde::Deserialize)]
    /// struct Item {
    ///     #[serde(rename = "Item Number")]
    ///     number: String,
    /// }
    /// let list = steadfast::Rows { path: "/item-master".into(), ..Default::default() };
    /// for item in client.rows_as::<Item>(list).await? {
    ///     println!("{}", item.number);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Client::rows`], and [`ListError::Misfit`] with page, row and field of the first row
    /// that is no `T`. No page is asked for after it.
    pub async fn rows_as<T: DeserializeOwned + Send>(
        &self,
        rows: Rows,
    ) -> Result<Vec<T>, ListError> {
        let mut all = Vec::new();
        let take = |row: &Value, at: Place| {
            let read = serde_path_to_error::deserialize(row);
            all.push(read.map_err(|misfit| self.misfit::<T>(&rows.path, at, &misfit))?);
            Ok(())
        };
        pages(&self.inner, &rows, take).await.map(|()| all)
    }

    /// The rows of a list as a stream, each read into a `T`: a page is asked for when the rows of
    /// the one before it have been taken. The first error ends the stream.
    ///
    /// Rows are handed over once, as [`Client::rows`] does, and the list is as complete as there
    /// when the stream has ended without an error. Who stops earlier has asked for no more pages
    /// than needed.
    ///
    /// ```no_run
    /// # async fn example(client: steadfast::Client) -> Result<(), steadfast::ListError> {
    /// use futures_util::{StreamExt, TryStreamExt};
    ///
    /// let list = steadfast::Rows { path: "/item-master".into(), ..Default::default() };
    /// let mut items = client.stream_as::<serde_json::Value>(list).boxed();
    /// while let Some(item) = items.try_next().await? {
    ///     println!("{}", item["Item Number"]);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn stream_as<T: DeserializeOwned + Send>(
        &self,
        rows: Rows,
    ) -> impl Stream<Item = Result<T, ListError>> + Send + use<T> {
        let reading =
            Reading { client: self.clone(), pages: None, list: rows, read: VecDeque::new() };
        // It ends with the first error: what would follow is no whole list.
        stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|row| (row, reading)))
        })
    }

    fn misfit<T>(
        &self,
        path: &str,
        at: Place,
        misfit: &serde_path_to_error::Error<serde_json::Error>,
    ) -> ListError {
        let field = match misfit.path().to_string() {
            root if root == "." => String::new(),
            field => field,
        };
        let place = if field.is_empty() { String::new() } else { format!(" at {field}") };
        let name = std::any::type_name::<T>();
        let text = format!("it does not fit {name}{place}: {}", misfit.inner());
        // What serde says quotes the value.
        let text = self.inner.secrets().scrub(&text).into_owned();
        ListError::Misfit { path: path.to_owned(), page: at.page, row: at.row, field, text }
    }
}

/// A list on its way through a stream.
struct Reading<T> {
    client: Client,
    list: Rows,
    pages: Option<Pages>,
    /// What is read of the page and not taken yet.
    read: VecDeque<Result<T, ListError>>,
}

impl<T: DeserializeOwned> Reading<T> {
    async fn next(&mut self) -> Result<Option<T>, ListError> {
        loop {
            if let Some(row) = self.read.pop_front() {
                return row.map(Some);
            }
            let pages = match &mut self.pages {
                Some(pages) => pages,
                None => self.pages.insert(Pages::new(&self.client.inner, &self.list)?),
            };
            let Some(page) = pages.next().await? else { return Ok(None) };
            let client = &self.client;
            self.read.extend(page.rows().map(|(row, at)| {
                serde_path_to_error::deserialize(row)
                    .map_err(|misfit| client.misfit::<T>(&self.list.path, at, &misfit))
            }));
        }
    }
}

/// Where a row stands: the page as they were asked for, and its place on it, both from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    page: u64,
    row: u64,
}

pub(super) async fn scan(
    inner: &Arc<Inner>,
    rows: &Rows,
    mut each: impl FnMut(&Value) + Send,
) -> Result<(), ListError> {
    let each = |row: &Value, _| {
        each(row);
        Ok(())
    };
    pages(inner, rows, each).await
}

async fn pages(
    inner: &Arc<Inner>,
    rows: &Rows,
    mut each: impl FnMut(&Value, Place) -> Result<(), ListError> + Send,
) -> Result<(), ListError> {
    let mut pages = Pages::new(inner, rows)?;
    while let Some(page) = pages.next().await? {
        for (row, place) in page.rows() {
            each(row, place)?;
        }
    }
    Ok(())
}

/// A list that is being read, page by page.
struct Pages {
    inner: Arc<Inner>,
    path: String,
    for_proof: bool,
    scan: Scan,
    number: u64,
    complete: bool,
}

/// A page, and which of its rows were not shown before.
struct Page {
    outcome: Outcome,
    rows_at: String,
    number: u64,
    fresh: Vec<usize>,
}

impl Page {
    fn rows(&self) -> impl Iterator<Item = (&Value, Place)> {
        let body = self.outcome.success().json();
        let rows = body.and_then(|body| body.pointer(&self.rows_at)?.as_array());
        self.fresh.iter().filter_map(move |at| {
            Some((rows?.get(*at)?, Place { page: self.number, row: *at as u64 + 1 }))
        })
    }
}

impl Pages {
    fn new(inner: &Arc<Inner>, rows: &Rows) -> Result<Self, ListError> {
        let Some(paging) = inner.dialect.paging.clone() else {
            return Err(ListError::Form { path: rows.path.clone(), text: NOT_PAGED.to_owned() });
        };
        let query: Vec<(&str, &str)> =
            rows.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let paging = paging.with_rows(rows.rows.as_deref());
        let paging = match rows.page_rows {
            Some(size) => paging.with_size_rows(size),
            None => paging,
        };
        let scan = Scan::new(&paging, &rows.path, &query, rows.for_proof)
            .below(inner.base_url.as_str())
            .told_apart_by(rows.id.as_deref());
        let (path, for_proof) = (rows.path.clone(), rows.for_proof);
        let inner = Arc::clone(inner);
        Ok(Self { inner, path, for_proof, scan, number: 0, complete: false })
    }

    /// The next page; none after the last.
    async fn next(&mut self) -> Result<Option<Page>, ListError> {
        if self.complete {
            return Ok(None);
        }
        let form = |text: &str| ListError::Form { path: self.path.clone(), text: text.to_owned() };
        let outcome = ask(&self.inner, self.scan.request().path)
            .await
            .map_err(|error| ListError::Call { path: self.path.clone(), error })?;
        let reply = outcome.success().reply.as_ref().ok_or_else(|| form(NO_ROWS))?;
        let rows =
            reply.json().and_then(|body| self.scan.rows(body)).ok_or_else(|| form(NO_ROWS))?;
        let end = self.scan.seen(rows, reply);
        // Who looks for a proof sees every version of a row: its key may have changed.
        let fresh = |place: &usize| self.for_proof || !self.scan.shown_before(*place);
        let fresh = (0..rows.len()).filter(fresh).collect();
        match end {
            ScanEnd::More => {}
            ScanEnd::Complete => self.complete = true,
            ScanEnd::Broken(text) => return Err(form(&text)),
        }
        self.number += 1;
        let rows_at = self.scan.rows_at().to_owned();
        Ok(Some(Page { outcome, rows_at, number: self.number, fresh }))
    }
}

/// The first row of a list; none if it has no row.
pub(super) async fn first_row(inner: &Arc<Inner>, rows: &Rows) -> Result<Option<Value>, ListError> {
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
