//! What happened in a world, in order: a hash always, the lines on demand.

use std::fmt;

/// The event log of a world.
#[derive(Debug)]
pub(crate) struct Log {
    hash: u64,
    line: String,
    kept: Option<Vec<String>>,
}

impl Log {
    pub(crate) fn new(keep: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, line: String::new(), kept: keep.then(Vec::new) }
    }

    /// Notes an event.
    pub(crate) fn note(&mut self, at_ms: u64, what: fmt::Arguments<'_>) {
        use fmt::Write as _;
        self.line.clear();
        let _ = write!(self.line, "{at_ms:>8} {what}");
        // FNV-1a: small, and the same everywhere.
        for byte in self.line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(kept) = &mut self.kept {
            kept.push(self.line.clone());
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.kept.unwrap_or_default()
    }
}
