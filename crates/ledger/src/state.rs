//! The life of a delivery as a table: every legal move, and who makes it.
//!
//! The table is the whole truth: the store asks it before it writes, and the SQL that writes names
//! the state it expects to leave, so that a move that is not in the table cannot reach the disk.

use std::fmt;
use std::str::FromStr;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Accepted, and not yet released: its input is still being read or checked.
    Staged,
    /// Released, and to be sent when it is due and its lane is free.
    Waiting,
    /// Claimed by a sender. The intent is on disk; a request may be on its way.
    Sending,
    /// In effect: the API said so, or a look-up showed it.
    Applied,
    /// Accepted by the API and deferred. Never sent again; a look-up may confirm it.
    Queued,
    /// It was queued, and has since been seen in effect.
    Confirmed,
    /// The resource was already there with the same content.
    Existing,
    /// Refused, by the API or by a check before sending, with the reason.
    Rejected,
    /// Sent, and nobody can prove whether it took effect. A person decides.
    Unknown,
    /// Certainly not in effect, and not being tried, with the reason.
    Held,
    /// A person withdrew it before it took effect.
    Cancelled,
}

impl State {
    /// Every state, in the order of a delivery's life.
    pub const ALL: [State; 11] = [
        State::Staged,
        State::Waiting,
        State::Sending,
        State::Applied,
        State::Queued,
        State::Confirmed,
        State::Existing,
        State::Rejected,
        State::Unknown,
        State::Held,
        State::Cancelled,
    ];

    /// The word for this state, as reports and the ledger's own queries use it.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Staged => "staged",
            State::Waiting => "waiting",
            State::Sending => "sending",
            State::Applied => "applied",
            State::Queued => "queued",
            State::Confirmed => "confirmed",
            State::Existing => "existing",
            State::Rejected => "rejected",
            State::Unknown => "unknown",
            State::Held => "held",
            State::Cancelled => "cancelled",
        }
    }

    /// True when no machine will move the delivery any more: only a person, or the same input
    /// delivered again, can. `queued` is not final, because a look-up may still confirm it.
    pub const fn is_final(self) -> bool {
        !matches!(self, State::Staged | State::Waiting | State::Sending | State::Queued)
    }

    /// True while the delivery still has to be sent, or is being sent.
    pub const fn is_open(self) -> bool {
        matches!(self, State::Staged | State::Waiting | State::Sending)
    }

    /// True when a request has left, or may have left, and may be in effect. Such a delivery is
    /// never given other content.
    pub const fn was_sent(self) -> bool {
        matches!(
            self,
            State::Sending
                | State::Applied
                | State::Queued
                | State::Confirmed
                | State::Existing
                | State::Unknown
        )
    }

    /// True for an end that stops the lane behind it unless the lane is told to skip.
    pub const fn is_failed(self) -> bool {
        matches!(self, State::Rejected | State::Unknown | State::Held)
    }

    /// The number that stands for the state in the database. Numbers are never reused.
    pub(crate) const fn code(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_code(code: i64) -> Option<State> {
        usize::try_from(code).ok().and_then(|i| State::ALL.get(i).copied())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<State, UnknownState> {
        State::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// A word that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a state of a delivery; the states are staged, waiting, sending, applied, queued, confirmed, existing, rejected, unknown, held and cancelled"
)]
pub struct UnknownState(pub String);

/// Who makes a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The reader of an input, which accepts, checks and releases deliveries.
    Input,
    /// The sender, which claims a delivery and settles it.
    Sender,
    /// The look-ups after a restart or an unanswered write.
    Reconciler,
    /// The look-ups that follow queued writes until they are seen.
    Confirmer,
    /// A person, by a command or by a choice made beforehand.
    Person,
}

/// One legal move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The state that is left.
    pub from: State,
    /// The state that is reached.
    pub to: State,
    /// Who may make the move.
    pub by: &'static [Actor],
    /// When it is made, in words.
    pub when: &'static str,
}

const fn row(from: State, to: State, by: &'static [Actor], when: &'static str) -> Move {
    Move { from, to, by, when }
}

use Actor::{Confirmer, Input, Person, Reconciler, Sender};
use State::{
    Applied, Cancelled, Confirmed, Existing, Held, Queued, Rejected, Sending, Staged, Unknown,
    Waiting,
};

/// Every legal move. What is not here does not happen.
pub const MOVES: &[Move] = &[
    row(Staged, Staged, &[Input], "the input came again with other content before it was released"),
    row(Staged, Waiting, &[Input], "the whole input was read and checked"),
    row(Staged, Existing, &[Input], "a check before sending found the same resource"),
    row(Staged, Rejected, &[Input], "a check before sending refused it"),
    row(Staged, Held, &[Input], "a person has to look at the input first"),
    row(Staged, Cancelled, &[Person], "withdrawn"),
    row(
        Waiting,
        Staged,
        &[Input],
        "the input came again before it was sent, with other content or to be tried again",
    ),
    row(
        Waiting,
        Waiting,
        &[Input, Person],
        "the input came again with other content, or it is to be sent at another time",
    ),
    row(Waiting, Sending, &[Sender], "due, and its lane is free"),
    row(Waiting, Existing, &[Input, Sender], "a check before sending found the same resource"),
    row(Waiting, Rejected, &[Input, Sender], "a check before sending refused it"),
    row(Waiting, Held, &[Input, Sender], "credentials refused, or parked behind a failed head"),
    row(Waiting, Cancelled, &[Person], "withdrawn"),
    row(Sending, Waiting, &[Sender, Reconciler], "not in effect, and to be sent again later"),
    row(Sending, Applied, &[Sender, Reconciler], "the API said so, or a look-up showed it"),
    row(Sending, Queued, &[Sender, Reconciler], "the API accepted and deferred it"),
    row(Sending, Existing, &[Sender, Reconciler], "the API already had the same resource"),
    row(Sending, Rejected, &[Sender, Reconciler], "the API refused it"),
    row(Sending, Unknown, &[Sender, Reconciler], "sent, and nothing proves what it did"),
    row(Sending, Held, &[Sender, Reconciler], "not in effect, and no longer tried"),
    row(Queued, Queued, &[Confirmer], "looked for, and not seen yet"),
    row(Queued, Confirmed, &[Confirmer], "seen in effect"),
    row(
        Unknown,
        Applied,
        &[Reconciler, Person],
        "a look-up or a person showed that it is in effect",
    ),
    row(Unknown, Existing, &[Reconciler], "a look-up found it, and it may not be ours"),
    row(
        Unknown,
        Waiting,
        &[Reconciler, Person],
        "proven absent, or a person chose to send it again",
    ),
    row(Unknown, Held, &[Reconciler, Person], "proven absent, and not to be sent by machine"),
    row(Held, Staged, &[Input], "the same input was delivered again"),
    row(
        Held,
        Waiting,
        &[Person, Sender, Reconciler],
        "told to try again, or what it was parked behind is settled",
    ),
    row(Held, Rejected, &[Input], "delivered again, and a check refused it"),
    row(Held, Held, &[Input], "delivered again, and held again"),
    row(Held, Cancelled, &[Person], "withdrawn"),
    row(Rejected, Staged, &[Input], "the same or a corrected input was delivered again"),
    row(Rejected, Waiting, &[Person], "told to try again"),
    row(Rejected, Rejected, &[Input], "delivered again, and refused again"),
    row(Rejected, Held, &[Input], "delivered again, and held"),
    row(Rejected, Cancelled, &[Person], "withdrawn, so that its lane is free again"),
    row(Cancelled, Staged, &[Input], "the same input was delivered again"),
    row(Cancelled, Waiting, &[Person], "told to try again"),
    row(Cancelled, Rejected, &[Input], "delivered again, and a check refused it"),
    row(Cancelled, Held, &[Input], "delivered again, and held"),
];

/// The table's row for a move, or `None` when the move is illegal.
pub fn legal(from: State, to: State) -> Option<&'static Move> {
    MOVES.iter().find(|row| row.from == from && row.to == to)
}
