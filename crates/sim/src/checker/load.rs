//! How much a process asks of an API beyond the first attempts of its calls (I4).

/// What may be sent again at once, twice: as much as a full budget, and as much again for what
/// was paid for before and waits for its slot.
const BURST: f64 = 200.0;
/// What time adds each second.
const FLOOR_PER_S: f64 = 10.0;
/// What an answer adds.
const EARNED: f64 = 0.1;
/// Beside what is sent again: look-ups, renewals and witnesses, in the same terms.
const AWAY_BURST: f64 = 300.0;
const AWAY_PER_S: f64 = 20.0;

/// A bucket that the checker fills, and the engine must not empty.
#[derive(Debug)]
pub(super) struct Load {
    level: f64,
    filled_ms: u64,
    away: f64,
    away_filled_ms: u64,
}

impl Default for Load {
    fn default() -> Self {
        Self { level: BURST, filled_ms: 0, away: AWAY_BURST, away_filled_ms: 0 }
    }
}

impl Load {
    /// An exchange begins. `extra`: it is no first attempt. `away`: the API is.
    ///
    /// # Errors
    /// What is wrong, if there are too many.
    pub(super) fn add(
        &mut self,
        now_ms: u64,
        of_call: bool,
        extra: bool,
        away: bool,
    ) -> Result<(), String> {
        if extra && of_call {
            let passed = (now_ms - self.filled_ms) as f64 / 1_000.0;
            self.level = (self.level + passed * FLOOR_PER_S).min(BURST) - 1.0;
            self.filled_ms = now_ms;
            if self.level < -1.0 {
                return Err(format!("more is sent again than the budget allows, at {now_ms}"));
            }
        }
        if !away {
            (self.away, self.away_filled_ms) = (AWAY_BURST, now_ms);
            return Ok(());
        }
        let passed = (now_ms - self.away_filled_ms) as f64 / 1_000.0;
        self.away_filled_ms = now_ms;
        self.away = (self.away + passed * AWAY_PER_S).min(AWAY_BURST);
        // A first attempt pays for a tenth of what may follow it.
        self.away += if extra { -1.0 } else { EARNED };
        match self.away < 0.0 {
            true => Err(format!("the load does not dry up while the API is away, at {now_ms}")),
            false => Ok(()),
        }
    }

    /// An answer came.
    pub(super) fn earn(&mut self) {
        self.level = (self.level + EARNED).min(BURST);
    }
}
