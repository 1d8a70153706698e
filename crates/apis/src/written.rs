use std::ops::Deref;

use steadfast::{CallBuilder, Error, Outcome, Success};

/// How a write ended well, with what it is about as the API shows it.
///
/// ```no_run
/// # use steadfast_apis::Written;
/// # fn example(written: Written<String>) {
/// match written {
///     Written::Applied(made) => println!("done: {}", *made),
///     Written::Existing(there) => println!("there already, and the same: {}", *there),
///     Written::Queued(_) => println!("accepted; never send it again, look later"),
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub enum Written<T> {
    /// It took effect: the API said so, or a look-up showed it.
    Applied(Record<T>),
    /// The API accepted it and will do it later. There is nothing to show of it yet.
    Queued(Success),
    /// What was to be written was there already, with the same content.
    Existing(Record<T>),
}

/// Something as the API shows it, and how the call came to it.
#[derive(Debug, Clone)]
pub struct Record<T> {
    /// What the API shows.
    pub value: T,
    /// How the call came to it: every attempt, the rule that decided, and whether what was there
    /// already may be our own work.
    pub success: Success,
}

impl<T> Deref for Record<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Written<T> {
    /// What the API shows of it; none if it was queued.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Applied(record) | Self::Existing(record) => Some(&record.value),
            Self::Queued(_) => None,
        }
    }

    /// The same, taken out.
    #[must_use]
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Applied(record) | Self::Existing(record) => Some(record.value),
            Self::Queued(_) => None,
        }
    }

    /// The same with something else in its place.
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Written<U> {
        let map = |record: Record<T>| Record { value: f(record.value), success: record.success };
        match self {
            Self::Applied(record) => Written::Applied(map(record)),
            Self::Existing(record) => Written::Existing(map(record)),
            Self::Queued(success) => Written::Queued(success),
        }
    }

    /// How the call ended.
    #[must_use]
    pub fn success(&self) -> &Success {
        match self {
            Self::Applied(record) | Self::Existing(record) => &record.success,
            Self::Queued(success) => success,
        }
    }

    /// The outcome in one word: `applied`, `queued` or `existing`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::Queued(_) => "queued",
            Self::Existing(_) => "existing",
        }
    }
}

/// Sends a write of an API that queues nothing, and reads what it is about at that JSON pointer of
/// the answer.
pub(crate) async fn write<T: serde::de::DeserializeOwned>(
    call: CallBuilder,
    at: &str,
) -> Result<Written<T>, Error> {
    let (value, outcome) = call.send_record(at).await?;
    Ok(match outcome {
        Outcome::Applied(success) => Written::Applied(Record { value, success }),
        Outcome::Existing(success) => Written::Existing(Record { value, success }),
        Outcome::Queued(success) => Written::Queued(success),
    })
}
