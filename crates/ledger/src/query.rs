//! What is asked of the ledger, and the figures that come back.

use crate::delivery::{Delivery, DeliveryId, Run, RunId};
use crate::state::State;

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this run; `None` is of any.
    pub run: Option<RunId>,
    /// In one of these states; empty is in any.
    pub states: Vec<State>,
    /// Whose code this pattern matches, `*` standing for any run of characters. The code is the reason's; where it
    /// has none, `HTTP` and the status.
    pub code: Option<String>,
    /// Whose natural key, or key of the user's own, this pattern matches.
    pub key: Option<String>,
    /// After this delivery, for the next page.
    pub after_id: Option<DeliveryId>,
    /// At most this many; 0 is 1,000.
    pub limit: usize,
    /// With their bodies.
    pub with_body: bool,
}

/// How many deliveries stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; State::ALL.len()]);

impl Counts {
    /// How many are in a state.
    pub fn of(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// How many still have to be sent or are being sent.
    pub fn open(&self) -> u64 {
        self.iter().filter(|(state, _)| state.is_open()).map(|(_, n)| n).sum()
    }

    /// Each state with its number, in the order of a delivery's life.
    pub fn iter(&self) -> impl Iterator<Item = (State, u64)> + '_ {
        State::ALL.into_iter().map(|state| (state, self.of(state)))
    }

    pub(crate) fn add(&mut self, state: State, n: u64) {
        self.0[state as usize] += n;
    }

    /// Adds all of another.
    pub(crate) fn add_all(&mut self, other: &Counts) {
        other.iter().for_each(|(state, n)| self.add(state, n));
    }
}

impl FromIterator<State> for Counts {
    fn from_iter<I: IntoIterator<Item = State>>(states: I) -> Counts {
        let mut counts = Counts::default();
        states.into_iter().for_each(|state| counts.add(state, 1));
        counts
    }
}

/// So many deliveries are in one state for one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeCount {
    /// The reason's code; where it has none, `HTTP` and the status; else `None`.
    pub code: Option<String>,
    /// The state.
    pub state: State,
    /// How many they are.
    pub count: u64,
    /// The earliest of them, without its body.
    pub example: Delivery,
}

/// A run, and where its deliveries stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCount {
    /// Its number.
    pub id: RunId,
    /// What it was.
    pub run: Run,
    /// How many of its deliveries are in each state. Those that a later run has brought in again count there.
    pub counts: Counts,
}
