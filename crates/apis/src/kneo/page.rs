use futures_util::{Stream, TryStreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast::{Path, Rows};

use super::Kneo;
use super::calls::Query;
use super::error::Error;

/// No page has more rows than this.
pub const ROWS_MAX: u64 = 1_000;

/// A page of a list (N19).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the whole list has, if the platform says so.
    pub total: Option<u64>,
    /// How many rows were asked for.
    pub limit: Option<u64>,
    /// How many rows come before these.
    pub offset: Option<u64>,
    /// What the list is sorted by.
    pub sort_by: Option<String>,
    /// `asc` or `desc`.
    pub sort_order: Option<String>,
    /// How deep the list can be read.
    pub window: Option<u64>,
}

/// Which part of a list, and in which order. What is `None` is left to the platform.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// How many rows, 1 to 1000.
    pub limit: Option<u64>,
    /// How many rows to pass over.
    pub offset: Option<u64>,
    /// What to sort by.
    pub sort_by: Option<String>,
    /// `asc` or `desc`.
    pub sort_order: Option<String>,
}

impl PageRequest {
    pub(super) fn query(&self) -> Query {
        let mut query = Query::new();
        super::calls::set(&mut query, "limit", self.limit);
        super::calls::set(&mut query, "offset", self.offset);
        super::calls::set(&mut query, "sort_by", self.sort_by.as_ref());
        super::calls::set(&mut query, "sort_order", self.sort_order.as_ref());
        query
    }
}

impl<T> Page<T> {
    /// True if the platform says that rows follow which can be read: it told its offset and total,
    /// and there are more up to the total and the window.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let (Some(offset), Some(total)) = (self.offset, self.total) else { return false };
        let seen = offset.saturating_add(self.items.len() as u64);
        seen < total.min(self.window.unwrap_or(u64::MAX))
    }
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads a page whose rows stand in that member.
    fn read(body: &Value, member: &str) -> Option<Self> {
        let rows = body.get(member)?.as_array()?;
        let items = rows.iter().map(|row| T::deserialize(row).ok()).collect::<Option<Vec<T>>>()?;
        let number = |name: &str| body.get(name).and_then(Value::as_u64);
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            items,
            total: number("total"),
            limit: number("limit"),
            offset: number("offset"),
            sort_by: text("sort_by"),
            sort_order: text("sort_order"),
            window: number("window"),
        })
    }
}

impl Kneo {
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        operation: &str,
        path: Path,
        member: &str,
        query: Query,
    ) -> Result<Page<T>, Error> {
        let mut call = self.call(operation, http::Method::GET, path);
        for (name, value) in query {
            call = call.query(&name, value);
        }
        let outcome = call.send().await?;
        let page = outcome.success().json().and_then(|body| Page::read(body, member));
        let text = || format!("the answer is no page of {member}");
        page.ok_or_else(|| {
            outcome.into_success().into_error(steadfast::Effect::None, text()).into()
        })
    }

    /// A whole list as a stream: so many rows at a time, 1000 at the most. A page size of 0 is taken
    /// for a mistake.
    pub(super) fn list<T: DeserializeOwned + Send>(
        &self,
        path: &Path,
        member: &str,
        query: Query,
        page_size: u64,
        id: &str,
    ) -> Result<impl Stream<Item = Result<T, Error>> + Send + use<T>, Error> {
        if page_size == 0 {
            let text = "a page of 0 rows shows nothing: ask for 1 to 1000".to_owned();
            return Err(steadfast::Error::never_made(steadfast::Effect::None, text).into());
        }
        let rows = Rows {
            path: path.to_string(),
            query,
            rows: Some(format!("/{member}")),
            id: Some(id.to_owned()),
            page_rows: Some(page_size.min(ROWS_MAX)),
            ..Rows::default()
        };
        Ok(self.client().stream_as(rows).map_err(Error::from))
    }
}
