//! From a reply to what it means. Every reply is read, 2xx included; a body that is empty, cut
//! off or not JSON still classifies by status.

use http::Method;

use crate::class::Class;
use crate::dialect::{
    BodyShape, Dialect, Extract, PolicyName, Rule, SendAgain, When, find_value, glob_matches,
};
use crate::effect::Effect;
use crate::reply::Reply;
use crate::request::Request;

/// What a reply means, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The class.
    pub class: Class,
    /// Whether to send again, where a rule says otherwise than the class.
    pub again: Option<SendAgain>,
    /// What the server did with a write, where a rule says otherwise than the class.
    pub effect: Option<Effect>,
    /// The rule that decided, in words.
    pub rule: String,
    /// The API's code. Where a rule fits one of several, it is that one.
    pub code: Option<String>,
    /// The API's message. For people; nothing is decided by it.
    pub message: Option<String>,
    /// The server's name for the exchange.
    pub request_id: Option<String>,
}

/// What a rule may ask for beside the request and its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The request was sent with an idempotency key.
    pub key_sent: bool,
    /// The policy that is followed.
    pub policy: PolicyName,
}

/// Reads a reply to a request that was sent without an idempotency key, under the policy
/// `recommended`. See [`classify_under`].
///
/// ```
/// use http::{HeaderMap, Method, StatusCode};
/// use steadfast_call::dialect::Dialect;
/// use steadfast_call::{Class, Reply, Request, classify};
///
/// let knosc = Dialect::built_in("knosc").unwrap();
/// let body = r#"{"message":"Changes will be visible later.","notification_type":"Warning"}"#;
/// let reply = Reply::new(StatusCode::OK, HeaderMap::new(), body.into());
/// let request = Request::new(Method::POST, "/purchase-order").json("{}");
/// assert_eq!(classify(&knosc, &request, &reply).class, Class::Queued);
/// ```
#[must_use]
pub fn classify(dialect: &Dialect, request: &Request, reply: &Reply) -> Reading {
    classify_under(dialect, request, reply, Circumstances::default())
}

/// Reads a reply to a request, as it was sent.
///
/// A reply may hold several errors. A rule that asks for a code fits if one of theirs does, so
/// the order of the rules says which error wins.
#[must_use]
pub fn classify_under(
    dialect: &Dialect,
    request: &Request,
    reply: &Reply,
    circumstances: Circumstances,
) -> Reading {
    let codes = all(&dialect.reply.code, reply);
    let view = View { request, reply, codes: &codes, circumstances };
    let fitting = dialect.rule.iter().find_map(|rule| Some((rule, view.fits(&rule.when)?)));
    let at = fitting.as_ref().and_then(|(_, fit)| fit.code).unwrap_or(0);
    let (class, again, effect, rule) = match fitting {
        Some((Rule { class, again, effect, name, .. }, _)) => {
            (*class, *again, *effect, name.clone())
        }
        None => {
            let (class, rule) = by_status(dialect, &view);
            (class, None, None, rule)
        }
    };
    let mut messages = all(&dialect.reply.message, reply);
    // The message that stands beside the code, where each error has both.
    let beside = if messages.len() == codes.len() { at } else { 0 };
    let message = (beside < messages.len()).then(|| messages.swap_remove(beside));
    let request_id = dialect.reply.request_id.iter().find_map(|place| place.text(reply));
    let code = codes.into_iter().nth(at);
    Reading { class, again, effect, rule, code, message, request_id }
}

/// All values of the first place that has any.
fn all(places: &[Extract], reply: &Reply) -> Vec<String> {
    places
        .iter()
        .map(|place| place.texts(reply))
        .find(|texts| !texts.is_empty())
        .unwrap_or_default()
}

/// What the API said, in one line: `[Code] Message`, or the status where the body says neither.
pub(crate) fn said(reading: &Reading, status: u16) -> String {
    match (&reading.code, &reading.message) {
        (Some(code), Some(message)) => format!("[{code}] {message}"),
        (Some(code), None) => format!("[{code}]"),
        (None, _) => format!("HTTP {status}"),
    }
}

struct View<'a> {
    request: &'a Request,
    reply: &'a Reply,
    codes: &'a [String],
    circumstances: Circumstances,
}

/// That a rule fits, and which of the codes it asked for.
#[derive(Clone, Copy, Default)]
struct Fit {
    code: Option<usize>,
}

impl View<'_> {
    fn is_write(&self) -> bool {
        !matches!(self.request.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    fn shape(&self) -> BodyShape {
        if self.reply.body.is_empty() {
            BodyShape::Empty
        } else if self.reply.json().is_some() {
            BodyShape::Json
        } else {
            BodyShape::Other
        }
    }

    /// Cheap conditions come first: this runs for every reply.
    fn fits(&self, when: &When) -> Option<Fit> {
        if !self.call_fits(when) || !self.headers_fit(when) {
            return None;
        }
        let mut fit = Fit::default();
        if !when.code.is_empty() {
            let asked = |code: &String| when.code.iter().any(|glob| glob_matches(glob, code));
            fit.code = Some(self.codes.iter().position(asked)?);
        }
        if when.code_absent && !self.codes.is_empty() {
            return None;
        }
        if !self.body_fits(when) {
            return None;
        }
        if !when.any.is_empty() {
            let one = when.any.iter().find_map(|when| self.fits(when))?;
            fit.code = fit.code.or(one.code);
        }
        Some(fit)
    }

    fn call_fits(&self, when: &When) -> bool {
        let status = self.reply.status.as_u16();
        (when.status.is_empty() || when.status.iter().any(|pattern| pattern.matches(status)))
            && !when.status_not.iter().any(|pattern| pattern.matches(status))
            && when.write.is_none_or(|write| write == self.is_write())
            && when.key_sent.is_none_or(|sent| sent == self.circumstances.key_sent)
            && when.policy.is_none_or(|policy| policy == self.circumstances.policy)
            && (when.method.is_empty()
                || when.method.iter().any(|m| m.eq_ignore_ascii_case(self.request.method.as_str())))
            && when.path.as_ref().is_none_or(|path| glob_matches(path, self.request.route()))
    }

    fn headers_fit(&self, when: &When) -> bool {
        let headers = &self.reply.headers;
        when.header.iter().all(|(name, pattern)| {
            let values = headers.get_all(name);
            values.iter().filter_map(|v| v.to_str().ok()).any(|v| glob_matches(pattern, v))
        }) && !when.header_absent.iter().any(|name| headers.contains_key(name))
            && when
                .content_type
                .as_ref()
                .is_none_or(|pattern| glob_matches(pattern, &self.reply.content_type()))
    }

    fn body_fits(&self, when: &When) -> bool {
        let found = |pointer: &str| self.reply.json().and_then(|body| find_value(body, pointer));
        let there = |pointer: &String| found(pointer).is_some_and(|value| !value.is_null());
        when.body.is_none_or(|shape| shape == self.shape())
            && when.json.iter().all(|(pointer, wanted)| found(pointer) == Some(wanted))
            && when.json_there.iter().all(there)
            && !when.json_absent.iter().any(there)
            && (when.text.is_empty() || {
                let body = String::from_utf8_lossy(&self.reply.body);
                when.text.iter().any(|text| body.contains(text.as_str()))
            })
    }
}

fn by_status(dialect: &Dialect, view: &View<'_>) -> (Class, String) {
    let status = view.reply.status.as_u16();
    let class = match status {
        200..=299 => return by_body(dialect, view),
        400 | 422 => Class::Validation,
        401 => Class::Unauthenticated,
        402 => Class::Declined,
        403 => Class::Forbidden,
        404 | 410 => Class::NotFound,
        409 | 412 => Class::Conflict,
        429 => Class::RateLimited,
        // The server, or something before it, gave up waiting: nobody knows how far it got.
        408 | 502 | 503 | 504 => Class::Unavailable,
        405..=499 => Class::Validation,
        500..=599 => Class::ServerError,
        _ => Class::Unmodelled,
    };
    (class, format!("status {status} means {class}"))
}

/// A 2xx is a success only if its body is one: a captive portal's log-in page is not
/// (hazard 47), and where the body tells done from queued, an unreadable one tells nothing.
fn by_body(dialect: &Dialect, view: &View<'_>) -> (Class, String) {
    let status = view.reply.status.as_u16();
    if view.reply.cut {
        let rule = format!("status {status}, and the body is larger than we read");
        return (Class::Unmodelled, rule);
    }
    match view.shape() {
        BodyShape::Json
            if view.is_write()
                && dialect.reply.body_decides
                && !view.reply.json().is_some_and(serde_json::Value::is_object) =>
        {
            let rule = format!("status {status}, and the body is none that says what was done");
            (Class::Unmodelled, rule)
        }
        BodyShape::Json => (Class::Ok, format!("status {status} with a readable body")),
        BodyShape::Empty if view.is_write() && dialect.reply.body_decides => {
            let rule = format!("status {status}, and no body to tell done from queued");
            (Class::Unmodelled, rule)
        }
        BodyShape::Empty => (Class::Ok, format!("status {status} with an empty body")),
        BodyShape::Other => {
            let rule = match view.reply.content_type() {
                kind if kind.is_empty() => format!("status {status}, and the body is not JSON"),
                kind => format!("status {status}, and the body is not JSON but says {kind}"),
            };
            (Class::Unmodelled, rule)
        }
    }
}
