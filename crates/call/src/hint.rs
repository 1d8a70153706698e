//! How long the server asks us to wait. A hint that is negative, not a number, infinite or
//! unreadable is no hint, and the reason is kept for the log (hazard 34).

mod limit;

use std::time::{Duration, SystemTime};

use http::Method;

use crate::classify::{Circumstances, codes};
use crate::conditions::View;
use crate::dialect::{Dialect, Hint, HintForm, NegativeHint, Policy};
use crate::reply::Reply;
use crate::request::Request;

pub use limit::Limit;

/// Seconds beyond this are seconds since 1970, where a hint may be either.
const EPOCH_FROM: f64 = 1e9;

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
    let request = Request::new(Method::GET, "/");
    let circumstances = Circumstances::default();
    let view = View { request: &request, reply, codes: &[], circumstances };
    read_of(hints, NegativeHint::Ignored, &view)
}

/// The wait and the limit that a reply to a call tells of.
pub(crate) fn read_all(
    dialect: &Dialect,
    policy: &Policy,
    request: &Request,
    reply: &Reply,
    circumstances: Circumstances,
) -> (Hinted, Option<Limit>) {
    let hints = &dialect.hints;
    if hints.wait.is_empty() && hints.limit.is_empty() {
        return (Hinted::default(), None);
    }
    let codes = codes(dialect, reply);
    let view = View { request, reply, codes: &codes, circumstances };
    let limit = hints.limit.iter().find_map(|places| limit::read(places, &view));
    (read_of(&hints.wait, policy.negative_hint, &view), limit)
}

fn read_of(hints: &[Hint], negative: NegativeHint, view: &View<'_>) -> Hinted {
    let mut hinted = Hinted::default();
    let fitting = |hint: &&Hint| hint.when.as_ref().is_none_or(|when| view.fits(when).is_some());
    for hint in hints.iter().filter(fitting) {
        // A header that comes twice is obeyed twice: the longest wait offends neither.
        for text in hint.at.texts(view.reply) {
            match wait(hint, &text, negative, view.reply) {
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

fn wait(
    hint: &Hint,
    text: &str,
    negative: NegativeHint,
    reply: &Reply,
) -> Result<Duration, &'static str> {
    match in_form(hint, text, reply) {
        Err(NEGATIVE) if negative == NegativeHint::Zero => Ok(Duration::ZERO),
        read => read,
    }
}

fn in_form(hint: &Hint, text: &str, reply: &Reply) -> Result<Duration, &'static str> {
    match hint.form {
        HintForm::Seconds => seconds(text, 1.0),
        HintForm::Milliseconds => seconds(text, 0.001),
        HintForm::SecondsOrDate => match httpdate::parse_http_date(text) {
            Ok(date) => Ok(until(date, sent_at(reply)?)),
            Err(_) => seconds(text, 1.0),
        },
        HintForm::HttpDate => {
            let date = httpdate::parse_http_date(text).map_err(|_| "it is no HTTP-date")?;
            Ok(until(date, sent_at(reply)?))
        }
        HintForm::EpochSeconds => epoch(text, 1.0, reply),
        HintForm::EpochMilliseconds => epoch(text, 0.001, reply),
        HintForm::SecondsOrEpoch => match seconds(text, 1.0)? {
            since if since.as_secs_f64() > EPOCH_FROM => epoch(text, 1.0, reply),
            wait => Ok(wait),
        },
        HintForm::Duration => units(text),
        HintForm::Cost => cost(hint, text, reply),
    }
}

fn epoch(text: &str, scale: f64, reply: &Reply) -> Result<Duration, &'static str> {
    let instant = SystemTime::UNIX_EPOCH
        .checked_add(seconds(text, scale)?)
        .ok_or("it lies beyond every calendar")?;
    Ok(until(instant, sent_at(reply)?))
}

/// Numbers with units, as in `6m0s` and `200ms`.
fn units(text: &str) -> Result<Duration, &'static str> {
    let mut rest = text.trim();
    if rest.starts_with('-') {
        return Err(NEGATIVE);
    }
    if rest.is_empty() {
        return Err("it is no number with a unit");
    }
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err("it is no number with a unit"),
        };
        sum = sum.checked_add(seconds(number, scale)?).ok_or("it is absurdly long")?;
        rest = behind.trim_start();
    }
    Ok(sum)
}

/// What is missing of the cost, at the rate with which it is restored.
fn cost(hint: &Hint, text: &str, reply: &Reply) -> Result<Duration, &'static str> {
    let number = |place: &Option<crate::dialect::Extract>| -> Option<f64> {
        place.as_ref()?.text(reply)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    };
    let cost: f64 = text.trim().parse().map_err(|_| "it is no number")?;
    let available = number(&hint.available).ok_or("what can be spent is not told")?;
    let restore = number(&hint.restore).filter(|rate| *rate > 0.0);
    let restore = restore.ok_or("what is restored in a second is not told")?;
    let wait = ((cost - available) / restore).max(0.0);
    Duration::try_from_secs_f64(wait).map_err(|_| "it is absurdly long")
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

const NEGATIVE: &str = "it is negative";

fn seconds(text: &str, scale: f64) -> Result<Duration, &'static str> {
    let number: f64 = text.trim().parse().map_err(|_| "it is no number")?;
    if !number.is_finite() {
        return Err("it is not finite");
    }
    if number < 0.0 {
        return Err(NEGATIVE);
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

    fn of_form(form: HintForm, text: &str) -> Result<u128, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert("date", HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"));
        let reply = Reply::new(StatusCode::TOO_MANY_REQUESTS, headers, bytes::Bytes::new());
        let hint =
            Hint { at: Extract::header("wait"), form, when: None, available: None, restore: None };
        in_form(&hint, text, &reply).map(|wait| wait.as_millis())
    }

    #[test]
    fn every_form_has_its_unit() {
        for (form, text, ms) in [
            (HintForm::Seconds, "1.5", 1_500),
            (HintForm::Milliseconds, "1500", 1_500),
            (HintForm::EpochSeconds, "1445412510", 30_000),
            (HintForm::EpochMilliseconds, "1445412480250", 250),
            (HintForm::SecondsOrEpoch, "30", 30_000),
            (HintForm::SecondsOrEpoch, "1445412510", 30_000),
            (HintForm::HttpDate, "Wed, 21 Oct 2015 07:28:30 GMT", 30_000),
            (HintForm::Duration, "1.5s", 1_500),
            (HintForm::Duration, "6m0s", 360_000),
            (HintForm::Duration, "1h 2m", 3_720_000),
            (HintForm::Duration, "200ms", 200),
        ] {
            assert_eq!(of_form(form, text), Ok(ms), "{form:?} {text}");
        }
        for (form, text) in [
            (HintForm::HttpDate, "30"),
            (HintForm::Duration, "30"),
            (HintForm::Duration, "-1s"),
            (HintForm::Duration, "1x"),
            (HintForm::Duration, ""),
            (HintForm::Duration, "1e999s"),
            (HintForm::SecondsOrEpoch, "nan"),
            (HintForm::EpochMilliseconds, "inf"),
        ] {
            assert!(of_form(form, text).is_err(), "{form:?} {text}");
        }
    }

    #[test]
    fn a_cost_waits_for_what_is_missing_of_it() {
        let body = r#"{"cost":92,"left":42,"rate":50,"none":0}"#;
        let reply = Reply::new(StatusCode::OK, HeaderMap::new(), body.into());
        let cost = |restore: &str| {
            let hint = Hint {
                at: Extract::json("/cost"),
                form: HintForm::Cost,
                when: None,
                available: Some(Extract::json("/left")),
                restore: Some(Extract::json(restore)),
            };
            read(&[hint], &reply)
        };
        assert_eq!(cost("/rate").wait, Some(Duration::from_secs(1)));
        assert_eq!(cost("/none").wait, None);
        assert_eq!(cost("/none").ignored.len(), 1);
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
