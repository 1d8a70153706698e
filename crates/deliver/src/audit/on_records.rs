//! What the double says to claims about replaces and deletes.

use steadfast_call::dialect::Act;

use super::{Claim, Seen};

/// How the double contradicts a claim about a write to a record that was there, if it does.
pub(super) fn contradiction(act: Act, claim: Claim, seen: &Seen) -> Option<String> {
    let verb = if act == Act::Delete { "delete" } else { "replace" };
    match claim {
        Claim::Open | Claim::Unknown => None,
        Claim::Applied | Claim::Confirmed if seen.effects == 0 => {
            Some(format!("no {verb} of ours took effect"))
        }
        Claim::Applied | Claim::Confirmed | Claim::Existing => end_state(act, seen),
        Claim::Queued if seen.in_queue || seen.dropped || seen.effects > 0 => None,
        Claim::Queued => Some(
            "it is neither in the double's queue, nor in effect, nor among what the queue dropped"
                .to_owned(),
        ),
        Claim::Rejected | Claim::Held | Claim::Cancelled if seen.effects > 0 => {
            Some(format!("a {verb} of ours took effect"))
        }
        Claim::Rejected | Claim::Held | Claim::Cancelled if seen.in_queue => {
            Some(format!("a {verb} of ours waits in the double's queue"))
        }
        Claim::Rejected | Claim::Held | Claim::Cancelled => None,
    }
}

/// How what the double holds in the end is not what was wished for.
fn end_state(act: Act, seen: &Seen) -> Option<String> {
    match act {
        Act::Delete => (seen.here > 0).then(|| "the double holds it".to_owned()),
        Act::Create | Act::Replace if seen.here == 0 => {
            Some("the double does not hold it".to_owned())
        }
        Act::Create | Act::Replace => {
            let difference = seen.difference.as_ref()?;
            Some(format!("the double holds other content: {difference}"))
        }
    }
}

#[cfg(test)]
mod tests;
