//! The contract's vectors, as the double gives them (contract 9), and what each reply means.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use steadfast_call::{Class, Reply, Request, classify};

use crate::scenario::knosc;

#[derive(Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

/// What is needed here of a vector; the double's own tests need more.
#[derive(Deserialize)]
pub(crate) struct Vector {
    pub(crate) id: String,
    request: Asked,
    reply: Answered,
}

impl Vector {
    pub(crate) fn request(&self) -> Request {
        request(&self.request)
    }

    pub(crate) fn reply(&self) -> Reply {
        reply(&self.reply)
    }
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    path: String,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
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
}

pub(crate) fn vectors() -> Vec<Vector> {
    let text = include_str!("../../../sandbox/tests/vectors/knosc.toml");
    toml::from_str::<Vectors>(text).unwrap().vector
}

pub(crate) fn classes() -> BTreeMap<String, Class> {
    toml::from_str::<Classes>(include_str!("../vectors/knosc-classes.toml")).unwrap().class
}

fn request(asked: &Asked) -> Request {
    let path = asked.path.strip_prefix("/api").unwrap_or(&asked.path);
    let request = Request::new(asked.method.parse().unwrap(), path);
    match &asked.body {
        Some(body) => request.json(body.clone()),
        None => request,
    }
}

fn reply(answered: &Answered) -> Reply {
    let mut headers = HeaderMap::new();
    for (name, value) in &answered.headers {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let status = StatusCode::from_u16(answered.status).unwrap();
    Reply::new(status, headers, answered.body.clone().into())
}

#[test]
fn every_vectors_reply_has_the_class_that_is_expected() {
    let (dialect, expected) = (knosc(), classes());
    let mut wrong = Vec::new();
    for vector in vectors() {
        let reading = classify(&dialect, &vector.request(), &vector.reply());
        match expected.get(&vector.id) {
            Some(class) if *class == reading.class => {}
            Some(class) => wrong.push(format!(
                "{}: {class} is expected, and it reads as {} ({})",
                vector.id, reading.class, reading.rule
            )),
            None => wrong.push(format!(
                "{}: no class is expected; add it to knosc-classes.toml (it reads as {})",
                vector.id, reading.class
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_expected_class_is_of_a_vector() {
    let ids: Vec<String> = vectors().into_iter().map(|vector| vector.id).collect();
    let stray: Vec<String> = classes().into_keys().filter(|id| !ids.contains(id)).collect();
    assert!(stray.is_empty(), "no vector is named {}", stray.join(", "));
}

/// The error text of the contract: `[Code] Message`, and its codes come with what to do.
#[test]
fn every_code_of_the_contract_has_an_action() {
    let dialect = knosc();
    for vector in vectors() {
        let reading = classify(&dialect, &vector.request(), &vector.reply());
        if let Some(code) = reading.code {
            assert!(dialect.action(&code).is_some(), "{}: {code}", vector.id);
        }
    }
}
