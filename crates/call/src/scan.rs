//! Reading a whole list, page by page.
//!
//! A server may send fewer rows than it was asked for because it caps its pages, and may have no
//! total: so a list of numbered pages ends with a page that has no rows, or none that are new. A
//! server that keeps sending the same full page, that names a page again, or that says more and
//! shows nothing, shows a part of the list only, and is stopped (hazard 60). So is one that tells
//! of more rows than it showed. A list read forwards can miss a row that slips to an earlier page
//! while others are deleted; where a missing row would be taken as proof, the pages are read
//! backwards once more, since a slipping row is then seen twice rather than not at all. So they
//! are where the list is seen to change under the reading (hazard 62). Cursors stay where they
//! are, so what follows them is read once, unless a row comes again: then what they are sorted by
//! changes.

mod next;
mod shown;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dialect::{Extract, Paging, value_text};
use crate::reply::Reply;

use shown::Shown;

pub use next::{next_link, same_origin_path};

/// No list is read further than this.
const PAGES_MAX: usize = 100_000;

/// So many pages in a row may be empty and yet name another.
const EMPTY_PAGES_MAX: u32 = 3;

/// A list being read.
#[derive(Debug, Clone)]
pub struct Scan {
    paging: Paging,
    base_url: String,
    path: String,
    query: Vec<(String, String)>,
    twice: bool,
    /// The pages that were asked for and have to be read backwards yet, the current one last.
    asked: Vec<Page>,
    backwards: bool,
    last_page: Option<String>,
    /// The first page had rows, and fewer than were asked for.
    one_short_page: bool,
    shown: Shown,
    empty_pages: u32,
    /// The URLs and cursors that were followed.
    followed: BTreeSet<String>,
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Page {
    /// By its number, or by the number of its first row.
    At(u64),
    /// The first of those that name the next one.
    First,
    /// By path and query.
    Url(String),
    Cursor(String),
}

/// The next page to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Path and query below the base URL.
    pub path: String,
}

/// What a page leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanEnd {
    /// Ask for the next page.
    More,
    /// The list has been read.
    Complete,
    /// The list cannot be read to its end, and why.
    Broken(String),
}

impl Scan {
    /// A scan of the list at `path`, with query parameters beside those of the paging. `twice`:
    /// what is not seen will be taken as proof of absence.
    #[must_use]
    pub fn new(paging: &Paging, path: &str, query: &[(&str, &str)], twice: bool) -> Self {
        let first = match paging {
            Paging::PageNumber { first, .. } => Page::At(*first),
            Paging::Offset { .. } => Page::At(0),
            Paging::NextUrl { .. } | Paging::Cursor { .. } => Page::First,
        };
        Self {
            paging: paging.clone(),
            base_url: String::new(),
            path: path.to_owned(),
            query: query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            twice,
            asked: vec![first],
            backwards: false,
            last_page: None,
            one_short_page: false,
            shown: Shown::new(None),
            empty_pages: 0,
            followed: BTreeSet::new(),
        }
    }

    /// The same scan of the API at this base URL. Pages that name the URL of the next one are
    /// followed below it and nowhere else; without it they are not followed at all.
    #[must_use]
    pub fn below(mut self, base_url: &str) -> Self {
        base_url.clone_into(&mut self.base_url);
        self
    }

    /// The same scan of a list whose rows are told apart by this column, or JSON pointer: rows
    /// that come again are known, and a list that changes under the reading is read backwards
    /// once more (hazard 62). What two rows of one page share tells none apart.
    #[must_use]
    pub fn told_apart_by(mut self, column: Option<&str>) -> Self {
        self.shown = Shown::new(column);
        self
    }

    /// The page to ask for now.
    #[must_use]
    pub fn request(&self) -> PageRequest {
        let (mut query, mut path) = (self.own_query(), self.path.clone());
        match (self.asked.last(), &self.paging) {
            (Some(Page::At(number)), Paging::PageNumber { page, .. }) => {
                query.insert(self.query.len(), (page.clone(), number.to_string()));
            }
            (Some(Page::At(row)), Paging::Offset { offset, .. }) => {
                query.insert(self.query.len(), (offset.clone(), row.to_string()));
            }
            (Some(Page::Cursor(cursor)), Paging::Cursor { parameter, .. }) => {
                query.push((parameter.clone(), cursor.clone()));
            }
            (Some(Page::Url(url)), _) => {
                query.clear();
                path.clone_from(url);
            }
            _ => {}
        }
        PageRequest { path: next::with_query(&path, &query) }
    }

    /// The parameters that every page is asked with.
    fn own_query(&self) -> Vec<(String, String)> {
        let size = match &self.paging {
            Paging::PageNumber { size, .. } | Paging::Offset { limit: size, .. } => Some(size),
            Paging::NextUrl { size, .. } | Paging::Cursor { size, .. } => size.as_ref(),
        };
        let size = size.map(|size| (size.clone(), self.paging.size_rows().to_string()));
        self.query.iter().cloned().chain(size).collect()
    }

    /// The rows of a page's body; none if it is no page of this list.
    #[must_use]
    pub fn rows<'b>(&self, body: &'b Value) -> Option<&'b Vec<Value>> {
        body.pointer(self.rows_at())?.as_array()
    }

    /// JSON pointer to the rows of a page.
    #[must_use]
    pub fn rows_at(&self) -> &str {
        self.paging.rows()
    }

    /// Takes note of a page, its rows and the reply that they came with, and says whether
    /// another has to be read.
    pub fn seen(&mut self, rows: &[Value], reply: &Reply) -> ScanEnd {
        let total = match &self.paging {
            Paging::PageNumber { total, .. } | Paging::Offset { total, .. } => total.as_deref(),
            Paging::NextUrl { .. } | Paging::Cursor { .. } => None,
        };
        let total = told(reply, total);
        self.shown.page(rows, total, self.backwards);
        if self.backwards {
            return self.step_back();
        }
        if self.asked.len() > PAGES_MAX {
            return ScanEnd::Broken(format!("the list has more than {PAGES_MAX} pages"));
        }
        match self.paging.clone() {
            Paging::PageNumber { .. } => {
                let next = |at: u64, _| at + 1;
                self.numbered(rows, next, total, None)
            }
            // By the rows that came, not by those that were asked for: the server may cap them.
            Paging::Offset { window, .. } => {
                let next = |at: u64, count: u64| at + count;
                let window = told(reply, window.as_deref());
                self.numbered(rows, next, total, window)
            }
            Paging::NextUrl { at, .. } => self.linked(rows, &at, reply),
            Paging::Cursor { at, from_row, more, .. } => {
                self.pointed(rows, at.as_ref(), from_row.as_deref(), more.as_deref(), reply)
            }
        }
    }

    fn numbered(
        &mut self,
        rows: &[Value],
        next: impl Fn(u64, u64) -> u64,
        total: Option<u64>,
        window: Option<u64>,
    ) -> ScanEnd {
        let Some(Page::At(at)) = self.asked.last().cloned() else {
            return ScanEnd::Complete;
        };
        let (count, size) = (rows.len() as u64, self.paging.size_rows());
        let repeated = self.repeats(rows);
        if repeated && count == size {
            let text =
                "it sends the same page again and again: the rest of the list is out of reach";
            return ScanEnd::Broken(text.to_owned());
        }
        // More rows than asked for, or the same few again: the server does not page.
        if count > size || repeated {
            return ScanEnd::Complete;
        }
        let first = self.asked.len() == 1;
        if rows.is_empty() {
            // Of a list that has changed, the rows that lack may only have moved.
            return match total.filter(|total| *total > self.shown.rows && !self.shown.changed) {
                Some(total) => ScanEnd::Broken(self.too_few(total)),
                None => self.end(),
            };
        }
        self.one_short_page = first && count < size;
        let whole = total.is_some_and(|total| self.shown.rows >= total);
        if whole && (first || !self.twice()) {
            return ScanEnd::Complete;
        }
        if whole {
            // Every row was shown. A page past the end need not be there: some APIs answer 404.
            self.backwards = true;
            return ScanEnd::More;
        }
        let next = next(at, count);
        if let Some(window) = window.filter(|window| next >= *window) {
            let text = format!("only its first {window} rows can be reached");
            return ScanEnd::Broken(text);
        }
        self.asked.push(Page::At(next));
        ScanEnd::More
    }

    fn linked(&mut self, rows: &[Value], at: &Extract, reply: &Reply) -> ScanEnd {
        let Some(named) = next_link(at, reply) else { return self.end() };
        let here = self.request().path;
        let next = match same_origin_path(&self.base_url, &here, &named) {
            Ok(next) => next::reapplied(&next, &self.own_query()),
            Err(why) => return ScanEnd::Broken(why),
        };
        self.followed.insert(here);
        if !self.followed.insert(next.clone()) {
            return ScanEnd::Broken(format!("it names the page {next} again"));
        }
        self.follow(rows, Page::Url(next))
    }

    fn pointed(
        &mut self,
        rows: &[Value],
        at: Option<&Extract>,
        from_row: Option<&str>,
        more: Option<&str>,
        reply: &Reply,
    ) -> ScanEnd {
        let flag = more.and_then(|more| reply.json()?.pointer(more)?.as_bool());
        if flag == Some(false) {
            return self.end_of_cursors();
        }
        let cursor = match from_row {
            Some(column) => rows.last().and_then(|row| row.pointer(column)).and_then(value_text),
            None => at.and_then(|at| at.text(reply)),
        };
        let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else {
            return match flag == Some(true) || (from_row.is_some() && !rows.is_empty()) {
                true => ScanEnd::Broken("there may be more, and no cursor leads to it".to_owned()),
                false => self.end_of_cursors(),
            };
        };
        if !self.followed.insert(cursor.clone()) {
            return ScanEnd::Broken(format!("it gives the cursor {cursor} again"));
        }
        self.follow(rows, Page::Cursor(cursor))
    }

    /// Some APIs send empty pages on the way; one that sends nothing else has no end.
    fn follow(&mut self, rows: &[Value], page: Page) -> ScanEnd {
        self.empty_pages = if rows.is_empty() { self.empty_pages + 1 } else { 0 };
        if self.empty_pages > EMPTY_PAGES_MAX {
            return ScanEnd::Broken("it says that there is more, and shows nothing".to_owned());
        }
        self.asked.push(page);
        ScanEnd::More
    }

    fn too_few(&self, total: u64) -> String {
        format!("it says that there are {total} rows, and shows {}", self.shown.rows)
    }

    /// True if the pages have to be read backwards once more.
    fn twice(&self) -> bool {
        self.twice || self.shown.changed
    }

    fn end_of_cursors(&mut self) -> ScanEnd {
        if self.shown.changed { self.end() } else { ScanEnd::Complete }
    }

    /// After the last page. Rows slip from a page to the one before it; where the first page was
    /// not full, or there was but one, none can have slipped by unseen.
    fn end(&mut self) -> ScanEnd {
        let pages = self.asked.len();
        let one_page = pages == 1 || (pages == 2 && self.one_short_page);
        if !self.twice() || one_page {
            return ScanEnd::Complete;
        }
        self.backwards = true;
        self.step_back()
    }

    fn step_back(&mut self) -> ScanEnd {
        self.asked.pop();
        match (self.asked.is_empty(), self.shown.lacking()) {
            (false, _) => ScanEnd::More,
            (true, None) => ScanEnd::Complete,
            (true, Some(total)) => ScanEnd::Broken(format!(
                "it changes while it is read: it never had fewer than {total} rows, and showed {}",
                self.shown.rows
            )),
        }
    }

    /// True if the page that was seen last has, at this place, a row that an earlier page showed.
    #[must_use]
    pub fn shown_before(&self, place: usize) -> bool {
        self.shown.again(place)
    }

    fn repeats(&mut self, rows: &[Value]) -> bool {
        let fingerprint = format!("{}{:?}{:?}", rows.len(), rows.first(), rows.last());
        let same = !rows.is_empty() && self.last_page.as_ref() == Some(&fingerprint);
        self.last_page = Some(fingerprint);
        same
    }
}

/// A number that a page tells.
fn told(reply: &Reply, at: Option<&str>) -> Option<u64> {
    reply.json()?.pointer(at?)?.as_u64()
}

#[cfg(test)]
mod moving;
#[cfg(test)]
mod tests;
