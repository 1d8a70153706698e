//! How many deliveries are claimed ahead of the calls.

/// So many at the most.
const MANY_MAX: usize = 1_024;

/// How many deliveries are claimed ahead of the calls: as few as will do, since what is claimed
/// and not sent is in doubt after a crash. An API that answers in milliseconds needs more than a
/// slow one, because a claim takes as long as the disk does.
#[derive(Debug)]
pub(super) struct Ahead {
    many: usize,
    ran_dry: bool,
}

impl Ahead {
    /// To begin with, as many as there are calls at the same time.
    pub(super) fn new(concurrency: usize) -> Self {
        Self { many: concurrency, ran_dry: false }
    }

    pub(super) fn many(&self) -> usize {
        self.many
    }

    /// There was room for a call, and its delivery was still being claimed.
    pub(super) fn ran_dry(&mut self) {
        self.ran_dry = true;
    }

    /// So many were claimed. Fewer than were asked for: there are no more, whatever is asked.
    pub(super) fn claimed(&mut self, claimed: usize) {
        if std::mem::take(&mut self.ran_dry) && claimed >= self.many {
            self.many = (self.many * 2).min(MANY_MAX.max(self.many));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_wait_for_the_disk_raise_it_up_to_a_bound() {
        let mut ahead = Ahead::new(16);
        ahead.claimed(16);
        assert_eq!(ahead.many(), 16, "nobody had to wait");
        for raised in [32, 64, 128, 256, 512, 1_024, 1_024] {
            ahead.ran_dry();
            ahead.claimed(ahead.many());
            assert_eq!(ahead.many(), raised);
        }
        ahead.claimed(1_024);
        assert_eq!(ahead.many(), 1_024, "it is said once for each claim");
    }

    #[test]
    fn the_end_of_the_file_does_not_raise_it() {
        let mut ahead = Ahead::new(16);
        ahead.ran_dry();
        ahead.claimed(3);
        assert_eq!(ahead.many(), 16);
    }

    #[test]
    fn it_is_never_lowered() {
        let mut ahead = Ahead::new(2_000);
        ahead.ran_dry();
        ahead.claimed(2_000);
        assert_eq!(ahead.many(), 2_000);
    }
}
