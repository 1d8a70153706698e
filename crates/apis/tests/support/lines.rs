//! All that is logged on this thread while a guard lives.

use std::io;
use std::sync::{Arc, Mutex, Once};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(crate) fn capture() -> (Self, DefaultGuard) {
        // Somebody listens for good: a place that writes logs remembers for ever that nobody does,
        // if another thread comes by it for the first time just now.
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
            let _ = tracing::subscriber::set_global_default(all.with_writer(io::sink).finish());
        });
        let lines = Self::default();
        let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        let subscriber = all.json().with_writer(lines.clone()).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        (lines, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Level, message and fields of each record with that event.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["fields"]["event"] == name).collect()
    }

    /// The messages of each record with that event.
    pub(crate) fn messages(&self, name: &str) -> Vec<String> {
        let message = |line: &Value| line["fields"]["message"].as_str().unwrap_or("").to_owned();
        self.events(name).iter().map(message).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}
