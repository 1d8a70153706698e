//! A dialect: one API's error and reliability contract, as data.
//!
//! A dialect is a TOML file (`dialect = 1`). It says how to read the API's replies, what may be
//! sent again, how to log in, and how to find out whether a write took effect. Nothing in this
//! crate knows an API by name; what is special about one stands in its file.

mod auth;
mod check;
mod extract;
mod paging;
mod policy;
mod resource;
mod rule;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::request::Request;

pub use auth::{Auth, Csrf, LoginAnswer, LoginMeaning, LoginRoute, RefreshRoute};
pub use check::DialectError;
pub(crate) use extract::find_value;
pub use extract::{Extract, glob_matches, value_text};
pub use paging::Paging;
pub use policy::{Hint, HintForm, Jitter, Policies, Policy, PolicyName, RateLimited};
pub use resource::{
    Active, Create, Field, FieldTable, FieldType, FieldValues, Filter, ListRoute, LookupRoute,
    Resource, WitnessRoute,
};
pub use rule::{BodyShape, Operation, Rule, SendAgain, StatusPattern, When};

/// The dialects that ship with this crate: name and text. One more is one line more.
const BUILT_IN: &[(&str, &str)] = &[("knosc", include_str!("../dialects/knosc.toml"))];

const BUILT_IN_NAMES: [&str; BUILT_IN.len()] = {
    let mut names = [""; BUILT_IN.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = BUILT_IN[at].0;
        at += 1;
    }
    names
};

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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialect {
    /// The version of the format; this crate reads version 1.
    pub dialect: u32,
    /// The name by which settings and commands mean this API, such as `knosc`.
    pub name: String,
    /// The name that people know it by, such as `Knosc`.
    pub title: String,
    /// Where a reply keeps its code, message and request id.
    pub reply: ReplyPlaces,
    /// How often and how soon to send again, under either policy.
    pub policy: Policies,
    /// Where a reply says how long to wait.
    #[serde(default)]
    pub hints: Hints,
    /// Rules over replies, in order; the first that matches wins.
    #[serde(default)]
    pub rule: Vec<Rule>,
    /// What may be sent again without harm, in order; the first that matches wins.
    #[serde(default)]
    pub operation: Vec<Operation>,
    /// How to log in.
    #[serde(default)]
    pub auth: Auth,
    /// How a write proves that it was not forged by another site.
    #[serde(default)]
    pub csrf: Option<Csrf>,
    /// Present if the API may accept a write now and apply it later, unseen by reads.
    #[serde(default)]
    pub lock: Option<Lock>,
    /// How lists are paged.
    #[serde(default)]
    pub paging: Option<Paging>,
    /// Lists of master data, by the name that fields refer to them with.
    #[serde(default)]
    pub list: BTreeMap<String, ListRoute>,
    /// What can be written, by name.
    #[serde(default)]
    pub resource: BTreeMap<String, Resource>,
    /// What a person does about an error code; keys may be globs, and the exact one wins.
    #[serde(default)]
    pub codes: BTreeMap<String, String>,
}

/// Where a reply keeps what people and rules ask for. A list means: the first that is there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyPlaces {
    /// The error code.
    #[serde(default)]
    pub code: Vec<Extract>,
    /// The error message.
    #[serde(default)]
    pub message: Vec<Extract>,
    /// The server's name for this exchange.
    #[serde(default)]
    pub request_id: Vec<Extract>,
    /// True if only the body of a 2xx to a write tells done from queued or failed. A body that
    /// cannot be read then leaves the effect unknown (DESIGN §3.2).
    #[serde(default)]
    pub body_decides: bool,
}

/// Where waits are hinted at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// Places and forms, in order of authority; the first that can be read wins.
    #[serde(default)]
    pub wait: Vec<Hint>,
}

/// The API may hold its tables and queue writes until a run ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The line to log when a write was queued.
    pub notice: String,
    /// Globs over the paths whose writes such a run queues. The answer to any other write shows
    /// nothing of the lock, and what it wrote is not hidden by it.
    pub holds: Vec<String>,
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
    /// [`DialectError`] if the text is not TOML, has a key or value that the format does not
    /// know, is of another version, or refers to something that it does not define.
    pub fn parse(text: &str) -> Result<Self, DialectError> {
        let (dialect, problems) = Self::read(text)?;
        match problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => Ok(dialect),
        }
    }

    /// Every problem that can be found in the text of a dialect file; none if it can be used.
    ///
    /// A text that is not of the form of a dialect has one problem, the first: what stands
    /// behind it is not looked at until it is mended. Of what refers to something that is not
    /// there, or is out of bounds, all are found at once.
    #[must_use]
    pub fn check(text: &str) -> Vec<DialectError> {
        match Self::read(text) {
            Ok((_, problems)) => problems,
            Err(problem) => vec![problem],
        }
    }

    fn read(text: &str) -> Result<(Self, Vec<DialectError>), DialectError> {
        check::version(text)?;
        let dialect: Self = toml::from_str(text).map_err(|error| check::form(&error))?;
        let problems = check::references(&dialect, text);
        Ok((dialect, problems))
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
        let fits = |resource: &Resource| {
            let create = &resource.create;
            create.method.eq_ignore_ascii_case(request.method.as_str())
                && create.path == request.route()
        };
        let (name, resource) = self.resource.iter().find(|(_, resource)| fits(resource))?;
        let body: Option<serde_json::Value> =
            request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let key = body.as_ref().and_then(|body| body.get(&resource.key)).and_then(value_text);
        Some((name, key))
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
