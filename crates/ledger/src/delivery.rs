//! What goes into the ledger and what comes out of it.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::state::State;

macro_rules! row_id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map($name)
            }
        }
    };
}

row_id! {
    /// A delivery's number in its ledger. Later deliveries have larger numbers.
    DeliveryId
}
row_id! {
    /// The number of a run: one command that brought deliveries in.
    RunId
}

/// What a failed head does to the deliveries behind it in its lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ordering {
    /// Those behind it are held until a person has dealt with it.
    #[default]
    Park,
    /// Those behind it go on. The head is not sent again by machine.
    Skip,
}

/// One command that brings deliveries in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The command, for people. No secrets.
    pub command: String,
    /// The name of the input, such as the file's.
    pub source: String,
    /// When it started, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// What a failed head does to those behind it.
    pub ordering: Ordering,
}

/// Why a delivery stands where it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The API's error code, or one of ours, which start with `ledger.` or another room's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The HTTP status, if an answer gave the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The reason in a sentence.
    pub text: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Where the content differs from what is there, one difference each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

impl Reason {
    /// A reason with a sentence and nothing else.
    pub fn new(text: impl Into<String>) -> Reason {
        Reason { text: text.into(), ..Reason::default() }
    }

    /// The same reason with a code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Reason {
        self.code = Some(code.into());
        self
    }

    /// The same reason with what to do about it.
    #[must_use]
    pub fn with_action(mut self, action: impl Into<String>) -> Reason {
        self.action = Some(action.into());
        self
    }
}

/// The state in which a delivery begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// Waits for the rest of its input to be read and checked, and then for
    /// [`release`](crate::Ledger::release).
    #[default]
    Staged,
    /// May be sent at once.
    Waiting(Terms),
    /// Refused before it was sent.
    Rejected(Reason),
    /// Needs a person before it may be sent.
    Held(Reason),
}

/// On what terms a delivery is released.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// A look before the first attempt saw that the resource is not there.
    pub known_absent: bool,
    /// Not to be sent before this instant, in milliseconds since 1970; `None` is at once.
    pub due_at_ms: Option<i64>,
    /// The instant by which it has to end, in milliseconds since 1970.
    pub deadline_at_ms: Option<i64>,
    /// The time allowed from its first claim on, waits included. It sets the deadline when the
    /// delivery is claimed, unless `deadline_at_ms` has set one.
    pub allowance_ms: Option<i64>,
}

/// Something to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The run that brings it in.
    pub run: RunId,
    /// The login that sends it.
    pub account: String,
    /// The kind of thing, as the dialect names it.
    pub resource: String,
    /// The caller's own identifier of the thing at the API.
    pub natural_key: Option<String>,
    /// The value of the column that the user named to tell deliveries apart.
    pub key_of_user: Option<String>,
    /// The sequence it belongs to; without one, the natural key is the lane.
    pub lane: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body's bytes, as they are sent.
    pub body: Vec<u8>,
    /// Headers of the caller's own, by name. No credentials: those are bound when it is sent.
    pub headers: Vec<(String, String)>,
    /// The key by which the API is to recognise a repeat, where it knows such keys, as a client
    /// [fills it in](steadfast::Client::fill_in). It is taken if the delivery has none: one that
    /// has been written down is sent each time that this content is.
    pub idempotency_key: Option<String>,
    /// The lines of the input it was made from, such as `12-14,90`.
    pub lines: String,
    /// The state in which it begins.
    pub initial: Initial,
}

/// What became of a delivery that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new.
    New(DeliveryId),
    /// It is there already with the same content, and counts to the new run from now on.
    Again {
        /// The delivery.
        id: DeliveryId,
        /// The state it is in.
        state: State,
    },
    /// It had not been sent, or had been rejected, held or cancelled; it begins anew, with the
    /// new content if that changed.
    Reopened(DeliveryId),
    /// It was sent with other content, or the same run has other content under the same
    /// identity. The new content has a row of its own, which is not sent.
    Changed {
        /// The row that holds the new content. Its state is `rejected`, with the code
        /// `ledger.changed_after_sending` or `ledger.same_identity_twice`, or what the delivery's
        /// own `initial` said if that was a refusal.
        id: DeliveryId,
        /// The body of the earlier delivery.
        before: Vec<u8>,
        /// The state of the earlier delivery.
        state: State,
    },
}

impl Accepted {
    /// The row that stands for the delivery that was handed in.
    pub fn id(&self) -> DeliveryId {
        match self {
            Accepted::New(id) | Accepted::Reopened(id) => *id,
            Accepted::Again { id, .. } | Accepted::Changed { id, .. } => *id,
        }
    }
}

/// A delivery as the ledger holds it. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// The latest run that brought it in.
    pub run: RunId,
    /// The login that sends it.
    pub account: String,
    /// The kind of thing.
    pub resource: String,
    /// What tells it apart within account and resource; see [`identity`](crate::identity).
    pub identity: String,
    /// The caller's own identifier of the thing at the API.
    pub natural_key: Option<String>,
    /// The sequence it belongs to, if it can share one.
    pub lane: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The body's bytes. Empty when a [`Query`](crate::Query) did not ask for bodies.
    pub body: Vec<u8>,
    /// Headers of the caller's own, by name.
    pub headers: Vec<(String, String)>,
    /// The key by which the API recognises a repeat, if it has one.
    pub idempotency_key: Option<DeliveryKey>,
    /// The lines of the input it was made from.
    pub lines: String,
    /// Where it stands.
    pub state: State,
    /// Why it stands there, where there is something to say.
    pub reason: Option<Reason>,
    /// What the API calls the resource.
    pub resource_id: Option<String>,
    /// The HTTP status of the answer that settled it.
    pub status: Option<u16>,
    /// A look before the first attempt saw that the resource is not there.
    pub known_absent: bool,
    /// How many attempts have been recorded.
    pub attempts: u32,
    /// When it may be sent, while it is waiting.
    pub due_at_ms: Option<i64>,
    /// The instant by which it has to end.
    pub deadline_at_ms: Option<i64>,
    /// When it was first claimed or sent.
    pub first_sent_at_ms: Option<i64>,
    /// When it was last claimed or sent.
    pub last_sent_at_ms: Option<i64>,
    /// When it was accepted.
    pub created_at_ms: i64,
    /// When it last changed its state.
    pub updated_at_ms: i64,
}

/// The idempotency key of a delivery. It belongs to one content: what is refused and comes again, or comes
/// again with other content, is a new operation and gets a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryKey {
    /// The key. It is no secret.
    pub value: String,
    /// When it was drawn, in milliseconds since 1970.
    pub born_at_ms: i64,
    /// When it was first claimed to be sent, in milliseconds since 1970; `None` if it never was. Not later
    /// than the API has known it, so that nobody relies on it for longer than the API remembers it.
    pub sent_at_ms: Option<i64>,
}

impl DeliveryKey {
    /// How long the API may have known it at that instant. A key that was never sent is new, however long
    /// ago it was drawn.
    pub fn age_at(&self, now_ms: i64) -> Duration {
        let age_ms = self.sent_at_ms.map_or(0, |sent_at_ms| now_ms.saturating_sub(sent_at_ms));
        Duration::from_millis(u64::try_from(age_ms).unwrap_or(0))
    }
}

/// How a delivery ends, or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// In effect.
    Applied {
        /// The answer's status; `None` when a look-up showed it.
        status: Option<u16>,
        /// What the API calls the resource.
        resource_id: Option<String>,
    },
    /// Accepted by the API and deferred; or, of one that is queued, looked for and not seen yet.
    Queued {
        /// The answer's status.
        status: Option<u16>,
        /// What there is to say about it.
        reason: Option<Reason>,
    },
    /// The same resource was there.
    Existing {
        /// The answer's status; `None` when a look-up showed it.
        status: Option<u16>,
        /// What the API calls the resource.
        resource_id: Option<String>,
        /// What there is to say about it, such as that it may be ours.
        reason: Option<Reason>,
    },
    /// A queued write was seen in effect.
    Confirmed {
        /// What the API calls the resource.
        resource_id: Option<String>,
    },
    /// Refused.
    Rejected(Reason),
    /// Sent, and nothing proves what it did.
    Unknown(Reason),
    /// Not in effect, and not tried any more.
    Held(Reason),
    /// Not in effect, and to be sent again.
    Waiting {
        /// Not before this instant, in milliseconds since 1970.
        due_at_ms: i64,
        /// What it waits for.
        reason: Option<Reason>,
    },
    /// Withdrawn.
    Cancelled,
}

impl Settlement {
    /// The state that it leads to.
    pub fn state(&self) -> State {
        match self {
            Settlement::Applied { .. } => State::Applied,
            Settlement::Queued { .. } => State::Queued,
            Settlement::Existing { .. } => State::Existing,
            Settlement::Confirmed { .. } => State::Confirmed,
            Settlement::Rejected(_) => State::Rejected,
            Settlement::Unknown(_) => State::Unknown,
            Settlement::Held(_) => State::Held,
            Settlement::Waiting { .. } => State::Waiting,
            Settlement::Cancelled => State::Cancelled,
        }
    }
}

/// What a settlement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The state that was left.
    pub from: State,
    /// The state that was reached. A delivery that was to wait behind a failed head is `held`.
    pub to: State,
    /// How many deliveries behind it in its lane were held because it failed.
    pub parked: u64,
}

/// One attempt as the ledger remembers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRow {
    /// Its number within the delivery, from 1. The ledger numbers attempts itself, across claims.
    pub n: u32,
    /// When it began, in milliseconds since 1970.
    pub started_at_ms: i64,
    /// How long it took.
    pub elapsed_ms: u64,
    /// What it meant, such as `ok` or `unavailable`.
    pub class: String,
    /// The HTTP status, if it was answered.
    pub status: Option<u16>,
    /// The API's error code.
    pub code: Option<String>,
    /// What it did as far as evidence goes: `none`, `applied` or `unknown`.
    pub effect: String,
    /// How long was waited after it.
    pub wait_ms: Option<u64>,
    /// The rule that decided what came next, in words.
    pub rule: Option<String>,
    /// The API's own name for the exchange.
    pub request_id: Option<String>,
}
