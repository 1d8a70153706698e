//! Lists, page by page.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast_call::{Scan, ScanEnd};

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
    let form = |text: &str| ListError::Form { path: rows.path.clone(), text: text.to_owned() };
    let Some(paging) = &inner.dialect.paging else {
        return Err(form(NOT_PAGED));
    };
    let query: Vec<(&str, &str)> =
        rows.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let paging = paging.clone().with_rows(rows.rows.as_deref());
    let mut scan = Scan::new(&paging, &rows.path, &query, rows.for_proof)
        .below(inner.base_url.as_str())
        .told_apart_by(rows.id.as_deref());
    for number in 1.. {
        let outcome = ask(inner, scan.request().path)
            .await
            .map_err(|error| ListError::Call { path: rows.path.clone(), error })?;
        let reply = outcome.success().reply.as_ref().ok_or_else(|| form(NO_ROWS))?;
        let page = reply.json().and_then(|body| scan.rows(body)).ok_or_else(|| form(NO_ROWS))?;
        let end = scan.seen(page, reply);
        for (place, row) in page.iter().enumerate() {
            // Who looks for a proof sees every version of a row: its key may have changed.
            if rows.for_proof || !scan.shown_before(place) {
                each(row, Place { page: number, row: place as u64 + 1 })?;
            }
        }
        match end {
            ScanEnd::More => {}
            ScanEnd::Complete => return Ok(()),
            ScanEnd::Broken(text) => return Err(form(&text)),
        }
    }
    Ok(())
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
