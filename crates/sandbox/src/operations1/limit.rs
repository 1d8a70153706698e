//! The rate limit: a bucket of requests for each token, filled again some time after the first was taken.

use std::collections::HashMap;

/// How long a bucket lasts.
pub(crate) const PERIOD_MS: u64 = 10_000;

#[derive(Debug)]
struct Bucket {
    left: u32,
    full_at_ms: u64,
}

/// The buckets of all tokens.
#[derive(Debug)]
pub(crate) struct Limits {
    requests: u32,
    buckets: HashMap<String, Bucket>,
}

impl Limits {
    /// So many requests in [`PERIOD_MS`] for each token.
    pub(crate) fn new(requests: u32) -> Self {
        Limits { requests, buckets: HashMap::new() }
    }

    /// Whether there is one left; if not, after how many whole seconds there is.
    pub(crate) fn check(&self, token: &str, now_ms: u64) -> Result<(), u64> {
        match self.buckets.get(token) {
            Some(bucket) if bucket.left == 0 && now_ms < bucket.full_at_ms => {
                Err((bucket.full_at_ms - now_ms).div_ceil(1000))
            }
            _ => Ok(()),
        }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, token: &str, now_ms: u64) {
        let fresh = Bucket { left: self.requests, full_at_ms: now_ms + PERIOD_MS };
        let left = match self.buckets.get_mut(token) {
            Some(bucket) => {
                if now_ms >= bucket.full_at_ms {
                    *bucket = fresh;
                }
                &mut bucket.left
            }
            None => &mut self.buckets.entry(token.to_owned()).or_insert(fresh).left,
        };
        *left = left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_so_many_requests_in_ten_seconds() {
        let mut limits = Limits::new(100);
        let start_ms = 1_000_000;
        for n in 0..100 {
            assert_eq!(limits.check("a", start_ms + n * 70), Ok(()), "{n}");
            limits.take("a", start_ms + n * 70);
        }
        // The 101st comes seven seconds after the first.
        assert_eq!(limits.check("a", start_ms + 7_000), Err(3));
        assert_eq!(limits.check("a", start_ms + 7_001), Err(3), "rounded up");
        assert_eq!(limits.check("a", start_ms + 9_999), Err(1));
        assert_eq!(limits.check("b", start_ms + 7_000), Ok(()), "another token");
        assert_eq!(limits.check("a", start_ms + 10_000), Ok(()));
        limits.take("a", start_ms + 10_000);
        assert_eq!(limits.buckets["a"].left, 99);
    }
}
