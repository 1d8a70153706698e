//! Which rows of a list have been shown, by their ids.
//!
//! While a list is read, others write: rows move from page to page. One that moves on is shown
//! twice, and one that moves back is not shown at all (hazard 62). The second cannot be seen, but
//! what goes with it can: a row that comes again, or a total that changes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dialect::column;

/// The rows that were shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The column that tells a row from all others.
    column: Option<String>,
    ids: BTreeSet<String>,
    /// The places, on the last page, of rows that an earlier page showed.
    again: BTreeSet<usize>,
    /// How many rows were shown: those with an id once, the others as often as they came.
    pub(super) rows: u64,
    /// True if each row that came can be told from the others.
    told_apart: bool,
    total: Option<u64>,
    total_least: Option<u64>,
    /// The list has changed under the reading.
    pub(super) changed: bool,
}

impl Shown {
    pub(super) fn new(column: Option<&str>) -> Self {
        Self {
            column: column.map(str::to_owned),
            ids: BTreeSet::new(),
            again: BTreeSet::new(),
            rows: 0,
            told_apart: column.is_some(),
            total: None,
            total_least: None,
            changed: false,
        }
    }

    /// Takes note of a page. Read backwards, it shows what was shown before: no change.
    pub(super) fn page(&mut self, rows: &[Value], total: Option<u64>, backwards: bool) {
        self.note(rows, backwards);
        if !backwards {
            let total_changed = self.total.is_some() && total.is_some() && self.total != total;
            self.changed |= total_changed || !self.again.is_empty();
        }
        self.total = total.or(self.total);
        self.total_least = [self.total_least, total].into_iter().flatten().min();
    }

    fn note(&mut self, rows: &[Value], backwards: bool) {
        self.again.clear();
        let mut of_this_page = BTreeSet::new();
        for (place, row) in rows.iter().enumerate() {
            let Some(id) = self.column.as_ref().and_then(|name| column(row, name)) else {
                self.told_apart = false;
                // Read backwards, a row without an id is one of those that were counted.
                self.rows += u64::from(!backwards);
                continue;
            };
            if !of_this_page.insert(id.clone()) {
                // No row moves within a page: what two of its rows share is no id.
                return self.tell_none_apart(rows.len() - place);
            }
            match self.ids.insert(id) {
                true => self.rows += 1,
                false => drop(self.again.insert(place)),
            }
        }
    }

    fn tell_none_apart(&mut self, rows_left: usize) {
        self.rows += (rows_left + self.again.len()) as u64;
        self.column = None;
        self.told_apart = false;
        self.ids.clear();
        self.again.clear();
    }

    /// True if an earlier page showed the row at this place of the last one.
    pub(super) fn again(&self, place: usize) -> bool {
        self.again.contains(&place)
    }

    /// The total that a list never fell below while it was read, if fewer rows were shown.
    pub(super) fn lacking(&self) -> Option<u64> {
        self.total_least.filter(|least| self.told_apart && *least > self.rows)
    }
}
