use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use steadfast::{Class, Difference, Effect, Kind, ListError};

use super::Code;

/// Why a call to Thredfi did not end well (T3, T13).
///
/// The kinds are those of the API's guide: `APIClientError` is [`Error::Client`], `APIServerError`
/// is [`Error::Server`], `ValidationError` and `AuthenticationError` have their names. Whatever
/// the kind, status, code, details, body and effect are there; [`Fault`] has them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// 400 `validation_error`: fields are wrong. Nothing was done.
    Validation(Fault),
    /// Nobody gets in: the partner's key was refused, or new tokens of both tiers were (T7).
    Authentication(Fault),
    /// The API refused it: any other 4xx, or a redirect.
    Client(Fault),
    /// The last answer was a 5xx. Of a write, [`effect`](steadfast::Error::effect) tells whether it may have been done.
    Server(Fault),
    /// There was no answer to the last attempt.
    Network(Fault),
    /// What is there under this `external_id` is not what was to be written:
    /// [`Fault::differences`].
    Differs(Fault),
    /// A success whose body is none of this API's (T13).
    Protocol(Fault),
    /// Anything else: called off, or nothing that can be sent.
    Other(Fault),
    /// A list that is none, or a row that does not fit.
    List(ListError),
}

/// What is known of an error.
#[derive(Debug, Clone)]
pub struct Fault(steadfast::Error);

/// The call's own error, with every attempt that was made.
impl Deref for Fault {
    type Target = steadfast::Error;

    fn deref(&self) -> &steadfast::Error {
        &self.0
    }
}

impl Fault {
    /// The API's code.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.0.code().map(Code::from)
    }

    /// What is said of each field, by the field's name as the API writes it. What the API left out,
    /// or did not send as texts, is not there.
    #[must_use]
    pub fn details(&self) -> BTreeMap<String, Vec<String>> {
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for fault in &self.0.details().field_errors {
            fields.entry(fault.name.clone()).or_default().push(fault.message.clone());
        }
        fields
    }

    /// The raw body of the last answer, to a bound. It is as the API sent it: mind it before it is
    /// logged.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.details().body
    }

    /// Where what is there is not what was to be written, as JSON pointers.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.0.details().differences
    }

    /// How often it was sent.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.0.details().attempts.len()
    }

    /// `{error} ({error_code})`, or `HTTP {status}` where the body says neither.
    fn text(&self) -> String {
        let details = self.0.details();
        match (&details.message, &details.code, details.status) {
            (Some(message), Some(code), _) => format!("{message} ({code})"),
            (Some(message), None, Some(_)) => message.clone(),
            (None, Some(code), _) => code.clone(),
            (_, None, Some(status)) => format!("HTTP {status}"),
            (_, None, None) => self.0.summary(),
        }
    }
}

impl Error {
    /// What is known of it; none of a list that is no list.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Validation(fault)
            | Self::Authentication(fault)
            | Self::Client(fault)
            | Self::Server(fault)
            | Self::Network(fault)
            | Self::Differs(fault)
            | Self::Protocol(fault)
            | Self::Other(fault) => Some(fault),
            Self::List(_) => None,
        }
    }

    /// The last status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.fault()?.status()
    }

    /// The API's code.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.fault()?.code()
    }

    /// What was done, as far as evidence goes.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.fault().map_or(Effect::None, |fault| fault.effect())
    }

    /// What the server asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.fault()?.retry_after()
    }

    /// What to tell a person.
    #[must_use]
    pub fn user_message(&self) -> String {
        match self.fault() {
            Some(fault) => fault.user_message(),
            None => "The list could not be read.".to_owned(),
        }
    }
}

impl From<steadfast::Error> for Error {
    fn from(error: steadfast::Error) -> Self {
        let details = error.details();
        let differs = !details.differences.is_empty();
        let kind = match (error.kind(), details.status) {
            (Kind::Differs, _) => Self::Differs,
            (Kind::Refused(Class::Duplicate), _) if differs => Self::Differs,
            (Kind::Credentials(_) | Kind::Refused(Class::Unauthenticated), _) => {
                Self::Authentication
            }
            (Kind::Cancelled | Kind::Unsendable, _) => Self::Other,
            (_, Some(400)) if error.code_is(Code::ValidationError.as_str()) => Self::Validation,
            (_, Some(500..)) => Self::Server,
            (_, Some(300..)) => Self::Client,
            (Kind::Protocol, Some(_)) => Self::Protocol,
            (_, None) if error.is_network() => Self::Network,
            _ => Self::Other,
        };
        kind(Fault(error))
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Call { error, .. } => error.into(),
            error => Self::List(error),
        }
    }
}

/// The guide's texts (T3): `{error} ({error_code})`, `Server error after {n} attempts`.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(fault) => {
                let sent = fault.attempts();
                write!(f, "Server error after {sent} attempts")
            }
            Self::Differs(fault) => match fault.differences().first() {
                Some(first) => write!(f, "what is there is not the same: {first}"),
                None => f.write_str("what is there is not the same"),
            },
            Self::Validation(fault)
            | Self::Authentication(fault)
            | Self::Client(fault)
            | Self::Protocol(fault) => f.write_str(&fault.text()),
            Self::Network(fault) | Self::Other(fault) => f.write_str(&fault.summary()),
            Self::List(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::List(error) => Some(error),
            error => error.fault().map(|fault| &fault.0 as &(dyn std::error::Error + 'static)),
        }
    }
}

/// What the guide's sample prints of a validation error (T10): a line of its own for the customer
/// and for the currency, then every field with all that is said of it.
///
/// ```
/// use std::collections::BTreeMap;
/// use steadfast_apis::thredfi::validation_lines;
///
/// let texts = vec!["Enter a valid email address.".to_owned(), "Too long.".to_owned()];
/// let details = BTreeMap::from([("email".to_owned(), texts)]);
/// assert_eq!(validation_lines(&details), ["email: Enter a valid email address., Too long."]);
/// ```
#[must_use]
pub fn validation_lines(details: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let known = [("customer_id", "Invalid customer ID"), ("currency", "Invalid currency code")];
    let known = known.iter().filter(|(field, _)| details.contains_key(*field));
    let fields = details.iter().map(|(field, texts)| format!("{field}: {}", texts.join(", ")));
    known.map(|(_, text)| (*text).to_owned()).chain(fields).collect()
}
