use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::extract::pointer;

/// How lists are paged.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "PagingForm")]
pub enum Paging {
    /// Pages have numbers; a page without rows is the last.
    PageNumber {
        /// The query parameter that holds the number.
        page: String,
        /// The query parameter that holds the size.
        size: String,
        /// The number of the first page.
        first: u64,
        /// How many rows to ask for.
        size_rows: u64,
        /// JSON pointer to the rows of a page.
        rows: String,
    },
}

/// The table as it is written, so that an error can name the line of the key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PagingForm {
    #[serde(rename = "kind")]
    _kind: PagingKind,
    page: String,
    size: String,
    first: u64,
    #[serde(deserialize_with = "at_least_one")]
    size_rows: u64,
    #[serde(deserialize_with = "pointer")]
    rows: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PagingKind {
    PageNumber,
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(D::Error::custom("a page of 0 rows holds nothing; ask for at least one")),
        rows => Ok(rows),
    }
}

impl From<PagingForm> for Paging {
    fn from(form: PagingForm) -> Self {
        let PagingForm { page, size, first, size_rows, rows, .. } = form;
        Self::PageNumber { page, size, first, size_rows, rows }
    }
}
