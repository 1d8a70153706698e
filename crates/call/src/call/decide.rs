//! What comes after an attempt, and why. Nothing here changes anything.

use std::time::Duration;

use crate::account::Why;
use crate::backoff::{Cause, Draw, wait};
use crate::class::Class;
use crate::dialect::{Auth, RateLimited, SendAgain};
use crate::effect::Effect;
use crate::error::{CredentialsKind, Kind, Stop};
use crate::failure::Reach;
use crate::request::Nature;
use crate::time::Time;

use super::{Call, Last};

/// What is known when an attempt has ended.
pub(super) struct Situation<'c> {
    pub(super) call: &'c Call,
    /// The call's effect before this attempt.
    pub(super) effect_before: Effect,
    /// The session is newer than the one that the attempt was bound with.
    pub(super) renewed: bool,
    pub(super) now: Time,
    pub(super) draw: Draw,
}

/// What to do next, with the rule that decided it, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// The answer shows the success.
    Succeed { queued: bool, rule: String },
    /// It is gone, as was wished.
    Gone { rule: String },
    /// It ends here.
    Fail { kind: Kind, stop: Stop, rule: String },
    /// Send again after a wait. `free`: it is the cure of a stale session, not a retry.
    SendAgain { after: Duration, why: Why, free: bool, rule: String },
    /// Renew the session, then send again.
    Authenticate { csrf: bool, rule: String },
    /// Find out whether it took effect; a look-up is evidence from then on.
    LookUp { settled_at: Time, rule: String },
    /// Find out whether the duplicate is what we wanted to write.
    Compare { rule: String },
}

impl Decision {
    pub(super) fn rule(&self) -> &str {
        match self {
            Self::Succeed { rule, .. }
            | Self::Gone { rule }
            | Self::Fail { rule, .. }
            | Self::SendAgain { rule, .. }
            | Self::Authenticate { rule, .. }
            | Self::LookUp { rule, .. }
            | Self::Compare { rule } => rule,
        }
    }
}

/// The decision table of DESIGN §3.
pub(super) fn decide(at: &Situation<'_>) -> Decision {
    let (class, again, rule) = match &at.call.last {
        Some(Last::Reply { reading, .. }) => (reading.class, reading.again, reading.rule.clone()),
        Some(Last::Failure(failure)) => (Class::Network, None, failure.text.clone()),
        None => (Class::Unmodelled, None, "nothing was answered".to_owned()),
    };
    if again == Some(SendAgain::Never) && class != Class::Ok && class != Class::Queued {
        return at.refuse(class, rule);
    }
    if again == Some(SendAgain::NotProcessed) {
        return at.send_again(Cause::Throttle, class, rule);
    }
    match class {
        Class::Ok | Class::Partial => Decision::Succeed { queued: false, rule },
        Class::Queued => Decision::Succeed { queued: true, rule },
        Class::Duplicate => at.duplicate(rule),
        Class::NotFound if at.gone_is_done() => Decision::Gone { rule },
        Class::Unauthenticated => at.unauthenticated(rule),
        Class::Csrf => at.csrf(rule),
        Class::CredentialsRejected => {
            let kind = Kind::Credentials(CredentialsKind::Refused);
            Decision::Fail { kind, stop: Stop::Final, rule }
        }
        Class::RateLimited => match at.call.policy().rate_limited {
            RateLimited::NotProcessed => at.send_again(Cause::Throttle, class, rule),
            RateLimited::Never => at.refuse(class, rule),
        },
        Class::InProgress => at.send_again(Cause::Throttle, class, rule),
        Class::Unavailable | Class::ServerError => at.fault(class, rule),
        Class::Network => at.network(rule),
        Class::Unmodelled => at.unmodelled(rule),
        Class::Validation
        | Class::NotFound
        | Class::Conflict
        | Class::IdempotencyMismatch
        | Class::Forbidden
        | Class::QuotaExhausted
        | Class::Declined => at.refuse(class, rule),
    }
}

impl Situation<'_> {
    /// True if sending again cannot do the thing twice.
    fn may_repeat(&self) -> bool {
        match self.call.nature {
            Nature::Safe | Nature::Idempotent { .. } => true,
            Nature::Once => self.call.effect == Effect::None,
        }
    }

    fn gone_is_done(&self) -> bool {
        self.effect_before == Effect::Unknown
            && self.call.nature == Nature::Idempotent { gone_is_done: true }
    }

    /// It ends with a refusal, unless an earlier attempt may have taken effect: a later refusal
    /// does not clear that.
    fn refuse(&self, class: Class, rule: String) -> Decision {
        let kind = match self.call.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Refused(class),
        };
        Decision::Fail { kind, stop: Stop::Final, rule }
    }

    fn duplicate(&self, rule: String) -> Decision {
        if self.call.lookup().is_some() {
            let rule = format!("{rule}: compare it with ours");
            return Decision::Compare { rule };
        }
        self.refuse(Class::Duplicate, rule)
    }

    fn unauthenticated(&self, rule: String) -> Decision {
        let ladder = match &self.call.dialect.auth {
            Auth::None => 0,
            Auth::CookieSession { replays_after_401, .. } => *replays_after_401,
        };
        if self.call.replays_after_401 >= ladder {
            let rule = format!("{rule}; it was sent again after a renewal already");
            return self.refuse(Class::Unauthenticated, rule);
        }
        let rule = match self.renewed {
            true => format!("{rule}; the session is newer by now: send again with it"),
            false => format!("{rule}: renew the session, then send again"),
        };
        Decision::Authenticate { csrf: false, rule }
    }

    fn csrf(&self, rule: String) -> Decision {
        if self.call.csrf_cured {
            return self.refuse(Class::Csrf, format!("{rule}; a fresh token was refused too"));
        }
        let rule = match self.renewed {
            true => format!("{rule}; the session is newer by now: send with its token"),
            false => format!("{rule}: refresh, then send with the new token"),
        };
        Decision::Authenticate { csrf: true, rule }
    }

    fn network(&self, rule: String) -> Decision {
        match &self.call.last {
            Some(Last::Failure(failure)) if failure.reach == Reach::NotSent => {
                self.send_again(Cause::Fault, Class::Network, format!("{rule}: nothing was sent"))
            }
            _ => self.fault(Class::Network, rule),
        }
    }

    /// An answer that does not make sense is not asked for again by a read, unless it calls
    /// itself JSON and is not: then it was damaged on its way. Of a write such an answer says no
    /// more than a fault does.
    fn unmodelled(&self, rule: String) -> Decision {
        if self.call.nature == Nature::Safe && self.is_damaged() {
            return self.send_again(Cause::Fault, Class::Unmodelled, rule);
        }
        if self.call.nature == Nature::Once && self.call.effect == Effect::Unknown {
            return self.fault(Class::Unmodelled, rule);
        }
        let kind = match self.call.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Protocol,
        };
        Decision::Fail { kind, stop: Stop::Final, rule }
    }

    fn is_damaged(&self) -> bool {
        match &self.call.last {
            Some(Last::Reply { reply, .. }) => {
                reply.status.is_success() && !reply.cut && reply.content_type().ends_with("json")
            }
            Some(Last::Failure(_)) | None => false,
        }
    }

    /// It may have taken effect. Send again only what cannot be done twice; else look first.
    fn fault(&self, class: Class, rule: String) -> Decision {
        if self.may_repeat() {
            return self.send_again(Cause::Fault, class, rule);
        }
        match self.call.lookup() {
            Some(lookup) => Decision::LookUp {
                settled_at: self.now + Duration::from_millis(lookup.settle_ms),
                rule: format!("{rule}: it may have taken effect, so look before sending again"),
            },
            None => Decision::Fail {
                kind: Kind::Unknown,
                stop: Stop::Final,
                rule: format!("{rule}: it may have taken effect, and nothing can look it up"),
            },
        }
    }

    fn send_again(&self, cause: Cause, class: Class, rule: String) -> Decision {
        let policy = self.call.policy();
        let hint = match &self.call.last {
            Some(Last::Reply { hint, .. }) => *hint,
            _ => None,
        };
        let end = |stop, rule| {
            let kind = match self.call.effect {
                Effect::Unknown if !matches!(self.call.nature, Nature::Safe) => Kind::Unknown,
                Effect::Unknown | Effect::None | Effect::Applied => Kind::Unreached(class),
            };
            Decision::Fail { kind, stop, rule }
        };
        let sent = self.call.attempts.len() as u32;
        if sent >= policy.attempts {
            return end(Stop::Attempts, format!("{rule}; sent {sent} times, as often as allowed"));
        }
        let own = wait(policy, cause, sent, self.draw);
        let after = own.max(hint.unwrap_or_default());
        let cap = Duration::from_millis(policy.hint_cap_ms);
        if let Some(hint) = hint.filter(|hint| *hint > cap) {
            let rule = format!("{rule}; it asks to wait {} s, longer than we may", hint.as_secs());
            return end(Stop::HintTooLong, rule);
        }
        if self.now + after >= self.call.deadline {
            return end(Stop::Deadline, format!("{rule}; the next try would be past the deadline"));
        }
        let why = match hint {
            Some(hint) if hint >= own => Why::Hint,
            Some(_) | None => Why::Backoff,
        };
        let rule = format!("{rule}: send again in {:.1} s", after.as_secs_f64());
        Decision::SendAgain { after, why, free: false, rule }
    }
}
