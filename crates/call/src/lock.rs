//! Whether a locked run may be hiding a write.
//!
//! While an API holds its tables it accepts writes, queues them, and shows the old state. A
//! look-up that finds nothing then proves nothing. What proves that no run is on is a write
//! that was first sent later and was answered as applied, or one that was queued later and has
//! become visible (DESIGN §3.2): entries apply in the order in which they arrived.

use crate::time::Time;

/// What is known of the lock of an account.
#[derive(Debug, Clone, Default)]
pub struct LockWatch {
    /// The latest first-sent instant of a write that shows the tables free at that time.
    free_at: Option<Time>,
    /// When a write was last answered as queued.
    queued_at: Option<Time>,
}

impl LockWatch {
    /// A write first sent at that instant was answered as applied.
    pub fn applied(&mut self, first_sent_at: Time) {
        self.free_at = self.free_at.max(Some(first_sent_at));
    }

    /// A write was answered as queued.
    pub fn queued(&mut self, now: Time) {
        self.queued_at = self.queued_at.max(Some(now));
    }

    /// A write that was sent at that instant and queued has become visible.
    pub fn visible(&mut self, sent_at: Time) {
        self.free_at = self.free_at.max(Some(sent_at));
    }

    /// True if no run that was on at `instant` can be on any more.
    #[must_use]
    pub fn over_since(&self, instant: Time) -> bool {
        self.free_at.is_some_and(|free| free >= instant)
    }

    /// True if the latest that we know is that writes are being queued.
    #[must_use]
    pub fn is_on(&self) -> bool {
        match (self.queued_at, self.free_at) {
            (Some(queued), Some(free)) => queued > free,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}
