use std::collections::BTreeMap;
use std::sync::Arc;

use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::class::Class;
use crate::dialect::Dialect;
use crate::error::CredentialsKind;
use crate::hint::Limit;
use crate::lock::LockWatch;
use crate::pace::Pace;
use crate::principal::Principal;
use crate::session::{Entry, Generation, Session};
use crate::time::Time;

/// What all calls of an account share: the session, the limit, the retry budget, the breaker,
/// and what is known of the lock. One login at one API is one account.
///
/// Like a call it has no clock and does nothing by itself; the driver hands it to
/// [`Call::step`](crate::Call::step).
#[derive(Debug)]
pub struct Account {
    /// The session of the account itself.
    pub session: Session,
    /// Those of resource owners at it, made when one is first needed.
    owners: BTreeMap<Arc<str>, Session>,
    /// What is known of a locked run.
    pub lock: LockWatch,
    breaker: Breaker,
    budget: Budget,
    pace: Pace,
    calls: u64,
}

/// What the account says to a call that wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gate {
    Go(Generation),
    Authenticate(Generation),
    Wait(Time, Why),
    Closed(CredentialsKind, String),
}

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// A wait of our own after a fault.
    Backoff,
    /// The server asked for it.
    Hint,
    /// The breaker is open: the service is not there.
    Breaker,
    /// The server's limit, or the user's.
    Pace,
    /// The retry budget is used up.
    Budget,
    /// The last attempt may still take effect.
    Settle,
    /// A locked run may be hiding the write.
    Lock,
}

impl Why {
    /// What it is, in a few words for a progress line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "after a fault",
            Self::Hint => "as the API asks",
            Self::Breaker => "for the API to come back",
            Self::Pace => "for the API's limit",
            Self::Budget => "for the retry budget",
            Self::Settle => "for an unanswered write to settle",
            Self::Lock => "for proof that no locked run hides a write",
        }
    }
}

impl Account {
    /// An account at an API, without a session yet. `rate`: the most sends a second that the
    /// user allows.
    #[must_use]
    pub fn new(dialect: &Dialect, rate: Option<f64>, now: Time) -> Self {
        Self {
            session: match dialect.auth.token_route() {
                Some(_) => Session::of_tokens(),
                None => Session::new(dialect.auth.has_session()),
            },
            owners: BTreeMap::new(),
            lock: LockWatch::default(),
            breaker: Breaker::default(),
            budget: Budget::new(now),
            pace: Pace::new(rate, now),
            calls: 0,
        }
    }

    /// The session that a principal's calls are bound with.
    pub fn session_of(&mut self, principal: &Principal) -> &mut Session {
        match principal {
            Principal::Account => &mut self.session,
            Principal::Owner(id) => {
                self.owners.entry(Arc::clone(id)).or_insert_with(Session::of_tokens)
            }
        }
    }

    /// True while the service is taken to be away.
    #[must_use]
    pub fn breaker_is_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// The rate that is kept to, in sends a second, once a limit has been met or set.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.pace.rate()
    }

    /// A number of its own for each call.
    pub(crate) fn number_call(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    /// Asks to send with the session of a principal. The ticket keeps what the call holds
    /// already, so that it neither queues nor pays twice. `csrf`: it needs a token that is fetched.
    pub(crate) fn gate(
        &mut self,
        now: Time,
        ticket: &mut Ticket,
        principal: &Principal,
        csrf: bool,
    ) -> Gate {
        let session = self.session_of(principal);
        session.lapse(now);
        let held = session.held_until().filter(|until| now < *until);
        let entry = if csrf { session.entry_with_csrf() } else { session.entry() };
        let current = match (entry, held) {
            (Entry::Closed(kind, text), _) => return Gate::Closed(kind, text),
            (Entry::Authenticate(_), Some(until)) => return Gate::Wait(until, Why::Hint),
            (Entry::Authenticate(stale), None) => {
                // The renewal goes out first, and needs a place before this call does.
                self.give_back_slot(ticket, now);
                return Gate::Authenticate(stale);
            }
            (Entry::Bind(current), _) => current,
        };
        match self.admit(now, ticket) {
            Ok(()) => Gate::Go(current),
            Err((until, why)) => Gate::Wait(until, why),
        }
    }

    /// Asks to send without any session.
    pub(crate) fn gate_without_session(&mut self, now: Time, ticket: &mut Ticket) -> Gate {
        match self.admit(now, ticket) {
            Ok(()) => Gate::Go(Generation::NONE),
            Err((until, why)) => Gate::Wait(until, why),
        }
    }

    /// Asks for a place on the way out: by the breaker, the budget and the pace. Renewals of a
    /// session ask here, too; they are load like any other (DESIGN §3.7).
    ///
    /// # Errors
    /// When to ask again, and what for.
    pub(crate) fn admit(&mut self, now: Time, ticket: &mut Ticket) -> Result<(), (Time, Why)> {
        // The breaker is asked before anything is taken: whoever waits for it must not hold
        // places in the pace, or all of them would go out at once when it closes.
        if let Some(at) = self.breaker.refusal(now) {
            self.give_back_slot(ticket, now);
            return Err((at, Why::Breaker));
        }
        if ticket.unpaid {
            self.budget.pay(now).map_err(|at| (at, Why::Budget))?;
            ticket.unpaid = false;
            ticket.paid = true;
        }
        let slot = match ticket.slot {
            Some((slot, round)) if self.pace.is_of_this_round(round) => slot,
            _ => match self.pace.slot(now, &mut ticket.place) {
                Ok(slot) => ticket.slot.insert((slot, self.pace.round())).0,
                Err(again) => {
                    ticket.slot = None;
                    return Err((again, Why::Pace));
                }
            },
        };
        if slot > now {
            return Err((slot, Why::Pace));
        }
        let probe = self.breaker.permit(now).map_err(|at| (at, Why::Breaker))?;
        *ticket = Ticket { probe, flying: true, ..Ticket::default() };
        Ok(())
    }

    /// Takes back what a call holds that was called off.
    pub(crate) fn give_back(&mut self, ticket: &mut Ticket, now: Time) {
        if ticket.probe {
            self.breaker.release(now);
        }
        if ticket.paid {
            self.budget.give_back();
        }
        if ticket.flying {
            self.pace.ended(false, now, now);
        }
        self.give_back_slot(ticket, now);
        *ticket = Ticket::default();
    }

    fn give_back_slot(&mut self, ticket: &mut Ticket, now: Time) {
        self.pace.leave_queue(&mut ticket.place);
        if ticket.slot.take().is_some_and(|(_, round)| self.pace.is_of_this_round(round)) {
            self.pace.give_back(now);
        }
    }

    /// Learns from an attempt that was bound with that generation of a principal's session.
    pub(crate) fn observe(
        &mut self,
        call: u64,
        (principal, bound): (&Principal, Generation),
        class: Class,
        sent_at: Time,
        now: Time,
    ) {
        let up = self.observe_load(call, class, sent_at, now);
        match class {
            // What is refused before it is looked at earns nothing: under a failure of that
            // kind, too, retries have to dry up (I4).
            Class::RateLimited
            | Class::Unauthenticated
            | Class::Csrf
            | Class::CredentialsRejected
            | Class::InProgress
            | Class::Unmodelled => {}
            _ if up => self.budget.earn(),
            _ => {}
        }
        // Only what the API says after it has looked at the session shows that it took it.
        if matches!(
            class,
            Class::Ok
                | Class::Queued
                | Class::Partial
                | Class::Duplicate
                | Class::Conflict
                | Class::Forbidden
        ) {
            self.session_of(principal).accepted(bound);
        }
    }

    /// What any exchange shows of the service and its limit, those of a renewal included. True if
    /// the service is there.
    pub(crate) fn observe_load(
        &mut self,
        call: u64,
        class: Class,
        sent_at: Time,
        now: Time,
    ) -> bool {
        let up = !matches!(class, Class::Network | Class::Unavailable | Class::ServerError);
        self.breaker.note(call, up, now);
        match class {
            Class::RateLimited => self.pace.refused(sent_at, now),
            // Nobody knows whether it came to the limit.
            Class::Network => self.pace.ended(false, sent_at, now),
            _ => self.pace.ended(true, sent_at, now),
        }
        up
    }
}

impl Account {
    /// Learns what a reply tells of the limit ahead of a refusal.
    pub(crate) fn hear_limit(&mut self, told: Limit, now: Time) {
        if let Some(reset) = told.reset {
            self.pace.hear(told.limit, told.remaining, reset, now);
        }
    }
}

/// What a call holds of its account between asking to send and the end of the attempt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    /// The retry has not been paid for yet.
    pub(crate) unpaid: bool,
    /// The retry has been paid for and not been sent yet.
    pub(crate) paid: bool,
    /// The place in the pace, and the round that it was given away in.
    pub(crate) slot: Option<(Time, u32)>,
    /// The place in the queue for one.
    pub(crate) place: Option<u64>,
    /// The attempt that is on its way is the breaker's probe.
    pub(crate) probe: bool,
    /// An attempt is on its way.
    pub(crate) flying: bool,
}
