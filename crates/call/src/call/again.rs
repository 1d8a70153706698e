//! What makes it harmless to send a write again that may have taken effect (DESIGN §3.2).

use std::time::Duration;

use crate::dialect::WriteRetry;
use crate::effect::Effect;
use crate::request::Nature;
use crate::time::Time;

use super::Call;

impl Call {
    /// Why sending it again after an unknown effect cannot do it twice; none if it could.
    ///
    /// A key has to be remembered until the attempt can no longer take effect, which may be after
    /// it was given up, and not only until it begins.
    pub(crate) fn harmless(&self, now: Time) -> Option<&'static str> {
        let longest = self.takes_effect_within();
        match self.nature {
            Nature::Safe => Some("it changes nothing"),
            Nature::Idempotent { .. } => Some("twice has the effect of once"),
            Nature::Once if self.key.as_ref().is_some_and(|key| key.protects(now, longest)) => {
                Some("the API recognises its idempotency key")
            }
            Nature::Once if self.is_refused_a_second_time() => {
                Some("the API refuses a second copy under its natural key")
            }
            Nature::Once => None,
        }
    }

    /// How long after it was sent an attempt may take effect: until it is given up, and then as long
    /// as a write of that resource takes to settle. Where the dialect does not know that time,
    /// as long as an attempt.
    fn takes_effect_within(&self) -> Duration {
        let attempt_ms = self.policy().attempt_timeout_ms;
        let lookup = self.resource().and_then(|resource| resource.lookup.as_ref());
        let settle_ms = lookup.map_or(attempt_ms, |lookup| lookup.settle_ms);
        Duration::from_millis(attempt_ms.saturating_add(settle_ms))
    }

    /// True if it may be sent again: nothing took effect, or twice does no harm, or the user
    /// wished for the letter of a guide that does not ask.
    pub(super) fn may_repeat(&self, now: Time) -> bool {
        self.effect != Effect::Unknown || self.harmless(now).is_some() || self.repeats_unproven()
    }

    /// `write_retry = "always"`: off, unless the user set it.
    pub(super) fn repeats_unproven(&self) -> bool {
        self.dialect.options.write_retry == WriteRetry::Always
    }

    /// The API vouches that it does not take a second copy of what is written here.
    fn is_refused_a_second_time(&self) -> bool {
        let created = self.resource().filter(|resource| resource.unique_key);
        self.options.natural_key.is_some()
            && created.is_some_and(|resource| resource.create.fits(&self.request))
    }

    /// How often it is sent at the most.
    pub(super) fn attempts_max(&self) -> u32 {
        let own = self.dialect.operation_of(&self.request).and_then(|operation| operation.attempts);
        let asked = self.options.attempts.map(|attempts| attempts.max(1));
        self.policy().attempts.min(own.unwrap_or(u32::MAX)).min(asked.unwrap_or(u32::MAX))
    }

    /// True if the record shows whether this operation has been done.
    pub(super) fn shows_when_done(&self) -> bool {
        self.dialect.operation_of(&self.request).is_some_and(|operation| !operation.done.is_empty())
    }

    /// What stands in the way of sending it again, for the rule that ends it.
    pub(super) fn in_doubt_because(&self) -> &'static str {
        match &self.key {
            Some(key) if key.is_honoured() => "its idempotency key is older than the API remembers",
            Some(_) => "the API does not recognise keys on this route",
            None => "nothing can look it up",
        }
    }
}
