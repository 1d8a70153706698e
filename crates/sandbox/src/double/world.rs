//! One request from arrival to journal entry, under the lock.

use std::collections::HashMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Map, Value};

use super::record::{Outcome, Record};
use crate::exchange::{Answer, Manner, Reply, Request};
use crate::fault::{Act, Canned, Chosen, Engine, FaultPlan, Need, OwnFault, Probe};
use crate::journal::{Effect, Sent};
use crate::sandbox::Credentials;
use crate::service::{Done, Handled, Now, Service, Steer, Steered, Subject, Wanted};

/// The data, the faults and the record of a double of one API.
#[derive(Debug)]
pub(crate) struct World<S: Service> {
    service: S,
    faults: Engine,
    record: Record,
    /// Requests that a fault delays, by ticket; a reset forgets them.
    delayed: HashMap<u64, Visit<S::Parsed>>,
    /// Late commits that have not taken place yet, with the number of the request's entry.
    late: HashMap<u64, (Visit<S::Parsed>, u64)>,
    last_ticket: u64,
    /// For plans that name no seed.
    seed: u64,
}

/// A request on its way through the double.
#[derive(Debug)]
pub(crate) struct Visit<P> {
    pub(super) request: Request,
    pub(super) subject: Subject<P>,
    pub(super) scope: Option<String>,
    pub(super) arrived_ms: u64,
    pub(super) fault: Option<(&'static str, usize)>,
}

/// What happens next with a request.
#[derive(Debug)]
pub(crate) enum Step {
    Answer(Answer),
    AnswerAfter { ms: u64, answer: Answer },
    Delay { ms: u64, ticket: u64 },
    Late { after_ms: u64, ticket: u64, answer: Answer },
    Refuse { for_ms: u64 },
}

/// A world, whichever API it is of.
pub(crate) trait Run: std::fmt::Debug + Send {
    /// Takes a request as far as it goes without waiting.
    fn begin(&mut self, request: Request, arrived_ms: u64, now: Now) -> Step;
    /// Handles a request that was delayed. Never asks for another delay.
    fn resume(&mut self, ticket: u64, now: Now) -> Step;
    /// Carries out a late commit, as far as it still can be.
    fn settle_late(&mut self, ticket: u64, now: Now);
    fn pass_time(&mut self, now: Now);
    fn reset(&mut self, now: Now);
    fn audit(&self) -> Value;
    /// What the API holds, and how many commits are still to come.
    fn state(&self, wanted: Wanted) -> Map<String, Value>;
    fn steer(&mut self, steer: &Steer<'_>, now: Now) -> Option<Result<Value, String>>;
    /// The reply to a request that never reached the API: its body cannot be read.
    fn refuse(&mut self, request: &Request, status: StatusCode) -> Reply;
    fn credentials(&self) -> Credentials;
    fn faults(&self) -> &Engine;
    fn set_faults(&mut self, plan: FaultPlan);
    fn record(&mut self) -> &mut Record;
}

impl<S: Service> World<S> {
    pub(crate) fn boxed(service: S, plan: FaultPlan, seed: u64) -> Box<dyn Run> {
        Box::new(World {
            service,
            faults: Engine::new(plan, seed),
            record: Record::new(),
            delayed: HashMap::new(),
            late: HashMap::new(),
            last_ticket: 0,
            seed,
        })
    }

    fn choose(
        &mut self,
        request: &Request,
        subject: &Subject<S::Parsed>,
        now: Now,
    ) -> Option<Chosen> {
        let probe = Probe {
            method: request.method.as_str(),
            path: &request.path,
            query: request.query.as_deref(),
            key: subject.key.as_deref(),
            kind: subject.kind,
        };
        let service = &mut self.service;
        self.faults.choose(probe, now.ms, |need| match need {
            Need::Effect => service.would_take_effect(subject, request, now),
            Need::Session => service.has_session(request, now),
        })
    }

    fn handle(&mut self, visit: &Visit<S::Parsed>, now: Now) -> Handled {
        let n = self.record.journal.next_n();
        self.service.handle(&visit.subject, &visit.request, n, now)
    }

    /// Handles a request in the ordinary way and replies whole.
    fn carry_out(&mut self, visit: &Visit<S::Parsed>, now: Now) -> Step {
        let handled = self.handle(visit, now);
        self.reply(visit, handled, Manner::Whole, Sent::Whole, now)
    }

    fn reply(
        &mut self,
        visit: &Visit<S::Parsed>,
        handled: Handled,
        manner: Manner,
        sent: Sent,
        now: Now,
    ) -> Step {
        let Handled { mut reply, effect, code, done, hold_ms } = handled;
        self.complete(&mut reply, &visit.request);
        let outcome = Outcome { reply: Some(&reply), sent, effect, code, done };
        self.record.request(visit, outcome, now);
        let answer = Answer::Reply(reply, manner);
        if hold_ms > 0 { Step::AnswerAfter { ms: hold_ms, answer } } else { Step::Answer(answer) }
    }

    /// Adds the headers that the API always sends.
    fn complete(&mut self, reply: &mut Reply, request: &Request) {
        for (name, value) in self.service.constant_headers(request) {
            if !reply.headers.iter().any(|(known, _)| *known == name) {
                reply.headers.push((name, value));
            }
        }
    }

    fn meet(&mut self, act: Act, visit: Visit<S::Parsed>, now: Now) -> Step {
        match act {
            Act::Status(canned) | Act::RateLimit { answer: canned, .. } => {
                Step::Answer(self.canned(&visit, &canned, Effect::None, Done::default(), now))
            }
            Act::ResetBeforeRead | Act::ResetBeforeCommit => {
                Step::Answer(self.dropped(&visit, Effect::None, Done::default(), now))
            }
            Act::CommitThenReset => {
                let handled = self.handle(&visit, now);
                Step::Answer(self.dropped(&visit, handled.effect, handled.done, now))
            }
            Act::CommitThenStatus(canned) => {
                let handled = self.handle(&visit, now);
                Step::Answer(self.canned(&visit, &canned, handled.effect, handled.done, now))
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
            Act::Own(fault) => self.strike(fault, &visit, now),
            Act::Delay { ms, after: false } => {
                let ticket = self.ticket();
                self.delayed.insert(ticket, visit);
                Step::Delay { ms, ticket }
            }
            Act::Delay { ms, after: true } => match self.carry_out(&visit, now) {
                Step::Answer(answer) => Step::AnswerAfter { ms, answer },
                step => step,
            },
            Act::LateCommit { after_ms, answer } => self.late(after_ms, answer, visit, now),
            Act::Refuse { for_ms } => {
                self.dropped(&visit, Effect::None, Done::default(), now);
                Step::Refuse { for_ms }
            }
        }
    }

    fn strike(&mut self, fault: OwnFault, visit: &Visit<S::Parsed>, now: Now) -> Step {
        let struck = self.service.strike(fault, &visit.subject, &visit.request, now);
        self.record.settled(struck.settled, now);
        let mut handled = match struck.instead {
            Some(handled) => handled,
            None => self.handle(visit, now),
        };
        self.service.after_strike(fault, &visit.request, &mut handled.reply, now);
        self.reply(visit, handled, Manner::Whole, Sent::Whole, now)
    }

    fn canned(
        &mut self,
        visit: &Visit<S::Parsed>,
        canned: &Canned,
        effect: Effect,
        done: Done,
        now: Now,
    ) -> Answer {
        let (mut reply, manner) = canned.answer(&self.service);
        self.complete(&mut reply, &visit.request);
        let sent = if manner == Manner::Cut { Sent::Cut } else { Sent::Whole };
        let outcome = Outcome { reply: Some(&reply), sent, effect, code: None, done };
        self.record.request(visit, outcome, now);
        Answer::Reply(reply, manner)
    }

    fn dropped(
        &mut self,
        visit: &Visit<S::Parsed>,
        effect: Effect,
        done: Done,
        now: Now,
    ) -> Answer {
        self.record.request(visit, Outcome::silent(effect, None, done), now);
        Answer::Reset
    }

    fn late(
        &mut self,
        after_ms: u64,
        answer: Option<Canned>,
        visit: Visit<S::Parsed>,
        now: Now,
    ) -> Step {
        let n = self.record.journal.next_n();
        let answer = match answer {
            Some(canned) => self.canned(&visit, &canned, Effect::None, Done::default(), now),
            None => self.dropped(&visit, Effect::None, Done::default(), now),
        };
        let ticket = self.ticket();
        self.late.insert(ticket, (visit, n));
        Step::Late { after_ms, ticket, answer }
    }

    fn ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }
}

impl<S: Service> Run for World<S> {
    fn begin(&mut self, request: Request, arrived_ms: u64, now: Now) -> Step {
        let settled = self.service.arrive(now);
        self.record.settled(settled, now);
        let subject = self.service.identify(&request, now);
        let chosen = self.choose(&request, &subject, now);
        let fault = chosen.as_ref().map(|chosen| (chosen.act.kind(), chosen.rule));
        let scope = self.service.scope(&subject);
        let visit = Visit { request, subject, scope, arrived_ms, fault };
        match chosen {
            None => self.carry_out(&visit, now),
            Some(chosen) => self.meet(chosen.act, visit, now),
        }
    }

    fn resume(&mut self, ticket: u64, now: Now) -> Step {
        match self.delayed.remove(&ticket) {
            Some(visit) => self.carry_out(&visit, now),
            None => Step::Answer(Answer::Reset),
        }
    }

    fn settle_late(&mut self, ticket: u64, now: Now) {
        let Some((visit, n)) = self.late.remove(&ticket) else { return };
        let handled = self.service.settle_late(&visit.subject, &visit.request, n, now);
        let outcome = Outcome::silent(handled.effect, handled.code, handled.done);
        self.record.late(&visit, outcome, n, now);
    }

    fn pass_time(&mut self, now: Now) {
        let settled = self.service.pass_time(now);
        self.record.settled(settled, now);
    }

    fn reset(&mut self, now: Now) {
        self.service.reset(now);
        self.faults.restart();
        self.record = Record::new();
        self.delayed.clear();
        self.late.clear();
    }

    fn audit(&self) -> Value {
        let mut audit = self.record.audit.to_map(self.faults.unmet());
        audit.extend(self.service.audit());
        Value::Object(audit)
    }

    fn state(&self, wanted: Wanted) -> Map<String, Value> {
        let mut state = self.service.state(wanted);
        state.insert("late_commits".to_owned(), Value::from(self.late.len()));
        state
    }

    fn steer(&mut self, steer: &Steer<'_>, now: Now) -> Option<Result<Value, String>> {
        let steered = self.service.steer(steer, now)?;
        Some(steered.map(|Steered { value, settled }| {
            self.record.settled(settled, now);
            value
        }))
    }

    fn refuse(&mut self, request: &Request, status: StatusCode) -> Reply {
        let mut reply = self.service.error_reply(status);
        self.complete(&mut reply, request);
        reply
    }

    fn credentials(&self) -> Credentials {
        self.service.credentials()
    }

    fn faults(&self) -> &Engine {
        &self.faults
    }

    fn set_faults(&mut self, plan: FaultPlan) {
        self.faults = Engine::new(plan, self.seed);
    }

    fn record(&mut self) -> &mut Record {
        &mut self.record
    }
}

/// The body with its end replaced by something that no JSON reader accepts.
fn malformed(body: &Bytes) -> Bytes {
    let mut bytes = body.slice(..body.len() / 2).to_vec();
    bytes.extend_from_slice(b"\x00<not json>");
    Bytes::from(bytes)
}
