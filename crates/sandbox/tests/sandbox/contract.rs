//! The vectors of a contract as a file: what is asked in which world, and what the double has to answer.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use steadfast_sandbox::{Fixtures, Options, Quirk};

use crate::client::Reply;

/// A file of vectors; `S` is how a request is written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File<S> {
    pub(crate) codes: BTreeSet<String>,
    /// Codes of the double's own, where the contract names none.
    #[serde(default)]
    own_codes: BTreeSet<String>,
    pub(crate) vector: Vec<Vector<S>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector<S> {
    pub(crate) id: String,
    says: String,
    pub(crate) fixtures: Option<String>,
    profiles: Option<Vec<String>>,
    #[serde(default)]
    quirks: Vec<String>,
    /// Who is logged in first, where an API has sessions.
    pub(crate) user: Option<String>,
    #[serde(default = "Vec::new")]
    pub(crate) before: Vec<S>,
    pub(crate) request: S,
    reply: Expected,
    /// The reply in the profile `reference`, where it is another.
    reference: Option<Expected>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) body: String,
}

impl<S> File<S> {
    /// Runs every vector in each of its profiles, and tells those that went otherwise.
    pub(crate) async fn run(&self, run: impl AsyncFn(&Vector<S>, &str) -> Result<(), String>) {
        let mut wrong = Vec::new();
        for vector in &self.vector {
            let both = || vec!["guide".to_owned(), "reference".to_owned()];
            for profile in vector.profiles.clone().unwrap_or_else(both) {
                if let Err(difference) = run(vector, &profile).await {
                    wrong.push(format!("{}, {profile} ({}): {difference}", vector.id, vector.says));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The names of the vectors; each has one of its own.
    pub(crate) fn ids(&self) -> BTreeSet<&str> {
        let ids: BTreeSet<&str> = self.vector.iter().map(|vector| vector.id.as_str()).collect();
        assert_eq!(ids.len(), self.vector.len());
        ids
    }

    /// The codes that are listed are those that replies show at `member`.
    pub(crate) fn shows_every_code(&self, member: &str) {
        let code = |expected: &Expected| {
            let body: Value = serde_json::from_str(&expected.body).ok()?;
            let code = body[member].as_str().or_else(|| body["detail"][member].as_str());
            code.filter(|_| expected.status >= 400).map(str::to_owned)
        };
        let replies =
            self.vector.iter().flat_map(|vector| [Some(&vector.reply), vector.reference.as_ref()]);
        let shown: BTreeSet<String> = replies.flatten().filter_map(code).collect();
        assert!(self.codes.is_disjoint(&self.own_codes));
        let listed: BTreeSet<String> = self.codes.union(&self.own_codes).cloned().collect();
        assert_eq!(shown, listed, "codes shown, and codes listed");
    }
}

impl<S> Vector<S> {
    /// The reply that the profile has.
    pub(crate) fn reply(&self, profile: &str) -> &Expected {
        let other = self.reference.as_ref().filter(|_| profile == "reference");
        other.unwrap_or(&self.reply)
    }

    /// The double that it is asked of.
    pub(crate) fn options(&self, usual: Fixtures, profile: &str) -> Options {
        let fixtures = self.fixtures.as_ref().map_or(usual, |name| name.parse().unwrap());
        let quirks: Vec<Quirk> = self.quirks.iter().map(|name| name.parse().unwrap()).collect();
        Options { fixtures, profile: profile.parse().unwrap(), quirks, ..Options::default() }
    }
}

impl Expected {
    /// Whether a reply is what was expected: status, body, and these headers and no others.
    pub(crate) fn check(&self, reply: &Reply) -> Result<(), String> {
        let body = String::from_utf8_lossy(&reply.body);
        if reply.status != self.status {
            return Err(format!("status {} with {body}, not {}", reply.status, self.status));
        }
        for (name, pattern) in &self.headers {
            if !reply.headers(name).iter().any(|value| fits(pattern, value)) {
                return Err(format!("no header {name}: {pattern} among {:?}", reply.headers));
            }
        }
        if counted(&reply.headers) != counted(&self.headers) {
            return Err(format!("other headers than expected: {:?}", reply.headers));
        }
        if reply.header("content-type") != Some("application/json") {
            let same = body == self.body;
            return if same { Ok(()) } else { Err(format!("body {body}, not {}", self.body)) };
        }
        let wanted: Value = serde_json::from_str(&self.body).map_err(|error| error.to_string())?;
        differs(&wanted, &reply.json(), "").map_or(Ok(()), Err)
    }
}

/// How many headers there are beside those of every HTTP reply.
fn counted(headers: &[(String, String)]) -> usize {
    let always = ["content-length", "date", "connection"];
    headers.iter().filter(|(name, _)| !always.contains(&name.to_lowercase().as_str())).count()
}

/// Whether a body is what was expected; the first place where it is not.
fn differs(expected: &Value, found: &Value, place: &str) -> Option<String> {
    let wrong = || Some(format!("{place} is {found}, not {expected}"));
    match (expected, found) {
        (Value::String(any), _) if any == "*" => None,
        (Value::Object(expected), Value::Object(found)) => {
            let open = expected.contains_key("...");
            let more = found.keys().find(|name| !open && !expected.contains_key(*name));
            if let Some(name) = more {
                return Some(format!("{place} has {name}, too"));
            }
            expected.iter().filter(|(name, _)| *name != "...").find_map(|(name, value)| match found
                .get(name)
            {
                Some(found) => differs(value, found, &format!("{place}/{name}")),
                None => Some(format!("{place} has no {name}")),
            })
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            expected.iter().zip(found).enumerate().find_map(|(at, (expected, found))| {
                differs(expected, found, &format!("{place}/{at}"))
            })
        }
        _ if expected == found => None,
        _ => wrong(),
    }
}

/// Whether the text fits the pattern, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}
