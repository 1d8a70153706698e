//! The APIs that have doubles, and what the framework has to know of each before one runs.

use crate::double::Run;
use crate::fault::{FaultPlan, PlanError, Preset};
use crate::options::{Api, Options, Quirk, StartError};
use crate::service::Now;
use crate::{kneo, knosc, operations1, thredfi};

/// A world, or why there is none.
pub(crate) type Started = Result<Box<dyn Run>, StartError>;

/// What there is to know of an API without a double of it.
#[derive(Debug)]
pub(crate) struct Kit {
    /// What follows the host in the base URL.
    pub(crate) base_path: &'static str,
    /// The quirks that its double has.
    pub(crate) quirks: &'static [Quirk],
    /// The kinds of [`OwnFault`](crate::fault::OwnFault) that its double can be struck by.
    pub(crate) faults: &'static [&'static str],
    /// Its own control routes, such as `GET knosc/queue`.
    pub(crate) control_routes: &'static [&'static str],
    /// The text of each preset but `calm`.
    pub(crate) preset: fn(Preset) -> &'static str,
    /// Makes the world of a double.
    pub(crate) start: fn(&Options, Now) -> Started,
}

impl Api {
    pub(crate) fn kit(self) -> &'static Kit {
        match self {
            Api::Knosc => &knosc::KIT,
            Api::Thredfi => &thredfi::KIT,
            Api::Operations1 => &operations1::KIT,
            Api::Kneo => &kneo::KIT,
        }
    }

    /// The quirks that the double of this API has.
    pub fn quirks(self) -> &'static [Quirk] {
        self.kit().quirks
    }

    /// Whether the double of this API has this quirk.
    pub fn has_quirk(self, quirk: Quirk) -> bool {
        self.quirks().contains(&quirk)
    }

    /// Refuses a plan with faults that this API cannot have.
    pub(crate) fn check_plan(self, plan: &FaultPlan) -> Result<(), PlanError> {
        plan.check(self.name(), self.kit().faults)
    }
}

/// Presets for an API without login, lock or keys of its own: faults of every general kind on writes and reads.
pub(crate) fn general_preset(preset: Preset) -> &'static str {
    match preset {
        Preset::Calm => r#"{"faults":[]}"#,
        Preset::RoughDay => include_str!("../presets/general-rough-day.json"),
        Preset::Storm => include_str!("../presets/general-storm.json"),
        Preset::Outage => include_str!("../presets/general-outage.json"),
    }
}
