//! The fault plan of a scenario, with what only a run can fill in.

use serde_json::{Value, json};

use crate::job::{Job, Kind};
use crate::scenario::Scenario;

/// Faults with such a name need not be met: they are there for clients that come that way.
const OPTIONAL: &str = "perhaps: ";

/// Whether a fault of this name may stay unmet.
pub(crate) fn is_optional(name: &str) -> bool {
    name.starts_with(OPTIONAL)
}

/// What stands for a text in a scenario.
pub(crate) struct Fills<'a> {
    /// The address of another origin.
    pub(crate) elsewhere: &'a str,
    /// A page of a list that never ends.
    pub(crate) endless: String,
    /// A date that is a few seconds ahead.
    pub(crate) date: String,
}

/// The plan. `nth = "any"` becomes the number of a write that is neither the first nor the last, and
/// `nth = "renewal"` that of the first request for a session after those that it begins with.
pub(crate) fn make(
    scenario: &Scenario,
    job: &Job,
    logins: u32,
    fills: &Fills<'_>,
    seed: u64,
) -> Value {
    let writes = job.steps.iter().filter(|step| step.kind == Kind::Write).count() as u64;
    let mut faults = Value::from(scenario.faults.clone());
    for (index, fault) in faults.as_array_mut().into_iter().flatten().enumerate() {
        if fault["on"]["nth"] == json!("any") {
            let between = writes.saturating_sub(2).max(1);
            fault["on"]["nth"] = json!(2 + draw(seed, index as u64) % between);
        }
        if fault["on"]["nth"] == json!("renewal") {
            fault["on"]["nth"] = json!(logins + 1);
        }
        fill(fault, fills);
    }
    json!({ "seed": seed, "faults": faults })
}

fn fill(value: &mut Value, fills: &Fills<'_>) {
    match value {
        Value::String(text) => {
            *text = text
                .replace("{elsewhere}", fills.elsewhere)
                .replace("{endless}", &fills.endless)
                .replace("{date}", &fills.date);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, fills)),
        Value::Object(members) => members.values_mut().for_each(|value| fill(value, fills)),
        _ => {}
    }
}

/// A number that looks drawn, the same for the same seed (the finaliser of SplitMix64).
fn draw(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
