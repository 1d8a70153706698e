//! What headers tell of the server's limit before anything is refused.
//!
//! `RateLimit` and `RateLimit-Policy` are fields of the IETF draft "RateLimit header fields for
//! HTTP" (draft-ietf-httpapi-ratelimit-headers): a list of policies with their parameters, as in
//! `"burst";r=50;t=30`. Its older versions had one field with `limit=100, remaining=50, reset=30`,
//! or three fields.

use std::time::Duration;

use crate::conditions::View;
use crate::dialect::{Extract, LimitHint, NegativeHint};
use crate::reply::Reply;

/// What is left of the server's limit, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// How many requests a window has, if it is told.
    pub limit: Option<f64>,
    /// How many of them are left.
    pub remaining: f64,
    /// How long until the window ends, if it is told.
    pub reset: Option<Duration>,
}

pub(super) fn read(places: &LimitHint, view: &View<'_>) -> Option<Limit> {
    if places.draft {
        return draft(view.reply);
    }
    let number = |place: &Option<Extract>| number(&place.as_ref()?.text(view.reply)?);
    let reset = places.reset.as_ref().and_then(|reset| {
        super::read_of(std::slice::from_ref(reset), NegativeHint::Ignored, view).wait
    });
    Some(Limit { limit: number(&places.limit), remaining: number(&places.remaining)?, reset })
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

fn draft(reply: &Reply) -> Option<Limit> {
    let field = |name: &str| {
        let values = reply.headers.get_all(name).iter();
        let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    };
    if let Some(text) = field("ratelimit") {
        let policies = field("ratelimit-policy").unwrap_or_default();
        return tightest(&text, &policies);
    }
    let seconds = |text: String| Duration::try_from_secs_f64(number(&text)?).ok();
    Some(Limit {
        limit: field("ratelimit-limit").and_then(|text| number(text.split([',', ';']).next()?)),
        remaining: number(&field("ratelimit-remaining")?)?,
        reset: field("ratelimit-reset").and_then(seconds),
    })
}

/// Of several policies the one that leaves the least.
fn tightest(text: &str, policies: &str) -> Option<Limit> {
    let parameter = |item: &str, names: [&str; 2]| {
        item.split([';', ',']).find_map(|part| {
            let (name, value) = part.trim().split_once('=')?;
            names.contains(&name.trim()).then(|| number(value.trim_matches('"'))).flatten()
        })
    };
    let seconds = |number: f64| Duration::try_from_secs_f64(number).ok();
    // The older form is one item whose parameters are separated by commas.
    let items: Vec<&str> = match text.contains("remaining=") {
        true => vec![text],
        false => text.split(',').collect(),
    };
    let read = |item: &&str| {
        let name = item.split(';').next().unwrap_or_default().trim();
        let policy = policies.split(',').find(|policy| policy.trim().starts_with(name));
        Some(Limit {
            limit: parameter(item, ["limit", "limit"]).or_else(|| parameter(policy?, ["q", "q"])),
            remaining: parameter(item, ["r", "remaining"])?,
            reset: parameter(item, ["t", "reset"]).and_then(seconds),
        })
    };
    items.iter().filter_map(read).min_by(|a, b| a.remaining.total_cmp(&b.remaining))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    fn of(fields: &[(&'static str, &'static str)]) -> Option<Limit> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        draft(&Reply::new(StatusCode::OK, headers, bytes::Bytes::new()))
    }

    #[test]
    fn every_version_of_the_draft_is_read() {
        let limit = |limit: Option<f64>, remaining, reset| {
            Some(Limit { limit, remaining, reset: Some(Duration::from_secs(reset)) })
        };
        let new = of(&[("ratelimit", "\"p\";r=50;t=30"), ("ratelimit-policy", "\"p\";q=100;w=60")]);
        assert_eq!(new, limit(Some(100.0), 50.0, 30));
        let several = of(&[("ratelimit", "\"day\";r=900;t=3600, \"burst\";r=2;t=1")]);
        assert_eq!(several, limit(None, 2.0, 1));
        let one = of(&[("ratelimit", "limit=100, remaining=50, reset=30")]);
        assert_eq!(one, limit(Some(100.0), 50.0, 30));
        let three = [
            ("ratelimit-limit", "100, 100;w=60"),
            ("ratelimit-remaining", "50"),
            ("ratelimit-reset", "30"),
        ];
        assert_eq!(of(&three), limit(Some(100.0), 50.0, 30));
    }

    #[test]
    fn what_cannot_be_read_tells_nothing() {
        for value in ["\"p\";t=30", "\"p\";r=-1;t=5", "\"p\";r=nan", "", "r=inf;t=1"] {
            assert_eq!(of(&[("ratelimit", value)]), None, "{value}");
        }
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("ratelimit-remaining", "many")]), None);
    }
}
