//! Drawing what goes wrong with an exchange.

use super::{Answer, Body, Fate, Hint, On};
use crate::chance::Chance;

/// A write may take effect this long after it was given up: the settle time of the dialects is
/// longer by one tick.
const LATE_MS_MAX: u64 = 2_999;

/// A fate for an exchange of that kind.
pub(super) fn fate(chance: &mut Chance, on: On, session: bool) -> Fate {
    match chance.below(20) {
        0 | 1 => Fate::Refused,
        2 => Fate::LostBefore { silent: chance.one_in(3) },
        3..=5 => Fate::LostAfter { silent: chance.one_in(3) },
        6 | 7 => Fate::Late { ms: late(chance), silent: chance.one_in(2) },
        8 => Fate::Slow { ms: chance.pick(&[500, 5_000, 29_000, 31_000, 90_000]) },
        9 => Fate::Cut,
        10 => Fate::Huge,
        11 if session => Fate::Expired,
        12 if session => Fate::StaleCsrf,
        _ => Fate::Answer(answer(chance, on, session)),
    }
}

fn late(chance: &mut Chance) -> u64 {
    match chance.below(3) {
        0 => LATE_MS_MAX,
        1 => chance.between(2_000, LATE_MS_MAX),
        _ => chance.between(1, LATE_MS_MAX),
    }
}

fn answer(chance: &mut Chance, on: On, session: bool) -> Answer {
    let status = match chance.below(16) {
        0..=2 => 503,
        3 | 4 => 502,
        5 | 6 => 504,
        7 | 8 => 500,
        9 | 10 => 429,
        11 => 200,
        12 if session && !matches!(on, On::LogIn | On::Refresh) => 401,
        13 if matches!(on, On::Op(_)) => 403,
        14 if matches!(on, On::Op(_)) => 400,
        _ => 408,
    };
    let body = match status {
        // A success that is the API's own is no fault, and one that is not is no JSON of its.
        200 => chance.pick(&[Body::Html, Body::Garbled, Body::HtmlCut]),
        // A refusal by code has one.
        400 | 403 => Body::Error,
        _ => chance.pick(&[Body::Error, Body::Html, Body::Empty, Body::Garbled, Body::HtmlCut]),
    };
    // Below 500 an API has done nothing, but for 408; of a page from something before the API,
    // nobody knows.
    let may_be_done = status >= 500 || status == 408 || status == 200;
    let hints = match status {
        200 | 400 | 403 => Vec::new(),
        _ if chance.percent(60) => Vec::new(),
        _ => (0..chance.pick(&[1, 1, 2])).map(|_| hint(chance)).collect(),
    };
    Answer { status, done: may_be_done && chance.one_in(2), body, hints }
}

fn hint(chance: &mut Chance) -> Hint {
    match chance.below(8) {
        0..=2 => Hint::Seconds(chance.between(0, 5)),
        3 => Hint::Seconds(chance.pick(&[30, 59, 60, 61, 1_200])),
        4 | 5 => Hint::Date(chance.between(0, 40)),
        6 => Hint::Text(
            chance.pick(&["-1", "inf", "nan", "soon", "1e400", "99999999999999999999999"]).into(),
        ),
        _ => Hint::Text("Wed, 21 Oct 2015 07:28:00 GMT".into()),
    }
}
