use std::ops::{Add, Sub};
use std::time::Duration;

/// An instant on the driver's clock: the time since an epoch that the driver chose.
///
/// The engine reads no clock. Whoever drives it says what time it is, which is what lets tests
/// and simulations turn the clock.
///
/// ```
/// use std::time::Duration;
/// use steadfast_call::Time;
/// let start = Time::from_millis(1_000);
/// assert_eq!(start + Duration::from_millis(500) - start, Duration::from_millis(500));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(Duration);

impl Time {
    /// The instant that long after the driver's epoch.
    #[must_use]
    pub const fn since_epoch(duration: Duration) -> Self {
        Self(duration)
    }

    /// The instant that many milliseconds after the driver's epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// How long after the driver's epoch this is.
    #[must_use]
    pub const fn to_duration(self) -> Duration {
        self.0
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub for Time {
    type Output = Duration;

    /// Nothing if the other is later.
    fn sub(self, other: Self) -> Duration {
        self.0.saturating_sub(other.0)
    }
}
