//! How a call ends.

use crate::account::Account;
use crate::class::Class;
use crate::dialect::{KeyPlace, value_text};
use crate::effect::Effect;
use crate::error::{CredentialsKind, Error, Kind, Stop};
use crate::outcome::{Found, Outcome, Success};
use crate::reply::Reply;
use crate::time::Time;

use super::{Call, Last, State, Step};

impl Call {
    fn done(&mut self, result: Result<Outcome, Error>) -> Step {
        self.state = State::Done;
        Step::Done(Box::new(result))
    }

    /// The API's answer shows the success.
    pub(super) fn end_answered(&mut self, queued: bool, rule: String) -> Step {
        let reply: Option<Reply> = match self.last.take() {
            Some(Last::Reply { reply, .. }) => Some(*reply),
            Some(Last::Failure(_)) | None => None,
        };
        let resource_id = self
            .resource()
            .and_then(|resource| resource.id.as_deref())
            .and_then(|at| reply.as_ref()?.json()?.pointer(at).and_then(value_text));
        let attempts = std::mem::take(&mut self.attempts);
        let success = Success { reply, resource_id, rule, attempts, ..Success::default() };
        self.done(Ok(match queued {
            true => Outcome::Queued(success),
            false => Outcome::Applied(success),
        }))
    }

    /// What was to be deleted is not there, after an attempt of ours that was not answered.
    pub(super) fn end_gone(&mut self, rule: String) -> Step {
        let attempts = std::mem::take(&mut self.attempts);
        let rule = format!("{rule}; gone after an unanswered attempt of ours");
        self.done(Ok(Outcome::Existing(Success {
            may_be_ours: true,
            rule,
            attempts,
            ..Success::default()
        })))
    }

    /// A look-up found one with our key: whose is it, and is it what we wrote? (DESIGN §3.3)
    pub(super) fn end_found(&mut self, found: Found) -> Step {
        let doubted = self.effect == Effect::Unknown;
        if found.copies > 1 {
            let rule = format!("there are {} with this key", found.copies);
            return self.end_differing(found, doubted, rule);
        }
        if !found.differences.is_empty() {
            let rule = "there is one with this key and other content".to_owned();
            return self.end_differing(found, doubted, rule);
        }
        // Absent before our attempt, there after it, and equal: ours. A duplicate that follows a
        // proof of absence takes that back (see `replied`), so it never comes to a claim here.
        let keyed = self.carries_our_key(&found.record);
        let ours = doubted && (self.known_absent || keyed);
        let rule = match (ours, doubted) {
            (true, _) if keyed => "found, equal to ours, and with our idempotency key",
            (true, _) => "found, equal to ours, and known to have been absent before",
            (false, true) => "found, equal to ours; it may be the work of an attempt of ours",
            (false, false) => "there already, equal to ours",
        };
        let success = Success {
            record: Some(found.record),
            resource_id: found.id,
            may_be_ours: doubted && !ours,
            rule: rule.to_owned(),
            attempts: std::mem::take(&mut self.attempts),
            reply: None,
        };
        self.done(Ok(match ours {
            true => Outcome::Applied(success),
            false => Outcome::Existing(success),
        }))
    }

    /// True if the record keeps the key that ours was sent with.
    fn carries_our_key(&self, record: &serde_json::Value) -> bool {
        let (Some(key), Some(contract)) = (&self.key, &self.dialect.idempotency) else {
            return false;
        };
        match &contract.at {
            KeyPlace::Json(pointer) => {
                record.pointer(pointer).and_then(serde_json::Value::as_str) == Some(&key.value)
            }
            KeyPlace::Header(_) | KeyPlace::Query(_) => false,
        }
    }

    fn end_differing(&mut self, found: Found, doubted: bool, rule: String) -> Step {
        let (kind, effect) = match doubted {
            true => (Kind::Differs, Effect::Unknown),
            false => (Kind::Refused(Class::Duplicate), Effect::None),
        };
        self.effect = effect;
        let mut details = self.details(kind, Stop::Final, rule);
        details.differences = found.differences;
        self.done(Err(Error::new(details)))
    }

    pub(super) fn end(&mut self, kind: Kind, stop: Stop, rule: String) -> Step {
        let details = self.details(kind, stop, rule);
        self.done(Err(Error::new(details)))
    }

    /// The API could not be reached, or no step is left; what was sent before decides the kind.
    pub(super) fn end_unreached(&mut self, stop: Stop, rule: &str) -> Step {
        let class = self.attempts.last().map_or(Class::Network, |attempt| attempt.class);
        let kind = match self.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Unreached(class),
        };
        self.end(kind, stop, rule.to_owned())
    }

    /// Nobody gets in any more. What may have taken effect before that is still unknown.
    pub(super) fn end_credentials(&mut self, kind: CredentialsKind, text: String) -> Step {
        let kind = match self.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Credentials(kind),
        };
        let mut details = self.details(kind, Stop::Final, text.clone());
        details.message = Some(text);
        details.code = None;
        self.done(Err(Error::new(details)))
    }

    /// No request can be made of it. What an earlier process sent of it is still in doubt.
    pub(super) fn end_unsendable(
        &mut self,
        text: String,
        now: Time,
        account: &mut Account,
    ) -> Step {
        account.give_back(&mut self.ticket, now);
        let kind = match self.effect {
            Effect::Unknown => Kind::Unknown,
            Effect::None | Effect::Applied => Kind::Unsendable,
        };
        let mut details = self.details(kind, Stop::Final, text.clone());
        details.message = Some(text);
        self.done(Err(Error::new(details)))
    }

    /// Called off. A write that is being sent right now may take effect.
    pub(super) fn cancel(&mut self, now: Time, account: &mut Account) -> Step {
        account.give_back(&mut self.ticket, now);
        if let State::Sending { sent_at, .. } = self.state {
            let effect = match self.nature.is_write() {
                true => Effect::Unknown,
                false => Effect::None,
            };
            self.effect = self.effect.join(effect);
            self.remember(sent_at, now, Class::Network, effect, None);
            if let Some(attempt) = self.attempts.last_mut() {
                attempt.rule = "called off while it was on its way".to_owned();
            }
        }
        self.end_cancelled()
    }

    /// The driver asks once more after the end.
    pub(super) fn end_again(&mut self) -> Step {
        let rule = "the call had ended already; its end was told before".to_owned();
        self.end(Kind::Cancelled, Stop::Final, rule)
    }

    pub(super) fn end_cancelled(&mut self) -> Step {
        let rule = match self.effect {
            Effect::Unknown => "called off; it may have taken effect",
            Effect::None | Effect::Applied => "called off before it took effect",
        };
        self.end(Kind::Cancelled, Stop::Cancelled, rule.to_owned())
    }
}
