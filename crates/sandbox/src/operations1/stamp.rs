//! Instants as the API reads and writes them.

use jiff::Timestamp;

/// An instant as the API writes it: UTC with milliseconds.
pub(crate) fn written(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An instant by the double's clock.
pub(crate) fn instant(ms: u64) -> Timestamp {
    let instant = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.unwrap_or(Timestamp::MAX)
}

/// Reads an instant: a date, `T`, a time and an offset. A date alone is none.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let whole = matches!(text.get(10..11), Some("T" | "t"));
    text.parse::<Timestamp>().ok().filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc_with_milliseconds() {
        let read = |text| moment(text).map(written);
        let expected = Some("2025-05-21T08:00:00.000Z".to_owned());
        for text in
            ["2025-05-21T08:00:00.000Z", "2025-05-21T08:00:00Z", "2025-05-21T10:00:00+02:00"]
        {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("2025-05-21T08:00:00.1239Z").as_deref(), Some("2025-05-21T08:00:00.123Z"));
        for wrong in
            ["", "2025-05-21", "2025-05-21T08:00:00", "21.05.2025", "soon", "2025-05-21 08:00:00Z"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(written(instant(1_735_718_400_000)), "2025-01-01T08:00:00.000Z");
    }
}
