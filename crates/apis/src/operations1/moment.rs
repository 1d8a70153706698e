use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant, as Operations1 writes it: UTC with milliseconds, and with the time of the day (O15).
///
/// ```
/// use steadfast_apis::operations1::Moment;
///
/// let due: Moment = "2025-05-25T19:00:00+02:00".parse()?;
/// assert_eq!(due.to_string(), "2025-05-25T17:00:00.000Z");
/// assert!("tomorrow".parse::<Moment>().is_err());
/// # Ok::<(), steadfast_apis::operations1::NoMoment>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Timestamp);

/// A text tells no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" tells no instant ({why}); write it as 2025-05-25T17:00:00Z")]
pub struct NoMoment {
    text: String,
    why: String,
}

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let wrong = |error: jiff::Error| NoMoment { text: text.to_owned(), why: error.to_string() };
        text.trim().parse().map(Self).map_err(wrong)
    }
}

impl TryFrom<std::time::SystemTime> for Moment {
    type Error = NoMoment;

    fn try_from(time: std::time::SystemTime) -> Result<Self, NoMoment> {
        let wrong =
            |error: jiff::Error| NoMoment { text: format!("{time:?}"), why: error.to_string() };
        Timestamp::try_from(time).map(Self).map_err(wrong)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(reader)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
