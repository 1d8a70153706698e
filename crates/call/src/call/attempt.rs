//! Taking note of how an attempt ended.

use std::time::Duration;

use crate::account::Account;
use crate::backoff::Draw;
use crate::class::Class;
use crate::classify::classify;
use crate::effect::Effect;
use crate::failure::Failure;
use crate::hint;
use crate::outcome::Attempt;
use crate::reply::Reply;
use crate::session::Generation;
use crate::time::Time;

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
        let reading = classify(&self.dialect, &self.request, &reply);
        let status = reply.status.as_u16();
        let effect = match self.nature.is_write() {
            true => Effect::of_reply(reading.class, status),
            false => Effect::None,
        };
        let hint = hint::read(&self.dialect.hints.wait, &reply).wait;
        account.observe(self.number, reading.class, now);
        if self.nature.is_write() {
            match reading.class {
                Class::Ok => account.lock.applied(self.first_sent_at.unwrap_or(sent_at)),
                Class::Queued => account.lock.queued(now),
                _ => {}
            }
        }
        if reading.class == Class::Unauthenticated {
            account.session.refused(bound);
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

    pub(super) fn failed(
        &mut self,
        failure: Failure,
        bound: Generation,
        sent_at: Time,
        now: Time,
        draw: Draw,
        account: &mut Account,
    ) -> Step {
        let effect = match self.nature.is_write() {
            true => Effect::of_failure(failure.reach),
            false => Effect::None,
        };
        account.observe(self.number, Class::Network, now);
        self.remember(sent_at, now, Class::Network, effect, None);
        self.last = Some(Last::Failure(failure));
        self.proceed(bound, now, draw, account)
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
