use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// A decimal number, kept digit by digit: it is never a binary fraction on its way (hazard 55).
///
/// It is sent as a JSON number, and read from one or from a text, as some servers give it back.
///
/// ```
/// use steadfast_apis::Decimal;
///
/// let third: Decimal = "0.10".parse()?;
/// assert_eq!(serde_json::to_string(&third).unwrap(), "0.10");
/// assert_eq!(Decimal::from(3).to_string(), "3");
/// assert!("1e400 pieces".parse::<Decimal>().is_err());
/// # Ok::<(), steadfast_apis::NoDecimal>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal(Number);

/// A text is no decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no decimal number; write it as 12 or 12.5")]
pub struct NoDecimal(String);

impl FromStr for Decimal {
    type Err = NoDecimal;

    fn from_str(text: &str) -> Result<Self, NoDecimal> {
        match serde_json::from_str(text.trim()) {
            Ok(Value::Number(number)) => Ok(Self(number)),
            _ => Err(NoDecimal(text.to_owned())),
        }
    }
}

impl From<i64> for Decimal {
    fn from(whole: i64) -> Self {
        Self(whole.into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        match Value::deserialize(reader)? {
            Value::Number(number) => Ok(Self(number)),
            Value::String(text) => text.parse().map_err(serde::de::Error::custom),
            _ => Err(serde::de::Error::custom("a decimal number is a number or a text of one")),
        }
    }
}
