//! Ready-made fault plans.

use super::FaultPlan;
use crate::options::{Api, named};

named! {
    /// A ready-made fault plan.
    "preset", Preset {
        /// No fault.
        Calm = "calm",
        /// Faults of every kind on fewer than one request in ten, all of which a good client outlives.
        RoughDay = "rough-day",
        /// Each fault on one request in five to ten, a limit on the rate, several locks.
        Storm = "storm",
        /// Calm, but everything is refused for eight seconds in the middle.
        Outage = "outage",
    }
}

impl Preset {
    /// The plan of this preset for an API, with this seed for its draws.
    pub fn plan(self, api: Api, seed: u64) -> FaultPlan {
        if self == Preset::Calm {
            return FaultPlan::none().with_seed(seed);
        }
        let text = (api.kit().preset)(self);
        // A test reads every preset, so none can be wrong here.
        FaultPlan::from_json(text).unwrap_or_else(|_| FaultPlan::none()).with_seed(seed)
    }
}
