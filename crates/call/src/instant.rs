//! Instants as APIs write them, to be compared. No clock, and no table of time zones: an offset
//! says all there is to know.

/// A point in time, in one form: two texts that say the same instant are equal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// Since 1970-01-01T00:00:00Z, without leap seconds.
    seconds: i64,
    /// What follows the second, without zeros at its end.
    fraction: String,
}

impl Instant {
    /// Reads an instant of RFC 3339 §5.6, its offset also without a colon as ISO 8601 has it, or
    /// a plain date, which is taken for its midnight in UTC. None for anything else: a time
    /// without an offset is no instant, since nobody knows where its clock hangs (hazard 66).
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let day = day(date)?;
        if rest.is_empty() {
            return Some(Self { seconds: day * 86_400, fraction: String::new() });
        }
        let time = rest.strip_prefix(['T', 't', ' '])?;
        let at = time.find(['Z', 'z', '+', '-'])?;
        let (clock, offset) = time.split_at(at);
        let (clock, fraction) = match clock.split_once('.') {
            Some((_, "")) => return None,
            Some((clock, fraction)) => (clock, fraction),
            None => (clock, ""),
        };
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let [hour, minute, second] = parts(clock, ':', [2, 2, 2])?;
        // A leap second counts as the one after it: RFC 3339 §5.7 allows it anywhere in the text.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let seconds = day * 86_400 + hour * 3_600 + minute * 60 + second - offset_seconds(offset)?;
        Some(Self { seconds, fraction: fraction.trim_end_matches('0').to_owned() })
    }
}

/// True if both texts say the same instant, or are the same text.
pub(crate) fn same_instant(a: &str, b: &str) -> bool {
    match (Instant::read(a), Instant::read(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// Days since 1970-01-01 in the calendar of Gregory.
fn day(date: &str) -> Option<i64> {
    let [year, month, day] = parts(date, '-', [4, 2, 2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month.checked_sub(1)?).ok()?;
    if day < 1 || day > *months.get(before)? {
        return None;
    }
    // Leap days of the years before this one.
    let leap_days = |year: i64| (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let since_year_0 = year * 365 + leap_days(year) + months[..before].iter().sum::<i64>() + day;
    Some(since_year_0 - DAYS_TO_1970)
}

/// Days from 0000-01-00 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_529;

fn offset_seconds(offset: &str) -> Option<i64> {
    if matches!(offset, "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let [hours, minutes] = match digits.contains(':') {
        true => parts(digits, ':', [2, 2])?,
        false => {
            let (hours, minutes) = digits.split_at_checked(2)?;
            [number(hours, 2)?, number(minutes, 2)?]
        }
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// The numbers of a text, each with so many digits and all in it.
fn parts<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut found = text.split(between);
    let mut numbers = [0; N];
    for (place, digits) in numbers.iter_mut().zip(digits) {
        *place = number(found.next()?, digits)?;
    }
    found.next().is_none().then_some(numbers)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_66_offsets_are_compared_as_instants_and_not_as_text() {
        for (a, b) in [
            ("2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00"),
            ("2026-03-01T00:00:00Z", "2026-02-28T18:30:00-05:30"),
            ("2024-03-01T00:00:00Z", "2024-02-29T23:00:00-01:00"),
            ("2025-12-31T23:30:00Z", "2026-01-01T00:30:00+0100"),
            ("2026-03-01T08:00:00Z", "2026-03-01t08:00:00.000z"),
            ("2026-03-01T08:00:00.5Z", "2026-03-01 08:00:00.500000+00:00"),
            ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00-00:00"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("2026-03-01", "2026-03-01T00:00:00.000Z"),
            ("2026-03-01", "2026-03-01T02:00:00+02:00"),
            ("soon", "soon"),
        ] {
            assert!(same_instant(a, b) && same_instant(b, a), "{a} {b}");
        }
        for (a, b) in [
            // As text, the first of these is the later one.
            ("2026-03-01T01:00:00+02:00", "2026-03-01T00:00:00Z"),
            ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00.001Z"),
            ("2026-03-01", "2026-03-01T08:00:00Z"),
            ("2026-03-01", "2026-03-01T00:00:00+01:00"),
            ("2026-03-01", "2026-03-02"),
            // Not an instant: it may be meant anywhere.
            ("2026-03-01T00:00:00", "2026-03-01T00:00:00Z"),
            ("2026-03-01T00:00:00", "2026-03-01"),
        ] {
            assert!(!same_instant(a, b) && !same_instant(b, a), "{a} {b}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (date, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2100-03-01", 47_541),
            ("0000-01-01", -719_528),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(day(date), Some(days), "{date}");
        }
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "2026-02-29",
            "2026-00-10",
            "2026-13-01",
            "2026-01-00",
            "2026-1-01",
            "2026-03-01T",
            "2026-03-01T08:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T08:60:00Z",
            "2026-03-01T08:00:61Z",
            "2026-03-01T08:00:00.Z",
            "2026-03-01T08:00:00.5",
            "2026-03-01T08:00:00+24:00",
            "2026-03-01T08:00:00+01",
            "2026-03-01T08:00:00+1:00",
            "2026-03-01T08:00:00Z ",
            "+026-03-01",
            "2026-03-0ä",
        ] {
            assert_eq!(Instant::read(text), None, "{text}");
        }
    }
}
