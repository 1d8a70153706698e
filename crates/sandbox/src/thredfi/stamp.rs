//! Instants and dates as the API reads and writes them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

const DATE: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
const MOMENT: &str = "Datetime has wrong format. Use one of these formats instead: \
                      YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

/// An instant as the API writes it: `2025-01-15T10:00:00Z`.
pub(crate) fn written(ms: u64) -> String {
    let instant = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A date, unchanged.
pub(crate) fn date(text: &str) -> Result<String, &'static str> {
    plain_date(text).map(|_| text.to_owned()).ok_or(DATE)
}

/// An instant or a date, as an instant in UTC.
pub(crate) fn moment(text: &str) -> Result<String, &'static str> {
    if let Some(date) = plain_date(text) {
        return Ok(format!("{date}T00:00:00Z"));
    }
    let local =
        || text.parse::<DateTime>().ok().and_then(|local| Offset::UTC.to_timestamp(local).ok());
    let has_time = text.get(10..11).is_some_and(|mark| matches!(mark, "T" | "t" | " "));
    let instant = text.parse::<Timestamp>().ok().or_else(local).filter(|_| has_time);
    instant.map(|instant| instant.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()).ok_or(MOMENT)
}

/// A date in the one form that counts; the library would take a time behind it, too.
fn plain_date(text: &str) -> Option<Date> {
    let plain = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_instants_are_read_and_written_in_utc() {
        assert_eq!(written(1_736_935_200_000), "2025-01-15T10:00:00Z");
        assert_eq!(moment("2025-01-15").as_deref(), Ok("2025-01-15T00:00:00Z"));
        assert_eq!(moment("2025-01-15T10:00:00+01:00").as_deref(), Ok("2025-01-15T09:00:00Z"));
        assert_eq!(moment("2025-01-15T10:00").as_deref(), Ok("2025-01-15T10:00:00Z"));
        assert_eq!(moment("2025-01-15T10:00:00.250Z").as_deref(), Ok("2025-01-15T10:00:00.25Z"));
        for wrong in ["", "soon", "2025-13-01", "20250115", "15.01.2025", "2025-01-15Tx"] {
            assert!(moment(wrong).is_err() && date(wrong).is_err(), "{wrong}");
        }
        assert!(date("2025-01-15T10:00:00Z").is_err());
    }
}
