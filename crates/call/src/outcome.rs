use std::time::Duration;

use serde_json::Value;

use crate::class::Class;
use crate::compare::Difference;
use crate::effect::Effect;
use crate::error::{Details, Error, Kind, Stop};
use crate::reply::Reply;
use crate::time::Time;

/// How a call ended well.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It took effect: the API said so, or a look-up showed it.
    Applied(Success),
    /// The API accepted it and will apply it later. Never send it again; confirm it by reading.
    Queued(Success),
    /// What we wanted to write was there already, with the same content.
    Existing(Success),
}

impl Outcome {
    /// The outcome in one word, as tables and JSON write it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::Queued(_) => "queued",
            Self::Existing(_) => "existing",
        }
    }

    /// What is known of the success.
    #[must_use]
    pub fn success(&self) -> &Success {
        match self {
            Self::Applied(success) | Self::Queued(success) | Self::Existing(success) => success,
        }
    }

    /// The same, taken out.
    #[must_use]
    pub fn into_success(self) -> Success {
        match self {
            Self::Applied(success) | Self::Queued(success) | Self::Existing(success) => success,
        }
    }
}

/// What is known of a success.
#[derive(Debug, Clone, Default)]
pub struct Success {
    /// The API's own answer, if it is what showed the success.
    pub reply: Option<Reply>,
    /// The record as a look-up found it, if that is what showed the success.
    pub record: Option<Value>,
    /// The id of the resource, if either told it.
    pub resource_id: Option<String>,
    /// True if an existing resource may be the work of our own unanswered attempt.
    pub may_be_ours: bool,
    /// The rule that decided, in words.
    pub rule: String,
    /// Every attempt that was made.
    pub attempts: Vec<Attempt>,
}

impl Success {
    /// An error that keeps this success, for a caller who cannot use what it holds (N17). The
    /// effect is what is known of the call, and the text says what is wrong with the answer.
    #[must_use]
    pub fn into_error(self, effect: Effect, text: String) -> Error {
        let reply = self.reply.as_ref();
        Error::new(Details {
            status: reply.map(|reply| reply.status.as_u16()),
            body: reply.map(|reply| reply.body.clone()).unwrap_or_default(),
            request_id: self.attempts.last().and_then(|attempt| attempt.request_id.clone()),
            attempts: self.attempts,
            ..Details::new(Kind::Protocol, effect, Stop::Final, text)
        })
    }

    /// The body of the answer as JSON; none if it was empty or a look-up showed the success.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        self.reply.as_ref().and_then(Reply::json)
    }
}

/// One attempt, as it is remembered.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its number, counted from 1.
    pub number: u32,
    /// When it was sent.
    pub sent_at: Time,
    /// How long it took.
    pub elapsed: Duration,
    /// What it means.
    pub class: Class,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The API's code, if there was one.
    pub code: Option<String>,
    /// What it did, as far as it tells.
    pub effect: Effect,
    /// What the server asked us to wait.
    pub hint: Option<Duration>,
    /// How long we wait after it before the next step.
    pub wait: Duration,
    /// The rule that decided what comes next, in words.
    pub rule: String,
    /// The server's name for the exchange.
    pub request_id: Option<String>,
}

/// What a look-up came to.
#[derive(Debug, Clone)]
pub enum LookUp {
    /// There is one with that key.
    Found(Found),
    /// Every place was read and none has that key. Whether that is proof, the call decides.
    Absent,
    /// The look-up itself did not succeed, or what it read proves nothing.
    CannotTell(String),
}

/// A resource that a look-up found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: Option<String>,
    /// The record.
    pub record: Value,
    /// Where it is not what we wrote; empty if it is.
    pub differences: Vec<Difference>,
    /// How many there are with that key.
    pub copies: usize,
}
