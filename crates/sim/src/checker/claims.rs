//! What callers are told, against what is true (I3, I5, I7).

use std::error::Error as _;

use steadfast::{Effect, Error, Outcome};

use super::{Checker, TICK_MS};
use crate::plan::Kind;
use crate::server::Server;

/// What every secret of a world begins with.
const CANARY: &str = "canary";

impl Checker {
    /// A call ended with that.
    pub(crate) fn claimed(
        &mut self,
        number: u32,
        result: &Result<Outcome, Error>,
        server: &Server,
        now_ms: u64,
    ) {
        self.uncall(number, now_ms);
        if let Err(error) = result {
            self.look_for_secrets(number, error);
        }
        let next = self.exchanges;
        let Some(op) = self.ops.get_mut(&number).filter(|op| op.kind != Kind::Read) else { return };
        let (done, queued) = (!op.effects.is_empty(), op.queued > 0);
        let there = match op.kind {
            Kind::Delete => server.is_gone(number),
            _ => server.has_content_of(number),
        };
        let claim = match result {
            Ok(Outcome::Applied(_)) => (done || there, "applied"),
            Ok(Outcome::Queued(_)) => (op.queued_ever, "queued"),
            Ok(Outcome::Existing(_)) => (there, "existing"),
            Err(error) => match error.effect() {
                Effect::Unknown => return,
                Effect::Applied => (done || queued, "applied"),
                Effect::None => {
                    op.none_before = Some(next);
                    (!done && !queued, "not done")
                }
            },
        };
        if let (false, claim) = claim {
            let text = format!(
                "call {number} is said to be {claim} at {now_ms}; done: {done}, queued: {queued}, \
                 there: {there}"
            );
            self.blame("I3", text);
        }
    }

    /// A call has ended, or its caller went away.
    pub(crate) fn uncall(&mut self, number: u32, now_ms: u64) {
        let ends = self.ops.get_mut(&number).and_then(|op| op.ends_ms.take());
        if let Some(ends) = ends.filter(|ends| now_ms > *ends + TICK_MS) {
            let text = format!("call {number} ends at {now_ms}, and had to by {ends}");
            self.blame("I5", text);
        }
    }

    fn look_for_secrets(&mut self, number: u32, error: &Error) {
        let mut texts = vec![error.to_string(), error.user_message(), error.details().rule.clone()];
        texts.extend(error.details().message.clone());
        texts.extend(error.details().attempts.iter().map(|attempt| attempt.rule.clone()));
        let mut source = error.source();
        while let Some(cause) = source {
            texts.push(cause.to_string());
            source = cause.source();
        }
        if let Some(text) = texts.into_iter().find(|text| text.contains(CANARY)) {
            self.blame("I7", format!("call {number} ends with a secret in its error: {text}"));
        }
    }
}
