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

/// The plan. `{elsewhere}` becomes the address of another origin, and `nth = "any"` the number of a write that
/// is neither the first nor the last.
pub(crate) fn make(scenario: &Scenario, job: &Job, elsewhere: &str, seed: u64) -> Value {
    let writes = job.steps.iter().filter(|step| step.kind == Kind::Write).count() as u64;
    let mut faults = Value::from(scenario.faults.clone());
    for (index, fault) in faults.as_array_mut().into_iter().flatten().enumerate() {
        if fault["on"]["nth"] == json!("any") {
            let between = writes.saturating_sub(2).max(1);
            fault["on"]["nth"] = json!(2 + draw(seed, index as u64) % between);
        }
        fill(fault, elsewhere);
    }
    json!({ "seed": seed, "faults": faults })
}

fn fill(value: &mut Value, elsewhere: &str) {
    match value {
        Value::String(text) => *text = text.replace("{elsewhere}", elsewhere),
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, elsewhere)),
        Value::Object(members) => members.values_mut().for_each(|value| fill(value, elsewhere)),
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
