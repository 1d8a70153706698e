//! Waits of our own: exponential, capped, and shortened by chance (full jitter).

use std::time::Duration;

use crate::dialect::{Jitter, Policy};

/// A random draw from `[0, 1)`, made by the driver. The engine draws nothing itself (I8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw(f64);

impl Draw {
    /// Takes a draw; what lies outside `[0, 1)` or is not a number is brought inside.
    #[must_use]
    pub fn new(draw: f64) -> Self {
        Self(if draw.is_finite() { draw.clamp(0.0, 1.0) } else { 0.0 })
    }
}

/// Why we wait, which sets the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A fault: 5xx, no answer.
    Fault,
    /// We were told to slow down.
    Throttle,
}

/// The wait before retry number `retry`, which counts from 1.
#[must_use]
pub fn wait(policy: &Policy, cause: Cause, retry: u32, draw: Draw) -> Duration {
    let base_ms = match cause {
        Cause::Fault => policy.fault_base_ms,
        Cause::Throttle => policy.throttle_base_ms,
    };
    // The exponent is capped before the shift, so that a large count cannot overflow (hazard 37).
    let doublings = retry.saturating_sub(1).min(32);
    let full_ms = base_ms.saturating_mul(1_u64 << doublings).min(policy.wait_cap_ms);
    let full = Duration::from_millis(full_ms);
    match policy.jitter {
        Jitter::None => full,
        Jitter::Full => full.mul_f64(draw.0),
        Jitter::Proportional => full.mul_f64(1.0 + policy.jitter_share * (2.0 * draw.0 - 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, PolicyName};

    #[test]
    fn documented_waits_are_one_two_four_eight_seconds() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let policy = knosc.policy(PolicyName::Documented);
        let waits: Vec<u64> = (1..=6)
            .map(|retry| wait(policy, Cause::Fault, retry, Draw::new(0.3)).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 8, 8]);
        assert_eq!(wait(policy, Cause::Fault, u32::MAX, Draw::new(0.3)).as_secs(), 8);
    }

    #[test]
    fn proportional_jitter_moves_a_wait_by_its_share_at_the_most() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let policy =
            Policy { jitter: Jitter::Proportional, ..knosc.policy(PolicyName::Documented).clone() };
        let drawn = |draw| wait(&policy, Cause::Fault, 2, Draw::new(draw)).as_millis();
        assert_eq!([drawn(0.0), drawn(0.5), drawn(1.0)], [1_800, 2_000, 2_200]);
    }

    #[test]
    fn jitter_only_shortens() {
        let knosc = Dialect::built_in("knosc").unwrap();
        let policy = knosc.policy(PolicyName::Recommended);
        assert_eq!(wait(policy, Cause::Fault, 3, Draw::new(0.0)), Duration::ZERO);
        assert_eq!(wait(policy, Cause::Fault, 3, Draw::new(0.5)), Duration::from_secs(2));
        assert_eq!(wait(policy, Cause::Fault, 3, Draw::new(f64::NAN)), Duration::ZERO);
    }
}
