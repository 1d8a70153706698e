use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::class::Class;
use crate::compare::Difference;
use crate::effect::Effect;
use crate::field_error::FieldError;
use crate::items::{self, Item};
use crate::outcome::Attempt;

mod matching;

/// How many failed items a text for people names.
const ITEMS_NAMED: usize = 3;

/// How a call ended that did not end well: what happened, what it did, and what to do.
///
/// [`fmt::Display`] is one line for logs. [`Error::user_message`] is for people. Neither prints
/// a body, a header or a credential.
#[derive(Debug, Clone)]
pub struct Error(Box<Details>);

/// Everything that is known of an [`Error`].
#[derive(Debug, Clone)]
pub struct Details {
    /// What kind of end it is.
    pub kind: Kind,
    /// What the write did, over all attempts. `Unknown` asks for a look before anything is
    /// sent again.
    pub effect: Effect,
    /// Why the call went no further.
    pub stop: Stop,
    /// The last status.
    pub status: Option<u16>,
    /// The API's code.
    pub code: Option<String>,
    /// The API's message.
    pub message: Option<String>,
    /// What is wrong with single fields, as JSON pointers into what was sent.
    pub field_errors: Vec<FieldError>,
    /// What became of the single items of a call that wrote several.
    pub items: Vec<Item>,
    /// The raw body of the last answer, to a bound.
    pub body: Bytes,
    /// The server's name for the last exchange.
    pub request_id: Option<String>,
    /// Our own name for the call, sent with every attempt.
    pub request_id_sent: Option<String>,
    /// The idempotency key that every attempt was sent with. Whoever sends the same thing again
    /// has to send the same key.
    pub idempotency_key: Option<String>,
    /// What the server asked us to wait.
    pub retry_after: Option<Duration>,
    /// Where a resource with the same key is not what we wrote.
    pub differences: Vec<Difference>,
    /// What a person does about it, in the words of the dialect.
    pub action: Option<String>,
    /// What to tell a person, in the words of the dialect.
    pub for_people: Option<String>,
    /// The rule that decided, in words.
    pub rule: String,
    /// Every attempt that was made.
    pub attempts: Vec<Attempt>,
    /// The transport's own error.
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of end it is. Broad matching is on this; narrow matching on [`Details::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The API refused the call for what it is: the class says why.
    Refused(Class),
    /// The credentials do not let us in. Nothing of this account can be sent.
    Credentials(CredentialsKind),
    /// The service could not be reached, or kept failing; the class is of the last attempt.
    /// Nothing took effect.
    Unreached(Class),
    /// It was sent, and whether it took effect cannot be proven.
    Unknown,
    /// The API did some of the items of the call and refused others, or all of them. The call as
    /// a whole is never sent again: that would do again what was done.
    Partial,
    /// A resource with our key is there with other content than ours.
    Differs,
    /// The answer is none that this API gives.
    Protocol,
    /// The caller called it off.
    Cancelled,
    /// No request can be made of the call: a path, a header or a body that HTTP cannot carry.
    /// Nothing was sent, and nothing would be another time.
    Unsendable,
}

/// Why the credentials do not let us in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialsKind {
    /// Wrong, locked or void.
    Refused,
    /// A second factor has to be given (K16).
    SecondFactorRequired,
    /// A first password has to be set (K16).
    FirstSignIn,
    /// Log-in works, and yet the API does not take the session (K17).
    SessionNotTaken,
    /// The API gives a token, and yet does not accept it.
    TokenNotTaken,
}

/// Why a call went no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Nothing further can help.
    Final,
    /// It was sent as often as the policy allows.
    Attempts,
    /// The next step would lie beyond the deadline.
    Deadline,
    /// The server asked for a longer wait than the policy allows.
    HintTooLong,
    /// The caller called it off.
    Cancelled,
}

impl Details {
    /// What is known of every error; the rest is empty.
    #[must_use]
    pub fn new(kind: Kind, effect: Effect, stop: Stop, rule: String) -> Self {
        Self {
            kind,
            effect,
            stop,
            status: None,
            code: None,
            message: None,
            field_errors: Vec::new(),
            items: Vec::new(),
            body: Bytes::new(),
            request_id: None,
            request_id_sent: None,
            idempotency_key: None,
            retry_after: None,
            differences: Vec::new(),
            action: None,
            for_people: None,
            rule,
            attempts: Vec::new(),
            source: None,
        }
    }
}

impl Error {
    /// An error of these details.
    #[must_use]
    pub fn new(details: Details) -> Self {
        Self(Box::new(details))
    }

    /// An error of a call that no machine was made for, so that there is nothing to tell but
    /// what is wrong.
    #[must_use]
    pub fn never_made(effect: Effect, text: String) -> Self {
        let kind = match effect {
            Effect::None | Effect::Applied => Kind::Unsendable,
            Effect::Unknown => Kind::Unknown,
        };
        let message = Some(text.clone());
        Self::new(Details { message, ..Details::new(kind, effect, Stop::Final, text) })
    }

    /// Everything that is known.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.0
    }

    /// The same, taken out.
    #[must_use]
    pub fn into_details(self) -> Details {
        *self.0
    }

    /// What kind of end it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What the write did.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// The API's code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The last status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// True if nothing took effect and the same call may succeed later: the service was not
    /// there, or asked us to wait.
    #[must_use]
    pub fn may_succeed_later(&self) -> bool {
        self.0.effect == Effect::None
            && match self.0.kind {
                Kind::Unreached(_) | Kind::Cancelled => true,
                // One replay after a refresh is all that a call gets (K2); another call may.
                Kind::Refused(class) => {
                    matches!(class, Class::Unauthenticated | Class::Csrf | Class::RateLimited)
                }
                Kind::Credentials(_)
                | Kind::Unknown
                | Kind::Partial
                | Kind::Differs
                | Kind::Protocol
                | Kind::Unsendable => false,
            }
    }

    /// `[Code] Message`, or `HTTP status` where the body says neither (K9).
    #[must_use]
    pub fn summary(&self) -> String {
        let details = &self.0;
        match (&details.code, &details.message, details.status) {
            (Some(code), Some(message), _) => format!("[{code}] {message}"),
            (Some(code), None, _) => format!("[{code}]"),
            (None, _, Some(status)) => format!("HTTP {status}"),
            (None, _, None) => details.rule.clone(),
        }
    }

    fn told_of_items(&self) -> String {
        let items = &self.0.items;
        let (failed, all) = (items::failed(items), items.len());
        let named: Vec<String> = items
            .iter()
            .filter(|item| item.failed)
            .take(ITEMS_NAMED)
            .map(|item| match (&item.id, &item.message, &item.code) {
                (Some(id), Some(text), _) | (Some(id), None, Some(text)) => format!("{id}: {text}"),
                (Some(id), None, None) => id.clone(),
                (None, Some(text), _) | (None, None, Some(text)) => {
                    format!("number {}: {text}", item.index + 1)
                }
                (None, None, None) => format!("number {}", item.index + 1),
            })
            .collect();
        let more = if failed > named.len() { ", …" } else { "" };
        let named = named.join("; ");
        match failed == all {
            true => format!("None of the {all} items was done ({named}{more})."),
            false => format!(
                "{failed} of {all} items failed ({named}{more}), and the others were done. Send \
                 only the failed ones again."
            ),
        }
    }

    /// What to tell a person: what happened, whether anything was done, and what to do.
    #[must_use]
    pub fn user_message(&self) -> String {
        let details = &self.0;
        if let Some(text) = &details.for_people {
            return text.clone();
        }
        let mut text = match details.kind {
            Kind::Refused(_) => format!("It was refused: {}.", self.summary()),
            Kind::Credentials(kind) => kind.as_str().to_owned(),
            Kind::Unreached(_) => {
                format!("The service could not be used ({}). Nothing was done.", self.summary())
            }
            Kind::Unknown => format!(
                "It was sent, and the answer does not tell whether it was done ({}). Look for it before sending it again.",
                self.summary()
            ),
            Kind::Partial => self.told_of_items(),
            Kind::Differs => {
                "There is one with this key already, and its content is not the same.".to_owned()
            }
            Kind::Protocol => {
                format!("The service answered in a way that it should not ({}).", self.summary())
            }
            Kind::Unsendable => {
                format!("It cannot be sent as it is ({}). Nothing was done.", self.summary())
            }
            Kind::Cancelled => match details.effect {
                Effect::Unknown => "It was called off, and may have been done. Look for it before \
                                    sending it again."
                    .to_owned(),
                Effect::None | Effect::Applied => "It was called off.".to_owned(),
            },
        };
        if let Some(action) = &details.action {
            text.push_str(" What to do: ");
            text.push_str(action);
            text.push('.');
        }
        text
    }
}

impl Kind {
    /// The kind in one word, as tables and JSON write it. What class a refusal is of stands in
    /// its attempts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Credentials(_) => "credentials",
            Self::Unreached(_) => "unreached",
            Self::Unknown => "unknown",
            Self::Partial => "partial",
            Self::Differs => "differs",
            Self::Protocol => "protocol",
            Self::Cancelled => "cancelled",
            Self::Unsendable => "unsendable",
        }
    }
}

impl CredentialsKind {
    /// What it means, in a sentence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "The log-in was refused.",
            Self::SecondFactorRequired => "The account asks for a second factor.",
            Self::FirstSignIn => "The account has to set its first password.",
            Self::SessionNotTaken => {
                "The log-in works, and yet the session is not accepted. Are cookies sent? Did the \
                 log-in set the session cookie? Is the clock right?"
            }
            Self::TokenNotTaken => {
                "A token was given, and yet it is not accepted. Do the credentials belong to this \
                 address? Is the clock right?"
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.0;
        let attempts = details.attempts.len();
        write!(f, "{} (effect {}, ", self.summary(), details.effect.as_str())?;
        write!(f, "{attempts} {}; ", if attempts == 1 { "attempt" } else { "attempts" })?;
        write!(f, "{})", details.rule)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}
