//! Reading a whole list, page by page.
//!
//! There is no total to rely on, and a server may send fewer rows than it was asked for because
//! it caps its pages: so the list ends with a page that has no rows, or none that are new. A
//! server that keeps sending the same full page shows a part of the list only, and is stopped
//! (hazard 60). A list read forwards can miss a
//! row that slips to an earlier page while others are deleted; where a missing row would be
//! taken as proof, the pages are read backwards once more, since a slipping row is then seen
//! twice rather than not at all.

use serde_json::Value;

use crate::dialect::Paging;

/// No list is read further than this.
const PAGES_MAX: u64 = 100_000;

/// A list being read.
#[derive(Debug, Clone)]
pub struct Scan {
    paging: Paging,
    path: String,
    query: Vec<(String, String)>,
    page: u64,
    backwards: bool,
    twice: bool,
    last_page: Option<String>,
    /// The first page had rows, and fewer than were asked for.
    one_short_page: bool,
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
        let page = match paging {
            Paging::PageNumber { first, .. } => *first,
            _ => 0,
        };
        Self {
            page,
            paging: paging.clone(),
            path: path.to_owned(),
            query: query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            backwards: false,
            twice,
            last_page: None,
            one_short_page: false,
        }
    }

    /// The page to ask for now.
    #[must_use]
    pub fn request(&self) -> PageRequest {
        let Paging::PageNumber { page, size, size_rows, .. } = &self.paging else {
            return PageRequest { path: self.path.clone() };
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.query {
            query.append_pair(name, value);
        }
        query.append_pair(page, &self.page.to_string());
        query.append_pair(size, &size_rows.to_string());
        PageRequest { path: format!("{}?{}", self.path, query.finish()) }
    }

    /// The rows of a page's body; none if it is no page of this list.
    #[must_use]
    pub fn rows<'b>(&self, body: &'b Value) -> Option<&'b Vec<Value>> {
        body.pointer(self.paging.rows())?.as_array()
    }

    /// Takes note of a page and says whether another has to be read.
    pub fn seen(&mut self, rows: &[Value]) -> ScanEnd {
        let Paging::PageNumber { size_rows, first, .. } = &self.paging else {
            return ScanEnd::Broken("lists of this kind of paging cannot be read yet".to_owned());
        };
        let (size, first) = (*size_rows, *first);
        if self.backwards {
            return self.step_back(first);
        }
        let count = rows.len() as u64;
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
        if rows.is_empty() {
            return self.end(first);
        }
        self.one_short_page = self.page == first && count < size;
        if self.page - first >= PAGES_MAX {
            return ScanEnd::Broken(format!("the list has more than {PAGES_MAX} pages"));
        }
        self.page += 1;
        ScanEnd::More
    }

    /// After a page without rows. Rows slip from a page to the one before it; where the first
    /// page was not full, or there was but one, none can have slipped by unseen.
    fn end(&mut self, first: u64) -> ScanEnd {
        let one_page = self.page == first || (self.page == first + 1 && self.one_short_page);
        if !self.twice || one_page {
            return ScanEnd::Complete;
        }
        self.backwards = true;
        self.step_back(first)
    }

    fn step_back(&mut self, first: u64) -> ScanEnd {
        if self.page <= first {
            return ScanEnd::Complete;
        }
        self.page -= 1;
        ScanEnd::More
    }

    fn repeats(&mut self, rows: &[Value]) -> bool {
        let fingerprint = format!("{}{:?}{:?}", rows.len(), rows.first(), rows.last());
        let same = !rows.is_empty() && self.last_page.as_ref() == Some(&fingerprint);
        self.last_page = Some(fingerprint);
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paging() -> Paging {
        Paging::PageNumber {
            page: "page".into(),
            size: "page_size".into(),
            first: 1,
            size_rows: 2,
            rows: "/data/rows".into(),
            total: None,
        }
    }

    fn pages(scan: &mut Scan, list: &[u32]) -> Vec<u64> {
        let mut asked = Vec::new();
        loop {
            asked.push(scan.page);
            let from = ((scan.page - 1) * 2) as usize;
            let rows: Vec<Value> = list.iter().skip(from).take(2).map(|n| json!(n)).collect();
            if scan.seen(&rows) != ScanEnd::More {
                return asked;
            }
        }
    }

    #[test]
    fn it_reads_until_a_page_has_no_rows() {
        assert_eq!(pages(&mut Scan::new(&paging(), "/l", &[], false), &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(pages(&mut Scan::new(&paging(), "/l", &[], false), &[1, 2, 3, 4]), [1, 2, 3]);
        assert_eq!(pages(&mut Scan::new(&paging(), "/l", &[], false), &[]), [1]);
    }

    /// Found wrong: a page shorter than asked for was taken for the last, so a server with
    /// smaller pages hid the rest of its list, and absence was taken for proven.
    #[test]
    fn hazard_59_a_server_with_smaller_pages_is_read_to_its_end() {
        let mut scan = Scan::new(&paging(), "/l", &[], true);
        for row in 1..=3 {
            assert_eq!(scan.seen(&[json!(row)]), ScanEnd::More);
        }
        assert_eq!(scan.seen(&[]), ScanEnd::More, "backwards once more");
        assert_eq!(scan.page, 3);
    }

    #[test]
    fn for_proof_it_reads_backwards_too() {
        assert_eq!(pages(&mut Scan::new(&paging(), "/l", &[], true), &[1, 2, 3]), [1, 2, 3, 2, 1]);
        assert_eq!(pages(&mut Scan::new(&paging(), "/l", &[], true), &[1]), [1, 2]);
        assert_eq!(pages(&mut Scan::new(&paging(), "/l", &[], true), &[]), [1]);
    }

    #[test]
    fn a_server_that_does_not_page_is_read_once() {
        let mut scan = Scan::new(&paging(), "/l", &[], true);
        assert_eq!(scan.seen(&[json!(1)]), ScanEnd::More);
        assert_eq!(scan.seen(&[json!(1)]), ScanEnd::Complete);
        let mut scan = Scan::new(&paging(), "/l", &[], true);
        assert_eq!(scan.seen(&[json!(1), json!(2), json!(3)]), ScanEnd::Complete);
    }

    #[test]
    fn hazard_60_a_full_page_that_comes_again_is_no_whole_list() {
        let mut scan = Scan::new(&paging(), "/l", &[], true);
        let rows = [json!(1), json!(2)];
        assert_eq!(scan.seen(&rows), ScanEnd::More);
        assert!(matches!(scan.seen(&rows), ScanEnd::Broken(_)));
    }

    #[test]
    fn query_values_are_encoded() {
        let scan = Scan::new(&paging(), "/l", &[("filter", r#"[{"a":"b&c"}]"#)], false);
        assert_eq!(
            scan.request().path,
            "/l?filter=%5B%7B%22a%22%3A%22b%26c%22%7D%5D&page=1&page_size=2"
        );
    }
}
