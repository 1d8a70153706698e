use super::Extract;
use super::form::{AtLeastOne, Pointer};

kinds! {
    /// How lists are paged. `rows` is a JSON pointer to the rows of a page; an empty one means
    /// that the body itself is the array.
    pub enum Paging {
        /// Pages have numbers; a page without rows is the last.
        PageNumber = "page_number" {
            /// The query parameter that holds the number.
            page: String,
            /// The query parameter that holds the size.
            size: String,
            /// The number of the first page.
            first: u64,
            /// How many rows to ask for.
            size_rows: u64 as AtLeastOne<u64>,
            /// JSON pointer to the rows of a page.
            rows: String as Pointer,
            /// JSON pointer to the number of rows of the whole list, where a page tells it.
            total: Option<String> as Option<Pointer>,
        },
        /// Pages start at a row; a page without rows is the last.
        Offset = "offset" {
            /// The query parameter that holds the number of the first row, counted from 0.
            offset: String,
            /// The query parameter that holds the size.
            limit: String,
            /// How many rows to ask for.
            size_rows: u64 as AtLeastOne<u64>,
            /// JSON pointer to the rows of a page.
            rows: String as Pointer,
            /// JSON pointer to the number of rows of the whole list, where a page tells it.
            total: Option<String> as Option<Pointer>,
            /// JSON pointer to the number of rows that can be reached at all: some APIs keep only the newest ones.
            window: Option<String> as Option<Pointer>,
        },
        /// Each page names the URL of the next one; one that names none is the last.
        NextUrl = "next_url" {
            /// Where it stands: a place in the body, or the header `link` (RFC 8288, `rel="next"`).
            at: Extract,
            /// The query parameter that holds the size.
            size: Option<String>,
            /// How many rows to ask for, if `size` says how to.
            size_rows: u64 as AtLeastOne<u64> = 100,
            /// JSON pointer to the rows of a page.
            rows: String as Pointer,
        },
        /// Each page gives the cursor of the next one; one that gives none is the last.
        Cursor = "cursor" {
            /// The query parameter that holds the cursor.
            parameter: String,
            /// Where the cursor stands in a page.
            at: Option<Extract>,
            /// JSON pointer to the cursor in the last row of a page, where the page itself has none.
            from_row: Option<String> as Option<Pointer>,
            /// JSON pointer to a flag that tells whether there are more pages.
            more: Option<String> as Option<Pointer>,
            /// The query parameter that holds the size.
            size: Option<String>,
            /// How many rows to ask for, if `size` says how to.
            size_rows: u64 as AtLeastOne<u64> = 100,
            /// JSON pointer to the rows of a page.
            rows: String as Pointer,
        },
    }
    check |paging: &Self, reader: &mut super::form::Reader<'_>| {
        if let Self::Cursor { at, from_row, .. } = paging {
            match (at, from_row) {
                (None, None) => reader.wrong(
                    "nothing says where the cursor of the next page is",
                    "add `at`, or `from_row` where it is a column of the last row",
                ),
                (Some(_), Some(_)) => reader.wrong(
                    "the cursor stands in two places",
                    "take out `at` or `from_row`",
                ),
                _ => {}
            }
        }
    }
}

impl Paging {
    /// JSON pointer to the rows of a page.
    #[must_use]
    pub fn rows(&self) -> &str {
        match self {
            Self::PageNumber { rows, .. }
            | Self::Offset { rows, .. }
            | Self::NextUrl { rows, .. }
            | Self::Cursor { rows, .. } => rows,
        }
    }

    /// How many rows a page is asked for.
    #[must_use]
    pub fn size_rows(&self) -> u64 {
        match self {
            Self::PageNumber { size_rows, .. }
            | Self::Offset { size_rows, .. }
            | Self::NextUrl { size_rows, .. }
            | Self::Cursor { size_rows, .. } => *size_rows,
        }
    }

    /// The same paging with pages of so many rows.
    #[must_use]
    pub fn with_size_rows(mut self, rows: u64) -> Self {
        match &mut self {
            Self::PageNumber { size_rows, .. }
            | Self::Offset { size_rows, .. }
            | Self::NextUrl { size_rows, .. }
            | Self::Cursor { size_rows, .. } => *size_rows = rows.max(1),
        }
        self
    }

    /// The same paging with the rows elsewhere, as a list may say of itself.
    #[must_use]
    pub fn with_rows(mut self, at: Option<&str>) -> Self {
        if let Some(at) = at {
            match &mut self {
                Self::PageNumber { rows, .. }
                | Self::Offset { rows, .. }
                | Self::NextUrl { rows, .. }
                | Self::Cursor { rows, .. } => at.clone_into(rows),
            }
        }
        self
    }
}
