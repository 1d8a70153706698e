//! An explanation for a person, and for a machine.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use steadfast::dialect::{Dialect, PolicyName};
use steadfast::{Class, Effect, Error, Explanation, Limit, Nature, Next, Outcome, Waits};

use crate::faults::{field_lines, fields_json, item_lines, items_json};
use crate::layout::named;

/// How wide the names of the lines are.
const NAME_WIDTH: usize = 9;

pub(super) struct Shown<'s> {
    pub(super) dialect: &'s Dialect,
    pub(super) policy: PolicyName,
    pub(super) told: Explanation,
    /// What it means to a read, where the method was not said.
    pub(super) as_read: Option<Explanation>,
    pub(super) method: Method,
    pub(super) path: Option<&'s str>,
    pub(super) remarks: &'s [String],
}

impl Shown<'_> {
    pub(super) fn to_text(&self, quiet: bool) -> String {
        let mut text = String::new();
        let path = self.path.map(|path| format!(" {path}")).unwrap_or_default();
        let (method, status) = match &self.as_read {
            Some(_) => (format!("a write ({})", self.method), self.told.status),
            None => (self.method.to_string(), self.told.status),
        };
        let (title, policy) = (&self.dialect.title, self.policy.as_str());
        let answers = format!("{title} answers {status} to {method}{path}, {policy} policy");
        text.push_str(&named("", 0, &answers));
        text.push('\n');
        for (name, said) in lines(&self.told) {
            text.push_str(&named(name, NAME_WIDTH, &said));
        }
        if let Some(read) = &self.as_read {
            text.push_str("\nTo a read (GET) the same answer means:\n\n");
            for (name, said) in lines(read) {
                if ["class", "next", "action"].contains(&name) {
                    text.push_str(&named(name, NAME_WIDTH, &said));
                }
            }
        }
        if !quiet && !self.remarks.is_empty() {
            text.push('\n');
            for remark in self.remarks {
                text.push_str(&named("Remark:", NAME_WIDTH, remark));
            }
        }
        text
    }

    pub(super) fn to_json(&self) -> Value {
        let mut object = json(&self.told, &self.method);
        object["api"] = json!(self.dialect.name);
        object["policy"] = json!(self.policy.as_str());
        object["path"] = json!(self.path);
        object["remarks"] = json!(self.remarks);
        if let Some(read) = &self.as_read {
            object["as_read"] = json(read, &Method::GET);
        }
        object
    }
}

fn json(told: &Explanation, method: &Method) -> Value {
    json!({
        "method": method.as_str(),
        "status": told.status,
        "class": told.class.as_str(),
        "effect": told.effect.as_str(),
        "next": next_json(told),
        "again": told.again.iter().map(|waits| waits_json(*waits)).collect::<Vec<_>>(),
        "outcome": told.end.as_deref().map(ending),
        "rule": told.rule,
        "code": told.code,
        "message": told.message,
        "request_id": told.request_id,
        "hint_ms": told.hint.map(millis),
        "hints_ignored": told.hints_ignored,
        "limit": told.limit.map(|limit| json!({
            "requests": limit.limit,
            "remaining": limit.remaining,
            "reset_ms": limit.reset.map(millis),
        })),
        "server_says_again": told.verdict,
        "harmless": told.harmless,
        "key_sent": told.key_sent,
        "field_errors": fields_json(&told.field_errors),
        "items": items_json(&told.items),
        "action": told.action,
    })
}

fn next_json(told: &Explanation) -> Value {
    let (what, waits, after) = match told.next {
        Next::SendAgain(waits) => ("send_again", Some(waits), None),
        Next::Authenticate(waits) => ("authenticate", Some(waits), None),
        Next::LookUp { after, again } => ("look_up", Some(again), Some(after)),
        Next::Compare => ("compare", None, None),
        Next::End => ("end", None, None),
    };
    let mut next = json!({ "step": what });
    if let Some(after) = after {
        next["look_after_ms"] = json!(millis(after));
    }
    if let Some(Value::Object(waits)) = waits.map(waits_json) {
        waits.into_iter().for_each(|(name, wait)| next[name] = wait);
    }
    next
}

fn waits_json(waits: Waits) -> Value {
    json!({ "earliest_ms": millis(waits.earliest), "latest_ms": millis(waits.latest) })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How a call ended, in one word.
pub(crate) fn ending(result: &Result<Outcome, Error>) -> &'static str {
    match result {
        Ok(outcome) => outcome.as_str(),
        Err(error) => error.kind().as_str(),
    }
}

/// The same for a sentence: "credentials" alone is no end.
fn in_words(result: &Result<Outcome, Error>) -> &'static str {
    match ending(result) {
        "credentials" => "refused credentials",
        other => other,
    }
}

fn lines(told: &Explanation) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("class", format!("{}: {}", told.class, told.class.meaning())),
        ("effect", effect(told)),
        ("next", next(told)),
        ("action", told.action.clone()),
        ("rule", told.rule.clone()),
    ];
    let mut more = |name, said: Option<String>| lines.extend(said.map(|said| (name, said)));
    more("code", told.code.clone());
    // Where the API has no message of its own, the fields are told anyway.
    let first = told.field_errors.first().map(ToString::to_string);
    let own = |text: &String| first.as_ref().is_none_or(|first| !text.starts_with(first.as_str()));
    more("message", told.message.clone().filter(own));
    lines.extend(field_lines(&told.field_errors));
    lines.extend(item_lines(&told.items));
    let mut more = |name, said: Option<String>| lines.extend(said.map(|said| (name, said)));
    let verdict =
        |again| if again { "it says to send it again" } else { "it says not to send it again" };
    more("verdict", told.verdict.map(|again| verdict(again).to_owned()));
    more("hint", told.hint.map(asked_to_wait));
    for why in &told.hints_ignored {
        more("hint", Some(why.clone()));
    }
    more("limit", told.limit.map(limit));
    more("key", told.key_sent.then(|| "it was sent with an idempotency key".to_owned()));
    more("request", told.request_id.clone());
    lines
}

/// What a server asked for, in seconds, and in larger units where these are easier to grasp.
pub(crate) fn asked_to_wait(hint: Duration) -> String {
    let seconds = hint.as_secs_f64();
    let also = match hint.as_secs() {
        0..120 => String::new(),
        secs @ 120..7_200 => format!(" ({} min)", secs.div_ceil(60)),
        secs => format!(" ({} h)", secs.div_ceil(3_600)),
    };
    format!("it asks to wait {seconds} s{also}")
}

fn limit(limit: Limit) -> String {
    let of = limit.limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let reset = limit.reset.map(|reset| format!(" for the next {} s", reset.as_secs_f64()));
    format!("{}{of} requests are left{}", limit.remaining, reset.unwrap_or_default())
}

fn effect(told: &Explanation) -> String {
    let text = match (told.nature, told.effect, told.class) {
        (Nature::Safe, _, _) => "none: a read changes nothing",
        (_, Effect::None, _) => "none: nothing was done",
        (_, Effect::Applied, Class::Queued) => "applied: accepted, and in effect later",
        (_, Effect::Applied, Class::Partial) => "applied: a part of it is in effect",
        (_, Effect::Applied, _) => "applied: it is in effect",
        (_, Effect::Unknown, _) => match told.harmless {
            // Who knows that twice does no harm need not know more.
            Some(why) => {
                return format!(
                    "unknown: it may have taken effect; sending it again does no harm, since {why}"
                );
            }
            None => "unknown: it may have taken effect, and the answer does not tell",
        },
    };
    text.to_owned()
}

fn next(told: &Explanation) -> String {
    match told.next {
        Next::SendAgain(waits) => format!("it is sent again {waits}{}", then(told)),
        Next::Authenticate(waits) => {
            format!("the session is renewed, and it is sent again {waits}{}", then(told))
        }
        Next::LookUp { after, again } => format!(
            "it is looked for after {} s, and sent again only if it is proven not to be there, {again} at the soonest",
            after.as_secs_f64()
        ),
        Next::Compare => "what is there is read and compared with what was sent: the same ends as \
                          existing, other content as refused"
            .to_owned(),
        Next::End => match told.end.as_deref() {
            Some(Ok(_)) if told.nature == Nature::Safe => "nothing: it is answered".to_owned(),
            Some(end) => format!("nothing: it ends as {}", in_words(end)),
            None => "nothing".to_owned(),
        },
    }
}

/// What comes if the same answer comes each time.
fn then(told: &Explanation) -> String {
    let repeats = told.again.get(1..).unwrap_or_default().chunk_by(|one, next| one == next);
    let later: Vec<String> = repeats
        .map(|same| match same {
            [once] => once.to_string(),
            [first, _] => format!("twice {first}"),
            several => format!("{} times {}", several.len(), several[0]),
        })
        .collect();
    let sends = told.again.len() + 1;
    let later = match later.is_empty() {
        true => String::new(),
        false => format!(", then {}", later.join(", ")),
    };
    match told.end.as_deref() {
        Some(end) => {
            format!(
                "{later}; if it stays like this it ends as {} after {sends} sends",
                in_words(end)
            )
        }
        None if told.looked_up_at_last => {
            format!("{later}; if it stays like this it is looked for after {sends} sends")
        }
        None => format!("{later}, and so on"),
    }
}
