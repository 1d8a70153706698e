//! What happens in one world, as data: who calls what and when, and what goes wrong.
//!
//! A plan is drawn from a seed ([`Plan::draw`]) or read from a file. Nothing else is drawn while
//! the world runs but waits and latencies, and those by name (`chance::named`), so that a part
//! can be taken out of a plan and the rest stays what it was. That is what makes shrinking work.

mod draw;
mod fates;

use serde::{Deserialize, Serialize};

use crate::chance::named;

/// One world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// From what latencies and the engine's own draws come.
    pub seed: u64,
    /// The API that is called.
    pub api: Api,
    /// True for the policy to the letter of the API's guide.
    pub documented: bool,
    /// What is odd about the API.
    pub quirks: Quirks,
    /// The calls.
    pub calls: Vec<CallPlan>,
    /// What goes wrong with single exchanges.
    pub faults: Vec<Fault>,
    /// What happens whoever calls.
    pub happenings: Vec<Happening>,
}

/// An API by the means that it gives against doubling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Api {
    /// Cookie session, CSRF, look-ups, locked runs that queue writes. The built-in dialect.
    Knosc,
    /// Idempotency keys: in progress, replays, mismatches, and a time after which they are forgotten.
    Keyed,
    /// A second record under the same natural key is refused, and look-ups.
    Natural,
    /// None at all: a write of unknown effect can be neither repeated nor looked up.
    Bare,
}

/// What is odd about the API, within its contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quirks {
    /// A second record with the same natural key is refused.
    pub unique: bool,
    /// Filters of lists have no effect.
    pub filter_ignored: bool,
    /// No page of a list has more rows.
    pub page_rows_max: Option<u64>,
    /// A session ends so long after it was made.
    pub session_ms: Option<u64>,
    /// How far the API's clock is ahead.
    pub skew_s: i64,
    /// How many requests a second it allows.
    pub limit_per_s: Option<u64>,
    /// The password that the callers have is wrong.
    pub wrong_password: bool,
    /// Error texts quote the caller's credentials.
    pub quotes_secrets: bool,
    /// Everything takes eight times as long.
    pub slow: bool,
    /// How long a write with a key is worked on, so that a repeat meets it in progress.
    #[serde(default)]
    pub works_ms: u64,
    /// A duplicate is answered as a success that says so.
    #[serde(default)]
    pub duplicate_is_200: bool,
    /// Nobody makes a witness write when calls wait for proof.
    pub no_witness: bool,
}

/// One thing that somebody wants done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallPlan {
    /// Its number, which no other call of the plan has.
    pub op: u32,
    /// What is wanted.
    pub kind: Kind,
    /// When the call begins.
    pub at_ms: u64,
    /// How long it may take.
    pub deadline_ms: u64,
    /// The caller says that no such record was there before.
    pub known_absent: bool,
    /// The caller goes away after so long.
    pub cancel_after_ms: Option<u64>,
    /// How often a call that did not end for good is made again.
    pub again: u32,
}

/// What a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A record with a natural key of its own.
    Create,
    /// One in a state in which lists do not show it.
    CreateHidden,
    /// A record without a key, which nothing can look up.
    CreateNameless,
    /// Other content for a record that is there.
    Replace,
    /// A record that is there to be gone.
    Delete,
    /// To read a record.
    Read,
}

impl Api {
    /// True if callers log in.
    pub(crate) fn has_session(self) -> bool {
        self == Self::Knosc
    }

    /// True if records can be found again by their natural keys.
    pub(crate) fn has_look_up(self) -> bool {
        matches!(self, Self::Knosc | Self::Natural)
    }

    /// Where its records are, and those that nothing can look up.
    pub(crate) fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::Knosc => ("/purchase-order", "/item-master"),
            Self::Keyed => ("/payments", "/notes"),
            Self::Natural => ("/orders", "/notes"),
            Self::Bare => ("/things", "/things"),
        }
    }
}

impl Kind {
    /// True if doing it twice does something twice.
    #[must_use]
    pub fn is_once(self) -> bool {
        matches!(self, Self::Create | Self::CreateHidden | Self::CreateNameless)
    }
}

/// What goes wrong with one exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// With which kind of exchange.
    pub on: On,
    /// With which of them, counted from 0.
    pub nth: u32,
    /// What happens to it.
    pub fate: Fate,
}

/// Which exchanges are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum On {
    /// The attempts of a call.
    Op(u32),
    /// Log-ins.
    LogIn,
    /// Refreshes.
    Refresh,
    /// Pages of lists that look-ups read.
    List,
    /// Records that look-ups and witnesses read.
    Record,
    /// Writes of witnesses.
    Witness,
}

impl On {
    pub(crate) fn name(self) -> u64 {
        match self {
            Self::Op(op) => 16 + u64::from(op),
            Self::LogIn => 1,
            Self::Refresh => 2,
            Self::List => 3,
            Self::Record => 4,
            Self::Witness => 5,
        }
    }
}

/// What happens to an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// No connection: nothing leaves.
    Refused,
    /// It never arrives.
    LostBefore {
        /// Nobody says so: the caller waits until its time is up.
        silent: bool,
    },
    /// It is done, and the answer never arrives.
    LostAfter {
        /// As above.
        silent: bool,
    },
    /// It is done so long after the caller gave up.
    Late {
        /// How long, less than the dialect's settle time.
        ms: u64,
        /// As above.
        silent: bool,
    },
    /// The answer takes longer.
    Slow {
        /// By how much.
        ms: u64,
    },
    /// Another answer than the API's own arrives.
    Answer(Answer),
    /// The answer breaks off in its body.
    Cut,
    /// The answer is cut off at the bound.
    Huge,
    /// The session is void when it arrives.
    Expired,
    /// The CSRF value is stale when it arrives.
    StaleCsrf,
}

/// An answer in place of the API's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// True if it was done all the same.
    pub done: bool,
    /// The body.
    pub body: Body,
    /// `Retry-After`, once or more than once.
    pub hints: Vec<Hint>,
}

/// The body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// The API's form of an error.
    Error,
    /// A page for people.
    Html,
    /// Nothing.
    Empty,
    /// Called JSON, and none.
    Garbled,
    /// An HTML page that breaks off.
    HtmlCut,
}

/// A wait that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hint {
    /// So many seconds.
    Seconds(u64),
    /// A date so many seconds from now, on the API's clock.
    Date(u64),
    /// Something that is no hint.
    Text(String),
}

/// What happens whoever calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// When.
    pub at_ms: u64,
    /// What.
    pub what: What,
}

/// What happens whoever calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A run begins and holds the tables.
    Lock,
    /// The run ends; what it queued is done.
    Unlock,
    /// Every session is void.
    Revoke,
    /// Every CSRF value is stale.
    RotateCsrf,
    /// The API is not there.
    Outage {
        /// In which way.
        way: Way,
        /// For how long.
        ms: u64,
    },
    /// Somebody else writes a record under the natural key of that call.
    Stranger {
        /// The call.
        op: u32,
        /// With the same content.
        same: bool,
    },
    /// The callers' process dies, and another one takes over.
    Crash {
        /// After so long.
        restart_ms: u64,
    },
}

/// In which way an API is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// No connection.
    Refused,
    /// No answer.
    Silent,
    /// 503.
    Unavailable,
}

impl Plan {
    /// How long an exchange takes to arrive and to be answered.
    pub(crate) fn latency_ms(&self, on: On, nth: u32) -> (u64, u64) {
        let factor = if self.quirks.slow { 8 } else { 1 };
        let draw = |leg| 1 + named(self.seed, &[on.name(), u64::from(nth), leg]) % 120;
        (draw(0) * factor, draw(1) * factor)
    }

    pub(crate) fn call(&self, op: u32) -> Option<&CallPlan> {
        self.calls.iter().find(|call| call.op == op)
    }
}
