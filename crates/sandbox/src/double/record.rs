//! What is written down of a request.

use std::time::{Duration, UNIX_EPOCH};

use crate::audit::Audit;
use crate::double::world::Visit;
use crate::exchange::Reply;
use crate::journal::{Effect, Entry, Journal, Sent};
use crate::service::{Done, Now, Settled};

/// The journal and what follows from it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) journal: Journal,
    pub(crate) audit: Audit,
}

/// What an entry says about the reply.
pub(super) struct Outcome<'a> {
    pub(super) reply: Option<&'a Reply>,
    pub(super) sent: Sent,
    pub(super) effect: Effect,
    pub(super) code: Option<String>,
    pub(super) done: Done,
}

impl Outcome<'_> {
    /// Nothing was sent.
    pub(super) fn silent(effect: Effect, code: Option<String>, done: Done) -> Self {
        Outcome { reply: None, sent: Sent::Nothing, effect, code, done }
    }
}

impl Record {
    pub(super) fn new() -> Self {
        Record { journal: Journal::new(), audit: Audit::default() }
    }

    /// An entry for each write that took effect, or could not, after its request.
    pub(super) fn settled(&mut self, settled: Vec<Settled>, now: Now) {
        for Settled { n: of, method, path, kind, resource, key, result } in settled {
            let effect = if result.is_ok() { Effect::Applied } else { Effect::None };
            let (code, done) = match result {
                Ok(done) => (None, done),
                Err(code) => (Some(code), Done::default()),
            };
            let n = self.journal.next_n();
            let entry = Entry {
                effect,
                resource,
                key,
                code,
                id: done.id,
                gone_with: done.gone_with,
                ..Entry::new(n, method, path, now.ms)
            };
            self.apply(entry, kind, of);
        }
    }

    /// An entry for what became of a late commit.
    pub(super) fn late<P>(&mut self, visit: &Visit<P>, outcome: Outcome<'_>, of: u64, now: Now) {
        let entry = self.entry(visit, outcome, now);
        let entry = Entry { at_ms: now.ms, fault: None, rule: None, ..entry };
        self.apply(entry, visit.subject.kind, of);
    }

    fn apply(&mut self, entry: Entry, of_kind: &'static str, of: u64) {
        let entry = Entry { kind: "apply", of: Some(of), of_kind: Some(of_kind), ..entry };
        self.audit.observe(&entry, None);
        self.journal.push(entry);
    }

    /// An entry for a request.
    pub(super) fn request<P>(&mut self, visit: &Visit<P>, outcome: Outcome<'_>, now: Now) {
        let entry = self.entry(visit, outcome, now);
        tracing::debug!(
            target: "steadfast_sandbox",
            n = entry.n, method = entry.method, path = entry.path, status = entry.status, fault = entry.fault,
        );
        self.audit.observe(&entry, visit.subject.refresh_id.as_deref());
        self.journal.push(entry);
    }

    fn entry<P>(&self, visit: &Visit<P>, outcome: Outcome<'_>, now: Now) -> Entry {
        let Visit { request, subject, scope, arrived_ms, fault } = visit;
        let hint = outcome.reply.and_then(Reply::retry_after);
        let (method, path) = (request.method.as_str().to_owned(), request.path.clone());
        Entry {
            done_ms: now.ms,
            query: request.query.clone(),
            status: outcome.reply.map(|reply| reply.status.as_u16()),
            effect: outcome.effect,
            kind: subject.kind,
            resource: subject.resource,
            key: subject.key.clone(),
            content: request.content(),
            scope: scope.clone(),
            fault: fault.map(|(name, _)| name),
            rule: fault.map(|(_, rule)| rule),
            sent: outcome.sent,
            code: outcome.code,
            id: outcome.done.id,
            gone_with: outcome.done.gone_with,
            user: subject.user.clone(),
            hint_until_ms: hint.and_then(|hint| hint_until(hint, now.ms)),
            ..Entry::new(self.journal.next_n(), method, path, *arrived_ms)
        }
    }
}

/// The instant that a `Retry-After` names; nothing for one that makes no sense.
fn hint_until(hint: &str, now_ms: u64) -> Option<u64> {
    const LONGEST_S: f64 = 1e9;
    if let Ok(seconds) = hint.trim().parse::<f64>() {
        let sane = (0.0..=LONGEST_S).contains(&seconds);
        return sane.then(|| now_ms + (seconds * 1000.0) as u64);
    }
    let instant = httpdate::parse_http_date(hint.trim()).ok()?;
    let since_1970: Duration = instant.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(since_1970.as_millis() as u64)
}
