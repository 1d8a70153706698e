//! From a reply to what it means. Every reply is read, 2xx included; a body that is empty, cut
//! off or not JSON still classifies by status.

use http::Method;

use crate::class::Class;
use crate::dialect::{
    BodyShape, Dialect, Extract, Rule, SendAgain, When, find_value, glob_matches,
};
use crate::reply::Reply;
use crate::request::Request;

/// What a reply means, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The class.
    pub class: Class,
    /// Whether to send again, where a rule says otherwise than the class.
    pub again: Option<SendAgain>,
    /// The rule that decided, in words.
    pub rule: String,
    /// The API's code.
    pub code: Option<String>,
    /// The API's message. For people; nothing is decided by it.
    pub message: Option<String>,
    /// The server's name for the exchange.
    pub request_id: Option<String>,
}

/// Reads a reply to a request.
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
    let first = |places: &[Extract]| places.iter().find_map(|place| place.text(reply));
    let code = first(&dialect.reply.code);
    let view = View { request, reply, code: code.as_deref() };
    let (class, again, rule) = match dialect.rule.iter().find(|rule| view.fits(&rule.when)) {
        Some(Rule { class, again, name, .. }) => (*class, *again, name.clone()),
        None => {
            let (class, rule) = by_status(dialect, &view);
            (class, None, rule)
        }
    };
    let message = first(&dialect.reply.message);
    let request_id = first(&dialect.reply.request_id);
    Reading { class, again, rule, code, message, request_id }
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
    code: Option<&'a str>,
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
    fn fits(&self, when: &When) -> bool {
        let status = self.reply.status.as_u16();
        let any = |patterns: &[String], text: &str| patterns.iter().any(|p| glob_matches(p, text));
        (when.status.is_empty() || when.status.iter().any(|pattern| pattern.matches(status)))
            && when.write.is_none_or(|write| write == self.is_write())
            && (when.method.is_empty()
                || when.method.iter().any(|m| m.eq_ignore_ascii_case(self.request.method.as_str())))
            && when.path.as_ref().is_none_or(|path| glob_matches(path, self.request.route()))
            && (when.code.is_empty() || self.code.is_some_and(|code| any(&when.code, code)))
            && !(when.code_absent && self.code.is_some())
            && when.body.is_none_or(|shape| shape == self.shape())
            && when.json.iter().all(|(pointer, wanted)| {
                self.reply.json().and_then(|body| find_value(body, pointer)) == Some(wanted)
            })
            && when.json_there.iter().all(|pointer| {
                let found = self.reply.json().and_then(|body| find_value(body, pointer));
                found.is_some_and(|value| !value.is_null())
            })
            && when.header.iter().all(|(name, pattern)| {
                let values = self.reply.headers.get_all(name);
                values.iter().filter_map(|v| v.to_str().ok()).any(|v| glob_matches(pattern, v))
            })
            && when
                .content_type
                .as_ref()
                .is_none_or(|pattern| glob_matches(pattern, &self.reply.content_type()))
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
