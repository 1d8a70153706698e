//! From a reply to what it means. Every reply is read, 2xx included; a body that is empty, cut
//! off or not JSON still classifies by status.

use crate::class::Class;
use crate::conditions::View;
use crate::dialect::{BodyShape, Dialect, Extract, Mismatch, PolicyName, Rule, SendAgain};
use crate::effect::Effect;
use crate::items;
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
    let codes = codes(dialect, reply);
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
    let mut reading = Reading { class, again, effect, rule, code, message, request_id };
    reading.hear_the_items(dialect, reply);
    reading.hear_the_verdict(dialect, reply);
    reading.hear_the_options(dialect, reply, circumstances);
    reading
}

impl Reading {
    /// A success in which items failed is none.
    fn hear_the_items(&mut self, dialect: &Dialect, reply: &Reply) {
        if dialect.reply.items.is_empty() || self.class != Class::Ok || !reply.status.is_success() {
            return;
        }
        let items = items::read(&dialect.reply.items, reply);
        let (failed, all) = (items::failed(&items), items.len());
        if failed == 0 {
            return;
        }
        self.class = Class::Partial;
        self.rule = format!("status {}, and {failed} of {all} items failed", reply.status.as_u16());
        if failed == all {
            self.effect = Some(Effect::None);
            self.rule = format!("status {}, and every item failed", reply.status.as_u16());
        }
        let first = items.into_iter().find(|item| item.failed);
        if let Some(first) = first {
            self.code = self.code.take().or(first.code);
            self.message = self.message.take().or(first.message);
        }
    }

    /// The server's own word on sending again goes before what rules and classes say of it. What
    /// may have taken effect is not sent again all the same, unless it can do no harm.
    fn hear_the_verdict(&mut self, dialect: &Dialect, reply: &Reply) {
        let Some(verdict) = &dialect.reply.verdict else { return };
        if matches!(self.class, Class::Ok | Class::Queued | Class::Partial) {
            return;
        }
        match verdict.read(reply) {
            // That it was not processed says more than that it may be sent again.
            Some(true) if self.again == Some(SendAgain::NotProcessed) => {}
            Some(true) => {
                self.again = Some(SendAgain::IfSafe);
                self.rule.push_str(" (the server says to send it again)");
            }
            Some(false) => {
                self.again = Some(SendAgain::Never);
                self.rule.push_str(" (the server says not to send it again)");
            }
            None => {}
        }
    }

    /// The letter of a guide, where the user wished for it (hazard 19).
    fn hear_the_options(&mut self, dialect: &Dialect, reply: &Reply, circumstances: Circumstances) {
        let wished = dialect.options.mismatch == Mismatch::AnyKeyed409;
        if wished && circumstances.key_sent && reply.status.as_u16() == 409 {
            self.class = Class::IdempotencyMismatch;
            self.again = None;
            self.rule = "any 409 to a call with a key is a mismatch, as the user wished".to_owned();
        }
    }
}

/// Every code that a reply holds.
pub(crate) fn codes(dialect: &Dialect, reply: &Reply) -> Vec<String> {
    all(&dialect.reply.code, reply)
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
