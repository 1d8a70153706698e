//! Records in the order of their ids, with an index of their natural keys.

use std::collections::{BTreeMap, HashMap};

/// A record that may have a natural key.
pub(crate) trait Keyed {
    fn key(&self) -> Option<&str>;
}

/// A list whose natural keys need not be unique.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    rows: BTreeMap<u64, T>,
    by_key: HashMap<Box<str>, Vec<u64>>,
    last_id: u64,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows { rows: BTreeMap::new(), by_key: HashMap::new(), last_id: 0 }
    }
}

impl<T: Keyed> Rows<T> {
    pub(crate) fn insert(&mut self, row: T) -> u64 {
        self.last_id += 1;
        self.put(self.last_id, row);
        self.last_id
    }

    /// Puts a record in the place of the one with this id.
    pub(crate) fn put(&mut self, id: u64, row: T) {
        self.remove(id);
        if let Some(key) = row.key() {
            self.by_key.entry(key.into()).or_default().push(id);
        }
        self.rows.insert(id, row);
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<T> {
        let row = self.rows.remove(&id)?;
        if let Some(key) = row.key()
            && let Some(ids) = self.by_key.get_mut(key)
        {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_key.remove(key);
            }
        }
        Some(row)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        self.rows.get(&id)
    }

    /// The records with this key, in order of age.
    pub(crate) fn with_key(&self, key: &str) -> impl Iterator<Item = (u64, &T)> {
        let ids = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| Some((*id, self.rows.get(id)?)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    pub(crate) fn iter_after(&self, after: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows.range(after.saturating_add(1)..).map(|(id, row)| (*id, row))
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}
