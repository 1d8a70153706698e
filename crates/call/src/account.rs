use crate::breaker::Breaker;
use crate::budget::Budget;
use crate::class::Class;
use crate::dialect::{Auth, Dialect};
use crate::error::CredentialsKind;
use crate::lock::LockWatch;
use crate::pace::Pace;
use crate::session::{Entry, Generation, Session};
use crate::time::Time;

/// What all calls of an account share: the session, the limit, the retry budget, the breaker,
/// and what is known of the lock. One login at one API is one account.
///
/// Like a call it has no clock and does nothing by itself; the driver hands it to
/// [`Call::step`](crate::Call::step).
#[derive(Debug)]
pub struct Account {
    /// The session.
    pub session: Session,
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
            session: Session::new(!matches!(dialect.auth, Auth::None)),
            lock: LockWatch::default(),
            breaker: Breaker::default(),
            budget: Budget::new(now),
            pace: Pace::new(rate, now),
            calls: 0,
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

    /// Asks to send. `slot`: the place that the call already holds in the pace, so that it is
    /// not queued twice; `paid`: whether its retry has been paid for.
    pub(crate) fn gate(&mut self, now: Time, ticket: &mut Ticket) -> Gate {
        match self.session.entry() {
            Entry::Closed(kind, text) => return Gate::Closed(kind, text),
            Entry::Authenticate(stale) => return Gate::Authenticate(stale),
            Entry::Bind(_) => {}
        }
        if ticket.unpaid {
            if let Err(at) = self.budget.pay(now) {
                return Gate::Wait(at, Why::Budget);
            }
            ticket.unpaid = false;
        }
        let slot = *ticket.slot.get_or_insert_with(|| self.pace.slot(now));
        if slot > now {
            return Gate::Wait(slot, Why::Pace);
        }
        if let Err(at) = self.breaker.permit(now) {
            return Gate::Wait(at, Why::Breaker);
        }
        ticket.slot = None;
        Gate::Go(self.session.current())
    }

    /// Learns from an attempt.
    pub(crate) fn observe(&mut self, call: u64, class: Class, now: Time) {
        let up = !matches!(class, Class::Network | Class::Unavailable | Class::ServerError);
        self.breaker.note(call, up, now);
        match class {
            Class::RateLimited => self.pace.refused(now),
            Class::Ok | Class::Queued | Class::Partial => {
                self.budget.earn();
                self.session.accepted();
            }
            _ if up => self.budget.earn(),
            _ => {}
        }
    }
}

/// What a call holds of its account between asking to send and sending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticket {
    /// The retry has not been paid for yet.
    pub(crate) unpaid: bool,
    /// The place in the pace.
    pub(crate) slot: Option<Time>,
}
