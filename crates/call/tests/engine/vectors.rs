//! The contracts' vectors, as the doubles give them (section 9 of each), and what each reply means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use steadfast_call::dialect::Dialect;
use steadfast_call::{Class, Reply, Request, classify};

/// A contract: its dialect, what its base URL holds of each path, where a body has its code, the
/// vectors of its double, and the classes that are expected of them.
const CONTRACTS: [(&str, &str, &str, &str, &str); 4] = [
    (
        "knosc",
        "/api",
        "Code",
        include_str!("../../../sandbox/tests/vectors/knosc.toml"),
        include_str!("../vectors/knosc-classes.toml"),
    ),
    (
        "thredfi",
        "",
        "error_code",
        include_str!("../../../sandbox/tests/vectors/thredfi.toml"),
        include_str!("../vectors/thredfi-classes.toml"),
    ),
    (
        "operations1",
        "/tenants/acme",
        "errorCode",
        include_str!("../../../sandbox/tests/vectors/operations1.toml"),
        include_str!("../vectors/operations1-classes.toml"),
    ),
    (
        "kneo",
        "",
        "error",
        include_str!("../../../sandbox/tests/vectors/kneo.toml"),
        include_str!("../vectors/kneo-classes.toml"),
    ),
];

#[derive(Deserialize)]
struct File {
    codes: BTreeSet<String>,
    #[serde(default)]
    own_codes: BTreeSet<String>,
    vector: Vec<Written>,
}

/// What is needed here of a vector; the double's own tests need more.
#[derive(Deserialize)]
struct Written {
    id: String,
    profiles: Option<BTreeSet<String>>,
    request: Asked,
    reply: Answered,
    reference: Option<Answered>,
}

#[derive(Clone, Deserialize)]
struct Asked {
    method: String,
    path: String,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Answered {
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Classes {
    class: BTreeMap<String, Class>,
    /// Where the reference's reply means something else.
    #[serde(default)]
    reference: BTreeMap<String, Class>,
}

/// The replies of one contract, in every profile.
pub(crate) struct Contract {
    pub(crate) dialect: Arc<Dialect>,
    pub(crate) vectors: Vec<Vector>,
    codes: BTreeSet<String>,
    classes: Classes,
}

/// A request and the reply that a double in one profile gives.
pub(crate) struct Vector {
    /// `V12`, or `V12 (reference)`.
    pub(crate) name: String,
    id: String,
    reference: bool,
    asked: Asked,
    answered: Answered,
    /// The code that the body shows.
    code: Option<String>,
}

impl Contract {
    /// What the vector's reply is expected to mean.
    pub(crate) fn class(&self, vector: &Vector) -> Option<Class> {
        let other = self.classes.reference.get(&vector.id).filter(|_| vector.reference);
        other.or_else(|| self.classes.class.get(&vector.id)).copied()
    }
}

impl Vector {
    pub(crate) fn request(&self) -> Request {
        let request = Request::new(self.asked.method.parse().unwrap(), &self.asked.path);
        match &self.asked.body {
            Some(body) => request.json(body.clone()),
            None => request,
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.answered.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        // Kneo's file leaves out the usual type.
        let body = &self.answered.body;
        if body.starts_with(['{', '[']) && !headers.contains_key(http::header::CONTENT_TYPE) {
            let json = HeaderValue::from_static("application/json");
            headers.insert(http::header::CONTENT_TYPE, json);
        }
        let status = StatusCode::from_u16(self.answered.status).unwrap();
        Reply::new(status, headers, body.clone().into())
    }
}

pub(crate) fn contracts() -> Vec<Contract> {
    CONTRACTS
        .iter()
        .map(|(name, base, code, vectors, classes)| {
            let file: File = toml::from_str(vectors).unwrap();
            let vectors =
                file.vector.iter().flat_map(|written| expand(written, base, code)).collect();
            Contract {
                dialect: Arc::new(Dialect::built_in(name).unwrap()),
                vectors,
                codes: file.codes.union(&file.own_codes).cloned().collect(),
                classes: toml::from_str(classes).unwrap(),
            }
        })
        .collect()
}

/// The vector in each profile in which it is answered otherwise.
fn expand(written: &Written, base: &str, code: &str) -> Vec<Vector> {
    let only = |profile: &str| {
        written.profiles.as_ref().is_some_and(|of| of.len() == 1 && of.contains(profile))
    };
    let vector = |name: String, reference: bool, answered: &Answered| {
        let mut asked = written.request.clone();
        // Names that stand for ids are as good as ids here.
        asked.path = asked.path.strip_prefix(base).unwrap_or(&asked.path).replace(['{', '}'], "");
        let body: Value = serde_json::from_str(&answered.body).unwrap_or_default();
        let shown = body[code].as_str().or_else(|| body["detail"][code].as_str());
        Vector {
            name,
            id: written.id.clone(),
            reference,
            asked,
            answered: answered.clone(),
            code: shown.filter(|_| answered.status >= 400).map(str::to_owned),
        }
    };
    let first = vector(written.id.clone(), only("reference"), &written.reply);
    let second = written.reference.as_ref();
    let second = second.map(|reply| vector(format!("{} (reference)", written.id), true, reply));
    std::iter::once(first).chain(second).collect()
}

/// Everything that is wrong with any vector, one sentence each.
fn check(wrong: impl Fn(&Contract, &Vector) -> Option<String>) {
    let mut found = Vec::new();
    for contract in contracts() {
        for vector in &contract.vectors {
            if let Some(what) = wrong(&contract, vector) {
                found.push(format!("{} {}: {what}", contract.dialect.name, vector.name));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_vectors_reply_has_the_class_that_is_expected() {
    check(|contract, vector| {
        let reading = classify(&contract.dialect, &vector.request(), &vector.reply());
        match contract.class(vector) {
            Some(class) if class == reading.class => None,
            Some(class) => Some(format!(
                "{class} is expected, and it reads as {} ({})",
                reading.class, reading.rule
            )),
            None => Some(format!(
                "no class is expected; add it to the classes (it reads as {})",
                reading.class
            )),
        }
    });
}

#[test]
fn every_expected_class_is_of_a_vector() {
    for contract in contracts() {
        let ids: BTreeSet<&str> = contract.vectors.iter().map(|vector| &*vector.id).collect();
        let expected = contract.classes.class.keys().chain(contract.classes.reference.keys());
        let stray: Vec<&String> = expected.filter(|id| !ids.contains(id.as_str())).collect();
        assert!(stray.is_empty(), "{}: no vector is named {stray:?}", contract.dialect.name);
    }
}

#[test]
fn every_code_is_read_as_the_body_has_it() {
    check(|contract, vector| {
        let reading = classify(&contract.dialect, &vector.request(), &vector.reply());
        let read = reading.code.filter(|_| vector.answered.status >= 400);
        (read != vector.code)
            .then(|| format!("{read:?} is read, and the body has {:?}", vector.code))
    });
}

/// A code that no vector shows, or that nobody knows what to do about, is missing.
#[test]
fn every_code_of_the_contracts_is_shown_and_has_an_action() {
    for contract in contracts() {
        let shown: BTreeSet<String> =
            contract.vectors.iter().filter_map(|vector| vector.code.clone()).collect();
        assert_eq!(shown, contract.codes, "{}: shown, and listed", contract.dialect.name);
        for code in &contract.codes {
            let name = &contract.dialect.name;
            assert!(contract.dialect.action(code).is_some(), "{name}: {code}");
        }
    }
}
