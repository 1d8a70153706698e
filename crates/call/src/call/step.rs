//! What goes into the machine, and what comes out of it.

use std::time::Duration;

use crate::account::Why;
use crate::authentication::AuthFailure;
use crate::error::Error;
use crate::failure::Failure;
use crate::outcome::{LookUp, Outcome};
use crate::reply::Reply;
use crate::session::Generation;
use crate::time::Time;

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The call begins.
    Started,
    /// The attempt was answered.
    Replied(Reply),
    /// The attempt was not answered.
    Failed(Failure),
    /// There is a newer session.
    Authenticated,
    /// There is none to be had.
    AuthFailed(AuthFailure),
    /// The look-up ended.
    LookedUp(LookUp),
    /// The wait is over.
    Woke,
    /// The caller calls it off.
    Cancelled,
    /// The call cannot be made into a request, however often one tries: what is wrong, and what
    /// to do.
    Unsendable(String),
}

/// What the driver does next. Whatever it is, it has to end by [`Call::deadline`]: a renewal or
/// a look-up that has not ended by then is reported as
/// [`AuthFailure::Unreached`] or [`LookUp::CannotTell`].
///
/// [`Call::deadline`]: crate::Call::deadline
#[derive(Debug)]
pub enum Step {
    /// Send the request, bound with the credentials of this generation, and give up after
    /// `timeout`.
    Send {
        /// The generation to bind with.
        generation: Generation,
        /// The longest that this attempt may take.
        timeout: Duration,
        /// The attempt's number, counted from 1.
        attempt: u32,
    },
    /// Renew the session, unless it is newer than `stale` already.
    Authenticate {
        /// The generation that is of no use.
        stale: Generation,
    },
    /// Look for the resource that the call is about.
    LookUp,
    /// Wait.
    WaitUntil {
        /// Until when.
        until: Time,
        /// For what.
        why: Why,
    },
    /// The call has ended.
    Done(Box<Result<Outcome, Error>>),
}
