//! The double's own clock: real time plus what `POST clock` has advanced it by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 that never go backwards, whatever the system clock does.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    origin_ms: u64,
    advanced_ms: AtomicU64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock {
            origin: Instant::now(),
            origin_ms: since_1970.as_millis() as u64,
            advanced_ms: AtomicU64::new(0),
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        let elapsed_ms = self.origin.elapsed().as_millis() as u64;
        self.origin_ms.saturating_add(elapsed_ms).saturating_add(self.advanced_ms())
    }

    pub(crate) fn advanced_ms(&self) -> u64 {
        self.advanced_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock forward; it cannot be moved back, as tokens and hints count on it.
    pub(crate) fn advance(&self, by_ms: u64) {
        let _ =
            self.advanced_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |advanced_ms| {
                Some(advanced_ms.saturating_add(by_ms).min(MAX_ADVANCE_MS))
            });
    }

    pub(crate) fn reset(&self) {
        self.advanced_ms.store(0, Ordering::Relaxed);
    }

    /// The `Date` header, where it differs from what the HTTP library writes by itself.
    pub(crate) fn shifted_date(&self) -> Option<String> {
        (self.advanced_ms() > 0)
            .then(|| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(self.now_ms())))
    }
}

/// A thousand years: far enough for any test, near enough for every date format.
const MAX_ADVANCE_MS: u64 = 1000 * 365 * 24 * 3600 * 1000;
