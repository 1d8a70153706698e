//! Moments that look random and are the same each time for a seed.

use std::time::Duration;

/// The shortest and the longest life of a run that is killed.
const SHORTEST_MS: f64 = 20.0;
const LONGEST_MS: f64 = 2_500.0;
/// One run in so many lives longer: long enough to find out what became of what was in doubt, for
/// which it has to wait until no late write can still take effect.
const LONG_EVERY: u64 = 6;
const LONG_MS: f64 = 7_000.0;

pub(crate) struct Moments(u64);

impl Moments {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// How long the next run lives. Each power of two is as likely as any other, since a run does much
    /// more in its first milliseconds than in any later ones.
    pub(super) fn next(&mut self) -> Duration {
        let longest = if self.draw().is_multiple_of(LONG_EVERY) { LONG_MS } else { LONGEST_MS };
        let share = (self.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::from_secs_f64(SHORTEST_MS * (longest / SHORTEST_MS).powf(share) / 1e3)
    }

    /// A moment within so long, each as likely as any other.
    pub(crate) fn within(&mut self, longest: Duration) -> Duration {
        let share = (self.draw() >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::from_millis(20) + longest.mul_f64(share)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
