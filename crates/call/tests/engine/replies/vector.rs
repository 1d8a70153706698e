//! One reply, and what the engine makes of it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde::Deserialize;
use steadfast_call::dialect::{Dialect, PolicyName};
use steadfast_call::{Class, Effect, Error, Explanation, Next, Outcome, Reply, Request, explain};

use super::answer::{Asked, Headers, reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vector {
    pub(super) id: String,
    #[serde(default, rename = "what")]
    _what: String,
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "assumed")]
    _assumed: bool,
    request: Asked,
    reply: Answered,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    class: Class,
    effect: Effect,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    failed: Vec<String>,
    #[serde(default)]
    hint_ms: Option<u64>,
    #[serde(default)]
    both: Option<Course>,
    #[serde(default)]
    recommended: Option<Course>,
    #[serde(default)]
    documented: Option<Course>,
}

/// What comes of a reply that is given again and again.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Course {
    #[serde(default)]
    again_ms: Vec<Span>,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    end: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Span {
    Exact(u64),
    Between(u64, u64),
}

impl Vector {
    pub(super) fn request(&self) -> Request {
        self.request.request()
    }

    pub(super) fn reply(&self) -> Reply {
        reply(self.reply.status, &self.reply.headers, &self.reply.body)
    }

    /// Everything that is not as expected, one sentence each.
    pub(super) fn wrong(&self, dialect: &Arc<Dialect>) -> Vec<String> {
        let expect = &self.expect;
        let mut wrong = Wrong { id: &self.id, found: Vec::new() };
        let courses = match (&expect.both, &expect.recommended, &expect.documented) {
            (Some(both), None, None) => [both.clone(), both.clone()],
            (None, Some(recommended), Some(documented)) => {
                [recommended.clone(), documented.clone()]
            }
            _ => {
                wrong.found.push(format!("{}: give both, or recommended and documented", self.id));
                return wrong.found;
            }
        };
        for (policy, course) in
            [PolicyName::Recommended, PolicyName::Documented].into_iter().zip(courses)
        {
            let options = self.request.options(dialect);
            let told = explain(dialect, policy, self.request(), options, &self.reply());
            if policy == PolicyName::Recommended {
                self.reading(&told, &mut wrong);
            }
            course.wrong(&told, policy.as_str(), &mut wrong);
        }
        wrong.found
    }

    fn reading(&self, told: &Explanation, wrong: &mut Wrong<'_>) {
        let expect = &self.expect;
        let hint_ms = told.hint.map(|hint| hint.as_millis() as u64);
        if told.class != expect.class {
            let class = told.class;
            wrong.is("class", &format!("{class} ({})", told.rule), &expect.class.to_string());
        }
        wrong.is("effect", &told.effect, &expect.effect);
        wrong.is("code", &told.code, &expect.code);
        wrong.is("fields", &fields(told), &expect.fields);
        let failed = told.items.iter().filter(|item| item.failed);
        let failed: Vec<String> = failed.filter_map(|item| item.id.clone()).collect();
        wrong.is("failed", &failed, &expect.failed);
        wrong.is("hint_ms", &hint_ms, &expect.hint_ms);
        if expect.message.is_some() {
            wrong.is("message", &told.message, &expect.message);
        }
        if expect.request_id.is_some() {
            wrong.is("request_id", &told.request_id, &expect.request_id);
        }
    }
}

impl Course {
    fn wrong(&self, told: &Explanation, policy: &str, wrong: &mut Wrong<'_>) {
        let expected: Vec<(u64, u64)> = self.again_ms.iter().map(|span| span.bounds()).collect();
        let again: Vec<(u64, u64)> = told
            .again
            .iter()
            .map(|waits| (waits.earliest.as_millis() as u64, waits.latest.as_millis() as u64))
            .collect();
        wrong.is(&format!("{policy}.again_ms"), &again, &expected);
        let next = match told.next {
            Next::SendAgain(_) => "send_again",
            Next::Authenticate(_) => "authenticate",
            Next::LookUp { .. } => "look_up",
            Next::Compare => "compare",
            Next::End => "end",
        };
        let default = if self.again_ms.is_empty() { "end" } else { "send_again" };
        wrong.is(&format!("{policy}.next"), &next, &self.next.as_deref().unwrap_or(default));
        let end = told.end.as_deref().map(end);
        wrong.is(&format!("{policy}.end"), &end, &self.end.as_deref());
    }
}

impl Span {
    fn bounds(self) -> (u64, u64) {
        match self {
            Self::Exact(ms) => (ms, ms),
            Self::Between(from, to) => (from, to),
        }
    }
}

/// The texts of each field, joined.
fn fields(told: &Explanation) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for field in &told.field_errors {
        let text = fields.entry(field.at.clone()).or_default();
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&field.message);
    }
    fields
}

/// How a call ended, in one word.
pub(super) fn end(result: &Result<Outcome, Error>) -> &'static str {
    match result {
        Ok(outcome) => outcome.as_str(),
        Err(error) => error.kind().as_str(),
    }
}

/// What is not as expected.
pub(super) struct Wrong<'i> {
    pub(super) id: &'i str,
    pub(super) found: Vec<String>,
}

impl Wrong<'_> {
    pub(super) fn is<T: PartialEq + Debug + ?Sized>(&mut self, what: &str, is: &T, expected: &T) {
        if is != expected {
            let id = self.id;
            self.found.push(format!("{id}: {what} is {is:?}, and {expected:?} is expected"));
        }
    }
}
