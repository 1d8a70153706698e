use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::form::{
    Form, Given, Glob, HeaderText, LogText, MessageText, Reader, Schemas, named, nearest,
};
use crate::class::Class;

table! {
    /// What is sent with every call.
    #[derive(Default)]
    pub struct RequestDefaults {
        /// Headers; the settings and the caller may set each otherwise.
        pub headers: BTreeMap<String, String> as BTreeMap<HeaderText, String>,
        /// The header of an id that is made once for a call, and is the same on all its attempts.
        pub id_header: Option<String> as Option<HeaderText>,
        /// True if paths are sent with a slash at their end.
        pub trailing_slash: bool,
        /// The header User-Agent.
        pub user_agent: Option<String>,
    }
}

table! {
    /// What is kept out of logs and errors, beside what always is.
    #[derive(Default)]
    pub struct Redaction {
        /// Globs over names of headers.
        pub headers: Vec<String> as Vec<Glob>,
        /// Globs over names of query parameters.
        pub query: Vec<String> as Vec<Glob>,
        /// JSON pointers, or globs over the names of members.
        pub json: Vec<String> as Vec<Glob>,
    }
}

table! {
    /// The log lines that the API's guide prints, written under the policy `documented`. Filled in
    /// are `{method}`, `{path}`, `{url}`, `{status}`, `{code}`, `{message}`, `{attempt}`, `{attempts}`,
    /// `{retries}`, `{wait_s}` (with digits: `{wait_s:.2}`), `{cause}`, `{request_id}`, `{idempotency_key}`, `{body}`,
    /// `{headers}` and `{operation}`: the caller's name for the call, or else method and path.
    #[derive(Default)]
    pub struct LogLines {
        /// A call was answered with an error.
        pub failed: Option<String> as Option<LogText>,
        /// A call was not answered.
        pub unanswered: Option<String> as Option<LogText>,
        /// It is sent again after an answer.
        pub retry_status: Option<String> as Option<LogText>,
        /// It is sent again after none.
        pub retry_unanswered: Option<String> as Option<LogText>,
        /// It is sent again, told a second time, where a guide has two lines for that; `{retries}` is how often that may be.
        pub retry_notice: Option<String> as Option<LogText>,
        /// It was sent as often as the policy allows.
        pub exhausted: Option<String> as Option<LogText>,
        /// It is about to be sent; at level debug.
        pub request: Option<String> as Option<LogText>,
        /// The name that the guide gives the logger of attempts; the dialect's own if it gives none.
        pub logger: Option<String>,
        /// At which level it is told that a call is sent again.
        pub retry_level: RetryLevel = RetryLevel::Warn,
        /// What stands in place of a secret header; `[redacted]` if it is not said.
        pub redacted: Option<String>,
    }
}

words! {
    /// How loud it is told that a call is sent again.
    #[derive(Default)]
    pub enum RetryLevel {
        /// As a warning.
        Warn [default] = "warn",
        /// As news.
        Info = "info",
    }
}

/// What a text for people is about: a class, or a kind of error that no class names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject;

impl Subject {
    fn words() -> Vec<&'static str> {
        let kinds = [
            "second_factor_required",
            "first_sign_in",
            "session_not_taken",
            "unreached",
            "unknown",
            "differs",
            "protocol",
            "cancelled",
        ];
        Class::ALL.map(Class::as_str).into_iter().chain(kinds).collect()
    }
}

/// Texts for people by what they are about.
impl Form for BTreeMap<Subject, MessageText> {
    type Value = BTreeMap<String, String>;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let words = Subject::words();
        let name = |key: &str, reader: &mut Reader<'_>| {
            if words.contains(&key) {
                return true;
            }
            let near = nearest(key, &words).map(|near| format!(" to `{near}`")).unwrap_or_default();
            let remedy = format!("correct the key{near}; there are {}", words.join(", "));
            reader.wrong(format!("\"{key}\" is no class or kind of error"), remedy);
            false
        };
        named(given, reader, name, MessageText::read)
    }

    fn if_absent() -> Option<Self::Value> {
        Some(BTreeMap::new())
    }

    fn schema(schemas: &mut Schemas) -> Value {
        let words = Subject::words();
        json!({
            "type": "object",
            "propertyNames": { "enum": words },
            "additionalProperties": MessageText::schema(schemas),
        })
    }
}
