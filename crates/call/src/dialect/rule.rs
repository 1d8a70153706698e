use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::form::{
    AtLeastOne, Form, Given, Glob, HeaderText, MethodText, PathGlob, Pointer, Reader, Schemas, word,
};
use super::{Extract, PolicyName};
use crate::class::Class;
use crate::effect::Effect;

table! {
    /// One rule over replies.
    pub struct Rule {
        /// The rule in words, as decisions quote it.
        pub name: String,
        /// What has to hold; everything that is said has to.
        pub when: When,
        /// What the reply then means.
        pub class: Class,
        /// Whether to send again, where this differs from what the class says.
        pub again: Option<SendAgain>,
        /// What the server did with a write, where this differs from what the class says.
        pub effect: Option<Effect>,
    }
    check |rule: &Self, reader: &mut Reader<'_>| {
        if rule.again == Some(SendAgain::NotProcessed) && rule.effect == Some(Effect::Unknown) {
            let what = "again = \"not_processed\" says that nothing took effect, and `effect` that nobody knows";
            reader.wrong(what, "take out one of them");
        }
    }
}

words! {
    /// Whether a call may be sent again after a reply.
    pub enum SendAgain {
        /// Not by machine.
        Never = "never",
        /// If the call is safe, or the write's effect is known to be none.
        IfSafe = "if_safe",
        /// Yes: the server says that it did not process the call.
        NotProcessed = "not_processed",
    }
}

impl Form for Class {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        word(&Self::ALL.map(|class| (class.as_str(), class)), given, reader)
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}

/// A rule can say that nothing took effect, or that nobody knows. That a write was applied is
/// said by the class.
impl Form for Effect {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        word(&[("none", Self::None), ("unknown", Self::Unknown)], given, reader)
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "enum": ["none", "unknown"] })
    }
}

table! {
    /// Conditions over a reply and its call; all that are said have to hold.
    #[derive(Default)]
    pub struct When {
        /// Status patterns, such as `429` or `5xx`.
        pub status: Vec<StatusPattern>,
        /// Status patterns that must not fit.
        pub status_not: Vec<StatusPattern>,
        /// Globs over the code; of several codes, one has to fit.
        pub code: Vec<String> as Vec<Glob>,
        /// True if there must be no code.
        pub code_absent: bool,
        /// JSON pointers and the values that they must lead to.
        pub json: BTreeMap<String, Value> as BTreeMap<Pointer, Value>,
        /// JSON pointers that must lead to some value other than null.
        pub json_there: Vec<String> as Vec<Pointer>,
        /// JSON pointers that must lead to nothing, or to null.
        pub json_absent: Vec<String> as Vec<Pointer>,
        /// Header names and globs over their values.
        pub header: BTreeMap<String, String> as BTreeMap<HeaderText, Glob>,
        /// Headers that must not be there.
        pub header_absent: Vec<String> as Vec<HeaderText>,
        /// A glob over the content type.
        pub content_type: Option<String> as Option<Glob>,
        /// Texts of which one must occur in the body. The last resort (hazard 50).
        pub text: Vec<String>,
        /// What shape the body must have.
        pub body: Option<BodyShape>,
        /// True for writes only, false for reads only.
        pub write: Option<bool>,
        /// The call's methods.
        pub method: Vec<String> as Vec<MethodText>,
        /// A glob over the call's path, without the query.
        pub path: Option<String> as Option<PathGlob>,
        /// True if the call must have been sent with an idempotency key, false if without.
        pub key_sent: Option<bool>,
        /// The policy that is followed.
        pub policy: Option<PolicyName>,
        /// Further conditions, of which one set has to hold.
        pub any: Vec<When>,
    }
}

words! {
    /// The shape of a body.
    pub enum BodyShape {
        /// No bytes.
        Empty = "empty",
        /// A JSON value.
        Json = "json",
        /// Bytes that are not JSON.
        Other = "other",
    }
}

/// A status, or a class of them: `429`, `5xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusPattern {
    from: u16,
    to: u16,
}

impl StatusPattern {
    /// True if the status fits.
    #[must_use]
    pub fn matches(self, status: u16) -> bool {
        (self.from..=self.to).contains(&status)
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(hundreds) = text.strip_suffix("xx").filter(|text| digits(text)) {
            let hundreds: u16 = hundreds.parse().ok()?;
            return (1..=5)
                .contains(&hundreds)
                .then(|| Self { from: hundreds * 100, to: hundreds * 100 + 99 });
        }
        let status: u16 = text.parse().ok().filter(|_| digits(text))?;
        (100..=599).contains(&status).then_some(Self { from: status, to: status })
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.from == self.to {
            true => write!(f, "{}", self.from),
            false => write!(f, "{}xx", self.from / 100),
        }
    }
}

impl Form for StatusPattern {
    type Value = Self;

    fn read(given: &Given<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text("a status in quotation marks, \"429\" or \"5xx\"", given)?;
        let pattern = Self::parse(&text);
        if pattern.is_none() {
            reader.wrong(format!("\"{text}\" is no status"), "write \"429\" or \"5xx\"");
        }
        pattern
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string", "pattern": "^[1-5]([0-9][0-9]|xx)$" })
    }
}

table! {
    /// What may be said of an operation beyond its method.
    pub struct Operation {
        /// The method.
        pub method: String as MethodText,
        /// A glob over the path below the base URL, without the query.
        pub path: String as PathGlob,
        /// True if sending it twice has the effect of sending it once. Without it, the method decides: GET, HEAD and OPTIONS are safe, and any other may not be sent twice.
        pub idempotent: Option<bool>,
        /// True if it changes nothing: a POST that only reads.
        pub safe: bool,
        /// True if "not found" after an unanswered attempt is the state that was wished for.
        pub gone_is_done: bool,
        /// What the record shows once the operation has been done, where the API answers a repeat of it with a conflict; one of these. The record is read at the operation's path without its last step.
        pub done: Vec<ValueAt>,
        /// How often it is sent at the most, where that is less than the policy says: a probe is sent once.
        pub attempts: Option<u32> as Option<AtLeastOne<u32>>,
    }
    check |operation: &Self, reader: &mut Reader<'_>| {
        if operation.safe && operation.idempotent == Some(false) {
            let what = "what changes nothing can be sent any number of times";
            reader.wrong(what, "take out `safe` or `idempotent`");
        }
        if operation.safe && operation.gone_is_done {
            let what = "what changes nothing cannot make a record go";
            reader.wrong(what, "take out `safe` or `gone_is_done`");
        }
        if !operation.done.is_empty() && operation.idempotent != Some(true) {
            let what = "only what may be sent again is ever told that it was done before";
            reader.wrong(what, "say idempotent = true, or take out `done`");
        }
    }
}

table! {
    /// A place whose text has to be one of some values; without values, it has to be there.
    pub struct ValueAt {
        /// The place.
        pub at: Extract,
        /// The values.
        pub values: Vec<String>,
    }
}

impl ValueAt {
    /// True if the reply has it.
    #[must_use]
    pub fn holds(&self, reply: &crate::Reply) -> bool {
        let texts = self.at.texts(reply);
        match self.values.is_empty() {
            true => !texts.is_empty(),
            false => texts.iter().any(|text| self.values.contains(text)),
        }
    }
}
