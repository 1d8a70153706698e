//! Old journal entries in a temporary file, one line of JSON each.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};

use super::Entry;

/// The file, and where every line starts.
#[derive(Debug)]
pub(super) struct Spill {
    file: Option<File>,
    starts: Vec<u64>,
    end: u64,
}

impl Spill {
    pub(super) fn new() -> Self {
        let file = tempfile::tempfile();
        if let Err(error) = &file {
            tracing::warn!(target: "steadfast_sandbox", %error, "no temporary file: old journal entries are lost");
        }
        Spill { file: file.ok(), starts: Vec::new(), end: 0 }
    }

    pub(super) fn append(&mut self, entries: &[Entry]) {
        let mut text = String::new();
        for entry in entries {
            self.starts.push(self.end + text.len() as u64);
            text.push_str(&serde_json::to_string(entry).unwrap_or_default());
            text.push('\n');
        }
        let Some(file) = &mut self.file else { return };
        let written =
            file.seek(SeekFrom::Start(self.end)).and_then(|_| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(target: "steadfast_sandbox", %error, "old journal entries are lost");
            self.file = None;
        }
        self.end += text.len() as u64;
    }

    /// The lines after the first `skip`.
    pub(super) fn read(&mut self, skip: u64, count: usize) -> Vec<String> {
        let (Some(file), Some(start)) = (&mut self.file, self.starts.get(skip as usize)) else {
            return Vec::new();
        };
        if file.seek(SeekFrom::Start(*start)).is_err() {
            return Vec::new();
        }
        BufReader::new(&*file).lines().take(count).map_while(Result::ok).collect()
    }
}
