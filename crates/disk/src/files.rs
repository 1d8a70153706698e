//! What is synced, and what is not yet.

use std::collections::BTreeMap;

use super::Survives;

/// What a drive writes at once or not at all.
const SECTOR: usize = 512;

/// The files of a directory, by name.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<String, Entry>);

/// One file: what it held when it was last synced (nothing: it was not there), and what came after.
#[derive(Debug, Default)]
struct Entry {
    synced: Option<Vec<u8>>,
    since: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Made,
    Wrote { at: usize, bytes: Vec<u8> },
    Cut { to: usize },
    Deleted,
}

impl Files {
    /// A file is opened: with the content it has, if it was there, or anew.
    pub(crate) fn opened(&mut self, name: &str, content: Option<Vec<u8>>) {
        match (self.0.get_mut(name), content) {
            (None, Some(content)) => {
                self.0.insert(name.to_owned(), Entry { synced: Some(content), since: Vec::new() });
            }
            (None, None) => {
                self.0.insert(name.to_owned(), Entry { synced: None, since: vec![Change::Made] });
            }
            (Some(entry), None) => entry.since.push(Change::Made),
            (Some(_), Some(_)) => {}
        }
    }

    pub(crate) fn wrote(&mut self, name: &str, at: usize, bytes: &[u8]) {
        self.change(name, Change::Wrote { at, bytes: bytes.to_vec() });
    }

    pub(crate) fn cut(&mut self, name: &str, to: usize) {
        self.change(name, Change::Cut { to });
    }

    /// A file is gone; for good, if the directory was synced with it.
    pub(crate) fn deleted(&mut self, name: &str, synced: bool) {
        match synced {
            true => drop(self.0.remove(name)),
            false => self.change(name, Change::Deleted),
        }
    }

    pub(crate) fn synced(&mut self, name: &str) {
        if let Some(entry) = self.0.get_mut(name) {
            let mut all = |_| true;
            entry.synced = left(entry.synced.take(), &entry.since, &mut all);
            entry.since.clear();
        }
    }

    fn change(&mut self, name: &str, change: Change) {
        if let Some(entry) = self.0.get_mut(name) {
            entry.since.push(change);
        }
    }

    /// The files that are left when the power fails.
    pub(crate) fn left(&self, survives: Survives) -> impl Iterator<Item = (&str, Vec<u8>)> {
        let mut draw = Draw(match survives {
            Survives::Drawn(seed) => seed,
            Survives::Synced | Survives::Everything => 0,
        });
        // A drive may also have written everything up to some instant, and nothing after it.
        let in_order = matches!(survives, Survives::Drawn(_)) && draw.coin();
        self.0.iter().filter_map(move |(name, entry)| {
            let mut keep: Box<dyn FnMut(usize) -> bool> = match survives {
                Survives::Synced => Box::new(|_| false),
                Survives::Everything => Box::new(|_| true),
                Survives::Drawn(_) if in_order => {
                    let until = draw.below(entry.since.len() + 1);
                    Box::new(move |change| change < until)
                }
                Survives::Drawn(_) => {
                    let mut draw = draw.split();
                    Box::new(move |_| draw.coin())
                }
            };
            left(entry.synced.clone(), &entry.since, &mut *keep).map(|bytes| (name.as_str(), bytes))
        })
    }
}

/// A file after those changes that are kept. `keep` is asked with the number of the change, for a write once for
/// each of its sectors.
fn left(
    content: Option<Vec<u8>>,
    since: &[Change],
    keep: &mut dyn FnMut(usize) -> bool,
) -> Option<Vec<u8>> {
    let mut content = content;
    for (number, change) in since.iter().enumerate() {
        match change {
            Change::Made if keep(number) => drop(content.get_or_insert_default()),
            Change::Deleted if keep(number) => content = None,
            Change::Cut { to } if keep(number) => {
                if let Some(content) = &mut content {
                    content.resize(*to, 0);
                }
            }
            Change::Wrote { at, bytes } => write(&mut content, *at, bytes, number, keep),
            Change::Made | Change::Deleted | Change::Cut { .. } => {}
        }
    }
    content
}

fn write(
    content: &mut Option<Vec<u8>>,
    at: usize,
    bytes: &[u8],
    number: usize,
    keep: &mut dyn FnMut(usize) -> bool,
) {
    let mut done = 0;
    while done < bytes.len() {
        let from = at + done;
        let length = (SECTOR - from % SECTOR).min(bytes.len() - done);
        if keep(number) {
            // Bytes that are on the drive belong to a file that is.
            let content = content.get_or_insert_default();
            if content.len() < from + length {
                content.resize(from + length, 0);
            }
            content[from..from + length].copy_from_slice(&bytes[done..done + length]);
        }
        done += length;
    }
}

/// Draws from a seed (SplitMix64): a test's failure has to come again.
#[derive(Debug, Clone, Copy)]
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn split(&mut self) -> Draw {
        Draw(self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(files: &Files, survives: Survives) -> Option<Vec<u8>> {
        files.left(survives).next().map(|(_, bytes)| bytes)
    }

    #[test]
    fn what_is_synced_survives_and_the_rest_may() {
        let mut files = Files::default();
        files.opened("a", Some(vec![1; 1_024]));
        files.wrote("a", 0, &[2; 1_024]);
        assert_eq!(one(&files, Survives::Synced), Some(vec![1; 1_024]));
        assert_eq!(one(&files, Survives::Everything), Some(vec![2; 1_024]));
        let torn = |seed| one(&files, Survives::Drawn(seed)).is_some_and(|b| b[0] != b[1_023]);
        assert!((0..64).any(torn), "a write can be torn between its sectors");
        files.synced("a");
        assert!((0..64).all(|seed| one(&files, Survives::Drawn(seed)) == Some(vec![2; 1_024])));
    }

    #[test]
    fn a_file_that_was_never_synced_may_be_missing_and_a_deleted_one_may_be_back() {
        let mut files = Files::default();
        files.opened("a", None);
        files.wrote("a", 0, b"x");
        assert_eq!(one(&files, Survives::Synced), None);
        files.synced("a");
        assert_eq!(one(&files, Survives::Synced), Some(b"x".to_vec()));
        files.deleted("a", false);
        assert_eq!(one(&files, Survives::Synced), Some(b"x".to_vec()));
        assert_eq!(one(&files, Survives::Everything), None);
        files.deleted("a", true);
        assert_eq!(one(&files, Survives::Synced), None);
    }
}
