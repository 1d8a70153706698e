//! A dialect: one API's error and reliability contract, as data.
//!
//! A dialect is a TOML file (`dialect = 1`). It says how to read the API's replies, what may be
//! sent again, how to log in, and how to find out whether a write took effect. Nothing in this
//! crate knows an API by name; what is special about one stands in its file.

#[macro_use]
mod form;

mod act;
mod auth;
mod check;
mod extract;
mod idempotency;
mod options;
mod paging;
mod policy;
mod reply;
mod resource;
mod rule;
mod schema;
mod wording;

use std::collections::BTreeMap;

use crate::request::Request;
use form::{AtLeastOne, MessageText, PathGlob, Required};
use wording::Subject;

pub use act::Act;
pub use auth::{
    Auth, Csrf, LoginAnswer, LoginMeaning, LoginRoute, OwnerRoute, RefreshRoute, TokenRoute,
    TokenStyle,
};
pub use check::DialectError;
pub(crate) use extract::find_value;
pub use extract::{Extract, Pattern, Place, glob_matches, value_text};
pub use idempotency::{Idempotency, KeyPlace, RoutePattern};
pub use options::{DialectOptions, Mismatch, WriteRetry};
pub use paging::Paging;
pub use policy::{
    Hint, HintForm, HintUse, Hints, Jitter, LimitHint, LogInFailed, NegativeHint, Policies, Policy,
    PolicyName, RateLimited,
};
pub use reply::{FieldErrors, ItemFailed, Items, ReplyPlaces, Verdict};
pub(crate) use resource::column;
pub use resource::{
    Active, Create, Field, FieldTable, FieldType, FieldValues, Filter, ListRoute, LookupRoute,
    PathValue, RecordRoute, Resource, WitnessRoute,
};
pub use rule::{BodyShape, Operation, Rule, SendAgain, StatusPattern, ValueAt, When};
pub use wording::{LogLines, Redaction, RequestDefaults, RetryLevel};

/// The dialects that ship with this crate: name and text. One more is one line more.
const BUILT_IN: &[(&str, &str)] = &[
    ("knosc", include_str!("../dialects/knosc.toml")),
    ("thredfi", include_str!("../dialects/thredfi.toml")),
    ("operations1", include_str!("../dialects/operations1.toml")),
    ("kneo", include_str!("../dialects/kneo.toml")),
    ("problem", include_str!("../dialects/problem.toml")),
    ("azure", include_str!("../dialects/azure.toml")),
    ("github", include_str!("../dialects/github.toml")),
    ("openai", include_str!("../dialects/openai.toml")),
    ("quickbooks", include_str!("../dialects/quickbooks.toml")),
    ("salesforce", include_str!("../dialects/salesforce.toml")),
    ("sap-odata", include_str!("../dialects/sap-odata.toml")),
    ("slack", include_str!("../dialects/slack.toml")),
    ("stripe", include_str!("../dialects/stripe.toml")),
];

const BUILT_IN_NAMES: [&str; BUILT_IN.len()] = {
    let mut names = [""; BUILT_IN.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = BUILT_IN[at].0;
        at += 1;
    }
    names
};

table! {
    /// One API's contract as data. Read one with [`Dialect::parse`] or take a built-in with
    /// [`Dialect::built_in`].
    ///
    /// ```
    /// use steadfast_call::dialect::Dialect;
    ///
    /// let knosc = Dialect::built_in("knosc").expect("it ships with the crate");
    /// assert_eq!(knosc.title, "Knosc");
    /// assert!(knosc.resource.contains_key("purchase-order"));
    /// ```
    pub struct Dialect {
        /// The version of the format; this crate reads version 1.
        pub dialect: u32 as AtLeastOne<u32>,
        /// The name by which settings and commands mean this API, such as `knosc`.
        pub name: String,
        /// The name that people know it by, such as `Knosc`.
        pub title: String,
        /// What is sent with every call.
        pub request: RequestDefaults = RequestDefaults::default(),
        /// Where a reply keeps its code, message and request id.
        pub reply: ReplyPlaces,
        /// How often and how soon to send again, under either policy.
        pub policy: Policies,
        /// Where a reply says how long to wait.
        pub hints: Hints = Hints::default(),
        /// Rules over replies, in order; the first that matches wins.
        pub rule: Vec<Rule>,
        /// What may be sent again without harm, in order; the first that matches wins.
        pub operation: Vec<Operation>,
        /// How to log in.
        pub auth: Auth = Auth::None,
        /// How a write proves that it was not forged by another site.
        pub csrf: Option<Csrf>,
        /// How the API recognises a repeat by a key.
        pub idempotency: Option<Idempotency>,
        /// Present if the API may accept a write now and apply it later, unseen by reads.
        pub lock: Option<Lock>,
        /// How lists are paged.
        pub paging: Option<Paging>,
        /// Lists of master data, by the name that fields refer to them with.
        pub list: BTreeMap<String, ListRoute>,
        /// What can be written, by name.
        pub resource: BTreeMap<String, Resource>,
        /// What a person does about an error code; keys may be globs, and the exact one wins.
        pub codes: BTreeMap<String, String>,
        /// What is kept out of logs and errors, beside what always is.
        pub redact: Redaction = Redaction::default(),
        /// The log lines that the API's guide prints.
        pub log: LogLines = LogLines::default(),
        /// What is said to a person, by class or kind of error.
        pub user_messages: BTreeMap<String, String> as BTreeMap<Subject, MessageText>,
    }
    beside {
        /// Other ways to log in that a user may choose, by name: `[auth.schemes.NAME]`.
        pub auth_schemes []: BTreeMap<String, Auth>,
        /// What the user has chosen beside the file.
        pub options []: DialectOptions,
    }
}

table! {
    /// The API may hold its tables and queue writes until a run ends.
    pub struct Lock {
        /// The line to log when a write was queued.
        pub notice: String,
        /// Globs over the paths whose writes such a run queues. The answer to any other write shows nothing of the lock, and what it wrote is not hidden by it.
        pub holds: Vec<String> as Required<Vec<PathGlob>>,
    }
}

impl Lock {
    /// True if a write to that path is queued while a run is on.
    #[must_use]
    pub fn holds(&self, route: &str) -> bool {
        self.holds.iter().any(|pattern| glob_matches(pattern, route))
    }
}

impl Dialect {
    /// Reads a dialect from the text of a TOML file.
    ///
    /// # Errors
    /// The first [`DialectError`] in the file: the text is not TOML, has a key or value that the
    /// format does not know, lacks one, is of another version, or refers to something that it
    /// does not define. [`check`](Self::check) finds them all.
    pub fn parse(text: &str) -> Result<Self, DialectError> {
        check::read(text).map_err(|mistakes| {
            let nothing =
                || DialectError::Syntax { line: 1, text: "line 1: it is empty".to_owned() };
            mistakes.into_iter().next().unwrap_or_else(nothing)
        })
    }

    /// Every mistake in the text of a dialect file, in the order of the file; none if it can be
    /// used. Of a text that is not TOML, the mistakes of TOML are found and no others.
    #[must_use]
    pub fn check(text: &str) -> Vec<DialectError> {
        check::read(text).err().unwrap_or_default()
    }

    /// The dialect of that name that ships with this crate, if there is one.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        Self::parse(Self::built_in_text(name)?).ok()
    }

    /// The TOML of the dialect of that name that ships with this crate, if there is one.
    #[must_use]
    pub fn built_in_text(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text)
    }

    /// The names of the dialects that ship with this crate.
    #[must_use]
    pub fn built_in_names() -> &'static [&'static str] {
        &BUILT_IN_NAMES
    }

    /// What a person does about an error code, in the words of the dialect.
    #[must_use]
    pub fn action(&self, code: &str) -> Option<&str> {
        self.codes
            .get(code)
            .or_else(|| {
                self.codes
                    .iter()
                    .find(|(pattern, _)| glob_matches(pattern, code))
                    .map(|(_, action)| action)
            })
            .map(String::as_str)
    }

    /// What a request creates: the resource and, where the body holds it, the natural key. With
    /// both of them in its options, a call that was not answered can be looked up.
    ///
    /// ```
    /// use http::Method;
    /// use steadfast_call::{Request, dialect::Dialect};
    ///
    /// let knosc = Dialect::built_in("knosc").unwrap();
    /// let order = Request::new(Method::POST, "/purchase-order").json(r#"{"PO List Number":"P-1"}"#);
    /// assert_eq!(knosc.creates(&order), Some(("purchase-order", Some("P-1".to_owned()))));
    /// assert_eq!(knosc.creates(&Request::new(Method::GET, "/purchase-order")), None);
    /// ```
    #[must_use]
    pub fn creates(&self, request: &Request) -> Option<(&str, Option<String>)> {
        let (name, resource) = self
            .resource
            .iter()
            .find(|(_, resource)| resource.act == Act::Create && resource.create.fits(request))?;
        let body: Option<serde_json::Value> =
            request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let key = body.as_ref().and_then(|body| resource.key_in(body)).and_then(value_text);
        Some((name, key))
    }

    /// What is said of the operation that a request is, if anything.
    #[must_use]
    pub fn operation_of(&self, request: &Request) -> Option<&Operation> {
        self.operation.iter().find(|operation| {
            operation.method.eq_ignore_ascii_case(request.method.as_str())
                && glob_matches(&operation.path, request.route())
        })
    }

    /// The policy of that name.
    #[must_use]
    pub fn policy(&self, name: PolicyName) -> &Policy {
        match name {
            PolicyName::Recommended => &self.policy.recommended,
            PolicyName::Documented => &self.policy.documented,
        }
    }
}
