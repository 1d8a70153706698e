//! Records of every kind: lists as streams, one by its id, and writes.

use std::fmt;

use futures_util::{Stream, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use steadfast::{Path, Rows, path};

use super::written::Change;
use super::{Error, Knosc, Write};

/// Something that Knosc has a list of.
pub trait Listed: sealed::Sealed + DeserializeOwned + Send + 'static {
    /// The path of the list.
    const PATH: &'static str;
}

/// Something that can be read by its id.
pub trait Readable: Listed {
    /// JSON pointer to the record in the answer.
    const RECORD: &'static str = "/data";
}

/// Something that can be written below the path of its list.
pub trait Writable: Listed + Serialize {
    /// The resource, as the dialect names it, and what this one is called by: how it is found again
    /// if an attempt is not answered. None where nothing finds it.
    fn about(&self) -> Option<(&'static str, &str)> {
        None
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
}

/// What a list is asked for. Nothing asked for is the whole list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    filters: Vec<Value>,
    sort: Option<String>,
    page_rows: Option<u64>,
}

/// In which direction a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascending => "Ascending",
            Self::Descending => "Descending",
        })
    }
}

impl Query {
    /// Only rows whose column has this value, or one of these; of several filters, all hold. A
    /// server may pass over a filter: check what comes.
    #[must_use]
    pub fn filter(mut self, column: &str, value: impl Into<Value>) -> Self {
        self.filters.push(json!({ "category": column, "value": value.into() }));
        self
    }

    /// Sorted by a column.
    #[must_use]
    pub fn sort(mut self, column: &str, direction: Direction) -> Self {
        self.sort = Some(format!("{column}:{direction}"));
        self
    }

    /// How many rows to ask for at a time; 1000, the most there is, if not said.
    #[must_use]
    pub fn page_rows(mut self, rows: u64) -> Self {
        self.page_rows = Some(rows);
        self
    }

    fn rows(self, path: &str) -> Rows {
        let filter = (!self.filters.is_empty()).then(|| Value::Array(self.filters).to_string());
        let parameters = [("filter", filter), ("sort", self.sort)];
        let given = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
        Rows {
            path: path.to_owned(),
            query: parameters.into_iter().filter_map(given).collect(),
            page_rows: self.page_rows,
            ..Rows::default()
        }
    }
}

impl Knosc {
    /// A list as a stream, read page by page until it is at its end (K11): the API tells no total.
    ///
    /// ```no_run
    /// # async fn example(knosc: steadfast_apis::knosc::Knosc) -> Result<(), steadfast_apis::knosc::Error> {
    /// use futures_util::{StreamExt, TryStreamExt};
    /// use steadfast_apis::knosc::{Item, Query};
    ///
    /// let mut items = knosc.list::<Item>(Query::default()).boxed();
    /// while let Some(item) = items.try_next().await? {
    ///     println!("{}", item.number);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// The first error ends the stream; what came before it is then no whole list.
    pub fn list<T: Listed>(
        &self,
        query: Query,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.client.stream_as::<T>(query.rows(T::PATH)).map_err(Error::from)
    }

    /// One record, by its id.
    ///
    /// # Errors
    /// [`Error`] if there is none, with status 404 or 400 as the API's documents have it.
    pub async fn read<T: Readable>(&self, id: u64) -> Result<T, Error> {
        self.read_at(of::<T>(id), T::RECORD).await
    }

    pub(super) async fn read_at<T: DeserializeOwned>(
        &self,
        path: Path,
        record: &str,
    ) -> Result<T, Error> {
        let (read, _) = self.client.get(path).send_record(record).await?;
        Ok(read)
    }

    /// Creates a record. Orders, inventory and forecasts are looked for by their keys wherever an
    /// attempt may have taken effect; of other records such a call ends with an unknown effect.
    pub fn create<T: Writable>(&self, record: &T) -> Write {
        Write::new(self, self.client.post(T::PATH).json(record), there(record, true))
    }

    /// Changes a record. Of master data, inventory and users only what is named is changed; a
    /// forecast is replaced, with all its lines.
    pub fn update<T: Writable>(&self, id: u64, record: &T) -> Write {
        Write::new(self, self.client.put(of::<T>(id)).json(record), there(record, false))
    }

    /// Deletes a record. A supplier goes with its ship-from locations; a user stays, inactive.
    pub fn delete_record<T: Writable>(&self, id: u64) -> Write {
        let change = Change::Gone { path: of::<T>(id).to_string() };
        Write::new(self, self.client.delete(of::<T>(id)), Some(change))
    }
}

fn of<T: Listed>(id: u64) -> Path {
    path!(T::PATH.trim_start_matches('/'), id)
}

fn there<T: Writable>(record: &T, made: bool) -> Option<Change> {
    let (resource, key) = record.about()?;
    // What serde cannot write is told when the call is sent.
    let body = serde_json::to_vec(record).unwrap_or_default();
    Some(Change::There { resource: resource.to_owned(), key: key.to_owned(), body, made })
}

/// Says of types which lists they are, and how they are read and written.
macro_rules! records {
    ($($type:ty: $path:literal $(, read $record:literal)? $(, write $about:expr)?;)+) => {
        $(
            impl $crate::knosc::records::sealed::Sealed for $type {}
            impl $crate::knosc::Listed for $type {
                const PATH: &'static str = $path;
            }
            $(
                impl $crate::knosc::Readable for $type {
                    const RECORD: &'static str = $record;
                }
            )?
            $(
                impl $crate::knosc::Writable for $type {
                    fn about(&self) -> Option<(&'static str, &str)> {
                        let about: fn(&Self) -> Option<(&'static str, &str)> = $about;
                        about(self)
                    }
                }
            )?
        )+
    };
}
pub(super) use records;
