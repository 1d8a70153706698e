//! One request from arrival to journal entry, under the lock.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;

use crate::audit::Audit;
use crate::exchange::{Answer, Manner, Reply, Request};
use crate::fault::{Act, Canned, Chosen, Engine, FaultPlan, Need, Probe};
use crate::journal::{Effect, Entry, Journal, Sent};
use crate::knosc::{Done, Handled, Knosc, Now, Settled, Subject};

/// The data, the faults and the record of a double.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) knosc: Knosc,
    pub(crate) faults: Engine,
    pub(crate) journal: Journal,
    audit: Audit,
    /// Counts resets, so that what was started before one does not reach beyond it.
    generation: u64,
    /// Late commits that have not taken place yet.
    late: usize,
    /// For plans that name no seed.
    seed: u64,
}

/// A request on its way through the double.
#[derive(Debug)]
pub(crate) struct Visit {
    request: Request,
    subject: Subject,
    arrived_ms: u64,
    fault: Option<(&'static str, usize)>,
    generation: u64,
}

/// A write that takes effect after its reply.
#[derive(Debug)]
pub(crate) struct Late {
    visit: Visit,
    n: u64,
}

/// What happens next with a request.
#[derive(Debug)]
pub(crate) enum Step {
    Answer(Answer),
    AnswerAfter { ms: u64, answer: Answer },
    Delay { ms: u64, visit: Box<Visit> },
    Late { after_ms: u64, late: Box<Late>, answer: Answer },
    Refuse { for_ms: u64 },
}

/// What an entry says about the reply.
struct Outcome<'a> {
    reply: Option<&'a Reply>,
    sent: Sent,
    effect: Effect,
    code: Option<String>,
    done: Done,
}

impl World {
    pub(crate) fn new(knosc: Knosc, plan: FaultPlan, seed: u64) -> Self {
        let faults = Engine::new(plan, seed);
        World {
            knosc,
            faults,
            journal: Journal::new(),
            audit: Audit::default(),
            generation: 0,
            late: 0,
            seed,
        }
    }

    pub(crate) fn reset(&mut self, now: Now) {
        self.knosc.reset(now);
        self.faults.restart();
        self.journal = Journal::new();
        self.audit = Audit::default();
        self.generation += 1;
        self.late = 0;
    }

    pub(crate) fn audit(&self) -> Value {
        self.audit.to_value(self.faults.unmet())
    }

    pub(crate) fn late_commits(&self) -> usize {
        self.late
    }

    pub(crate) fn set_faults(&mut self, plan: FaultPlan) {
        self.faults = Engine::new(plan, self.seed);
    }

    /// Takes a request as far as it goes without waiting.
    pub(crate) fn begin(&mut self, request: Request, arrived_ms: u64, now: Now) -> Step {
        let settled = self.knosc.count_request(now);
        self.record_settled(settled, now);
        let subject = self.knosc.identify(&request);
        let chosen = self.choose(&request, &subject, now);
        let fault = chosen.as_ref().map(|chosen| (chosen.act.kind(), chosen.rule));
        let visit = Visit { request, subject, arrived_ms, fault, generation: self.generation };
        match chosen {
            None => Step::Answer(self.carry_out(&visit, now)),
            Some(chosen) => self.meet(chosen.act, visit, now),
        }
    }

    fn choose(&mut self, request: &Request, subject: &Subject, now: Now) -> Option<Chosen> {
        let probe = Probe {
            method: request.method.as_str(),
            path: &request.path,
            query: request.query.as_deref(),
            key: subject.key.as_deref(),
            kind: subject.kind(),
        };
        let knosc = &mut self.knosc;
        self.faults.choose(probe, now.ms, |need| match need {
            Need::Effect => knosc.would_take_effect(subject, request, now),
            Need::Session => knosc.presented(request, now).is_some(),
        })
    }

    /// Handles a request in the ordinary way and replies whole.
    pub(crate) fn carry_out(&mut self, visit: &Visit, now: Now) -> Answer {
        if visit.generation != self.generation {
            return Answer::Reset;
        }
        let handled = self.handle(visit, now);
        self.reply(visit, handled, Manner::Whole, Sent::Whole, now)
    }

    fn handle(&mut self, visit: &Visit, now: Now) -> Handled {
        let n = self.journal.next_n();
        self.knosc.handle(&visit.subject, &visit.request, n, now)
    }

    fn reply(
        &mut self,
        visit: &Visit,
        handled: Handled,
        manner: Manner,
        sent: Sent,
        now: Now,
    ) -> Answer {
        let Handled { reply, effect, code, done } = handled;
        self.record(visit, Outcome { reply: Some(&reply), sent, effect, code, done }, now);
        Answer::Reply(reply, manner)
    }

    fn meet(&mut self, act: Act, visit: Visit, now: Now) -> Step {
        Step::Answer(match act {
            Act::Status(canned) | Act::RateLimit { answer: canned, .. } => {
                self.canned(&visit, &canned, Effect::None, Done::default(), now)
            }
            Act::ResetBeforeRead | Act::ResetBeforeCommit => {
                self.dropped(&visit, Effect::None, Done::default(), now)
            }
            Act::CommitThenReset => {
                let handled = self.handle(&visit, now);
                self.dropped(&visit, handled.effect, handled.done, now)
            }
            Act::CommitThenStatus(canned) => {
                let handled = self.handle(&visit, now);
                self.canned(&visit, &canned, handled.effect, handled.done, now)
            }
            Act::TruncateBody => {
                let handled = self.handle(&visit, now);
                self.reply(&visit, handled, Manner::Cut, Sent::Cut, now)
            }
            Act::MalformedBody => {
                let mut handled = self.handle(&visit, now);
                handled.reply.body = malformed(&handled.reply.body);
                self.reply(&visit, handled, Manner::Whole, Sent::Malformed, now)
            }
            Act::Dribble { over_ms } => {
                let handled = self.handle(&visit, now);
                self.reply(&visit, handled, Manner::Dribbled { over_ms }, Sent::Whole, now)
            }
            Act::ExpireAccess | Act::Revoke | Act::RotateCsrf { .. } => {
                self.meet_session(&act, &visit, now)
            }
            Act::Lock { for_requests, for_ms } => {
                self.knosc.lock(for_requests, for_ms.map(|ms| now.ms.saturating_add(ms)));
                self.carry_out(&visit, now)
            }
            Act::Unlock => {
                let settled = self.knosc.unlock();
                self.record_settled(settled, now);
                self.carry_out(&visit, now)
            }
            Act::Delay { ms, after: false } => return Step::Delay { ms, visit: Box::new(visit) },
            Act::Delay { ms, after: true } => {
                return Step::AnswerAfter { ms, answer: self.carry_out(&visit, now) };
            }
            Act::LateCommit { after_ms, answer } => return self.late(after_ms, answer, visit, now),
            Act::Refuse { for_ms } => {
                self.dropped(&visit, Effect::None, Done::default(), now);
                return Step::Refuse { for_ms };
            }
        })
    }

    fn meet_session(&mut self, act: &Act, visit: &Visit, now: Now) -> Answer {
        let claims = self.knosc.presented(&visit.request, now);
        match (act, &claims) {
            (Act::ExpireAccess, Some(claims)) => self.knosc.expire(claims),
            (Act::Revoke, Some(claims)) => self.knosc.revoke(claims, now),
            _ => {}
        }
        let mut handled = self.handle(visit, now);
        if let (Act::RotateCsrf { silent }, Some(claims)) = (act, &claims) {
            self.knosc.rotate_csrf(claims, *silent, &mut handled.reply, now);
        }
        self.reply(visit, handled, Manner::Whole, Sent::Whole, now)
    }

    fn canned(
        &mut self,
        visit: &Visit,
        canned: &Canned,
        effect: Effect,
        done: Done,
        now: Now,
    ) -> Answer {
        let answer = canned.answer();
        if let Answer::Reply(reply, manner) = &answer {
            let sent = if *manner == Manner::Cut { Sent::Cut } else { Sent::Whole };
            self.record(visit, Outcome { reply: Some(reply), sent, effect, code: None, done }, now);
        }
        answer
    }

    fn dropped(&mut self, visit: &Visit, effect: Effect, done: Done, now: Now) -> Answer {
        let outcome = Outcome { reply: None, sent: Sent::Nothing, effect, code: None, done };
        self.record(visit, outcome, now);
        Answer::Reset
    }

    fn late(&mut self, after_ms: u64, answer: Option<Canned>, visit: Visit, now: Now) -> Step {
        let n = self.journal.next_n();
        let answer = match answer {
            Some(canned) => self.canned(&visit, &canned, Effect::None, Done::default(), now),
            None => self.dropped(&visit, Effect::None, Done::default(), now),
        };
        self.late += 1;
        Step::Late { after_ms, late: Box::new(Late { visit, n }), answer }
    }

    /// Carries out a late commit, as far as it still can be.
    pub(crate) fn settle_late(&mut self, late: &Late, now: Now) {
        if late.visit.generation != self.generation {
            return;
        }
        self.late = self.late.saturating_sub(1);
        let visit = &late.visit;
        match self.knosc.settle_late(&visit.subject, &visit.request, late.n) {
            Some(settled) => self.record_settled(vec![settled], now),
            None => {
                let outcome = Outcome {
                    reply: None,
                    sent: Sent::Nothing,
                    effect: Effect::Queued,
                    code: None,
                    done: Done::default(),
                };
                let entry = self.entry(visit, outcome, now);
                let entry = Entry { at_ms: now.ms, fault: None, rule: None, ..entry };
                self.push_apply(entry, visit.subject.kind(), late.n);
            }
        }
    }

    pub(crate) fn end_overdue_lock(&mut self, now: Now) {
        let settled = self.knosc.end_overdue_lock(now);
        self.record_settled(settled, now);
    }

    /// An entry for each write that took effect, or could not, after its request.
    pub(crate) fn record_settled(&mut self, settled: Vec<Settled>, now: Now) {
        for Settled { write, result } in settled {
            let effect = if result.is_ok() { Effect::Applied } else { Effect::None };
            let entry = Entry {
                n: self.journal.next_n(),
                at_ms: now.ms,
                done_ms: now.ms,
                method: write.method,
                path: write.path,
                query: None,
                status: None,
                effect,
                kind: "apply",
                resource: Some(write.op.resource()),
                key: write.key,
                fault: None,
                rule: None,
                sent: Sent::Nothing,
                code: result.as_ref().err().map(|(code, _)| code.clone()),
                id: result.as_ref().ok().and_then(|done| done.id),
                order_gone: result.is_ok_and(|done| done.order_gone),
                user: None,
                hint_until_ms: None,
                of: None,
                of_kind: None,
            };
            self.push_apply(entry, write.op.kind(), write.n);
        }
    }

    fn push_apply(&mut self, entry: Entry, of_kind: &'static str, of: u64) {
        let entry = Entry { kind: "apply", of: Some(of), of_kind: Some(of_kind), ..entry };
        self.audit.observe(&entry, None);
        self.journal.push(entry);
    }

    fn record(&mut self, visit: &Visit, outcome: Outcome<'_>, now: Now) {
        let refresh_id =
            if visit.subject.is_refresh() { self.knosc.refresh_id(&visit.request) } else { None };
        let entry = self.entry(visit, outcome, now);
        tracing::debug!(
            target: "steadfast_sandbox",
            n = entry.n, method = entry.method, path = entry.path, status = entry.status, fault = entry.fault,
        );
        self.audit.observe(&entry, refresh_id);
        self.journal.push(entry);
    }

    fn entry(&mut self, visit: &Visit, outcome: Outcome<'_>, now: Now) -> Entry {
        let Visit { request, subject, .. } = visit;
        Entry {
            n: self.journal.next_n(),
            at_ms: visit.arrived_ms,
            done_ms: now.ms,
            method: request.method.as_str().to_owned(),
            path: request.path.clone(),
            query: request.query.clone(),
            status: outcome.reply.map(|reply| reply.status.as_u16()),
            effect: outcome.effect,
            kind: subject.kind(),
            resource: subject.resource(),
            key: subject.key.clone(),
            fault: visit.fault.map(|(name, _)| name),
            rule: visit.fault.map(|(_, rule)| rule),
            sent: outcome.sent,
            code: outcome.code,
            id: outcome.done.id,
            order_gone: outcome.done.order_gone,
            user: self.knosc.sender(request),
            hint_until_ms: outcome
                .reply
                .and_then(Reply::retry_after)
                .and_then(|hint| hint_until(hint, now.ms)),
            of: None,
            of_kind: None,
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

/// The body with its end replaced by something that no JSON reader accepts.
fn malformed(body: &Bytes) -> Bytes {
    let mut bytes = body.slice(..body.len() / 2).to_vec();
    bytes.extend_from_slice(b"\x00<not json>");
    Bytes::from(bytes)
}
