//! Taking note of how an attempt ended.

use std::time::Duration;

use serde_json::Value;

use crate::account::{Account, Ticket};
use crate::backoff::Draw;
use crate::class::Class;
use crate::classify::{Circumstances, Reading, classify_under, said};
use crate::dialect::SendAgain;
use crate::effect::Effect;
use crate::error::CredentialsKind;
use crate::failure::Failure;
use crate::hint;
use crate::outcome::Attempt;
use crate::reply::Reply;
use crate::session::Generation;
use crate::time::Time;

use super::decide::{Situation, decide};
use super::{Call, Last, Step};

impl Call {
    pub(super) fn replied(
        &mut self,
        reply: Reply,
        bound: Generation,
        sent_at: Time,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Step {
        let circumstances = self.circumstances();
        let mut reading = classify_under(&self.dialect, &self.request, &reply, circumstances);
        let status = reply.status.as_u16();
        let effect = self.effect_of(&reading, status);
        if reading.class == Class::Ok && self.is_replayed(&reply) {
            reading.rule.push_str("; it is the stored answer to an earlier attempt");
        }
        let (hinted, limit) =
            hint::read_all(&self.dialect, self.policy(), &self.request, &reply, circumstances);
        for ignored in &hinted.ignored {
            reading.rule.push_str("; ");
            reading.rule.push_str(ignored);
        }
        let hint = hinted.wait;
        self.ticket = Ticket::default();
        account.observe(self.number, (&self.principal, bound), reading.class, sent_at, now);
        if let Some(limit) = limit {
            account.hear_limit(limit, now);
        }
        self.testify(reading.class, &reply, sent_at, now, account);
        if reading.class == Class::Unauthenticated && self.renewal_may_help(&reading) {
            let session = account.session_of(&self.principal);
            match self.dialect.auth.has_static_credentials() {
                true => session.denied(said(&reading, status)),
                false => session.refused(bound),
            }
        }
        if reading.class == Class::CredentialsRejected && !self.options.without_session {
            let session = account.session_of(&self.principal);
            session.close(CredentialsKind::Refused, said(&reading, status));
        }
        if reading.class == Class::Duplicate && self.proven_absent {
            // It was not there after our attempt had settled, and now it is: our attempt took
            // effect later than the dialect says it can, something on the way sent this one
            // twice, or somebody else was faster. The proof is void and the doubt is back.
            self.effect = Effect::Unknown;
            self.known_absent = false;
        }
        self.remember(sent_at, now, reading.class, effect, hint);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.status = Some(status);
            attempt.code.clone_from(&reading.code);
            attempt.request_id.clone_from(&reading.request_id);
        }
        self.last = Some(Last::Reply { reply: Box::new(reply), reading, hint });
        self.proceed(bound, now, draw, account)
    }

    /// What rules may ask for beside the request and the reply.
    pub(super) fn circumstances(&self) -> Circumstances {
        Circumstances { key_sent: self.key.is_some(), policy: self.policy }
    }

    /// What the attempt did, as far as its answer tells.
    fn effect_of(&self, reading: &Reading, status: u16) -> Effect {
        match (reading.class, reading.again, reading.effect) {
            _ if !self.nature.is_write() => Effect::None,
            // Whatever the status: the API says that it did nothing.
            (_, Some(SendAgain::NotProcessed), _) => Effect::None,
            (_, _, Some(effect)) => effect,
            // This attempt did nothing, and another with the same key is about to.
            (Class::InProgress, _, None) if self.key.is_some() => Effect::Unknown,
            (class, _, None) => Effect::of_reply(class, status),
        }
    }

    fn is_replayed(&self, reply: &Reply) -> bool {
        let contract = self.dialect.idempotency.as_ref().filter(|_| self.key.is_some());
        let shown = contract.and_then(|contract| contract.replayed.as_ref());
        shown.is_some_and(|shown| shown.holds(reply))
    }

    /// What the answer shows of the lock. Only writes that a locked run would have queued show
    /// anything, and only an answer that says what was done with them.
    fn testify(
        &self,
        class: Class,
        reply: &Reply,
        sent_at: Time,
        now: Time,
        account: &mut Account,
    ) {
        if !self.nature.is_write() || !self.is_held_by_lock() {
            return;
        }
        match class {
            Class::Ok if reply.json().is_some_and(Value::is_object) => {
                account.lock.applied(self.first_sent_at.unwrap_or(sent_at));
            }
            Class::Queued => account.lock.queued(now),
            _ => {}
        }
    }

    pub(super) fn failed(
        &mut self,
        failure: Failure,
        bound: Generation,
        sent_at: Time,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Step {
        if let Some(answer) = failure.answer() {
            return self.replied(answer, bound, sent_at, now, draw, account);
        }
        let effect = match self.nature.is_write() {
            true => Effect::of_failure(failure.reach),
            false => Effect::None,
        };
        self.ticket = Ticket::default();
        account.observe(self.number, (&self.principal, bound), Class::Network, sent_at, now);
        self.remember(sent_at, now, Class::Network, effect, None);
        self.last = Some(Last::Failure(failure));
        self.proceed(bound, now, draw, account)
    }

    /// Decides what comes next, and does it.
    fn proceed(&mut self, bound: Generation, now: Time, draw: Draw, account: &mut Account) -> Step {
        let before = self.effect;
        let this = self.attempts.last().map_or(Effect::None, |attempt| attempt.effect);
        self.effect = before.join(this);
        let session = account.session_of(&self.principal);
        let decision = decide(&Situation {
            call: self,
            effect_before: before,
            renewed: session.is_newer_than(bound),
            rebuilt: self.parent_refused.is_some_and(|parent| session.parent() > parent),
            now,
            draw,
        });
        if let Some(attempt) = self.attempts.last_mut() {
            decision.rule().clone_into(&mut attempt.rule);
        }
        self.carry_out(decision, bound, now, account)
    }

    pub(super) fn remember(
        &mut self,
        sent_at: Time,
        now: Time,
        class: Class,
        effect: Effect,
        hint: Option<Duration>,
    ) {
        self.attempts.push(Attempt {
            number: self.attempts.len() as u32 + 1,
            sent_at,
            elapsed: now - sent_at,
            class,
            status: None,
            code: None,
            effect,
            hint,
            wait: Duration::ZERO,
            rule: String::new(),
            request_id: None,
        });
    }
}
