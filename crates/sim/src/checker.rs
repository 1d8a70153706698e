//! Holds what the engine does and claims against what is true, after every event.
//!
//! It knows the invariants and nothing of how the engine keeps them. The first violation is kept.

mod claims;
mod load;

use std::collections::HashMap;

use crate::plan::{Kind, On, Plan};
use crate::server::Effect;
use load::Load;

/// An invariant of ours that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which, as ARCHITECTURE.md numbers them.
    pub invariant: &'static str,
    /// What happened.
    pub text: String,
}

/// What is known of a call, over all the times it is made.
#[derive(Debug)]
struct Op {
    kind: Kind,
    /// The call is being made, and has to end by then.
    ends_ms: Option<u64>,
    /// It has been made before: even its first attempt is one more.
    made_before: bool,
    sends: u32,
    held_until_ms: u64,
    /// Which exchanges took effect.
    effects: Vec<u64>,
    queued: u32,
    queued_ever: bool,
    /// It was said that nothing was done, by exchanges before this one.
    none_before: Option<u64>,
}

/// What is known of a process of callers.
#[derive(Debug, Default)]
struct Process {
    auth_in_flight: u32,
    login_refused: bool,
    session: Option<usize>,
    load: Load,
    /// Until when which read may not be asked for again.
    held_until_ms: HashMap<String, u64>,
}

/// An exchange that begins.
pub(crate) struct Begun<'b> {
    pub(crate) exchange: u64,
    pub(crate) process: usize,
    pub(crate) on: On,
    /// Method, path and query.
    pub(crate) what: &'b str,
    pub(crate) now_ms: u64,
    /// True if the newest session of that process has not been refused.
    pub(crate) session_holds: bool,
    /// The API is away.
    pub(crate) away: bool,
}

/// What arrived at a caller.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arrived {
    pub(crate) hint_ms: Option<u64>,
    /// An answer that was read to its end.
    pub(crate) whole: bool,
    pub(crate) status: u16,
    pub(crate) session: Option<usize>,
}

pub(crate) struct Checker {
    ops: HashMap<u32, Op>,
    processes: Vec<Process>,
    /// The most that one call may send.
    sends_max: u32,
    exchanges: u64,
    pub(crate) violation: Option<Violation>,
}

impl Checker {
    pub(crate) fn new(plan: &Plan, sends_max: u32) -> Self {
        let op = |kind| Op {
            kind,
            ends_ms: None,
            made_before: false,
            sends: 0,
            held_until_ms: 0,
            effects: Vec::new(),
            queued: 0,
            queued_ever: false,
            none_before: None,
        };
        Self {
            ops: plan.calls.iter().map(|call| (call.op, op(call.kind))).collect(),
            processes: vec![Process::default(), Process::default()],
            sends_max,
            exchanges: 0,
            violation: None,
        }
    }

    pub(crate) fn blame(&mut self, invariant: &'static str, text: String) {
        self.violation.get_or_insert(Violation { invariant, text });
    }

    /// The newest session that a process was given.
    pub(crate) fn session_of(&self, process: usize) -> Option<usize> {
        self.processes[process].session
    }

    /// A call begins.
    pub(crate) fn called(&mut self, op: u32, ends_ms: u64, made_before: bool) {
        if let Some(op) = self.ops.get_mut(&op) {
            op.ends_ms = Some(ends_ms);
            op.made_before = made_before;
            op.sends = 0;
            op.held_until_ms = 0;
        }
    }

    pub(crate) fn began(&mut self, begun: &Begun<'_>) {
        self.exchanges = self.exchanges.max(begun.exchange + 1);
        let Begun { now_ms, process, .. } = *begun;
        let extra = match begun.on {
            On::Op(op) => self.attempt_began(op, begun),
            On::LogIn | On::Refresh => {
                self.renewal_began(begun);
                true
            }
            On::List | On::Record | On::Witness => true,
        };
        if !matches!(begun.on, On::Op(_)) {
            let until = self.processes[process].held_until_ms.get(begun.what).copied();
            if let Some(until) = until.filter(|until| now_ms < *until) {
                let text = format!("{} is asked at {now_ms}, held until {until}", begun.what);
                self.blame("I5", text);
            }
        }
        let load = &mut self.processes[process].load;
        if let Err(text) = load.add(now_ms, matches!(begun.on, On::Op(_)), extra, begun.away) {
            self.blame("I4", text);
        }
    }

    /// True if it is not the first attempt of its call.
    fn attempt_began(&mut self, number: u32, begun: &Begun<'_>) -> bool {
        let (now_ms, most) = (begun.now_ms, self.sends_max);
        let Some(op) = self.ops.get_mut(&number) else { return false };
        op.sends += 1;
        let (sends, held, ends) = (op.sends, op.held_until_ms, op.ends_ms);
        let extra = sends > 1 || op.made_before;
        if ends.is_none_or(|ends| now_ms >= ends) {
            self.blame("I5", format!("call {number} is sent at {now_ms}, to end by {ends:?}"));
        }
        if now_ms < held {
            self.blame("I5", format!("call {number} is sent at {now_ms}, held until {held}"));
        }
        if sends > most {
            self.blame("I4", format!("call {number} is sent {sends} times"));
        }
        extra
    }

    fn renewal_began(&mut self, begun: &Begun<'_>) {
        let Begun { process, now_ms, .. } = *begun;
        let held = &mut self.processes[process];
        held.auth_in_flight += 1;
        let (in_flight, refused) = (held.auth_in_flight, held.login_refused);
        if in_flight > 1 {
            self.blame("I6", format!("{in_flight} renewals are in flight at {now_ms}"));
        }
        if refused && begun.on == On::LogIn {
            self.blame("I6", format!("a log-in that was refused is repeated at {now_ms}"));
        }
        if begun.session_holds {
            let text = format!("a session that nobody refused is renewed at {now_ms}");
            self.blame("I6", text);
        }
    }

    /// An answer arrived at the caller, or a part of one.
    pub(crate) fn arrived(&mut self, begun: &Begun<'_>, arrived: Arrived) {
        let Begun { process, now_ms, .. } = *begun;
        let until = now_ms + arrived.hint_ms.unwrap_or(0);
        let held = &mut self.processes[process];
        if arrived.whole && arrived.status < 500 && arrived.status != 429 {
            held.load.earn();
        }
        match begun.on {
            On::Op(op) => {
                if let Some(op) = self.ops.get_mut(&op) {
                    op.held_until_ms = op.held_until_ms.max(until);
                }
                return;
            }
            On::LogIn | On::Refresh => {
                if let (true, Some(session)) = (arrived.whole, arrived.session) {
                    held.session = Some(session);
                }
                let refused = matches!(arrived.status, 400..=403 | 406 | 407);
                if begun.on == On::LogIn && refused {
                    held.login_refused = true;
                }
            }
            On::List | On::Record | On::Witness => {}
        }
        if arrived.hint_ms.is_some() {
            held.held_until_ms.insert(begun.what.to_owned(), until);
        }
    }

    /// The caller has the answer, or gave up.
    pub(crate) fn ended(&mut self, begun: &Begun<'_>) {
        let Begun { process, now_ms, .. } = *begun;
        match begun.on {
            On::LogIn | On::Refresh => {
                let held = &mut self.processes[process];
                held.auth_in_flight = held.auth_in_flight.saturating_sub(1);
            }
            On::Op(number) => {
                let ends = self.ops.get(&number).and_then(|op| op.ends_ms);
                if let Some(ends) = ends.filter(|ends| now_ms > *ends + TICK_MS) {
                    let text =
                        format!("an attempt of call {number} ends at {now_ms}, after {ends}");
                    self.blame("I5", text);
                }
            }
            On::List | On::Record | On::Witness => {}
        }
    }

    /// Something took effect at the API.
    pub(crate) fn took_effect(&mut self, effect: Effect, now_ms: u64) {
        let Some((number, op)) =
            effect.op.and_then(|number| Some((number, self.ops.get_mut(&number)?)))
        else {
            return;
        };
        match (effect.queued, effect.from_queue) {
            (true, _) => {
                op.queued += 1;
                op.queued_ever = true;
            }
            (false, true) => {
                op.queued = op.queued.saturating_sub(1);
                op.effects.push(effect.exchange);
            }
            (false, false) => op.effects.push(effect.exchange),
        }
        let times = op.effects.len();
        let once = op.kind.is_once();
        let denied = op.none_before.is_some_and(|next| effect.exchange < next);
        if once && times > 1 {
            self.blame("I1", format!("call {number} took effect {times} times, at {now_ms}"));
        }
        if denied {
            let text = format!("call {number} was said not to be done, and is at {now_ms}");
            self.blame("I3", text);
        }
    }

    /// A queued write that is refused when the run ends.
    pub(crate) fn queue_ended(&mut self) {
        self.ops.values_mut().for_each(|op| op.queued = 0);
    }
}

/// Timers go by milliseconds, rounded up.
pub(crate) const TICK_MS: u64 = 1;
