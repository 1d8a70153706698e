//! How long the server asks us to wait. A hint that is negative, not a number, infinite or
//! unreadable is no hint, and the reason is kept for the log (hazard 34).

use std::time::{Duration, SystemTime};

use crate::dialect::{Hint, HintForm};
use crate::reply::Reply;

/// What the hints of a reply come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hinted {
    /// The wait that the server asks for.
    pub wait: Option<Duration>,
    /// Why hints were set aside, one sentence each.
    pub ignored: Vec<String>,
}

/// Reads the hints of a reply, in the dialect's order; the first that can be read wins.
#[must_use]
pub fn read(hints: &[Hint], reply: &Reply) -> Hinted {
    let mut hinted = Hinted::default();
    for hint in hints {
        // A header that comes twice is obeyed twice: the longest wait offends neither.
        for text in hint.at.texts(reply) {
            match wait(hint.form, &text, reply) {
                Ok(wait) => hinted.wait = hinted.wait.max(Some(wait)),
                Err(why) => {
                    hinted.ignored.push(format!("wait hint \"{}\" ignored: {why}", clip(&text)));
                }
            }
        }
        if hinted.wait.is_some() {
            return hinted;
        }
    }
    hinted
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

fn wait(form: HintForm, text: &str, reply: &Reply) -> Result<Duration, &'static str> {
    match form {
        HintForm::Seconds => seconds(text, 1.0),
        HintForm::Milliseconds => seconds(text, 0.001),
        HintForm::SecondsOrDate => match httpdate::parse_http_date(text) {
            Ok(date) => Ok(until(date, sent_at(reply)?)),
            Err(_) => seconds(text, 1.0),
        },
        HintForm::EpochSeconds => {
            let instant = SystemTime::UNIX_EPOCH
                .checked_add(seconds(text, 1.0)?)
                .ok_or("it lies beyond every calendar")?;
            Ok(until(instant, sent_at(reply)?))
        }
        HintForm::EpochMilliseconds
        | HintForm::SecondsOrEpoch
        | HintForm::HttpDate
        | HintForm::Duration
        | HintForm::Cost => Err("hints of this form are not read yet"),
    }
}

/// A date is read against the server's own clock, since ours may be wrong.
fn sent_at(reply: &Reply) -> Result<SystemTime, &'static str> {
    reply
        .headers
        .get(http::header::DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .ok_or("it is a date, and the reply has no Date to read it against")
}

fn until(instant: SystemTime, now: SystemTime) -> Duration {
    instant.duration_since(now).unwrap_or_default()
}

fn seconds(text: &str, scale: f64) -> Result<Duration, &'static str> {
    let number: f64 = text.trim().parse().map_err(|_| "it is no number")?;
    if !number.is_finite() {
        return Err("it is not finite");
    }
    if number < 0.0 {
        return Err("it is negative");
    }
    Duration::try_from_secs_f64(number * scale).map_err(|_| "it is absurdly long")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Extract;
    use http::{HeaderMap, HeaderValue, StatusCode};

    fn hinted(headers: &[(&'static str, &str)]) -> Hinted {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let reply = Reply::new(StatusCode::SERVICE_UNAVAILABLE, map, bytes::Bytes::new());
        let hints = [Hint {
            at: Extract::header("retry-after"),
            form: HintForm::SecondsOrDate,
            when: None,
            available: None,
            restore: None,
        }];
        read(&hints, &reply)
    }

    #[test]
    fn seconds_fractions_and_zero_are_read() {
        assert_eq!(hinted(&[("retry-after", "2")]).wait, Some(Duration::from_secs(2)));
        assert_eq!(hinted(&[("retry-after", "0.5")]).wait, Some(Duration::from_millis(500)));
        assert_eq!(hinted(&[("retry-after", "0")]).wait, Some(Duration::ZERO));
    }

    #[test]
    fn a_date_is_read_against_the_replys_own_date() {
        let wait = hinted(&[
            ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"),
        ]);
        assert_eq!(wait.wait, Some(Duration::from_secs(30)));
        let past = hinted(&[
            ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ("retry-after", "Wed, 21 Oct 2015 07:00:00 GMT"),
        ]);
        assert_eq!(past.wait, Some(Duration::ZERO));
    }

    #[test]
    fn of_a_repeated_header_the_longest_wait_counts() {
        let wait = hinted(&[("retry-after", "5"), ("retry-after", "soon"), ("retry-after", "7")]);
        assert_eq!(wait.wait, Some(Duration::from_secs(7)));
        assert_eq!(wait.ignored.len(), 1);
    }

    #[test]
    fn nonsense_is_ignored_with_a_reason() {
        for text in ["-1", "nan", "inf", "soon", "1e400", "1e300"] {
            let read = hinted(&[("retry-after", text)]);
            assert_eq!(read.wait, None, "{text}");
            assert_eq!(read.ignored.len(), 1, "{text}");
        }
        assert_eq!(hinted(&[]), Hinted::default());
    }
}
