//! What is asked of everything that reads what others wrote: no input makes it panic, and some things
//! hold whatever the input is.
//!
//! Each judge takes any bytes. The fuzzer calls them with what it makes up (`fuzz_targets/`), and the
//! ordinary tests with what is kept in `corpus/` (`crates/deliver/tests/corpus.rs`).

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use steadfast_call::dialect::{Dialect, Hint, HintForm, PolicyName};
use steadfast_call::{
    Class, Effect, Nature, Next, Options, Reply, Request, classify, explain, hint, read_saved,
};
use steadfast_deliver::input::{self, Content, Format, Source};

/// A judge, by the name of its corpus.
pub type Judge = fn(&[u8]);

/// Every judge.
pub const JUDGES: [(&str, Judge); 7] = [
    ("hint", hint_of),
    ("dialect", dialect),
    ("place", place),
    ("reply", reply),
    ("saved", saved),
    ("rows", rows),
    ("objects", objects),
];

static DIALECTS: LazyLock<Vec<Arc<Dialect>>> = LazyLock::new(|| {
    let built_in = |name: &&str| Dialect::built_in(name).map(Arc::new);
    Dialect::built_in_names().iter().filter_map(built_in).collect()
});

/// The smallest dialect, with a place to be filled in.
const SMALL: &str = "dialect = 1
name = 'small'
title = 'Small'
[reply]
code = ['PLACE']
[policy.recommended]
attempts = 1
attempt_timeout_ms = 1
connect_timeout_ms = 1
fault_base_ms = 1
throttle_base_ms = 1
wait_cap_ms = 1
hint_cap_ms = 1
jitter = 'none'
rate_limited = 'never'
[policy.documented]
attempts = 1
attempt_timeout_ms = 1
connect_timeout_ms = 1
fault_base_ms = 1
throttle_base_ms = 1
wait_cap_ms = 1
hint_cap_ms = 1
jitter = 'none'
rate_limited = 'never'
";

/// A hint in any text, beside a `Date` in any text: a wait is finite, and nothing negative gets through.
///
/// The first line is the hint, the second the `Date`.
pub fn hint_of(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in ["retry-after", "date"] {
        if let Ok(value) = HeaderValue::from_bytes(lines.next().unwrap_or_default()) {
            headers.insert(name, value);
        }
    }
    let text = headers.get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let reply = Reply::new(StatusCode::TOO_MANY_REQUESTS, headers, "".into());
    for dialect in DIALECTS.iter() {
        drop(hint::read(&dialect.hints.wait, &reply));
    }
    let knosc = DIALECTS.iter().find(|dialect| dialect.name == "knosc");
    let (Some(knosc), Some(text)) = (knosc, text) else { return };
    let hints: Vec<Hint> = knosc.hints.wait.clone();
    assert!(hints.iter().all(|hint| matches!(hint.form, HintForm::SecondsOrDate)));
    let hinted = hint::read(&hints, &reply);
    if let Ok(seconds) = text.trim().parse::<f64>() {
        let sane = seconds.is_finite() && seconds >= 0.0;
        assert!(sane || hinted.wait.is_none(), "{text}: {:?}", hinted.wait);
        assert!(hinted.wait.is_none_or(|wait| wait.as_secs_f64() >= seconds * 0.999));
    }
}

/// A dialect file in any text: it is either used or refused with words; what is used never panics.
pub fn dialect(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let problems = Dialect::check(text);
    let parsed = Dialect::parse(text);
    assert_eq!(problems.is_empty(), parsed.is_ok(), "{problems:?}");
    assert!(problems.iter().all(|problem| problem.to_string().len() > 10));
    let Ok(dialect) = parsed else { return };
    let dialect = Arc::new(dialect);
    for (status, body) in [(200, "{}"), (400, r#"[{"a":{"b":1}}]"#), (503, "<html>"), (429, "")] {
        let Ok(status) = StatusCode::from_u16(status) else { continue };
        judge_reply(&dialect, Method::POST, status, HeaderMap::new(), body.as_bytes());
    }
}

/// A place in any text, in any body: the first line is the place, the rest the body.
pub fn place(bytes: &[u8]) {
    let (place, body) = split(bytes);
    let Ok(place) = std::str::from_utf8(place) else { return };
    let Ok(dialect) = Dialect::parse(&SMALL.replace("PLACE", place)) else { return };
    let Some(extract) = dialect.reply.code.first() else { return };
    let reply = Reply::new(StatusCode::OK, HeaderMap::new(), body.to_vec().into());
    let (first, all) = (extract.text(&reply), extract.texts(&reply));
    assert_eq!(first.as_ref(), all.first(), "{place}");
}

/// Any reply to any dialect: `D M SSS` (dialect, method, status), then headers, an empty line, and the body.
pub fn reply(bytes: &[u8]) {
    let (first, rest) = split(bytes);
    let [which, method, status @ ..] = first else { return };
    let Some(dialect) = DIALECTS.get(usize::from(*which) % DIALECTS.len()) else { return };
    let method = match method % 5 {
        0 => Method::GET,
        1 => Method::POST,
        2 => Method::PUT,
        3 => Method::PATCH,
        _ => Method::DELETE,
    };
    let status = std::str::from_utf8(status).ok().and_then(|status| status.trim().parse().ok());
    let Some(Ok(status)) = status.map(StatusCode::from_u16) else { return };
    let mut headers = HeaderMap::new();
    let mut rest = rest;
    loop {
        let (line, after) = split(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(&line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    judge_reply(dialect, method, status, headers, rest);
}

fn judge_reply(
    dialect: &Arc<Dialect>,
    method: Method,
    status: StatusCode,
    headers: HeaderMap,
    body: &[u8],
) {
    let reply = Reply::new(status, headers, body.to_vec().into());
    for path in ["/purchase-order", "/v1/runs", "/x"] {
        let request = Request::new(method.clone(), path).json("{}");
        let reading = classify(dialect, &request, &reply);
        let claimed = matches!(reading.class, Class::Ok | Class::Queued);
        assert!(!claimed || status.is_success(), "{status} claims {:?}", reading.class);
        for policy in [PolicyName::Recommended, PolicyName::Documented] {
            let told = explain(dialect, policy, request.clone(), Options::default(), &reply);
            let doubtful = told.effect == Effect::Unknown && told.nature == Nature::Once;
            let again = matches!(told.next, Next::SendAgain(_) | Next::Authenticate(_));
            assert!(!(doubtful && again), "sent again in doubt: {told:?}");
            let cap = dialect.policy(policy).hint_cap_ms.max(dialect.policy(policy).wait_cap_ms);
            for waits in &told.again {
                assert!(waits.latest.as_millis() <= u128::from(cap), "{waits:?} over {cap} ms");
            }
        }
    }
}

/// A saved `curl -i` in any text.
pub fn saved(bytes: &[u8]) {
    for method in [Method::GET, Method::POST] {
        if let Ok(saved) = read_saved(bytes, &method) {
            assert!((100..600).contains(&saved.reply.status.as_u16()));
        }
    }
}

/// A table in any bytes.
pub fn rows(bytes: &[u8]) {
    pieces_of(bytes, Format::Csv);
}

/// Objects in any bytes, one on a line and in an array.
pub fn objects(bytes: &[u8]) {
    pieces_of(bytes, Format::Ndjson);
    pieces_of(bytes, Format::Json);
}

/// Every piece lies in the file, after the one before it; what could not be read says why.
fn pieces_of(bytes: &[u8], format: Format) {
    let Some(knosc) = DIALECTS.iter().find(|dialect| dialect.name == "knosc") else { return };
    let Some(resource) = knosc.resource.get("purchase-order") else { return };
    let Ok(source) = Source::spooled("x", bytes) else { return };
    let options = input::Options { format: Some(format), ..input::Options::default() };
    let reader = match input::open(&source, resource, &options) {
        Ok(reader) => reader,
        Err(error) => return assert!(error.to_string().len() > 10),
    };
    let lines = bytes.split(|byte| *byte == b'\n' || *byte == b'\r').count() as u64;
    let mut last = 0;
    for piece in reader {
        let Ok(piece) = piece else { return };
        assert!(piece.line >= last && piece.last_line >= piece.line, "{piece:?} after {last}");
        assert!(piece.last_line <= lines, "{piece:?} of {lines} lines");
        assert!(piece.content != Content::Unread || !piece.faults.is_empty(), "{piece:?}");
        last = piece.line;
    }
}

/// The first line, and what is behind its break.
fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
