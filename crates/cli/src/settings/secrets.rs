//! The credentials in the settings: by the names that the dialect has for them, and from where
//! they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;
use steadfast::Credentials;
use steadfast::dialect::{Auth, Dialect, PathValue};

use crate::failure::Failure;

use super::{FILE, Place, env};

/// The settings that every API has, for the message about one that none has.
const COMMON: [&str; 14] = [
    "attempts",
    "auth_scheme",
    "base_url",
    "ca_file",
    "client_cert",
    "client_key",
    "concurrency",
    "dialect",
    "headers",
    "policy",
    "proxy",
    "rate",
    "timeout",
    "token_url",
];

/// What stands under a key that not every API has. It may be a secret, so it is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Given(toml::Value);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Where a secret is.
enum Source {
    Plain(String),
    Env(String),
    File(PathBuf),
}

impl Given {
    /// What is given, wherever it is.
    pub(super) fn text(&self, key: &str, place: &Place<'_>) -> Result<String, Failure> {
        reveal(self.source(key, place)?, key, place)
    }

    fn source(&self, key: &str, place: &Place<'_>) -> Result<Source, Failure> {
        let wrong = || {
            place.wrong(key, "write it as \"text\", { env = \"VARIABLE\" } or { file = \"path\" }")
        };
        match &self.0 {
            toml::Value::String(text) => Ok(Source::Plain(text.clone())),
            toml::Value::Table(table) if table.len() == 1 => {
                let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
                match (text("env"), text("file")) {
                    (Some(name), _) => Ok(Source::Env(name.to_owned())),
                    (_, Some(path)) => Ok(Source::File(path.into())),
                    (None, None) => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }
}

/// The way to log in that the settings choose.
pub(super) fn choose<'d>(
    dialect: &'d Dialect,
    scheme: Option<&str>,
    place: &Place<'_>,
) -> Result<&'d Auth, Failure> {
    let Some(scheme) = scheme else { return Ok(&dialect.auth) };
    dialect.auth_schemes.get(scheme).ok_or_else(|| {
        let known: Vec<&str> = dialect.auth_schemes.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let title = &dialect.title;
        place.wrong("auth_scheme", &format!("{title} has no scheme \"{scheme}\"; there is {known}"))
    })
}

/// A key that neither every API has nor this one asks for is a mistake.
pub(super) fn check_names(
    given: &BTreeMap<String, Given>,
    dialect: &Dialect,
    place: &Place<'_>,
    line_of: impl Fn(&str) -> Option<usize>,
) -> Result<(), Failure> {
    let ways = std::iter::once(&dialect.auth).chain(dialect.auth_schemes.values());
    let fields: BTreeSet<String> = ways.flat_map(Auth::fields).collect();
    let in_paths: BTreeSet<&str> = dialect
        .resource
        .values()
        .flat_map(|resource| resource.path.values())
        .map(PathValue::name)
        .collect();
    let is_known = |key: &str| fields.contains(key) || in_paths.contains(key);
    let Some(key) = given.keys().find(|key| !is_known(key)) else { return Ok(()) };
    let line = line_of(key).map(|line| format!("line {line}: ")).unwrap_or_default();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let credentials = match fields.is_empty() {
        true => format!("{} asks for no credentials", dialect.title),
        false => format!("{} asks for the credentials {}", dialect.title, fields.join(", ")),
    };
    Err(Failure::usage(format!(
        "{place}: {line}there is no setting {key}; there is {}; {credentials}",
        COMMON.into_iter().chain(in_paths).collect::<Vec<_>>().join(", ")
    )))
}

/// The credentials that a way to log in needs: from the environment, else from the file.
pub(super) fn read(
    given: &BTreeMap<String, Given>,
    auth: &Auth,
    place: &Place<'_>,
) -> Result<Credentials, Failure> {
    let identity = Credentials::identity_field(auth);
    let (mut plain, mut credentials) = (Vec::new(), Vec::new());
    // Who it is comes before what proves it.
    let (who, proof): (Vec<String>, Vec<String>) =
        auth.fields().into_iter().partition(|field| identity == Some(field.as_str()));
    for field in who.into_iter().chain(proof) {
        let source = match (env(place.name, &field), given.get(&field)) {
            (Some(text), _) => Source::Plain(text),
            (None, Some(given)) => given.source(&field, place)?,
            (None, None) => return Err(place.missing_credential(&field, auth)),
        };
        let in_file = env(place.name, &field).is_none() && matches!(source, Source::Plain(_));
        if in_file && identity != Some(field.as_str()) {
            plain.push(field.clone());
        }
        let text = reveal(source, &field, place)?;
        credentials.push((field, text));
    }
    if !plain.is_empty() {
        eprintln!(
            "steadfast: warning: {} holds the {} of {} in plain text; {{ env = \"…\" }} or {{ file = \"…\" }} keeps it out",
            place.file.unwrap_or(std::path::Path::new(FILE)).display(),
            plain.join(" and the "),
            place.name,
        );
    }
    Ok(Credentials::named(credentials))
}

fn reveal(source: Source, key: &str, place: &Place<'_>) -> Result<String, Failure> {
    let text = match source {
        Source::Plain(text) => text,
        Source::Env(env) => std::env::var(&env).map_err(|_| {
            place.wrong(
                key,
                &format!("the environment variable {env} is not set; set it, or name another"),
            )
        })?,
        Source::File(file) => std::fs::read_to_string(&file).map_err(|error| {
            place.wrong(
                key,
                &format!("{}: {error}; name a file that this user may read", file.display()),
            )
        })?,
    };
    let text = text.trim_end_matches(['\n', '\r']).to_owned();
    if text.is_empty() || text.chars().any(char::is_control) {
        // The value itself is not shown: it is a secret.
        return Err(place.wrong(key, "the value is empty or holds control characters"));
    }
    Ok(text)
}

/// The lines of a settings file that give the credentials of an API, as an example to write.
pub(super) fn example(name: &str, auth: &Auth) -> String {
    let lines = auth.fields().into_iter().map(|field| {
        let value = example_of(name, &field, auth);
        format!("\n{field} = {value}")
    });
    // Who it is comes before what proves it.
    let (mut who, proof): (Vec<String>, Vec<String>) =
        lines.partition(|line| !line.contains("{ env"));
    who.extend(proof);
    who.concat()
}

/// What a credential might look like in the settings.
pub(super) fn example_of(name: &str, field: &str, auth: &Auth) -> String {
    match Credentials::identity_field(auth) == Some(field) {
        true => "\"erp\"".to_owned(),
        false => {
            let variable = format!("{name}_{field}").to_uppercase().replace('-', "_");
            format!("{{ env = \"{variable}\" }}")
        }
    }
}
