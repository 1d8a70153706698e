//! What comes after an attempt, and why. Nothing here changes anything.

use std::time::Duration;

use crate::account::Why;
use crate::backoff::{Cause, Draw, wait};
use crate::class::Class;
use crate::dialect::{Auth, HintUse, PolicyName, RateLimited, SendAgain};
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
    /// The session of an owner, and the account's own behind it, are both newer than the first
    /// of the call that was refused.
    pub(super) rebuilt: bool,
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
    /// Send again after a pause.
    SendAgain { pause: Pause, rule: String },
    /// Send again after a pause, with a newer session: renew it, unless it is newer already.
    Authenticate { csrf: bool, pause: Pause, rule: String },
    /// Find out whether it took effect; a look-up is evidence from `settled_at` on. If it did
    /// not, it is sent again, and not before the pause is over.
    LookUp { settled_at: Time, pause: Pause, rule: String },
    /// Find out whether the duplicate is what we wanted to write.
    Compare { rule: String },
}

/// How long nothing of the call may be sent, counted from the end of the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) after: Duration,
    pub(super) why: Why,
    /// What the server asked for, if that is longer than the policy allows.
    pub(super) too_long: Option<Duration>,
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
    match (class, again) {
        (Class::Ok | Class::Queued | Class::Partial, _) | (_, None) => {}
        (_, Some(SendAgain::Never)) => return at.refuse(class, rule),
        (_, Some(SendAgain::NotProcessed)) => return at.send_again(Cause::Throttle, class, rule),
        (_, Some(SendAgain::IfSafe)) => return at.fault(class, rule),
    }
    match class {
        Class::Ok => Decision::Succeed { queued: false, rule },
        Class::Partial => Decision::Fail { kind: Kind::Partial, stop: Stop::Final, rule },
        Class::Queued => Decision::Succeed { queued: true, rule },
        Class::Duplicate => at.duplicate(rule),
        Class::NotFound if at.gone_is_done() => Decision::Gone { rule },
        Class::Conflict if at.may_be_done_before() => {
            Decision::Compare { rule: format!("{rule}: see whether it is done already") }
        }
        Class::Unauthenticated => at.unauthenticated(rule),
        Class::Csrf => at.csrf(rule),
        Class::CredentialsRejected => at.no_credentials(CredentialsKind::Refused, rule),
        Class::RateLimited => match at.call.policy().rate_limited {
            RateLimited::NotProcessed => at.send_again(Cause::Throttle, class, rule),
            RateLimited::Never => at.refuse(class, rule),
        },
        Class::InProgress => at.in_progress(rule),
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
    /// True if "not found" is what an earlier attempt of ours wanted. A bare 404 may be anybody's:
    /// a gateway says it too. Where the API's refusals carry a code, this one has to.
    fn gone_is_done(&self) -> bool {
        let said_by_the_api = match &self.call.last {
            Some(Last::Reply { reading, .. }) => {
                reading.code.is_some() || self.call.dialect.reply.code.is_empty()
            }
            Some(Last::Failure(_)) | None => false,
        };
        self.effect_before == Effect::Unknown
            && self.call.nature == Nature::Idempotent { gone_is_done: true }
            && said_by_the_api
    }

    /// True if the state that forbids it may be the work of an earlier attempt of ours, and the
    /// record tells (hazard 25).
    fn may_be_done_before(&self) -> bool {
        self.effect_before == Effect::Unknown && self.call.shows_when_done()
    }

    /// It ends with a refusal, unless an earlier attempt may have taken effect: a later refusal
    /// does not clear that.
    fn refuse(&self, class: Class, rule: String) -> Decision {
        let kind = match self.call.effect {
            Effect::Unknown => return self.in_doubt(Stop::Final, rule),
            Effect::None | Effect::Applied => match class {
                // Not a refusal, though a rule keeps us from trying again.
                Class::Unavailable | Class::ServerError | Class::Network => Kind::Unreached(class),
                Class::Unmodelled => Kind::Protocol,
                class => Kind::Refused(class),
            },
        };
        Decision::Fail { kind, stop: Stop::Final, rule }
    }

    /// It was sent for the last time and may have taken effect. What needed no look to be sent again
    /// gets one now, if it can be looked up: nothing is left in doubt that a look can settle. The
    /// letter of a guide has no such look.
    fn in_doubt(&self, stop: Stop, rule: String) -> Decision {
        let looks = self.call.nature == Nature::Once && self.call.policy == PolicyName::Recommended;
        match self.call.lookup().filter(|_| looks) {
            Some(lookup) => Decision::LookUp {
                settled_at: self.now + Duration::from_millis(lookup.settle_ms),
                pause: self.hinted_pause(),
                rule: format!("{rule}: an earlier attempt may have taken effect, so look"),
            },
            None => Decision::Fail { kind: Kind::Unknown, stop, rule },
        }
    }

    fn no_credentials(&self, kind: CredentialsKind, rule: String) -> Decision {
        let kind = match self.call.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Credentials(kind),
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
        let auth = &self.call.dialect.auth;
        if self.call.is_about_the_session() {
            let rule = format!("{rule}; a session does not help to get a session");
            return self.refuse(Class::Unauthenticated, rule);
        }
        let ladder = auth.replays_after_401();
        let in_vain = self.rebuilt && !self.renewed;
        if in_vain || self.call.replays_after_401 >= ladder {
            let rule = match ladder {
                0 => format!("{rule}; nothing renews these credentials"),
                _ => format!("{rule}; it was sent again after a renewal already"),
            };
            return self.not_let_in(rule);
        }
        let rule = match self.renewed {
            true => format!("{rule}; the session is newer by now: send again with it"),
            false => format!("{rule}: renew the session, then send again"),
        };
        Decision::Authenticate { csrf: false, pause: self.hinted_pause(), rule }
    }

    /// Nothing that can be renewed lets this call in. Of a key or a token that says something of
    /// every other call, too. A session of cookies may have been ended in between by somebody
    /// who logged in elsewhere: the next call may well be let in.
    fn not_let_in(&self, rule: String) -> Decision {
        match &self.call.dialect.auth {
            Auth::CookieSession { .. } => self.refuse(Class::Unauthenticated, rule),
            Auth::ClientCredentials { .. } | Auth::TokenExchange { .. } => {
                self.no_credentials(CredentialsKind::TokenNotTaken, rule)
            }
            Auth::None | Auth::Bearer { .. } | Auth::ApiKey { .. } | Auth::Basic { .. } => {
                self.no_credentials(CredentialsKind::Refused, rule)
            }
        }
    }

    fn csrf(&self, rule: String) -> Decision {
        if self.call.options.without_session {
            return self.refuse(Class::Csrf, format!("{rule}; it is sent without a session"));
        }
        if self.call.csrf_cured {
            return self.refuse(Class::Csrf, format!("{rule}; a fresh token was refused too"));
        }
        let rule = match self.renewed {
            true => format!("{rule}; the session is newer by now: send with its token"),
            false => format!("{rule}: refresh, then send with the new token"),
        };
        Decision::Authenticate { csrf: true, pause: self.hinted_pause(), rule }
    }

    /// The same key is being worked on: what comes of it is asked for later, with the same key
    /// (hazard 20). Without a key of ours somebody else is at it.
    fn in_progress(&self, rule: String) -> Decision {
        match self.call.may_repeat(self.now) {
            true => self.send_again(Cause::Throttle, Class::InProgress, rule),
            false => self.fault(Class::InProgress, rule),
        }
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
        match self.call.effect {
            Effect::Unknown => self.fault(Class::Unmodelled, rule),
            Effect::None | Effect::Applied => {
                Decision::Fail { kind: Kind::Protocol, stop: Stop::Final, rule }
            }
        }
    }

    fn is_damaged(&self) -> bool {
        match &self.call.last {
            Some(Last::Reply { reply, .. }) => {
                reply.status.is_success()
                    && !reply.cut
                    && reply.content_type().ends_with("json")
                    && reply.json().is_none()
            }
            Some(Last::Failure(_)) | None => false,
        }
    }

    /// It may have taken effect. Send again only what cannot be done twice; else look first.
    fn fault(&self, class: Class, rule: String) -> Decision {
        if self.call.may_repeat(self.now) {
            let rule = match (self.call.effect, self.call.harmless(self.now)) {
                (Effect::Unknown, None) => {
                    format!(
                        "{rule}; it may have taken effect, and is sent again as the user wished"
                    )
                }
                (Effect::Unknown, Some(why)) if self.call.nature == Nature::Once => {
                    format!("{rule}; it may have taken effect, but {why}")
                }
                _ => rule,
            };
            return self.send_again(Cause::Fault, class, rule);
        }
        match self.call.lookup() {
            Some(lookup) => Decision::LookUp {
                settled_at: self.now + Duration::from_millis(lookup.settle_ms),
                pause: self.pause(Cause::Fault),
                rule: format!("{rule}: it may have taken effect, so look before sending again"),
            },
            None => Decision::Fail {
                kind: Kind::Unknown,
                stop: Stop::Final,
                rule: format!(
                    "{rule}: it may have taken effect, and {}",
                    self.call.in_doubt_because()
                ),
            },
        }
    }

    fn send_again(&self, cause: Cause, class: Class, rule: String) -> Decision {
        let end = |stop, rule| {
            let kind = match self.call.effect {
                Effect::Unknown => Kind::Unknown,
                Effect::None | Effect::Applied => Kind::Unreached(class),
            };
            Decision::Fail { kind, stop, rule }
        };
        let sent = self.call.tries();
        if sent >= self.call.attempts_max() {
            let rule = format!("{rule}; sent {sent} times, as often as allowed");
            return match self.call.effect {
                Effect::Unknown => self.in_doubt(Stop::Attempts, rule),
                Effect::None | Effect::Applied => end(Stop::Attempts, rule),
            };
        }
        let pause = self.pause(cause);
        if let Some(hint) = pause.too_long {
            let rule = format!("{rule}; it asks to wait {} s, longer than we may", hint.as_secs());
            return end(Stop::HintTooLong, rule);
        }
        if self.now + pause.after >= self.call.deadline {
            return end(Stop::Deadline, format!("{rule}; the next try would be past the deadline"));
        }
        let rule = format!("{rule}: send again in {:.1} s", pause.after.as_secs_f64());
        Decision::SendAgain { pause, rule }
    }

    /// Our own wait, or the server's if that is longer.
    fn pause(&self, cause: Cause) -> Pause {
        let own = wait(self.call.policy(), cause, self.call.tries(), self.draw);
        let hinted = self.hinted_pause();
        let exact = self.call.policy().hint == HintUse::Exact;
        match self.hint().is_some() && (exact || hinted.after >= own) {
            true => hinted,
            false => Pause { after: own, why: Why::Backoff, too_long: None },
        }
    }

    /// The server's wait.
    fn hinted_pause(&self) -> Pause {
        let cap = Duration::from_millis(self.call.policy().hint_cap_ms);
        Pause {
            after: self.hint().unwrap_or_default(),
            why: Why::Hint,
            too_long: self.hint().filter(|hint| *hint > cap),
        }
    }

    fn hint(&self) -> Option<Duration> {
        match &self.call.last {
            Some(Last::Reply { hint, .. }) => *hint,
            Some(Last::Failure(_)) | None => None,
        }
    }
}
